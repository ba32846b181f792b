"""A scene that is too large to be drawn whole: an overview at once, and its own pixels when one looks closer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.browser.conftest import address
from tests.browser.driver import Driver, until, watch
from tests.test_cubes_envi import listed, write
from workbench.cubes import open_cube, picture_limits, render

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIDE = 2400
WAVELENGTHS = [470.0, 560.0, 650.0, 860.0]


@pytest.fixture(scope="module")
def large(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """5.8 million pixels, each other than its neighbours, on a page of its own."""
    folder = tmp_path_factory.mktemp("large")
    # Grey: a WebP is coarser in colour than in light.
    values = np.random.default_rng(0).integers(500, 4000, (1, SIDE, SIDE)).astype("int16").repeat(4, axis=0)
    where = {"map_info": "{UTM, 1, 1, 400000, 5800000, 10, 10, 33, North, WGS-84}"}
    scene = write(
        folder, values, interleave="bip", wavelength=listed(WAVELENGTHS), reflectance_scale_factor=10_000, **where
    )
    log = folder / "server.log"
    words = ["serve", str(scene), "--session", str(folder / "session"), "--no-show"]
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "workbench.cli", *words], stdout=out, stderr=out, env=dict(os.environ)
        )
        try:
            url = address(process, log)
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            driver = Driver(context.new_page(), url, open_cube(scene))
            driver.troubles, driver.log = watch(context, driver.page), Path(log)
            driver.open()
            yield driver
            context.close()
        finally:
            process.terminate()
            process.wait(20)


def test_looking_closer_draws_the_scenes_own_pixels(large):
    red = render(large.cube, (2, 1, 0), picture_limits(large.cube, (2, 1, 0)))[..., 0].astype(float)
    box = large.page.locator(".leaflet-container").bounding_box()
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    for _ in range(12):
        large.page.get_by_role("button", name="Zoom in").click()
        large.page.wait_for_timeout(400)  # Leaflet's own animation
    spots = [tuple(middle + np.array([60 * i, 40 * j])) for i in range(-4, 5) for j in range(-3, 4)]
    known = [red[clicked(large, *spot)] for spot in spots]

    def sharp() -> bool:
        picture = large.overlay("base")
        scale = np.array(picture["pixels"].shape[:2]) / (picture["height"], picture["width"])
        seen = []
        for x, y in spots:
            i, j = ((np.array([y, x]) - (picture["y"], picture["x"])) * scale).astype(int)
            seen.append(picture["pixels"][i, j, 0])
        # A spot on the border of two pixels may be drawn as the other one.
        return np.mean(np.abs(np.subtract(seen, known)) < 16) > 0.85

    until(sharp, "every pixel is its own")
    assert large.troubles == []
    assert "Traceback" not in large.log.read_text()


def clicked(desk: Driver, x: float, y: float) -> tuple[int, int]:
    """The pixel that the page says was clicked."""
    where = desk.page.get_by_text(re.compile(r"^row \d+, column \d+"))
    before = where.inner_text() if where.count() else ""
    desk.page.mouse.click(x, y)
    until(lambda: where.count() and where.inner_text() != before, "another pixel")
    row, column = map(int, re.findall(r"\d+", where.inner_text())[:2])
    return row, column

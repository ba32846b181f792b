"""The desk opens a scene of every reader, one after the other: its picture is on the map, a click shows its numbers."""

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
from tests.browser.driver import OVERLAYS, PATIENCE, Driver, until, watch
from tests.browser.test_desk_browser import CLICKED
from tests.fuzzing.specimens import KINDS
from tests.long import LONG
from workbench.cubes import FORMATS, good_bands, open_cube, spectrum

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.realdata]
LEFT_OUT = {"landsat xml", "landsat json", "netcdf 3", "envi bil"}
"""Kinds that differ from another in how their metadata or numbers are written alone."""


@pytest.fixture(scope="module", params=[pytest.param(1, id="a fourth"), pytest.param(4, marks=LONG, id="every reader")])
def scenes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A scene of every kind, by kind; or of a fourth of them."""
    folder = tmp_path_factory.mktemp("kinds")
    found = {}
    kinds = [kind for kind in KINDS if kind not in LEFT_OUT]
    for kind in [kind for k in range(request.param) for kind in kinds[k::4]]:  # no two alike one after the other
        place = folder / kind.replace(" ", "-")
        place.mkdir()
        found[kind] = place / KINDS[kind](place)
    return found


@pytest.fixture(scope="module")
def desk(browser: object, scenes: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """A page that shows the first of them."""
    folder = tmp_path_factory.mktemp("formats")
    log, first = folder / "server.log", next(iter(scenes.values()))
    words = ["serve", str(first), "--session", str(folder / "session"), "--no-show"]
    words += ["--allow", os.path.commonpath(scenes.values())]
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "workbench.cli", *words], stdout=out, stderr=out, env=dict(os.environ)
        )
        try:
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            driver = Driver(context.new_page(), address(process, log), open_cube(first))
            driver.troubles, driver.log = watch(context, driver.page), log
            driver.open()
            yield driver
            context.close()
        finally:
            process.terminate()
            process.wait(20)


def test_the_desk_opens_a_scene_of_each(desk, scenes):
    opened = set()
    for kind, path in scenes.items():
        desk.cube = open_cube(path)
        show(desk, path)
        picture = desk.overlay("base")
        shown = picture["pixels"][..., :3][picture["pixels"][..., 3] > 0]
        assert len(shown), f"{kind}: nothing on the map"
        assert shown.std() > 3 or np.nanmax(desk.cube[0]) == np.nanmin(desk.cube[0]), f"{kind}: a blank picture"
        row, column = clicked(desk)
        wanted = spectrum(desk.cube, row, column).values[good_bands(desk.cube)].astype(float)
        until(lambda wanted=wanted: drawn(desk, wanted), f"{kind}: the spectrum of row {row}, column {column}")
        opened.add(desk.cube.attrs["format"])
    assert opened == {row.name for row in FORMATS} or len(scenes) < len(KINDS) - len(LEFT_OUT)
    assert len(opened) >= len(FORMATS) / 4
    assert desk.troubles == []
    assert "Traceback" not in desk.log.read_text()


def show(desk: Driver, path: Path) -> None:
    """Open a scene by its path; wait until another picture is on the map."""
    box, before = desk.page.get_by_placeholder("path of a scene, then Enter"), desk.overlay("base")["src"]
    if box.input_value() == str(path):
        return
    box.fill(str(path))
    box.press("Enter")
    desk.page.wait_for_function(
        f"(old) => ({OVERLAYS})().some((image) => image.pane.includes('base') && image.src !== old)",
        arg=before,
        timeout=PATIENCE,
    )
    settled(desk)


def settled(desk: Driver) -> None:
    """Wait until Leaflet has flown to the scene: its picture stands still and fills much of the map."""
    room = desk.page.locator(".leaflet-container").bounding_box()
    before: list[float] = []

    def still() -> bool:
        picture = desk.overlay("base")
        now = [picture.get(name, 0.0) for name in ("x", "y", "width", "height")]
        stood, before[:] = before == now, now
        return stood and max(now[2] / room["width"], now[3] / room["height"]) > 0.4

    until(still, "the scene fills the map")


def clicked(desk: Driver) -> tuple[int, int]:
    """Click the middle of a pixel of the lower half that has data; the pixel that the page names."""
    height, width = desk.cube.shape[1:]
    good = good_bands(desk.cube)
    places = [(row, column) for row in range(height // 2, height) for column in range(width // 2, width)]
    row, column = next(at for at in places if np.isfinite(spectrum(desk.cube, *at).values[good]).all() and min(at) > 0)
    desk.page.mouse.click(*desk.spot(row, column))
    coarse = max(
        1, int(np.ceil(width / desk.overlay("base")["width"]))
    )  # a large scene has more pixels than the screen
    near = "|".join(str(row + i) for i in range(-coarse + 1, coarse))
    where = desk.page.get_by_text(re.compile(rf"^row ({near}), column \d+")).first
    where.wait_for(timeout=PATIENCE)
    found = tuple(map(int, re.findall(r"\d+", where.inner_text())[:2]))
    assert abs(found[1] - column) < coarse
    return found


def drawn(desk: Driver, wanted: np.ndarray) -> bool:
    """Whether these numbers are a curve on the page."""
    for line in desk.lines(CLICKED):
        found = line["y"][np.isfinite(line["y"])]
        if len(found) == np.isfinite(wanted).sum() and np.allclose(found, wanted[np.isfinite(wanted)], rtol=1e-4):
            return True
    return False

"""How the desk feels on a scene of 10 GB, as a table: milliseconds until what was asked for is on the page.

Not a test, since it takes minutes and 10 GB of disk: ``python -m tests.benchmarks.large_desk [FOLDER] [ROWS]
[INTERLEAVE]``. The page is a real Chromium's; each figure is the median and the largest of ten.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, address
from tests.browser.driver import OVERLAYS, PATIENCE, Driver
from tests.browser.test_desk_browser import HOVERED
from tests.large import write_scene
from workbench.cubes import open_cube

WIDTH, N_BANDS, TIMES = 2500, 400, 10


def main(folder: str = tempfile.gettempdir(), height: str = "5000", interleave: str = "bil") -> None:
    """Make a scene of so many rows in `folder`, look at it in every way, and remove it."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        header, _ = write_scene(Path(place), int(height), WIDTH, N_BANDS, interleave)
        log, words = Path(place) / "log", ["serve", str(header), "--session", f"{place}/session", "--no-show"]
        command = [sys.executable, "-u", "-m", "workbench.cli", *words]
        with log.open("w") as out, sync_playwright() as playwright:
            server = subprocess.Popen(command, stdout=out, stderr=out, env=dict(os.environ))
            try:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                look(Driver(page, address(server, log), open_cube(header)))
                browser.close()
            finally:
                server.terminate()
                server.wait(20)


def look(desk: Driver) -> None:
    """Open, change bands, zoom, click and point, timing each."""
    row("first page", [timed(desk.open)])
    pictures = ["infrared", "true colour"] * (TIMES // 2)
    row("another picture", [timed(lambda name=name: choose(desk, name)) for name in pictures])
    rng = np.random.default_rng(0)
    box = desk.page.locator(".leaflet-container").bounding_box()
    spots = [
        (box["x"] + box["width"] * across, box["y"] + box["height"] * down)
        for across, down in rng.uniform(0.4, 0.6, (TIMES, 2))
    ]
    row("click to spectrum", [timed(lambda at=at: click(desk, *at)) for at in spots])
    row("pointer to spectrum", [timed(lambda at=at: point(desk, *at)) for at in spots])
    desk.page.get_by_role("button", name="Zoom in").click()
    row("zoom to its pixels", [timed(lambda: zoom(desk)) for _ in range(4)])


def choose(desk: Driver, name: str) -> None:
    """Another picture, until another one is on the map."""
    before = desk.overlay("base")["src"]
    desk.page.get_by_role("combobox", name="Picture").click()
    desk.page.locator("li", has_text=name).first.click()
    changed(desk, before)


def zoom(desk: Driver) -> None:
    """A step closer, until another picture is on the map."""
    before = desk.overlay("base")["src"]
    desk.page.get_by_role("button", name="Zoom in").click()
    changed(desk, before)


def changed(desk: Driver, before: str) -> None:
    """Until the picture is another one."""
    claim = f"(old) => ({OVERLAYS})().some((image) => image.pane.includes('base') && image.src !== old)"
    desk.page.wait_for_function(claim, arg=before, timeout=PATIENCE)


def click(desk: Driver, x: float, y: float) -> None:
    """Until the page names another pixel, which it does with its spectrum."""
    where = desk.page.get_by_text(re.compile(r"^row \d+, column \d+"))
    before = where.inner_text() if where.count() else ""
    desk.page.mouse.click(x, y)
    while not where.count() or where.inner_text() == before:
        time.sleep(0.005)


def point(desk: Driver, x: float, y: float) -> None:
    """Until the curve under the pointer is another one."""
    before = [line["y"].tolist() for line in desk.lines(HOVERED)]
    desk.page.mouse.move(x - 5, y)
    desk.page.mouse.move(x, y, steps=3)
    while [line["y"].tolist() for line in desk.lines(HOVERED)] == before:
        time.sleep(0.005)


def timed(action: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.monotonic()
    action()
    return 1000 * (time.monotonic() - began)


def row(name: str, times: Sequence[float]) -> None:
    """One line of the table."""
    sys.stdout.write(f"{name:<24}{np.median(times):8.0f} ms{np.max(times):8.0f} ms\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])

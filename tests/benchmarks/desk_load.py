"""A desk of many sessions under load, as a table: how soon a label is on the map, what is lost, what memory stays.

Not a test, since it takes minutes and both cores: ``python -m tests.benchmarks.desk_load [SESSIONS] [TRAINING]
[SECONDS]``, by default 20, 5 of which train, for 600 s. Each session has a page in a real Chromium; its analyst labels
another pixel every few seconds and looks at spectra between. Afterwards every label that a page has acknowledged is
looked for in its session's GeoPackage, and the server's memory is read once all sessions are put away.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import geopandas
import numpy as np
import psutil
import xarray as xr
from playwright.sync_api import Browser, sync_playwright

from tests.benchmarks.desk_speed import learn
from tests.benchmarks.stopwatch import milliseconds_to
from tests.browser.conftest import FLAGS, address
from tests.browser.driver import Driver, watch
from workbench.cubes import save_cube, simulated_scene
from workbench.session.many import PATIENCE

SIZE = (200, 300)
HANDS = 4
"""Browsers, each with its share of the pages."""

OPENING = threading.Lock()
"""One page is opened at a time: the browsers of so many analysts have more cores than this machine."""

THINKS = 4.0
"""Seconds that an analyst looks between two labels."""


def main(sessions: str = "20", training: str = "5", seconds: str = "600") -> None:
    """Let analysts work, and tell what became of it."""
    with tempfile.TemporaryDirectory() as place:
        folder, n, trains = Path(place), int(sessions), int(training)
        cube, _ = simulated_scene(*SIZE, seed=0)
        scene = save_cube(cube, folder / "scene.zarr")
        log = folder / "log"
        words = ["serve", str(scene), "--sessions", str(folder / "all"), "--max-sessions", str(n), "--no-show"]
        words += ["--max-runs", str(max(trains, 1))]
        with log.open("w") as out:
            server = subprocess.Popen(
                [sys.executable, "-u", "-m", "workbench.cli", *words], stdout=out, stderr=out, env=dict(os.environ)
            )
            try:
                url = address(server, log)
                Hand(url, cube, ["warm"], 0).work(20)
                time.sleep(PATIENCE + 60)
                before = psutil.Process(server.pid).memory_info().rss
                hands = [Hand(url, cube, [f"a{k:02d}" for k in range(h, n, HANDS)], trains) for h in range(HANDS)]
                threads = [threading.Thread(target=hand.work, args=(float(seconds),)) for hand in hands]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                time.sleep(PATIENCE + 60)  # a server hears late that a page has left
                after = psutil.Process(server.pid).memory_info().rss
            finally:
                server.terminate()
                server.wait(30)
        tell(hands, folder, log.read_text(), (after - before) / n)


class Hand:
    """A browser with some analysts' pages, who act in turn.

    Parameters
    ----------
    url : str
        Of the desk.
    cube : xarray.DataArray
        The scene.
    names : list of str
        Sessions.
    trains : int
        Those with a lower number start a long run.
    """

    def __init__(self, url: str, cube: xr.DataArray, names: list[str], trains: int) -> None:
        self.url, self.cube, self.names, self.trains = url, cube, names, trains
        self.took: list[float] = []
        self.acknowledged = dict.fromkeys(names, 0)
        self.troubles: list[str] = []

    def work(self, seconds: float) -> None:
        """Open all pages, then label in turn until the time is up, then close them."""
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            pages = {}
            for name in self.names:
                with OPENING:
                    pages[name] = self._opened(browser, name)
            for name, desk in pages.items():
                if name[1:].isdigit() and int(name[1:]) < self.trains:
                    learn(desk, 1_000_000)
            rng, ends = np.random.default_rng(len(self.names)), time.monotonic() + seconds
            while time.monotonic() < ends:
                for name, desk in pages.items():
                    self._label(desk, name, rng)
                    desk.page.wait_for_timeout(1000 * THINKS / len(pages))
            for name, desk in pages.items():
                if name[1:].isdigit() and int(name[1:]) < self.trains:
                    desk.page.keyboard.press("Shift+X")
                    desk.page.wait_for_timeout(1000)
                self.troubles += desk.troubles
            browser.close()

    def _opened(self, browser: Browser, name: str) -> Driver:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        desk = Driver(context.new_page(), f"{self.url}?session={name}", self.cube)
        desk.troubles = watch(context, desk.page)
        desk.open()
        for key, one in enumerate(("bright", "dark"), 1):
            desk.add_class(one)
            desk.choose(key)
            desk.mode("Label pixel")
            for n in range(3):
                desk.click(20 * key + n, 30 + 10 * n)
                desk.wait_count(key, n + 1)
                self.acknowledged[name] += 1
        desk.wait_map()
        # A label may leave every class as it was, but how sure the model is it changes: so each map is another picture.
        desk.page.get_by_role("switch", name="Fade where unsure").click()
        return desk

    def _label(self, desk: Driver, name: str, rng: np.random.Generator) -> None:
        count = desk.count(2)
        spot = desk.spot(*rng.integers((60, 10), (SIZE[0] - 5, SIZE[1] - 5)))
        self.took.append(milliseconds_to(desk.page, lambda: desk.page.mouse.click(*spot), pane="top"))
        self.acknowledged[name] += desk.count(2) - count


def tell(hands: list[Hand], folder: Path, log: str, stays: float) -> None:
    """The table."""
    took = np.concatenate([hand.took for hand in hands])
    lost = {}
    for hand in hands:
        for name, n in hand.acknowledged.items():
            there = len(geopandas.read_file(folder / "all" / name / "labels.gpkg", layer="labels"))
            if there < n:
                lost[name] = n - there
    troubles = [one for hand in hands for one in hand.troubles]
    median, late = np.percentile(took, (50, 95))
    lines = [
        f"labels                {len(took)}",
        f"label to map          {median:.0f} ms, 95 % within {late:.0f} ms   goal 2000{missed(late <= 2000)}",
        f"labels lost           {sum(lost.values())} {lost or ''}",
        f"errors                {len(troubles)} on pages, {log.count('Traceback')} tracebacks",
        f"memory that stays     {stays / 2**20:.0f} MiB a session   goal 20{missed(stays <= 20 * 2**20)}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def missed(reached: bool) -> str:
    """What is said of a goal."""
    return "" if reached else "  missed"


if __name__ == "__main__":
    main(*sys.argv[1:])

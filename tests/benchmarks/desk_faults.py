"""A desk whose processes are killed while somebody labels and an encoder learns: what is lost, and what is said.

Not a test, since two hundred moments take an hour: ``python -m tests.benchmarks.desk_faults [MOMENTS] [SEED]``; an
interrupt ends it earlier, with what was found so far.
At each random moment a SIGKILL ends the server, the worker that learns, or the browser. Afterwards all is opened again
and three things are looked at: every label that the page had acknowledged is in the GeoPackage and in the legend, the
GeoPackage passes SQLite's check, and neither a page nor the server's log tells of trouble.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import psutil
import xarray as xr
from playwright.sync_api import BrowserContext, Error, Playwright, expect, sync_playwright

from tests.benchmarks.desk_speed import learn
from tests.browser.conftest import FLAGS, address
from tests.browser.driver import PATIENCE, Driver
from workbench.cubes import save_cube, simulated_scene

VICTIMS = ("server", "worker", "browser")
LONGEST = 2.5
"""Seconds until the kill, at most."""

SIZE = (80, 120)


def main(moments: str = "200", seed: str = "0") -> None:
    """Kill, open again, count; a table at the end."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, sync_playwright() as playwright:
        desk = Life(playwright, Path(place), int(seed))
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background takes away
            with suppress(KeyboardInterrupt):
                for moment in range(int(moments)):
                    victim = VICTIMS[moment % len(VICTIMS)]
                    desk.labels_until_killed(victim)
                    desk.looked_at(victim)
                    found = f"{desk.given} labels, {desk.lost} lost, {len(desk.troubles)} troubles"
                    sys.stdout.write(f"\r{moment + 1} moments, {found}")
                    sys.stdout.flush()
        finally:
            desk.end()
        lines = [f"{n} kills of the {victim}" for victim, n in desk.kills.items()]
        lines += [f"{desk.given} labels given, {desk.lost} acknowledged ones lost"]
        lines += [f"{len(desk.troubles)} troubles", *desk.troubles]
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


class Life:
    """A server, a browser and an analyst, of whom any but the last may die.

    Parameters
    ----------
    playwright : Playwright
        Drives the browser.
    folder : Path
        For all files.
    seed : int
        Of moments and pixels.
    """

    def __init__(self, playwright: Playwright, folder: Path, seed: int) -> None:
        self._playwright, self.folder, self._rng = playwright, folder, np.random.default_rng(seed)
        self.cube: xr.DataArray = simulated_scene(*SIZE, seed=0)[0]
        self._scene = save_cube(self.cube, folder / "scene.zarr")
        self._pixels = iter(self._rng.permutation(np.argwhere(np.ones(SIZE)))[10:].tolist())
        self._server: subprocess.Popen | None = None
        self._context: BrowserContext | None = None
        self.kills: Counter[str] = Counter()
        self.given = self.acknowledged = self.lost = 0
        self.troubles: list[str] = []
        self._open()
        for key, name in enumerate(("water", "grass"), 1):
            self.desk.add_class(name)
            self.desk.choose(key)
            self.desk.mode("Label pixel")
            self.desk.click(5 * key, 5)
            self.desk.wait_count(key, 1)
        self.given = self.acknowledged = 1
        self._learn()

    def labels_until_killed(self, victim: str) -> None:
        """Click pixel after pixel; in the midst of it the victim dies."""
        if victim == "worker" and not self._workers():
            self._learn()
        pids = {"server": [self._server.pid], "worker": self._workers(), "browser": self._browsers()}[victim]
        timer = threading.Timer(self._rng.uniform(0.05, LONGEST), kill, [pids])
        timer.start()
        self.desk.choose(2)
        with suppress(Error):
            while timer.is_alive():
                spot = self.desk.spot(*next(self._pixels))
                self.desk.page.mouse.click(*spot)
                self.given += 1
                self.acknowledged = self.desk.count(2)
        timer.join()
        with suppress(Error):
            self.acknowledged = self.desk.count(2)
        self.kills[victim] += 1

    def looked_at(self, victim: str) -> None:
        """Open again what died, and compare."""
        if victim == "server":
            self._server.wait()
        if victim == "worker":
            expect(self.desk.page.get_by_text("was killed by signal 9").first).to_be_visible(timeout=PATIENCE)
            self.desk.page.wait_for_timeout(1000)  # clicks that are on their way
        else:
            self._shut(victim)
            self._open()
            if victim == "server":
                self._learn()
        self._counted(victim)

    def _counted(self, victim: str) -> None:
        with closing(sqlite3.connect(self.folder / "session" / "labels.gpkg")) as db:
            sound = db.execute("PRAGMA integrity_check").fetchone()
            (kept,) = db.execute("SELECT count(*) FROM labels WHERE class_name = 'grass'").fetchone()
        if sound != ("ok",):
            self.troubles.append(f"after the {victim}: {sound}")
        self.lost += max(0, self.acknowledged - kept)
        shown = self.desk.count(2)
        if shown != kept:
            self.troubles.append(f"after the {victim}: {kept} labels in the file, {shown} on the page")
        if kept > self.given:
            self.troubles.append(f"after the {victim}: {kept} labels of {self.given} given")
        self.given = self.acknowledged = kept

    def _open(self) -> None:
        """Start what is not running, and look at the scene."""
        if self._server is None:
            log = self.folder / "log"
            words = ["serve", str(self._scene), "--session", str(self.folder / "session"), "--no-show"]
            with log.open("w") as out:
                command = [sys.executable, "-u", "-m", "workbench.cli", *words]
                self._server = subprocess.Popen(command, stdout=out, stderr=out, env=dict(os.environ))
            self._url = address(self._server, log)
        if self._context is None:
            self._context = self._playwright.chromium.launch_persistent_context(
                self.folder / "profile",
                executable_path=shutil.which("chromium"),
                args=FLAGS,
                viewport={"width": 1280, "height": 800},
            )
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(f"page error {error}"))
        self.desk = Driver(page, self._url, self.cube)
        self.desk.open()
        if self.given:
            self.desk.mode("Label pixel")

    def _shut(self, victim: str) -> None:
        """Put away what is dead, and the page."""
        if victim == "server":
            self._told()
            self._server = None
            with suppress(Error):
                self.desk.page.close()
        else:
            with suppress(Error):
                self._context.close()
            self._context = None

    def _told(self) -> None:
        text = (self.folder / "log").read_text()
        if "Traceback" in text:
            self.troubles.append(f"the server's log: {text[-600:]}")

    def _learn(self) -> None:
        """Start a long run, and wait until it runs."""
        learn(self.desk, 1_000_000)
        expect(self.desk.page.get_by_text("pixels/s").first).to_be_visible(timeout=PATIENCE)

    def _workers(self) -> list[int]:
        return [
            one.pid for one in psutil.Process(self._server.pid).children() if "workbench.session.work" in words(one)
        ]

    def _browsers(self) -> list[int]:
        return [one.pid for one in psutil.process_iter() if f"{self.folder}/profile" in words(one)]

    def end(self) -> None:
        """Stop all."""
        self._told()
        with suppress(Error):
            self._context.close()
        self._server.terminate()
        self._server.wait(30)


def words(process: psutil.Process) -> str:
    """How it was called; nothing of one that is gone."""
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def kill(pids: list[int]) -> None:
    """Without a warning."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])

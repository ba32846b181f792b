"""One session and one page a scene; requests that leave the machine, page errors and tracebacks fail the test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.driver import PATIENCE, Driver, watch
from tests.browser.tiles import tile_server
from tests.long import LONG
from workbench.cubes import open_cube, save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.session import Session

SCENES = {
    "simulated": "",
    "enmap_berlin": "enmap_berlin/EnMAP_BerlinUrbanGradient.bsq",
    "hymap_berlin": "hymap_berlin/HyMap02_Berlin_Urban_Gradient_2009.bsq",
    "enmap_potsdam": "enmap_potsdam/images/enmap_potsdam_tile_128_128.tif",
    "salinas_a": "salinas_a/SalinasA_corrected.mat",
}
ALIKE = ("hymap_berlin", "enmap_potsdam", "enmap_berlin")
"""Those whose like is there: with coordinates, and without any."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """A headless Chromium; not for the session, since Playwright keeps an event loop running that others would meet."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with playwright.sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=chromium, args=FLAGS)
        except playwright.Error as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no Chromium to drive ({str(error).splitlines()[0]}); install chromium")
        yield browser
        browser.close()


@dataclass(frozen=True)
class Since:
    """What a log says from a moment on."""

    path: Path
    start: int

    def read_text(self) -> str:
        return self.path.read_bytes()[self.start :].decode()


@contextmanager
def started(folder: Path, *words: str) -> Iterator[dict]:
    """A desk in a process of its own, its log in `folder`, and a server of map tiles that it may ask."""
    log = folder / "server.log"
    with log.open("w") as out, tile_server() as (tiles, asked):
        command = [sys.executable, "-u", "-m", "workbench.cli", *words, "--no-show", "--tiles", tiles]
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"OMP_NUM_THREADS": "1"})
        try:
            yield {"url": address(process, log), "log": log, "tiles": asked}
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], dict]]:
    """One server for all files of tests on the simulated scene; called with a name, it has a new session of it."""
    folder = tmp_path_factory.mktemp("shared")
    cube, truth = simulated_scene(80, 120, seed=0)
    save_cube(cube, folder / "scene.zarr")
    write_labels(truth, folder / "truth.tif")

    def begun(name: str) -> dict:
        place, log = folder / "all" / name, host["log"]
        place.mkdir(parents=True)
        shutil.copytree(folder / "scene.zarr", place / "scene.zarr")
        for part in folder.glob("truth.*"):
            shutil.copy(part, place)
        session = Session(place)
        assert session.open_scene(place / "scene.zarr"), session.message
        assert session.open_truth(place / "truth.tif"), session.message
        session.close()
        host["tiles"].clear()
        since = Since(log, log.stat().st_size)
        return host | {"host": host["url"], "url": f"{host['url']}/?session={name}", "folder": place, "log": since}

    with started(folder, "serve", "--sessions", str(folder / "all"), "--max-sessions", "99") as host:
        yield begun


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.realdata] * (name != "simulated") + [LONG] * (name in ALIKE))
        for name in SCENES
    ],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """A session on one scene: address of its page and of its server, folder and log."""
    module = request.module.__name__.rpartition(".")[2]
    if request.param == "simulated" and not getattr(request.module, "OWN_SERVER", False):
        place = request.getfixturevalue("shared")(module)
        yield place | {"cube": open_cube(place["folder"] / "scene.zarr"), "name": request.param}
        return
    folder = tmp_path_factory.mktemp(f"session-{request.param}")
    if request.param == "simulated":
        scene = folder / "session" / "scene.zarr"
        words = ["demo", "--height", "80", "--width", "120"]
    else:
        scene = request.getfixturevalue("real_data") / SCENES[request.param]
        words = ["serve", str(scene)]
    with started(folder, *words, "--session", str(folder / "session")) as place:
        own = {"host": place["url"], "folder": folder / "session", "cube": open_cube(scene), "name": request.param}
        yield place | own


@pytest.fixture(scope="module")
def opened(server: dict, browser: object) -> Iterator[Driver]:
    """The page, opened once a scene."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    driver = Driver(context.new_page(), server["url"], server["cube"])
    driver.troubles = watch(context, driver.page)
    driver.server = server
    driver.open()
    yield driver
    context.close()


@pytest.fixture
def desk(opened: Driver) -> Iterator[Driver]:
    """The page, and after the test no trouble."""
    opened.mode("Inspect")
    yield opened
    assert opened.troubles == []
    assert "Traceback" not in opened.server["log"].read_text()


def address(process: subprocess.Popen, log: Path) -> str:
    """What the server says it listens on."""
    for _ in range(PATIENCE // 100):
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        if found:
            return found.group()
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise RuntimeError(f"the server ended: {log.read_text()}")
    raise RuntimeError(f"the server says no address: {log.read_text()}")

"""One server and one page a scene; requests that leave the machine, page errors and tracebacks fail the test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.driver import PATIENCE, Driver, watch
from tests.browser.tiles import tile_server
from tests.long import LONG
from workbench.cubes import open_cube

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


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.realdata] * (name != "simulated") + [LONG] * (name in ALIKE))
        for name in SCENES
    ],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """A server of its own process on one scene; address, folder and log."""
    folder = tmp_path_factory.mktemp(f"session-{request.param}")
    if request.param == "simulated":
        scene = folder / "session" / "scene.zarr"
        words = ["demo", "--height", "80", "--width", "120"]
    else:
        scene = request.getfixturevalue("real_data") / SCENES[request.param]
        words = ["serve", str(scene)]
    log = folder / "server.log"
    command = [sys.executable, "-u", "-m", "workbench.cli", *words, "--session", str(folder / "session"), "--no-show"]
    with log.open("w") as out, tile_server() as (tiles, asked):
        command += ["--tiles", tiles]
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"OMP_NUM_THREADS": "1"})
        try:
            url = address(process, log)
            yield {
                "url": url,
                "log": log,
                "cube": open_cube(scene),
                "name": request.param,
                "folder": folder / "session",
                "tiles": asked,
            }
        finally:
            process.terminate()
            process.wait(20)


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

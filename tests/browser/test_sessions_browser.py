"""One desk, several sessions: what one labels is not on the other's page, and both come back as they were."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import address
from tests.browser.driver import PATIENCE, Driver, watch
from workbench.cubes import open_cube, save_cube, simulated_scene

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scene."""
    folder = tmp_path_factory.mktemp("several")
    save_cube(simulated_scene(60, 90, seed=0)[0], folder / "scene.zarr")
    return folder


@pytest.fixture(scope="module")
def page_of(browser: object, place: Path) -> Iterator[Callable[[str], Driver]]:
    """Opens the page of a session by its name."""
    log = place / "server.log"
    words = ["serve", str(place / "scene.zarr"), "--sessions", str(place / "all"), "--max-sessions", "2", "--no-show"]
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "workbench.cli", *words],
            stdout=out, stderr=out, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        try:
            url = address(process, log)

            def opened(name: str) -> Driver:
                context = browser.new_context(viewport={"width": 1280, "height": 800})
                driver = Driver(context.new_page(), f"{url}?session={name}", open_cube(place / "scene.zarr"))
                driver.troubles = watch(context, driver.page)
                return driver

            yield opened
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in log.read_text()


def test_two_sessions_have_labels_of_their_own(page_of, place):
    ada, bob = page_of("ada"), page_of("bob")
    for desk, name, spot in ((ada, "water", (20, 30)), (bob, "woods", (40, 50))):
        desk.open()
        desk.add_class(name)
        desk.choose(1)
        desk.mode("Label pixel")
        desk.click(*spot)
        desk.wait_count(1, 1)
    assert ada.page.locator("input[title='woods']").count() == 0
    assert bob.page.locator("input[title='water']").count() == 0
    expect(ada.page.get_by_text("session ada")).to_be_visible()
    ada.open()  # the same again after a reload
    ada.page.locator("input[title='water']").wait_for(timeout=PATIENCE)
    assert ada.count(1) == 1
    said = {name: (place / "all" / name / "history.jsonl").read_text() for name in ("ada", "bob")}
    assert {name: json.loads(text.splitlines()[0])["classes"] for name, text in said.items()} == {
        "ada": ["water"],
        "bob": ["woods"],
    }


@pytest.mark.parametrize(("name", "said"), [("carl", "keeps 2 sessions open at once"), ("../x", "is named by letters")])
def test_what_cannot_be_is_said_on_the_page(page_of, place, name, said):
    desk = page_of(name)
    desk.page.goto(desk.url)
    expect(desk.page.get_by_text(said)).to_be_visible(timeout=PATIENCE)
    assert not (place / "all" / name).exists()

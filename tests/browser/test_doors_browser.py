"""A desk with a password: who is let in, how many, and whose name stands beside each label."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import address
from tests.browser.driver import PATIENCE, Driver, until, watch
from tests.browser.knocking import ask, knock
from workbench.cubes import open_cube

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WORDS = {"ada": "a long word of hers", "bob": "a long word of his"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """A server that asks for names and passwords, and shows two pages."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "words.json").write_text(json.dumps(WORDS))
    command = [sys.executable, "-u", "-m", "workbench.cli", "demo", "--height", "40", "--width", "60", "--no-show"]
    command += ["--session", str(folder / "session"), "--password", str(folder / "words.json"), "--max-pages", "2"]
    log = folder / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"OMP_NUM_THREADS": "1"})
        try:
            yield {"url": address(process, log), "log": log, "folder": folder / "session"}
        finally:
            process.terminate()
            process.wait(20)


def log_in(page: Page, guarded: dict, name: str, word: str) -> None:
    """Fill in the page that asks."""
    page.goto(guarded["url"])
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(word)
    page.get_by_role("button", name="Log in").click()


def history(guarded: dict) -> list[tuple]:
    """Who did what, and of which classes labels were given and taken."""
    path: Path = guarded["folder"] / "history.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    marks = [[[one["class"] for one in line.get(key, [])] for key in ("given", "taken")] for line in lines]
    return [(line["who"], line["what"], *of) for line, of in zip(lines, marks, strict=True)]


def test_each_label_bears_the_name_of_who_gave_it_and_no_third_page_is_shown(guarded, browser):
    contexts = [browser.new_context(viewport={"width": 1280, "height": 800}) for _ in range(3)]
    cube = open_cube(guarded["folder"] / "scene.zarr")
    desks = [Driver(context.new_page(), guarded["url"], cube) for context in contexts]
    troubles = [watch(context, desk.page) for context, desk in zip(contexts, desks, strict=True)]
    ada, bob, third = desks
    log_in(ada.page, guarded, "ada", "a guess")
    expect(ada.page.get_by_role("alert")).to_be_visible(timeout=PATIENCE)
    until(lambda: "127.0.0.1 gave a wrong password for 'ada'" in guarded["log"].read_text(), "a line in the log")
    log_in(ada.page, guarded, "ada", WORDS["bob"])
    expect(ada.page.get_by_role("alert")).to_be_visible(timeout=PATIENCE)

    for desk, name in ((ada, "ada"), (bob, "bob")):
        log_in(desk.page, guarded, name, WORDS[name])
        desk.wait_open()
    ada.add_class("water")
    for n, desk in enumerate((ada, bob), start=1):
        desk.page.locator("input[title='water']").wait_for(timeout=PATIENCE)
        desk.mode("Label pixel")
        desk.click(10 * n, 10 * n)
        desk.wait_count(1, n)
    bob.page.keyboard.press("Control+z")
    ada.wait_count(1, 1)
    wanted = [
        ("ada", "add class", [], []),
        ("ada", "label pixel", ["water"], []),
        ("bob", "label pixel", ["water"], []),
        ("bob", "undo", [], ["water"]),
    ]
    until(lambda: history(guarded) == wanted, f"{wanted} in the history")

    log_in(third.page, guarded, "ada", WORDS["ada"])
    expect(third.page.get_by_text("This desk shows 2 pages at once.")).to_be_visible(timeout=PATIENCE)
    assert "a page was refused: all 2 are open" in guarded["log"].read_text()
    contexts[1].close()

    def is_shown() -> bool:
        third.page.goto(guarded["url"])
        third.page.wait_for_timeout(2000)
        return third.page.get_by_text("This desk shows 2 pages at once.").count() == 0

    until(is_shown, "the seat of a page that was closed")
    for context in contexts:
        context.close()
    assert troubles == [[], [], []]
    assert "Traceback" not in guarded["log"].read_text()


def test_nobody_talks_to_the_desk_without_having_logged_in(guarded):
    url = guarded["url"]
    for cookie in ("", "user=ada", 'user="2|1:0|10:1796032543|4:user|4:YWRh|16aed6fe62a44752"', "is_guest=1"):
        assert knock(url, url, cookie) != "let in"
        with ask(url, "/", Cookie=cookie) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "./login?next=%2F")
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    with ask(url, "/login", "POST", urlencode({"username": "bob", "password": WORDS["bob"]}), **form) as answer:
        cookies = [value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie")]
    cookie = "; ".join(one for one in cookies if one.startswith("user="))
    assert knock(url, url, cookie) == "let in"
    assert knock(url, "http://evil.example", cookie) == "403"

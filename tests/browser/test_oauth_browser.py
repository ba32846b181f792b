"""A desk that asks an OAuth provider: who is named comes in under that name, nobody else, and no forged answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import address
from tests.browser.driver import PATIENCE, Driver, until, watch
from tests.browser.knocking import ask, knock
from tests.browser.provider import KEY, SECRET, provider
from workbench.cubes import open_cube

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def vouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """A server that sends everybody to the provider, and lets ada in."""
    folder = tmp_path_factory.mktemp("vouched")
    with provider() as theirs, (folder / "server.log").open("w") as out:
        extra = {"AUTHORIZE_URL": f"{theirs}/authorize", "TOKEN_URL": f"{theirs}/token", "USER_URL": f"{theirs}/user"}
        told = {"provider": "generic", "key": KEY, "secret": SECRET, "users": ["Ada@example.org"], "extra": extra}
        (folder / "oauth.json").write_text(json.dumps(told))
        command = [sys.executable, "-u", "-m", "workbench.cli", "demo", "--height", "40", "--width", "60", "--no-show"]
        command += ["--session", str(folder / "session"), "--oauth", str(folder / "oauth.json")]
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"OMP_NUM_THREADS": "1"})
        try:
            log = folder / "server.log"
            yield {"url": address(process, log), "log": log, "folder": folder / "session", "provider": theirs}
        finally:
            process.terminate()
            process.wait(20)


def come_as(page: Page, vouched: dict, name: str) -> None:
    """To the provider, which asks who one is, and back."""
    page.goto(vouched["url"])
    page.get_by_role("link", name=name).click()


def test_who_is_named_labels_under_that_name(vouched, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    desk = Driver(context.new_page(), vouched["url"], open_cube(vouched["folder"] / "scene.zarr"))
    troubles = watch(context, desk.page)
    come_as(desk.page, vouched, "ada")
    desk.wait_open()
    desk.add_class("water")
    history = vouched["folder"] / "history.jsonl"
    until(lambda: history.exists() and '"add class"' in history.read_text(), "a line in the history")
    assert json.loads(history.read_text().splitlines()[0])["who"] == "ada@example.org"
    context.close()
    assert troubles == []


def test_who_is_not_named_is_told_so_and_has_no_way_round(vouched, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    come_as(page, vouched, "mallory")
    expect(page.get_by_text("mallory@example.org is no user of this desk; ask whoever runs it")).to_be_visible(
        timeout=PATIENCE
    )
    assert "127.0.0.1 came as 'mallory@example.org', who is no user of this desk" in vouched["log"].read_text()
    page.goto(vouched["url"])
    expect(page.get_by_role("link", name="mallory")).to_be_visible(timeout=PATIENCE)  # asked anew, not let in
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies())
    assert knock(vouched["url"], vouched["url"], cookie) != "let in"
    context.close()


@pytest.mark.parametrize("query", [{"code": "code of ada", "state": "forged"}, {"error": "access_denied"}])
def test_a_forged_answer_of_the_provider_opens_nothing(vouched, query):
    with ask(vouched["url"], f"/login?{urlencode(query)}") as answer:
        text = answer.read().decode()
        assert answer.status == 401
        assert not [one for one in answer.headers.get_all("Set-Cookie") or [] if one.startswith("user=2")]
    assert "Traceback" not in text
    until(lambda: "127.0.0.1 was not logged in: " in vouched["log"].read_text(), "a line in the log")
    assert "Traceback" not in vouched["log"].read_text()


def test_nobody_talks_to_the_desk_without_having_come_that_way(vouched):
    url = vouched["url"]
    for cookie in ("", "user=ada@example.org", "is_guest=1"):
        assert knock(url, url, cookie) != "let in"
        with ask(url, "/", Cookie=cookie) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "./login?next=%2F")

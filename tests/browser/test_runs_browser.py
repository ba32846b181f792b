"""Runs as an analyst handles them: one waits for another, one that was stopped goes on, one is deleted or repeated."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import PATIENCE, Driver, until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]


def cards(desk: Driver) -> list[dict]:
    """What lies in the session's folder, the oldest first."""
    found = [json.loads(path.read_text()) for path in (desk.server["folder"] / "runs").glob("*/run.json")]
    return sorted(found, key=lambda card: card["created"])


def states(desk: Driver) -> list[str]:
    """As the table shows them, the newest first."""
    return desk.page.locator(".reads-runs td:nth-child(4)").all_inner_texts()


def ask(desk: Driver, steps: int) -> None:
    """Choose a length and start."""
    desk.page.get_by_role("tab", name="Learn").click()
    box = desk.page.get_by_label("Steps", exact=True)
    box.press("Control+a")
    desk.page.keyboard.type(str(steps))
    box.press("Enter")
    desk.page.get_by_role("button", name="Start learning").click()


def press(desk: Driver, name: str) -> None:
    """A button of the tab of runs, once it may be pressed."""
    button = desk.page.get_by_role("button", name=re.compile(f"^{name}"))
    expect(button).to_be_enabled(timeout=PATIENCE)
    button.click()


def choose(desk: Driver, steps: int) -> None:
    """Look at the last run of that length."""
    desk.page.get_by_role("combobox", name="Run", exact=True).click()
    desk.page.get_by_role("option", name=re.compile(f" {steps} steps")).first.click()


def test_a_run_waits_is_stopped_goes_on_and_is_deleted(desk):
    page = desk.page
    ask(desk, 20_000)
    until(lambda: [card["state"] for card in cards(desk)] == ["running"], "a run")
    expect(page.get_by_text(re.compile(r"pixels/s · [\d.]+ GiB"))).to_be_visible(timeout=PATIENCE)
    ask(desk, 30)
    expect(page.locator(".status-line")).to_contain_text("waits until", timeout=PATIENCE)
    page.get_by_role("tab", name="Runs").click()
    until(lambda: re.fullmatch(r"waiting,\d+ %", ",".join(states(desk))), "one under way and one that waits")
    page.keyboard.press("Shift+X")
    until(lambda: states(desk) == ["in use", "stopped"], "the second to its end")
    choose(desk, 20_000)
    press(desk, "Resume")
    until(lambda: re.fullmatch(r"in use,\d+ %", ",".join(states(desk))), "the first to go on")
    expect(page.get_by_role("button", name=re.compile("^Delete this run"))).to_be_disabled()
    page.keyboard.press("Shift+X")
    until(lambda: states(desk) == ["in use", "stopped"], "it to stop again")
    press(desk, "Delete this run")
    expect(page.get_by_role("button", name="Delete this run")).to_have_text(
        re.compile("Delete for good"), timeout=PATIENCE
    )
    assert len(cards(desk)) == 2
    press(desk, "Delete this run")
    until(lambda: len(states(desk)) == 1, "one run")
    assert [card["settings"]["recipe"]["steps"] for card in cards(desk)] == [30]


def test_a_run_is_repeated_with_what_it_was_made_of(desk):
    page = desk.page
    page.get_by_role("tab", name="Learn").click()
    page.get_by_role("combobox", name="Views do without").click()
    page.locator("li", has_text="noise:").click()
    until(lambda: page.keyboard.press("Escape") or page.locator("li").count() == 0, "the list to close")
    ask(desk, 26)
    until(lambda: [card["state"] for card in cards(desk)] == ["done", "done"], "a run without noise")
    assert cards(desk)[-1]["settings"]["recipe"]["without"] == ["noise"]
    desk.open()
    page.get_by_role("tab", name="Runs").click()
    choose(desk, 26)
    page.keyboard.press("Shift+T")
    expect(page.get_by_role("tab", name="Learn")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    expect(page.get_by_label("Steps", exact=True)).to_have_value("26", timeout=PATIENCE)
    page.keyboard.press("t")
    until(lambda: [card["settings"]["recipe"]["steps"] for card in cards(desk)] == [30, 26, 26], "the same again")
    until(lambda: cards(desk)[-1]["state"] == "done", "its end")
    assert cards(desk)[-1]["settings"]["recipe"] == cards(desk)[-2]["settings"]["recipe"]


def test_the_encoder_in_use_can_be_none_and_one_of_a_file(desk, tmp_path):
    page = desk.page
    page.get_by_role("tab", name="Runs").click()
    choose(desk, 26)
    press(desk, "Use: the class map")
    until(lambda: "in use" not in states(desk), "none in use")
    encoder = next(Path(desk.server["folder"]).glob("runs/*/encoder.safetensors"))
    page.get_by_placeholder("path of an encoder, then Enter").fill(str(encoder))
    page.get_by_placeholder("path of an encoder, then Enter").press("Enter")
    until(lambda: states(desk)[0] == "in use", "the encoder that was named")
    page.get_by_placeholder("path of an encoder, then Enter").fill("/etc/passwd")
    page.get_by_placeholder("path of an encoder, then Enter").press("Enter")
    expect(page.locator(".status-line.refusal")).to_be_visible(timeout=PATIENCE)
    assert len(states(desk)) == 4

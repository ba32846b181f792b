"""Somebody new does only what the guide says, and comes to a class map, an encoder, scores and a file."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import rasterio
from playwright.sync_api import expect

from tests.browser.driver import FIND, PATIENCE, Driver
from workbench.labels import open_labels
from workbench.session.guide import STEPS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]
SEEN_AS = {"water": "water", "woods": "deciduous forest"}
"""What somebody sees on the picture, and what the simulated scene has there."""

MAP_BOX = f"() => (({FIND})('.leaflet-container')[0].getBoundingClientRect()).toJSON()"
MOST = 40
"""Steps after which somebody is lost."""


class Newcomer:
    """Reads the guide, does it, reads again. Knows what water and woods look like, and nothing of the desk."""

    def __init__(self, desk: Driver) -> None:
        self.desk, self.page, self.read = desk, desk.page, []
        truth = open_labels(desk.server["folder"] / "truth.tif", desk.cube)
        self._places = {
            seen: iter([tuple(map(int, place)) for place in np.argwhere(truth.values == code)[5::40]])
            for seen, name in SEEN_AS.items()
            for code in [truth.attrs["classes"].index(name) + 1]
        }
        self._moves: list[tuple[str, Callable[..., None]]] = [
            (r"Click a pixel of the map: .*", lambda: self._click("woods")),
            (r"Type a(?: second)? class.*, such as (\w+), into “(.+?)” at the right, then Enter\.", self._type),
            (r"Click “(.+?)” at the right: .*", self._press_button),
            (r"Click \w+ (?:more )?pixels? of “(.+?)” on the map\.", self._click),
            (r"(?:.*\. )?Press (\w): .*", self.page_key),
            (r"Press (\w) to take .*", self._take),
            (r"It compares; .* (Shift X) stops it\.", self._stop),
        ]

    def says(self) -> tuple[str, str]:
        """Which step it is, and what to do."""
        return self.page.locator(".guide .step").inner_text(), self.page.locator(".guide .says").inner_text()

    def follow(self, until: str) -> None:
        """Do what is said until it is step `until`; wait where nothing is to be done."""
        for _ in range(MOST):
            step, text = self.says()
            if step == until:
                return
            self.read.append((step, text))
            found = [(move, hit) for like, move in self._moves if (hit := re.fullmatch(like, text))]
            assert len(found) <= 1, f"{text!r} can be taken in several ways"
            for move, hit in found:
                move(*hit.groups())
            expect(self.page.locator(".guide .says")).not_to_have_text(text, timeout=4 * PATIENCE)
        raise AssertionError(f"lost after {self.read}")

    def page_key(self, key: str) -> None:
        """Press a key, wherever the focus is."""
        self.page.keyboard.press(key)

    def _click(self, seen: str) -> None:
        self.desk.click(*next(self._places[seen]))

    def _type(self, word: str, field: str) -> None:
        self.page.get_by_placeholder(field).fill(word)
        self.page.keyboard.press("Enter")

    def _press_button(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def _take(self, key: str) -> None:
        with self.page.expect_download(timeout=PATIENCE) as started:
            self.page.keyboard.press(key)
        with rasterio.open(started.value.path()) as file:
            assert file.shape == self.desk.cube.shape[1:]
            assert set(np.unique(file.read(1))) == {1, 2}

    def _stop(self, key: str) -> None:
        """Enough seen, once the table has a row."""
        expect(self.page.locator(".reads-scores tbody tr").nth(1)).to_be_visible(timeout=4 * PATIENCE)
        self.page.keyboard.press(key.replace(" ", "+"))


def shown(desk: Driver, says: str) -> None:
    """Wait until the guide is there and says so; an empty text stands for a guide that is put away."""
    if says:
        expect(desk.page.locator(".guide .says")).to_have_text(says, timeout=PATIENCE)
    expect(desk.page.locator(".guide")).to_be_visible(visible=bool(says), timeout=PATIENCE)


def test_somebody_new_comes_to_a_class_map_by_the_guide_alone(desk):
    new = Newcomer(desk)
    box = desk.page.evaluate(MAP_BOX)
    new.follow("Step 7 of 9")
    assert len(desk.wait_map()["pixels"]) > 0
    numbers = [int(re.match(r"Step (\d)", step)[1]) for step, _ in new.read]
    assert numbers == sorted(numbers)  # no way back
    assert set(numbers) >= {1, 2, 3, 4, 5}
    assert all(text.endswith((".", "?", "…")) for _, text in new.read)
    assert desk.page.evaluate(MAP_BOX) == box


def test_it_is_put_away_and_called_back_and_the_session_remembers(desk):
    page, box, (_, text) = desk.page, desk.page.evaluate(MAP_BOX), Newcomer(desk).says()
    page.keyboard.press("h")
    shown(desk, "")
    assert page.evaluate(MAP_BOX) == box
    desk.open()
    shown(desk, "")
    page.get_by_role("button", name="Guide: ").click()
    shown(desk, text)  # where it was, after the reload
    page.get_by_role("button", name="Put the guide away").click()
    shown(desk, "")
    page.keyboard.press("h")
    shown(desk, text)
    assert page.evaluate(MAP_BOX) == box


def test_a_wrong_turn_is_told_back(desk):
    page, (step, text) = desk.page, Newcomer(desk).says()
    page.keyboard.press("Control+z")
    expect(page.locator(".guide .step")).to_have_text("Step 5 of 9", timeout=PATIENCE)
    expect(page.locator(".guide .says")).to_contain_text("Click “Label pixel” at the right", timeout=PATIENCE)
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(".guide .step")).to_have_text(step, timeout=PATIENCE)
    expect(page.locator(".guide .says")).to_have_text(text, timeout=PATIENCE)


def test_and_on_to_an_encoder_scores_and_a_file(desk):
    box = desk.page.get_by_label("Steps", exact=True)
    box.fill("30")  # somebody impatient
    box.press("Enter")
    box.blur()
    new = Newcomer(desk)
    new.follow("Guide")
    numbers = [int(re.match(r"Step (\d)", step)[1]) for step, _ in new.read]
    assert numbers == sorted(numbers)
    assert set(numbers) == {7, 8, 9}
    assert "The map is now by what was learnt." in " ".join(text for _, text in new.read)
    assert len(STEPS) == 9

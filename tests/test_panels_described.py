"""What the desk says of its pictures, for those who do not see them, is what NumPy counts in them."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from tests.small_sessions import file_and_truth, session_of_it  # noqa: F401
from workbench.panels import described
from workbench.panels import map_words as map_words_module
from workbench.panels.curve_words import Point
from workbench.panels.described import (
    NOTHING,
    count_map,
    learning_words,
    loss_words,
    map_words,
    plane_words,
    spectra_words,
)
from workbench.panels.look import Look
from workbench.panels.map_words import MapWords
from workbench.panels.words import Words

CLASSES = ["water", "woods", "soil", "roof"]


@pytest.fixture
def class_map() -> tuple[np.ndarray, np.ndarray]:
    """Codes, a tenth of them without data, and how sure they are."""
    rng = np.random.default_rng(3)
    codes = rng.choice([0, 1, 2, 3], (50, 70), p=[0.1, 0.6, 0.295, 0.005]).astype("int16")
    return codes, np.where(codes > 0, rng.random(codes.shape), np.nan).astype("float32")


def test_shares_of_the_class_map_and_its_confidence_are_counted(class_map):
    codes, sure = class_map
    words = map_words(["true colour"], count_map(codes, sure, 4), CLASSES, "", {"water": 7, "soil": 5, "roof": 0})
    assert words.startswith("Picture: true colour. Class map: water ")
    told = dict(re.findall(r"(\w+) ([\d.]+) %", words))
    for code, name in enumerate(CLASSES[:3], 1):
        assert float(told[name]) == pytest.approx(100 * (codes == code).sum() / (codes > 0).sum(), abs=0.5)
    assert float(told["data"]) == pytest.approx(100 * (codes == 0).mean(), abs=0.5)
    assert "roof" not in words
    assert f"of 3,500 pixels; without data {told['data']} %; mean confidence {np.nanmean(sure):.2f}." in words
    assert words.endswith("12 labelled pixels: water 7, soil 5.")


def test_a_large_map_is_counted_on_evenly_chosen_rows_and_columns_in_pieces(class_map, monkeypatch):
    codes, sure = class_map
    monkeypatch.setattr(described, "_AT_ONCE", 100)
    whole = count_map(codes, sure, 4)
    assert whole.pixels == tuple(np.bincount(codes.ravel(), minlength=5)[1:])
    assert whole.confidence == pytest.approx(np.nanmean(sure.astype(float)))
    monkeypatch.setattr(described, "MOST", 410)
    some = count_map(codes, sure, 4)
    assert some.pixels == tuple(np.bincount(codes[::3, ::3].ravel(), minlength=5)[1:])
    assert (some.total, some.every) == (3500, 3)
    assert "of 3,500 pixels (of every 3rd row and column); mean" in map_words(["picture"], some, CLASSES, "", {})


def test_what_there_is_none_of_is_said():
    assert map_words(["a", "b"], None, [], "label a second class", {}) == (
        "Left of the handle: a; right of it: b. No class map: label a second class. No pixel is labelled."
    )
    empty = count_map(np.zeros((2, 3), "int16"), None, 2)
    assert "Class map: no class on any of 6 pixels." in map_words(["a"], empty, ["x", "y"], "", {"x": 1})
    assert plane_words(("", ""), [], [], 0) == loss_words([], {}) == learning_words({}, "labels") == NOTHING
    assert spectra_words(np.arange(3.0), ("x", "y"), [("pixel", np.full(3, np.nan))]) == NOTHING


def test_each_spectrum_is_told_by_its_least_and_most():
    x, rng = np.linspace(400, 2400, 60), np.random.default_rng(0)
    lines = [(f"line {i}", rng.random(60)) for i in range(9)]
    for _, values in lines:
        values[20:25] = np.nan
    words = spectra_words(x, ("wavelength [nm]", "reflectance [1]"), [*lines, ("gap", np.full(60, np.nan))])
    assert words.startswith("Reflectance [1] over wavelength [nm], 400 to 2400. line 0: least ")
    assert words.endswith("; and 1 more.")
    found = re.findall(r"(line \d): least ([\d.]+) at (\d+), most ([\d.]+) at (\d+)", words)
    assert len(found) == 8
    for name, low, at_low, high, at_high in found:
        values = dict(lines)[name]
        assert (float(low), float(high)) == pytest.approx((np.nanmin(values), np.nanmax(values)), rel=1e-3)
        assert (int(at_low), int(at_high)) == (round(x[values == np.nanmin(values)][0]), round(x[np.nanargmax(values)]))


def test_the_loss_is_told_by_its_ends_and_its_least():
    terms = {"invariance": [5.0, 2.0, 2.5], "redundancy": [3.0, 1.0, 1.0]}
    assert loss_words([10, 1200, 2400], terms) == (
        "Loss over training: 8 at step 10, 3.5 at step 2,400; the least is 3 at step 1,200. "
        "It is the sum of invariance, redundancy."
    )


def test_learning_curves_are_told_by_what_they_reach():
    nan = float("nan")
    curves = {
        "SVM": (Point(5, 61.0, 55.0, 67.0, 10), Point(20, 81.24, 78.0, 84.5, 10)),
        "KNN": (Point(5, 59.0, nan, nan, 1),),
    }
    assert learning_words(curves, "labels a class") == (
        "Overall accuracy over labels a class, 5 to 20. SVM 81.2 % with 20, 95 % interval 78.0 to 84.5; "
        "KNN 59.0 % with 5."
    )


def test_points_of_the_plane_are_counted_by_class():
    names = ["water"] * 5 + [""] * 2 + ["woods"] * 7
    assert plane_words(("PC 1 (80.0 %)", "PC 2 (9.0 %)"), names, ["woods"], 3) == (
        "14 points over PC 1 (80.0 %) and PC 2 (9.0 %): woods 7, water 5, without a class 2. "
        "1 labelled one: woods 1. 3 points are selected."
    )


class SlowPage:
    """A page whose clock is moved by hand."""

    def __init__(self) -> None:
        self.waiting: dict[Callable[[], None], int] = {}

    def soon(self, action: Callable[[], None], milliseconds: int) -> None:
        self.waiting[action] = milliseconds

    def work(self, job: Callable[[], object], then: Callable[[object], None]) -> None:
        then(job())

    def tick(self) -> None:
        waiting, self.waiting = self.waiting, {}
        for action in waiting:
            action()


def test_many_changes_of_a_picture_are_put_into_words_once():
    page, asked = SlowPage(), []
    words = Words(page)
    for number in range(20):
        words.tell("map", lambda number=number: asked.append(number) or f"map {number}")
    words.tell("loss", lambda: "a loss")
    assert (asked, words.access.words, len(page.waiting)) == ([], {}, 1)
    page.tick()
    assert (asked, words.access.words) == ([19], {"map": "map 19", "loss": "a loss"})


def test_a_map_is_counted_when_it_is_whole_and_not_again_for_a_picture(session, simulated, monkeypatch):
    page, counted = SlowPage(), []
    page.words = Words(page)
    page.follow = lambda source, names, action, now=True: source.param.watch(lambda *_: action(), names.split())
    monkeypatch.setattr(map_words_module, "count_map", lambda *given: counted.append(given) or count_map(*given))
    look = Look()
    MapWords(session, look, page)
    session.map_state = "computing"
    codes = simulated[1].copy()
    session.class_map = codes
    assert page.waiting == {}
    session.map_state = "ready"
    page.tick()
    first = page.words.access.words["map"]
    assert f"of {codes.size:,} pixels" in first
    look.bands = (30, 20, 10)
    page.tick()
    assert page.words.access.words["map"] != first
    assert len(counted) == 1

"""The guide says the right next step in every state, and a session walks through all of them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from workbench.cubes import save_cube, simulated_scene
from workbench.panels.key_map import KEYS
from workbench.session import Session
from workbench.session.guide import ENOUGH, STEPS, Stand, next_step, stand_of

YES_NO = (False, True)
ENDS = ("has_map", "computing", "learnt", "by_embedding", "has_truth", "compared", "taken")
CLASSES = [
    tuple((f"class {code}", pixels) for code, pixels in enumerate(counts, 1))
    for n in range(4)
    for counts in product((0, 2, 3), repeat=n)
]


def every_state():
    """All states there can be: what is labelled by all that is learnt, and what a click does by what is labelled."""
    ends = [dict(zip(ENDS, flags, strict=True)) for flags in product(YES_NO, repeat=len(ENDS))]
    for scene, looked, classes, end, job in product(YES_NO, YES_NO, CLASSES, ends, ("", "pretraining", "comparison")):
        yield Stand(has_scene=scene, looked=looked, classes=classes, current=len(classes), job=job, **end)
    counts = [tuple((f"c{i}", n) for i, n in enumerate(many)) for many in product((0, 1, 2, 3, 4000), repeat=3)]
    for classes, mode in product(counts, ("inspect", "pixel", "polygon", "brush")):
        for current in range(1, len(classes) + 1):
            yield Stand(has_scene=True, looked=True, classes=classes, current=current, mode=mode)


def slow_number(one: Stand) -> int:
    """The truth, by the rule alone: the first thing not done; work that belongs to a thing holds it open."""
    if not one.has_scene:
        return 0
    full = [name for name, pixels in one.classes if pixels > 2]
    done = {
        1: one.looked or len(one.classes) > 0,
        2: len(one.classes) > 0,
        3: len(full) > 0,
        4: len(one.classes) > 1,
        5: len(full) > 1,
        6: one.has_map,
        7: one.learnt and one.job != "pretraining",
        8: one.compared and one.job != "comparison",
        9: one.taken,
    }
    for number in range(1, 10):
        if not done[number]:
            return number
    return 10


def test_the_next_step_is_the_first_that_is_not_done():
    states = list(every_state())
    assert len(states) > 60_000
    seen = set()
    for one in states:
        found = next_step(one).number
        assert found == slow_number(one), one
        seen.add(found)
    assert seen == set(range(len(STEPS) + 2))


def test_what_is_said_is_short_plain_and_names_keys_that_there_are():
    said = {next_step(one).text for one in every_state()}
    longest = Stand(has_scene=True, classes=(("w" * 200, 0),), current=1, mode="inspect")
    said |= {next_step(replace(longest, mode=mode)).text for mode in ("inspect", "pixel", "polygon", "brush")}
    known = {" ".join(key.shown) for keys in KEYS.values() for key in keys} | set("123456789")
    for text in said:
        assert len(text) <= 110, text
        assert text[-1] in ".?…", text
        assert set(re.findall(r"`([^`]*)`", text)) <= known, text


@pytest.mark.parametrize(
    ("classes", "current", "mode", "said"),
    [
        ((("water", 0),), 1, "inspect", "Click “Label pixel” at the right"),
        ((("water", 0),), 1, "pixel", "Click three pixels of “water” on the map."),
        ((("water", 1),), 1, "pixel", "Click two more pixels of “water” on the map."),
        ((("water", 2),), 1, "pixel", "Click one more pixel of “water” on the map."),
        ((("water", 0),), 1, "polygon", "Draw round some pixels of “water”"),
        ((("water", 0),), 1, "brush", "Drag over pixels of “water” on the map."),
        ((("water", 3), ("woods", 0)), 1, "pixel", "Choose “woods” in the list of classes at the right (key `2`)."),
        ((("water", 3), ("woods", 0), ("roofs", 2)), 3, "pixel", "Click one more pixel of “roofs” on the map."),
        ((*((f"c{i}", 0) for i in range(9)), ("water", 2), ("woods", 9)), 11, "pixel", "Choose “c0”"),
        ((("a <b>`", 0),), 1, "pixel", "Click three pixels of “a <b>'” on the map."),
    ],
)
def test_labelling_is_told_as_it_stands_on_this_page(classes, current, mode, said):
    stand = Stand(has_scene=True, classes=classes, current=current, mode=mode)
    assert next_step(stand).text.startswith(said)


def test_what_was_learnt_is_said_once_the_map_shows_it():
    learnt = Stand(has_scene=True, classes=(("a", 3), ("b", 3)), has_map=True, learnt=True, has_truth=True)
    which = "Press `R`: which model is best with few labels?"
    assert next_step(replace(learnt, computing=True)).text == "An encoder is learnt. The class map is being made anew …"
    for computing in YES_NO:
        seen = replace(learnt, computing=computing, by_embedding=True)
        assert next_step(seen).text == f"The map is now by what was learnt. {which}"
    assert next_step(learnt).text == f"An encoder is learnt. {which}"
    assert next_step(replace(learnt, has_truth=False)).text.endswith("which model is best by your labels?")


def test_a_map_that_is_not_made_says_why():
    stand = Stand(has_scene=True, classes=(("a", 3), ("b", 3)), current=1)
    assert next_step(replace(stand, note="there is no memory left")).text == "No class map: there is no memory left."
    assert next_step(stand).text == "The class map is being made …"


def test_a_session_walks_through_the_steps_and_a_reload_stands_where_it_was(tmp_path):
    folder, walked = tmp_path / "session", []
    session = Session.at(folder)

    def stands() -> int:
        number = next_step(stand_of(session, "pixel")).number
        walked.append(number)
        return number

    try:
        assert stands() == 0
        cube, truth = simulated_scene(40, 60, seed=0)
        session.open_scene(save_cube(cube, folder / "scene.zarr"))
        assert stands() == 1
        session.remember(looked=True)
        codes = [int(code) for code in np.unique(truth.values) if (truth.values == code).sum() >= ENOUGH][:2]
        for code in codes:
            assert stands() in (2, 4)
            session.add_class(truth.attrs["classes"][code - 1])
            for row, column in np.argwhere(truth.values == code)[:ENOUGH]:
                assert stands() in (3, 5)
                session.label_pixel(int(row), int(column))
        assert session.wait_for_map(60)
        assert stands() == 7
        session.undo()
        assert stands() == 5
        session.redo()
        assert session.wait_for_map(60)
        session.remember(guide=True)
    finally:
        session.close()
    session = Session.at(folder)
    try:
        assert session.wait_for_map(60)
        assert stands() == 7
        assert session.view == {"looked": True, "guide": True}
        assert session.is_by_embedding is False
    finally:
        session.close()
    assert sorted(set(walked)) == [0, 1, 2, 3, 4, 5, 7]


def test_the_readme_begins_with_the_same_steps():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    part = readme.split("## The first minute", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^\d+\. \*\*(.+?)\.\*\*", part, re.MULTILINE) == list(STEPS)

"""Suggestions and doubts in a session: the same as asked for directly, answered one by one, logged, and undone."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest
import xarray as xr

from workbench.cubes import save_cube, simulated_scene
from workbench.probe import FEATURES, class_chances, classify_scene, doubtful, feature_map, suggest
from workbench.session import Session, at_hand, thinking


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    cube, truth = simulated_scene(24, 30, seed=1)
    return save_cube(cube, tmp_path_factory.mktemp("scene") / "scene.npz"), truth


@pytest.fixture
def session(tmp_path, simulated):
    session = Session.at(tmp_path / "session")
    session.live = False
    assert session.open_scene(simulated[0]), session.message
    yield session
    session.close()


@pytest.fixture
def labelled(session, simulated):
    """Six labels each of the three most frequent classes, all right."""
    _, truth = simulated
    for code in np.argsort(np.bincount(truth.values[truth.values > 0]))[::-1][:3]:
        session.add_class(truth.attrs["classes"][code - 1])
        for row, column in np.argwhere(truth.values == code)[::7][:6]:
            session.label_pixel(int(row), int(column))
    return session


def think(session: Session, **how: object) -> None:
    """Ask for suggestions and wait for them."""
    assert session.suggest(**how), session.message
    assert session.wait_for_advice(60)
    assert not session.is_refusal, session.message


def check(session: Session) -> None:
    """Ask for doubtful labels and wait for them."""
    assert session.check_labels(), session.message
    assert session.wait_for_advice(60)
    assert not session.is_refusal, session.message


def log(session: Session) -> list[dict]:
    return [json.loads(line) for line in (session.folder / "advice.jsonl").read_text().splitlines()]


def on_disk(session: Session) -> int:
    with sqlite3.connect(session.labels_path) as db:
        return db.execute("SELECT count(*) FROM labels").fetchone()[0]


def plant(session: Session) -> tuple[int, int]:
    """Give one of the labels a class that is wrong; its place."""
    row, column = (int(i) for i in np.argwhere(session.labels.values == 1)[2])
    session.current_class = 2
    session.label_pixel(row, column)
    return row, column


@pytest.mark.parametrize("by", ["margin", "entropy", "disagreement"])
def test_suggestions_are_those_of_the_function(labelled, by):
    think(labelled, by=by, n=5)
    cube, labels = labelled.cube.compute(), labelled.labels
    space = feature_map(cube, FEATURES["noise_fractions"].learn(cube))
    if by == "disagreement":
        source = {name: classify_scene(name, cube, labels) for name in ("svm", "lda_noise_fractions")}
    else:
        source = class_chances("svm", cube, labels)
    wanted = suggest(source, labels, 5, by=by, features=space)
    found = labelled.advice.items
    assert [(one.row, one.column) for one in found] == [(one.row, one.column) for one in wanted]
    assert [one.reason for one in found] == [one.reason for one in wanted]
    assert [one.guess for one in found] == [labels.attrs["classes"][one.guess - 1] for one in wanted]
    assert (labelled.advice.at, labelled.advice.left, labelled.advice.labels) == (0, 5, 18)
    assert labelled.advising == ""


def test_an_answer_labels_the_pixel_on_disk_and_the_next_one_comes(labelled):
    think(labelled, n=3)
    first, second, third = labelled.advice.items
    before = on_disk(labelled)
    assert labelled.answer_advice(2)
    assert int(labelled.labels[first.row, first.column]) == 2
    assert on_disk(labelled) == before + 1
    assert labelled.advice.current == second
    assert labelled.accept_advice()
    assert labelled.classes[int(labelled.labels[second.row, second.column]) - 1].name == second.guess
    assert labelled.skip_advice()
    assert int(labelled.labels[third.row, third.column]) == 0
    assert (labelled.advice.current, labelled.advice.left) == (None, 0)
    assert labelled.message == "every suggestion is answered"
    assert not labelled.skip_advice()
    assert labelled.message == "no suggestion is being looked at; ask for some, or choose one of the list"


def test_undo_takes_an_answer_back_with_its_label_and_comes_back_to_it(labelled):
    think(labelled, n=3)
    first, second, _ = labelled.advice.items
    marks = labelled.marks
    labelled.answer_advice(1)
    labelled.skip_advice()
    assert labelled.advice.at == 2
    assert labelled.undo()
    assert (labelled.advice.current, sorted(labelled.advice.answers)) == (second, [0])
    assert labelled.undo()
    assert (labelled.advice.current, labelled.advice.left) == (first, 3)
    assert labelled.marks == marks
    assert labelled.redo()
    assert int(labelled.labels[first.row, first.column]) == 1
    assert sorted(labelled.advice.answers) == [0]
    assert labelled.redo()
    assert labelled.advice.answers[1].what == "skipped"


def test_a_label_planted_wrong_comes_first_and_is_corrected(labelled):
    row, column = plant(labelled)
    check(labelled)
    one = labelled.advice.current
    assert (one.row, one.column) == (row, column)
    assert (one.label, one.guess) == (labelled.classes[1].name, labelled.classes[0].name)
    table = doubtful("svm", labelled.cube.compute(), labelled.labels)
    wrong = table[table["suspected"] | table["outlier"] | (table["doubt"] > 0.5)]
    assert [(a.row, a.column, a.reason) for a in labelled.advice.items] == list(
        zip(wrong["row"], wrong["column"], wrong["reason"], strict=True)
    )
    labels = labelled.labels.values.copy()
    assert labelled.accept_advice()
    assert int(labelled.labels[row, column]) == 1
    assert labelled.advice.answers[0].what == "corrected"
    labelled.undo()
    np.testing.assert_array_equal(labelled.labels, labels)
    assert labelled.advice.current == one


def test_a_doubted_label_is_kept_or_removed_whatever_lies_below_it(labelled):
    row, column = plant(labelled)
    labelled.label_polygon(_round(labelled, row, column))  # a wrong area over the click
    check(labelled)
    place = next(i for i, a in enumerate(labelled.advice.items) if (a.row, a.column) == (row, column))
    labelled.go_to_advice(place)
    labels, marks = labelled.labels.values.copy(), len(labelled.marks)
    assert labelled.remove_advised()
    assert int(labelled.labels[row, column]) == 0
    assert (labelled.labels.values != labels).sum() == 1
    labelled.undo()
    np.testing.assert_array_equal(labelled.labels, labels)
    assert len(labelled.marks) == marks
    assert labelled.advice.at == place
    assert labelled.keep_advice()
    np.testing.assert_array_equal(labelled.labels, labels)
    assert labelled.advice.answers[place].what == "kept"


def _round(session: Session, row: int, column: int) -> object:
    """The ground of a pixel and of its right neighbour."""
    from workbench.session.grid import pixel_square

    return pixel_square(session.cube, row, column).union(pixel_square(session.cube, row, column + 1)).envelope


def test_the_log_holds_every_advice_and_every_answer(labelled):
    think(labelled, n=3)
    items = labelled.advice.items
    labelled.answer_advice(3)
    labelled.undo()
    labelled.accept_advice()
    labelled.step_advice(-1)
    labelled.answer_advice(2)  # another answer to the same pixel
    labelled.skip_advice()
    plant(labelled)
    check(labelled)
    labelled.keep_advice()
    lines = log(labelled)
    assert lines[0]["by"] == "margin of svm"
    assert lines[0]["labels"] == 18
    assert lines[0]["pixels"][1] == {
        "row": items[1].row, "column": items[1].column, "guess": items[1].guess,
        "uncertainty": items[1].number, "why": items[1].reason,
    }  # fmt: skip
    said = [(line["event"], line["round"], line.get("answer")) for line in lines]
    assert said == [
        ("suggested", 1, None),
        ("answered", 1, "labelled"),
        ("taken back", 1, "labelled"),
        ("answered", 1, "labelled"),
        ("answered", 1, "labelled"),
        ("answered", 1, "skipped"),
        ("doubted", 2, None),
        ("answered", 2, "kept"),
    ]
    assert lines[1]["class"] == labelled.classes[2].name
    assert {"when", "row", "column", "why"} <= set(lines[1])
    assert sorted(line["when"] for line in lines) == [line["when"] for line in lines]
    labelled.close()
    again = Session.at(labelled.folder)
    think(again, n=1)
    assert (again.advice.number, log(again)[-1]["round"]) == (3, 3)
    again.close()


def test_back_and_next_stop_at_the_ends_and_leaving_keeps_the_list(labelled):
    think(labelled, n=3)
    places = []
    for by in (-1, 1, 1, 1, -1):
        assert labelled.step_advice(by)
        places.append(labelled.advice.at)
    assert places == [0, 1, 2, 2, 1]
    labelled.answer_advice(1)
    labelled.answer_advice(1)
    assert labelled.advice.at == 0  # round to the one that was passed over
    assert labelled.leave_advice()
    assert (labelled.advice.current, len(labelled.advice.items)) == (None, 3)
    assert not labelled.go_to_advice(3)


def test_what_cannot_be_advised_is_one_sentence(session, simulated):
    said = []
    for ask in (session.suggest, session.check_labels):
        assert not ask()
        said.append(session.message)
    session.add_class("one")
    session.add_class("two")
    session.label_pixel(3, 3)
    assert not session.suggest()
    said.append(session.message)
    session.current_class = 1
    session.label_pixel(9, 9)
    session.model = "barlow_twins"
    assert session.suggest()
    session.wait_for_advice(60)
    said.append(session.message)
    session.model = "svm"
    assert session.check_labels()
    session.wait_for_advice(60)
    said.append(session.message)
    assert session.suggest(by="luck")
    session.wait_for_advice(60)
    said.append(session.message)
    assert said == [
        "nothing can be suggested yet: add at least two classes, then click pixels of each",
        "nothing can be checked yet: add at least two classes, then click pixels of each",
        "nothing can be suggested yet: label at least two classes: click pixels of one",
        "model 'barlow_twins' works on an embedding; pretrain an encoder on the scene first",
        "a label is judged by others of its class, but no class has two; label a second pixel of one",
        "uncertainty is measured by one of margin, entropy, disagreement, got 'luck'",
    ]
    assert session.is_refusal
    assert len(session.marks) == 2
    assert session.advice is None
    assert session.advising == ""


def test_a_class_renamed_meanwhile_is_still_accepted(labelled):
    think(labelled, n=2)
    one = labelled.advice.current
    code = next(c.code for c in labelled.classes if c.name == one.guess)
    labelled.rename_class(code, "renamed")
    assert labelled.advice.current.guess == "renamed"
    assert labelled.accept_advice()
    assert int(labelled.labels[one.row, one.column]) == code
    guess = labelled.advice.current.guess
    labelled.remove_class(next(c.code for c in labelled.classes if c.name == guess))
    assert not labelled.accept_advice()
    assert labelled.message == f"the class {guess!r} is there no more; choose another one by its number"


def test_nothing_to_advise_is_said(session):
    assert not session.accept_advice()
    session.add_class("one")
    session.add_class("two")
    from workbench.session.grid import pixel_square

    corners = [pixel_square(session.cube, row, column) for row, column in ((0, 0), (23, 14), (0, 15), (23, 29))]
    session.label_polygon(corners[2].union(corners[3]).envelope)
    session.current_class = 1
    session.label_polygon(corners[0].union(corners[1]).envelope)
    session.model = "spectral_angle"
    think(session)
    assert session.message == "no pixel is left to suggest: all with data have a label or lie next to one"
    assert session.advice.items == ()


def test_a_pixel_labelled_meanwhile_is_not_asked_for(labelled):
    think(labelled, n=4)
    wanted = labelled.advice.items
    thought = thinking.Thought(wanted, "margin of svm", 18, "")
    labelled.current_class = 1
    labelled.label_pixel(wanted[2].row, wanted[2].column)
    labelled._advised(labelled._wished, ("suggestions", thought))
    assert labelled.advice.items == (*wanted[:2], wanted[3])


def test_advice_of_another_scene_is_dropped(labelled, simulated, tmp_path):
    assert labelled.suggest()
    other = xr.DataArray(labelled.cube.compute()[:, :20])
    assert labelled.open_scene(save_cube(other, tmp_path / "other.npz")), labelled.message
    labelled.wait_for_advice(60)
    assert (labelled.advice, labelled.advising) == (None, "")


def test_a_scene_whose_chances_are_too_many_is_asked_by_its_margin(labelled, monkeypatch):
    monkeypatch.setattr(thinking, "IN_MEMORY", 1000)
    think(labelled, n=2)
    assert "ahead of the next class by" in labelled.advice.items[0].reason
    assert labelled.suggest(by="entropy")
    labelled.wait_for_advice(60)
    assert labelled.is_refusal
    assert labelled.message.endswith("choose margin")


def test_an_answer_outlives_a_log_that_cannot_be_written(labelled):
    think(labelled, n=2)
    one = labelled.advice.current
    (labelled.folder / "advice.jsonl").unlink()
    (labelled.folder / "advice.jsonl").mkdir()
    labelled.answer_advice(1)
    assert int(labelled.labels[one.row, one.column]) == 1
    assert labelled.is_refusal
    assert labelled.message.startswith("advice.jsonl does not have this: ")
    assert labelled.advice.at == 1


def test_scenes_are_let_go_of_while_nobody_looks(simulated):
    from workbench.cubes import open_cube
    from workbench.probe import find_model

    kept, cube = at_hand.AtHand(), open_cube(simulated[0])
    kept.seen(find_model("lda_noise_fractions"), cube, None)
    assert kept.spectra is not None
    kept.forget()
    assert kept.spectra is None

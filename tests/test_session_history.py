"""``history.jsonl`` says who labelled what and when: held against the labels themselves, whatever the disk does."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely

from workbench.cubes import save_cube, simulated_scene
from workbench.session import Session
from workbench.session.advice import AdviceLog
from workbench.session.audit import MOST
from workbench.session.folder import HISTORY


@pytest.fixture
def session(tmp_path):
    session = Session.at(tmp_path / "session")
    session.live = False
    session.who = lambda: "ada"
    save_cube(simulated_scene(16, 20, seed=1)[0], tmp_path / "scene.npz")
    session.open_scene(tmp_path / "scene.npz")
    yield session
    session.close()


def lines(session: Session) -> list[dict]:
    """The history."""
    return [json.loads(line) for line in (session.folder / HISTORY).read_text().splitlines()]


def replayed(told: list[dict]) -> Counter:
    """Marks by class, counted from the history alone."""
    left: dict[int, str] = {}
    for line in told:
        for one in line.get("taken", []):
            left.pop(one["id"], None)
        left |= {one["id"]: one["class"] for one in line.get("given", [])}
    return Counter(left.values())


def test_the_labels_follow_from_the_history(session):
    random = np.random.default_rng(3)
    session.add_class("water")
    session.add_class("grass")
    for n in range(60):
        session.current_class = int(random.integers(1, 3))
        if n % 4 == 3:
            session.undo()
        elif n % 4 == 2:
            left, top = session.cube.rio.transform() * tuple(random.integers(1, 9, 2).tolist())
            session.label_polygon(shapely.box(left, top - 90, left + 90, top))
        else:
            session.label_pixel(*(int(i) for i in random.integers(0, 16, 2)))
    told = lines(session)
    assert replayed(told) == Counter(mark.class_name for mark in session.marks)
    assert {line["who"] for line in told} == {"ada"}
    assert {line["what"] for line in told} == {"add class", "label pixel", "label polygon", "undo"}
    when = [datetime.fromisoformat(line["when"]) for line in told]
    assert when == sorted(when)
    assert abs(datetime.now(UTC) - when[-1]) < timedelta(minutes=5)


def test_a_new_name_is_told_once_and_many_labels_are_counted(session, tmp_path):
    session.add_class("water")
    for i in range(MOST + 5):
        session.label_pixel(*divmod(i, 16))
    session.rename_class(1, "lake")
    session.remove_class(1)
    renamed, removed = lines(session)[-2:]
    assert {key: renamed[key] for key in renamed if key != "when"} == {
        "who": "ada", "what": "rename class", "classes": ["lake"]
    }  # fmt: skip
    assert removed["classes"] == []
    assert removed["taken"] == {"lake": MOST + 5}


def test_what_changes_nothing_is_no_line(session):
    session.add_class("water")
    session.add_class("water")
    session.label_pixel(99, 99)
    session.redo()
    session.rename_class(1, "water")
    assert [line["what"] for line in lines(session)] == ["add class"]


def test_a_line_that_the_disk_refuses_goes_with_the_next(session):
    session.add_class("water")
    path = session.folder / HISTORY
    before = path.read_bytes()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    session.label_pixel(1, 1)
    assert session.message.startswith("history.jsonl does not have this yet: ")
    assert (session.saved, session.counts["water"]) == (True, 1)
    path.rmdir()
    path.with_suffix(".away").rename(path)
    session.label_pixel(2, 2)
    assert path.read_bytes().startswith(before)
    assert replayed(lines(session)) == {"water": 2}


def test_a_full_disk_leaves_no_line_half(session, monkeypatch):
    session.add_class("water")
    whole = (session.folder / HISTORY).read_bytes()
    write = os.write
    monkeypatch.setattr("workbench.session.folder.os.write", lambda file, content: write(file, content[:7]))
    session.label_pixel(1, 1)
    assert "the disk is full" in session.message
    assert (session.folder / HISTORY).read_bytes() == whole
    monkeypatch.setattr("workbench.session.folder.os.write", write)
    session.label_pixel(2, 2)
    assert replayed(lines(session)) == {"water": 2}


def test_a_full_disk_leaves_no_line_of_advice_half_either(tmp_path, monkeypatch):
    log = AdviceLog(tmp_path / "advice.jsonl")
    log.write("suggested", 1)
    whole, write = log.path.read_bytes(), os.write
    monkeypatch.setattr("workbench.session.folder.os.write", lambda file, content: write(file, content[:7]))
    with pytest.raises(OSError, match="No space left"):
        log.write("suggested", 2)
    assert log.path.read_bytes() == whole


def test_answers_to_advice_bear_a_name(session):
    for name, places in (("water", [(1, 1), (2, 2), (3, 3)]), ("grass", [(9, 9), (8, 8), (7, 7)])):
        session.add_class(name)
        for place in places:
            session.label_pixel(*place)
    session.suggest(n=2)
    assert session.wait_for_advice(60)
    session.skip_advice()
    session.answer_advice(1)
    advice = [json.loads(line) for line in (session.folder / "advice.jsonl").read_text().splitlines()]
    assert [(line["answer"], line["who"]) for line in advice if line["event"] == "answered"] == [
        ("skipped", "ada"), ("labelled", "ada")
    ]  # fmt: skip
    assert lines(session)[-1]["what"] == "answer advice"

"""Three families follow the labels while somebody looks: after the map, given up for newer labels, kept by number."""

from __future__ import annotations

import json
import threading
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from tests.jobs import until
from tests.small_sessions import file_and_truth, session_of_it  # noqa: F401, fixtures
from workbench.compare import contenders, live_rows, live_splits, live_summary
from workbench.labels import write_labels
from workbench.pretrain import Recipe, begin, save_encoder
from workbench.probe import embed
from workbench.session import Session
from workbench.session.folder import FAMILIES
from workbench.session.runs import EMBEDDING, ENCODER, new_run, read_runs, write_run

NAMES = ("one", "other")
DRAWS = 3
"""Fewer splits than the desk's, for the tests' sake."""


@pytest.fixture(autouse=True)
def few_splits(monkeypatch):
    monkeypatch.setattr("workbench.compare.few_labels.DRAWS", DRAWS)


def label(session: Session, truth: xr.DataArray, n: int) -> None:
    """Give `n` pixels here and there of the two most frequent classes of the truth, as far as they have none."""
    codes = np.argsort(np.bincount(truth.values[truth.values > 0]))[::-1][:2].tolist()
    for code, name in zip(codes, NAMES, strict=True):
        if name not in session.counts:
            session.add_class(name)
        session.current_class = next(one.code for one in session.classes if one.name == name)
        pixels = np.random.default_rng(0).permutation(np.argwhere(truth.values == code))[:n].tolist()
        session.label_pixels([tuple(pixel) for pixel in pixels if not int(session.labels[tuple(pixel)])])


def by_hand(session: Session, footprint: int = 1, truth: xr.DataArray | None = None) -> dict[str, dict]:
    """What the same splits and models give when nobody waits for them."""
    given = {"embedding": session.embedding, "seed": 0}
    splits = live_splits(session.cube, session.labels, footprint=footprint, truth=truth, draws=DRAWS, **given)
    who = contenders(session.embedding is not None)
    rows = live_rows(session.cube, splits, [(one.family, one.model) for one in who if one.model], **given)
    return {row["family"]: row for row in live_summary(list(rows), int((session.labels > 0).sum()))}


def told(session: Session) -> dict[str, dict]:
    """Scores by family, without the model's name."""
    rows = [row for row in session.families["families"] if "why" not in row]
    return {row["family"]: {name: value for name, value in row.items() if name != "model"} for row in rows}


def on_disk(session: Session) -> list[dict]:
    """Points as the folder has them."""
    return json.loads((session.folder / FAMILIES).read_text())["points"]


def test_nothing_is_scored_while_nobody_looks(session, simulated):
    label(session, simulated[1], 6)
    assert session.wait_for_families(60)
    assert (session.families, session.families_note, session.family_points) == ({}, "", [])
    assert session._scorer._thread is None
    assert not (session.folder / FAMILIES).exists()


def test_scores_are_those_of_the_same_splits_by_hand_and_come_after_the_map(session, simulated):
    session.want_families("page")
    seen = []
    session.param.watch(lambda event: seen.append(event.name), ["class_map", "families"])
    label(session, simulated[1], 8)
    assert "are scored as soon as their class map is there" in session.families_note
    assert session.wait_for_families(60)
    assert seen[-1] == "families"
    assert seen.count("families") == 1
    assert (session.map_state, session.families_note) == ("ready", "")
    assert told(session) == by_hand(session)
    point = session.families
    assert [row["model"] for row in point["families"][:2]] == ["svm", "self_training"]
    assert point["families"][2] == {"family": "self-supervised", "why": "no encoder yet: Learn (T)"}
    asked = {"labels": 16, "seed": 0, "draws": DRAWS, "footprint": 1, "tested": "blocks", "run": "", "note": ""}
    assert {name: point[name] for name in asked} == asked
    assert point["made_with"]["versions"]["workbench"]
    assert on_disk(session) == [json.loads(json.dumps(point))]


def test_the_encoder_in_use_is_scored_too_and_all_keep_away_as_far_as_it_sees(session, simulated):
    cube = session.cube.compute()
    encoder, steps = begin(cube, Recipe(encoder="context", steps=2), device="cpu")
    list(steps)
    run = new_run(session.runs_path, "encoder", "an encoder", {"scene": session.scene, "options": {}})
    save_encoder(encoder, run.folder / ENCODER, cube=cube, steps=2)
    np.save(run.folder / EMBEDDING, embed(cube, encoder).values)
    write_run(replace(run, state="done"))
    session.runs = read_runs(session.runs_path)
    session.model = "svm"
    session.want_families("page")
    label(session, simulated[1], 12)
    assert session.wait_for_families(60)
    assert "why" in session.families["families"][2]
    assert session.activate_run(run.id), session.message
    assert session.wait_for_families(60)
    assert session.families_note == ""
    point = session.families
    assert (point["run"], point["footprint"]) == (run.id, encoder.footprint)
    assert encoder.footprint > 1
    assert list(told(session)) == ["supervised", "semi-supervised", "self-supervised"]
    assert told(session) == by_hand(session, encoder.footprint)
    assert [one["footprint"] for one in session.live_curve] == [encoder.footprint]  # others were measured otherwise
    assert len(session.family_points) == 2


def test_newer_labels_end_what_is_under_way_and_need_not_wait_for_it(session, simulated, monkeypatch):
    begun, ended = threading.Event(), []

    def endless(basis: object, at_hand: object, footprint: int, goes_on: object) -> None:
        begun.set()
        ended.append(until(lambda: not goes_on()))

    session.want_families("page")
    label(session, simulated[1], 5)
    session.wait_for_map(60)
    monkeypatch.setattr("workbench.session.families.scored", endless)
    label(session, simulated[1], 6)
    assert until(begun.is_set)
    assert session.lock.acquire(timeout=5)  # no command has to wait for a score
    session.lock.release()
    monkeypatch.undo()
    label(session, simulated[1], 7)
    assert session.wait_for_families(60)
    assert ended
    assert all(ended)
    assert session.families["labels"] == 14
    assert 12 not in [point["labels"] for point in session.family_points]


def test_nobody_looks_any_more(session, simulated):
    session.want_families("page")
    session.want_families("another")
    label(session, simulated[1], 6)
    session.wait_for_families(60)
    session.want_families("page", False)
    assert session.families["labels"] == 12
    session.want_families("another", False)
    assert (session.families, len(session.family_points)) == ({}, 1)
    asked = session._scoring
    label(session, simulated[1], 7)
    session.wait_for_families(60)
    assert (session.families, len(session.family_points), session._scorer._thread) == ({}, 1, None)
    assert session._scoring > asked
    session.want_families("page")
    assert session.wait_for_families(60)
    assert session.families["labels"] == 14


def test_labels_taken_back_leave_no_points_and_a_number_reached_again_is_measured_again(session, simulated):
    session.want_families("page")
    for n in (5, 6, 8):
        label(session, simulated[1], n)
        assert session.wait_for_families(60)
    assert [point["labels"] for point in session.live_curve] == [10, 12, 16]
    before = session.live_curve[1]
    for _ in range(2):
        session.undo()
    assert [point["labels"] for point in on_disk(session)] == [10, 12]
    assert session.wait_for_families(60)
    assert [point["labels"] for point in session.live_curve] == [10, 12]
    assert session.live_curve[1] == before
    session.undo()
    session.label_pixels([(0, 0)])  # as many as before, but others
    assert session.wait_for_families(60)
    assert [point["labels"] for point in session.live_curve] == [10, 12]
    assert session.live_curve[1]["labels_sha256"] != before["labels_sha256"]


def test_the_curve_is_there_again_when_the_session_is(session, simulated, tmp_path):
    session.want_families("page")
    for n in (5, 7):
        label(session, simulated[1], n)
        session.wait_for_families(60)
    points, folder = on_disk(session), session.folder
    assert session.export_session(tmp_path / "session.zip"), session.message
    with zipfile.ZipFile(tmp_path / "session.zip") as zipped:
        assert json.loads(zipped.read(FAMILIES))["points"] == points
    session.close()
    again = Session.at(folder)
    try:
        assert again.live_curve == points
        assert again.families == {}
    finally:
        again.close()


def test_labels_that_are_too_few_get_a_sentence_and_no_number(session, simulated):
    session.want_families("page")
    label(session, simulated[1], 5)
    session.wait_for_families(60)
    assert session.families
    session.add_class("third")
    session.current_class = 3
    session.label_pixel(0, 0)
    assert session.wait_for_families(60)
    assert session.families == {}
    assert session.families_note == (
        "scores need 4 labels of each class, and two classes at least, got 'one' 5, 'other' 5, 'third' 1; "
        "label 3 more of 'third'"
    )


def test_a_truth_is_tested_if_its_classes_are_called_alike(session, simulated, tmp_path):
    _, truth = simulated
    names = list(truth.attrs["classes"])
    codes = np.argsort(np.bincount(truth.values[truth.values > 0]))[::-1][:2]
    session.want_families("page")
    label(session, truth, 5)
    write_labels(truth, tmp_path / "truth.tif")
    assert session.open_truth(tmp_path / "truth.tif"), session.message
    assert session.wait_for_families(60)
    assert session.families["tested"] == "blocks"
    assert "have other names than those labelled here" in session.families["note"]
    for code, found in enumerate(codes, 1):
        session.rename_class(code, names[found - 1])
    assert session.wait_for_families(60)
    assert (session.families["tested"], session.families["note"]) == ("truth", "")
    same = session.labels.copy(data=np.select([truth.values == code for code in codes], [1, 2], 0).astype("int16"))
    assert told(session) == by_hand(session, truth=same)
    assert told(session)["supervised"]["tested"][0] > 100


@pytest.mark.parametrize("content", ["[1]", '{"points": 3}', '{"points": [{"labels": 3}]}', "{"])
def test_a_damaged_file_is_said_and_the_session_opens(session, simulated, content):
    folder = session.folder
    session.close()
    (folder / FAMILIES).write_text(content)
    again = Session.at(folder)
    try:
        assert again.family_points == []
        assert "move it away to start anew" in again.message
    finally:
        again.close()

"""A session is repeated from what its folder holds, and what came out otherwise is told, by how much."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.handed import SIZE, all_in, labelled
from workbench.cli import main
from workbench.cubes import open_cube, save_cube, simulated_scene
from workbench.probe import classify_scene
from workbench.session import Session
from workbench.session.alike import arrays_apart, maps_apart, rows_apart
from workbench.session.audit import left_by
from workbench.session.folder import HISTORY


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled session's folder; its scene lies beside it."""
    return labelled(tmp_path_factory.mktemp("pattern"))


@pytest.fixture
def session(pattern: Path, tmp_path: Path) -> Path:
    """A copy of it to be spoilt."""
    shutil.copy(pattern.parent / "scene.npz", tmp_path)
    return Path(shutil.copytree(pattern, tmp_path / "session"))


def told(session: Path, capsys: pytest.CaptureFixture, *words: str) -> dict[str, dict]:
    """What a replay beside the session says, by what it is of."""
    out = session.parent / "again"
    assert main(["replay", str(session), "--out", str(out), "--json", *words]) == 0
    return {one["what"]: one for one in json.loads(capsys.readouterr().out)}


def refused(capsys: pytest.CaptureFixture, *words: object) -> str:
    """The one line that a verb refuses in."""
    assert main([str(word) for word in words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


def test_a_session_comes_out_the_same(pattern, tmp_path, capsys):
    before = all_in(pattern)
    assert main(["replay", str(pattern), "--out", str(tmp_path / "again"), "--json"]) == 0
    verdicts = json.loads(capsys.readouterr().out)
    assert [(one["what"], one["same"]) for one in verdicts] == [("scene", True), ("labels", True), ("class map", True)]
    assert all_in(pattern) == before
    cube = open_cube(pattern.parent / "scene.npz")
    again = Session(tmp_path / "again")
    made = classify_scene("svm", cube, again.labels)  # what the map is, by the function itself
    assert again.wait_for_map(60)
    assert np.bincount(again.labels.values.ravel()).tolist() == [SIZE[0] * SIZE[1] - 8, 4, 4]
    again.close()
    with rasterio.open(tmp_path / "again" / "class_map.tif") as file:
        np.testing.assert_array_equal(file.read(1), made.class_map.values)
    record = json.loads((tmp_path / "again" / "run.json").read_text())
    assert record["results"] == verdicts
    assert record["command"].startswith(f"workbench replay {pattern} --out ")


def test_a_map_that_differs_is_told_by_how_much(session, capsys):
    layers = np.load(session / "class_map.npy")
    layers[0, 3, 4] = 3 - layers[0, 3, 4]
    layers[1, 5, 6] += 0.25
    with (session / "class_map.npy").open("wb") as file:
        np.save(file, layers)
    verdict = told(session, capsys, "--scene", str(session.parent / "scene.npz"))["class map"]
    assert verdict["same"] is None  # a map that is not the one of its card
    from workbench.session.kept_map import digest

    card = json.loads((session / "class_map.json").read_text())
    card |= {"sha256": digest(layers), "origin": {**card["origin"], "threads": "77"}}
    (session / "class_map.json").write_text(json.dumps(card))
    shutil.rmtree(session.parent / "again")
    verdict = told(session, capsys, "--scene", str(session.parent / "scene.npz"))["class map"]
    assert verdict["same"] is False
    assert verdict["how"].startswith("another class in 1 of 720 pixels (0.14 %), confidence apart by up to 0.25 (made")
    assert "instead of 77)" in verdict["how"]


def test_labels_that_no_history_tells_are_told(session, capsys):
    with closing(sqlite3.connect(session / "labels.gpkg")) as db, db:
        db.execute("DELETE FROM labels WHERE fid = 1")
    verdicts = told(session, capsys, "--scene", str(session.parent / "scene.npz"))
    assert verdicts["labels"]["same"] is False
    assert re.search(r"than history.jsonl tells: .*\b4 \w+ are told, 3 there", verdicts["labels"]["how"])
    assert verdicts["class map"]["same"] is None
    assert "the session's own is of other labels" in verdicts["class map"]["how"]


def test_a_scene_that_moved_is_named_and_another_is_refused(session, tmp_path, capsys):
    state = json.loads((session / "session.json").read_text())
    (session / "session.json").write_text(json.dumps({**state, "scene": "/gone/scene.npz"}))
    said = refused(capsys, "replay", session, "--out", tmp_path / "again")
    assert "--scene PATH" in said
    moved = (session.parent / "scene.npz").rename(tmp_path / "moved.npz")
    save_cube(simulated_scene(*SIZE, seed=2)[0], tmp_path / "other.npz")
    said = refused(capsys, "replay", session, "--out", tmp_path / "again", "--scene", tmp_path / "other.npz")
    assert "other.npz is not the scene that the session is of, scene.npz: other pixels" in said
    assert not (tmp_path / "again").exists()
    verdicts = told(session, capsys, "--scene", str(moved))
    assert [one["same"] for one in verdicts.values()] == [True, True, True]


def test_the_same_pixels_in_another_file_are_told(session, tmp_path, capsys):
    save_cube(open_cube(tmp_path / "scene.npz"), tmp_path / "scene.zarr")
    verdicts = told(session, capsys, "--scene", str(tmp_path / "scene.zarr"))
    assert verdicts["scene"]["same"] is False
    assert verdicts["scene"]["how"] == "the same pixels in another file than scene.npz: size differs"
    assert verdicts["class map"]["same"] is True


@pytest.mark.parametrize("where", ["session/again", "session", "there"])
def test_a_replay_goes_into_a_folder_of_its_own(session, where, capsys):
    (session.parent / "there").mkdir()
    (session.parent / "there" / "precious").touch()
    before = all_in(session.parent)
    assert "name a" in refused(capsys, "replay", session, "--out", session.parent / where)
    assert all_in(session.parent) == before


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "session.json").unlink(), "a session is a folder with session.json"),
        (lambda folder: (folder / "session.json").write_text("[]"), "holds a list, not an object"),
        (lambda folder: (folder / "class_map.json").symlink_to("/etc/passwd"), "class_map.json in .* is a link"),
        (lambda folder: (folder / "class_map.npy").write_bytes(b"\x80\x04K\x01."), "is no embedding"),
        (lambda folder: (folder / "session.json").write_text("{}"), "has no scene"),
    ],
)
def test_a_folder_that_is_no_session_is_refused(session, spoil, says, capsys):
    if "is a link" in says:
        (session / "class_map.json").unlink()
    spoil(session)
    scene = session.parent / "scene.npz"
    assert re.search(says, refused(capsys, "replay", session, "--out", session.parent / "a", "--scene", scene))


def test_a_stranger_names_no_file_outside(session, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another user"))  # whose seal is another
    said = refused(capsys, "replay", session, "--out", tmp_path / "again")
    assert "which lies outside of it and was not opened here" in said
    run = session / "runs" / "one"
    run.mkdir(parents=True)
    settings = {"models": ["knn"], "budgets": [2], "draws": 1, "splits": ["random"], "seed": 0, "truth_options": {}}
    scene = json.loads((session / "session.json").read_text())["scene"]
    settings |= {"scene": scene, "options": {}, "truth": "/etc/passwd", "encoder": ""}
    card = {"id": "one", "kind": "comparison", "title": "t\x1b[2J", "state": "done", "created": "2026", "seconds": 1.0}
    (run / "run.json").write_text(json.dumps({**card, "error": "", "settings": settings}))
    verdict = told(session, capsys, "--scene", str(tmp_path / "scene.npz"))["one"]
    assert verdict["same"] is None
    assert "/etc/passwd, which lies outside of it" in verdict["how"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kind": "shell"}, "a run is a pretraining, a comparison or an encoder, got 'shell'"),
        ({"options": {"formats": []}}, "it is of another scene"),
        ({"scene": "/etc/passwd"}, "it is of another scene, passwd"),
        ({"encoder": "../../x/encoder.safetensors"}, "was not made again"),
        ({"state": "failed"}, "it was failed before it had a result"),
    ],
)
def test_a_run_that_cannot_be_repeated_says_why(session, capsys, settings, says):
    run = session / "runs" / "one"
    run.mkdir(parents=True)
    scene = json.loads((session / "session.json").read_text())["scene"]
    asked = {"scene": scene, "options": {}, "truth": "", "models": ["knn"], "encoder": ""}
    card = {"id": "one", "kind": "comparison", "title": "t", "state": "done", "created": "2026", "seconds": 1.0}
    card |= {name: settings[name] for name in ("kind", "state") if name in settings}
    asked |= {name: value for name, value in settings.items() if name not in card}
    (run / "run.json").write_text(json.dumps({**card, "error": "", "settings": asked}))
    verdict = told(session, capsys, "--scene", str(session.parent / "scene.npz"))["one"]
    assert verdict["same"] is None
    assert says in verdict["how"]


def test_differences_are_counted_as_a_loop_counts_them():
    rng = np.random.default_rng(0)
    then = np.stack([rng.integers(1, 4, (6, 7)), rng.random((6, 7))]).astype("float32")
    now = then.copy()
    assert maps_apart(now, then) == arrays_apart(now, then) == ""
    then[1, 0, 0] = now[1, 0, 0] = np.nan
    assert maps_apart(now, then) == arrays_apart(now, then) == ""
    now[0, 1:3, 2] += 1
    now[1, 4, 4] += 0.5
    others = sum(now[0, i, j] != then[0, i, j] for i in range(6) for j in range(7))
    assert maps_apart(now, then) == (
        f"another class in {others} of 42 pixels ({100 * others / 42:.2g} %), confidence apart by up to 0.5"
    )
    assert arrays_apart(now, then) == "differs in 3 of 84 numbers, by up to 1"
    assert arrays_apart(now[:1], then) == "is of shape (1, 6, 7), was (2, 6, 7)"
    rows = [{"model": "knn", "oa": 0.5, "oa_area": float("nan"), "seconds": 1.0}, {"model": "svm", "oa": 0.75}]
    assert rows_apart([{**rows[0], "seconds": 9.0}, rows[1]], rows) == ""
    assert rows_apart([rows[0], {"model": "svm", "oa": 0.5}], rows) == "differs in 1 of 2 rows, scores by up to 0.25"
    assert rows_apart(rows[:1], rows) == "has 1 rows, had 2"


def test_the_history_alone_tells_the_labels(tmp_path):
    session = Session.at(tmp_path / "session")
    session.live = False
    save_cube(simulated_scene(16, 20, seed=1)[0], tmp_path / "scene.npz")
    session.open_scene(tmp_path / "scene.npz")
    rng = np.random.default_rng(5)
    for name in ("water", "grass"):
        session.add_class(name)
    for n in range(70):
        session.current_class = int(rng.integers(1, 3))
        left, top = session.cube.rio.transform() * tuple(rng.integers(1, 9, 2).tolist())
        if n % 5 == 4:
            session.undo()
        elif n % 9 == 8:
            session.label_stroke([(left, top), (left + 90, top - 60)], 2.0, erase=bool(n % 2))
        else:
            session.label_pixel(*(int(i) for i in rng.integers(0, 16, 2)))
        if n == 40:
            session.rename_class(1, "lake")
    assert left_by(session.folder / HISTORY) == Counter(mark.class_name for mark in session.marks)
    session.remove_class(2)
    assert left_by(session.folder / HISTORY) == Counter(mark.class_name for mark in session.marks)
    session.undo()
    assert left_by(session.folder / HISTORY) == Counter(mark.class_name for mark in session.marks)
    session.close()
    assert left_by(tmp_path / "none") is None

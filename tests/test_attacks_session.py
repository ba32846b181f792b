"""A session's folder from a stranger: links, pipes, huge and malformed files; nothing is run or written elsewhere."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from workbench.cubes import save_cube, simulated_scene
from workbench.session import Session
from workbench.session.stranger import refuse_odd_files

DEEP = "[" * 100_000
SCRIPT = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session's folder with its scene, labels and a run that has an embedding."""
    folder = tmp_path_factory.mktemp("pattern") / "session"
    session = Session.at(folder)
    session.live = False
    save_cube(simulated_scene(16, 20, seed=1)[0], folder / "scene.npz")
    session.open_scene(folder / "scene.npz")
    session.add_class("water")
    session.label_pixel(1, 1)
    session.close()
    run = folder / "runs" / "one"
    run.mkdir(parents=True)
    card = {"id": "one", "kind": "pretraining", "title": "t", "state": "done", "created": "2026-01-01T00:00:00Z"}
    settings = {"scene": "scene.npz", "options": {}, "recipe": {"steps": 10}}
    (run / "run.json").write_text(json.dumps({**card, "seconds": 1.0, "error": "", "settings": settings}))
    np.save(run / "embedding.npy", np.zeros((3, 16, 20), "float32"))
    state = json.loads((folder / "session.json").read_text())
    (folder / "session.json").write_text(json.dumps({**state, "active_run": "one"}))
    return folder


@pytest.fixture
def folder(pattern: Path, tmp_path: Path) -> Path:
    """A copy of it to be spoilt."""
    return Path(shutil.copytree(pattern, tmp_path / "session"))


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """Somebody's file outside of the folder, which must stay as it is."""
    path = tmp_path / "precious"
    path.write_text("as it was")
    return path


def test_the_pattern_opens(folder):
    session = Session.at(folder)
    assert (session.message, session.active_run, len(session.marks)) == ("", "one", 1)
    assert session.embedding.shape == (3, 16, 20)
    session.close()


@pytest.mark.parametrize(
    "name",
    [".lock", "session.json", "labels.gpkg", "labels.gpkg-journal", "advice.jsonl", "runs", "runs/one/worker.log",
     "runs/one/embedding.npy", "runs/one/run.json", "runs/two"],
)  # fmt: skip
def test_a_link_is_not_written_through(folder, precious, name):
    (folder / name).unlink(missing_ok=True) if name != "runs" else (folder / name).rename(folder / "other")
    (folder / name).symlink_to(precious)
    with pytest.raises(ValueError, match=f"{name} in .* is a link"):
        Session(folder)
    assert precious.read_text() == "as it was"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["session.json", "runs/one/progress.jsonl", ".lock"])
def test_a_pipe_is_not_waited_for(folder, name):
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with pytest.raises(ValueError, match=f"{name} in .* is neither a file nor a folder"):
        Session(folder)


@pytest.mark.parametrize("name", ["session.json", "labels.gpkg", "advice.jsonl", "runs/one/progress.jsonl"])
def test_a_huge_file_is_not_read(folder, name):
    with (folder / name).open("ab") as file:
        file.truncate(2**30 + 1)  # a hole: it takes no room
    with pytest.raises(ValueError, match=rf"{name} in .* has 1024 MiB, more than the \d+ MiB"):
        Session(folder)


@pytest.mark.parametrize("name", ["labels.gpkg-journal", "runs/two/draft"])
def test_a_file_that_is_gone_meanwhile_is_passed_over(folder, name):
    place, done = folder / name, threading.Event()
    (folder / "runs" / "two").mkdir()

    def write() -> None:
        while not done.is_set():
            place.touch()
            place.unlink()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(3000):
            refuse_odd_files(folder)
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (DEEP, "is not JSON"),
        ('{"view": [1]}', "view in .* is an object, got"),
        ('{"shape": 5}', "shape in .* is a list, got '5'"),
        ('{"scene": 7}', "scene in .* is text"),
        ('{"current_class": "1"}', "current_class in .* is a whole number"),
        ('{"options": {"formats": [1]}}', "options in .* are no reader's options"),
        ('{"live": "yes"}', "live in .* is true or false"),
    ],
)
def test_malformed_choices_are_refused(folder, content, says):
    (folder / "session.json").write_text(content)
    with pytest.raises(ValueError, match=says) as caught:
        Session(folder)
    assert "\n" not in str(caught.value)


def in_gpkg(statement: str) -> Callable[[Path], None]:
    """Change labels.gpkg by a statement."""

    def spoil(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "labels.gpkg")) as db, db:
            db.executescript(statement)

    return spoil


def classes(*rows: object) -> str:
    """Other classes in labels.gpkg."""
    return f"UPDATE gpkg_metadata SET metadata = '{json.dumps(rows)}'"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DROP TABLE labels; CREATE VIEW labels AS SELECT 1 AS fid", "was not made by a session"),
        ("ALTER TABLE labels DROP COLUMN class_name", "cannot be read: no such column"),
        ("UPDATE labels SET geom = 'GP'", "is damaged"),
        ("UPDATE labels SET geom = x'4750000100000000ffff'", "is damaged"),
        (classes({"code": 1, "name": "a", "color": "red;background:url(http://example.org)"}), "a colour is written"),
        (classes({"code": 1, "name": "a" * 10_000, "color": "#112233"}), "has at most 200 letters"),
        (classes({"code": 9, "name": "a", "color": "#112233"}), "class 'a' is number 1, got 9"),
        (classes({"code": 1, "name": ["a"], "color": "#112233"}), "a class has a name and a colour in words"),
        (classes({"code": 1, "name": "a", "color": "#112233", "group": "g" * 201}), "has at most 200 letters"),
        (classes({"code": 1, "name": "a", "color": "#112233", "group": ["g"]}), "a group has a name and a colour in w"),
        (
            classes({"code": 1, "name": "a", "color": "#112233", "group": "g", "group_color": "url(x)"}),
            "a colour is wri",
        ),
        (classes({"code": 1, "name": "a", "color": "#112233", "level": 3}), "is damaged"),
        (classes(1), "is damaged"),
        ("UPDATE gpkg_spatial_ref_sys SET definition = '/etc/passwd', organization = 'x'", "is damaged"),
    ],
)
def test_malformed_labels_are_refused(folder, statement, says):
    in_gpkg(statement)(folder)
    with pytest.raises(ValueError, match=says) as caught:
        Session(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "card",
    ["[]", DEEP, '{"id": "one"}', '{"id": "../..", "kind": "k", "title": "t", "state": "s", "created": "c", '
     '"seconds": 1, "error": "", "settings": {"scene": ""}}'],
)  # fmt: skip
def test_a_malformed_run_is_passed_over(folder, card):
    (folder / "runs" / "one" / "run.json").write_text(card)
    session = Session(folder)
    assert session.runs == []
    session.close()


@pytest.mark.parametrize("line", ["7", "[1]", '{"progress": 7}', '{"progress": {"step": "a"}}', '{"row": {"a": 1}}'])
def test_malformed_reports_are_passed_over(folder, line):
    run = folder / "runs" / "one"
    (run / "progress.jsonl").write_text(line + "\n")
    (run / "run.json").write_text((run / "run.json").read_text().replace("pretraining", "comparison"))
    session = Session(folder)
    assert (session.job, session.scores) == (None, None)
    assert not session.message or session.message.startswith("the scores of one are damaged")
    session.close()


class Evil:
    """What unpickling would run."""

    def __reduce__(self) -> tuple:
        return Path.touch, (Path("owned"),)


@pytest.mark.parametrize("way", ["npy", "pickle", "other"])
def test_an_embedding_is_never_unpickled(folder, tmp_path, monkeypatch, way):
    monkeypatch.chdir(tmp_path)
    path = folder / "runs" / "one" / "embedding.npy"
    if way == "npy":
        np.save(path, np.full((3, 16, 20), Evil(), dtype=object), allow_pickle=True)
    elif way == "pickle":
        path.write_bytes(pickle.dumps(Evil()))
    else:
        with path.open("wb") as file:
            np.savez(file, a=1)
    session = Session(folder)
    assert f"{path} is no embedding" in session.message
    assert "\n" not in session.message
    assert (session.active_run, session.embedding) == ("", None)
    assert session.cube is not None
    assert not (tmp_path / "owned").exists()
    session.close()

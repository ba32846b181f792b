"""A session's folder survives: killed processes, full disks, damaged files, two programs at once."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

from workbench.cubes import simulated_scene
from workbench.session import Session
from workbench.session.classes import add
from workbench.session.geopackage import LabelStore
from workbench.session.marks import LabelState

posix = pytest.mark.skipif(os.name == "nt", reason="needs signals and file size limits")


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    from workbench.cubes import save_cube

    cube, _ = simulated_scene(16, 20, seed=1)
    return save_cube(cube, tmp_path_factory.mktemp("scene") / "scene.npz")


@pytest.fixture
def session(tmp_path, scene):
    session = Session.at(tmp_path / "session")
    session.live = False
    session.open_scene(scene)
    session.add_class("water")
    session.add_class("grass")
    yield session
    session.close()


@contextmanager
def a_full_disk():
    """The operating system refuses to let any file grow past one byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def states() -> list[LabelState]:
    """A life of labels: made, added to, cut, renamed away."""
    one = LabelState(classes=add(add((), "water"), "grass"))
    two = one.with_marks(("water", shapely.Point(0.5, 0.5), "click"))
    three = two.with_marks(*(("grass", shapely.box(i, 0, i + 2, 3), "polygon") for i in range(12)))
    return [LabelState(), one, two, three, three.cut("grass", shapely.box(0, 0, 9, 9)), two]


def killed_at(statement: int, path: Path, state: LabelState) -> bool:
    """Write `state` in a child that kills itself (SIGKILL) when SQLite begins that statement; was it killed?"""
    child = os.fork()
    if child == 0:
        store = LabelStore(path)
        store.read()
        connect, seen = sqlite3.connect, iter(range(10_000))

        def traced(*args: object, **kwargs: object) -> sqlite3.Connection:
            db = connect(*args, **kwargs)
            # A tiny cache: pages reach the file before the commit, so that a crash finds it half written.
            db.execute("PRAGMA cache_size = 1")
            db.set_trace_callback(lambda _: next(seen) == statement and os.kill(os.getpid(), signal.SIGKILL))
            return db

        sqlite3.connect = traced
        try:
            store.write(state, None)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@posix
def test_killed_at_any_statement_the_file_holds_the_old_state_or_the_new(tmp_path):
    path = tmp_path / "labels.gpkg"
    kills = 0
    for old, new in zip(states(), states()[1:], strict=False):
        old = LabelState(tuple(old.marks), old.classes)
        statement = 0
        while killed_at(statement, path, new):
            kills += 1
            held, _ = LabelStore(path).read()
            assert without_times(held) in (without_times(old), without_times(new))
            if path.stat().st_size:
                with closing(sqlite3.connect(path)) as db:
                    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            if without_times(held) == without_times(new):
                break
            statement += 1
        store = LabelStore(path)
        store.read()
        store.write(new, None)
        assert len(geopandas.read_file(path)) == len(new.marks)
    assert kills > 50


def without_times(state: LabelState) -> tuple:
    return tuple((m.id, m.class_name, m.geometry.wkt) for m in state.marks), state.classes


CLICKS = """
import sys
from workbench.session import Session
session = Session.at(sys.argv[1])
session.live = False
session.open_scene(sys.argv[2])
session.add_class("water")
for row in range(16):
    for column in range(20):
        assert session.label_pixel(row, column)
        print(len(session.marks), flush=True)
"""


@posix
def test_killed_between_clicks_no_acknowledged_label_is_lost(tmp_path, scene):
    folder = tmp_path / "session"
    with subprocess.Popen([sys.executable, "-c", CLICKS, folder, scene], stdout=subprocess.PIPE, text=True) as clicking:
        for line in clicking.stdout:
            if int(line) == 17:
                clicking.kill()
                break
        rest = clicking.stdout.read().split()
    said = int(rest[-1]) if rest else 17
    assert said <= len(geopandas.read_file(folder / "labels.gpkg")) <= said + 1
    session = Session.at(folder)
    try:
        assert session.counts["water"] in (said, said + 1)
        assert session.message == ""
        session.live = False
    finally:
        session.close()


def test_a_label_is_on_the_disk_before_anything_shows_it(session):
    seen = []
    session.param.watch(lambda _: seen.append(len(geopandas.read_file(session.labels_path, layer="labels"))), "counts")
    session.label_pixel(1, 1)
    session.label_pixel(2, 2)
    session.undo()
    assert seen == [1, 2, 1]


@posix
def test_a_full_disk_is_said_and_nothing_is_lost(session):
    session.label_pixel(1, 1)
    stored = session.labels_path.read_bytes()
    with a_full_disk():
        session.label_pixel(2, 2)
        assert not session.saved
        assert session.message.startswith("labels are not saved yet: the disk")
        assert "\n" not in session.message
        assert session.labels_path.read_bytes() == stored
        session.label_pixel(3, 3)
        session.view = {"bands": [1, 2, 3]}
        assert session.message.startswith("the session's choices were not saved: the disk takes no file of this size")
    assert session.counts["grass"] == 3
    session.undo()
    assert session.saved
    assert len(geopandas.read_file(session.labels_path)) == 2
    session.view = {"bands": [3, 2, 1]}
    assert json.loads((session.folder / "session.json").read_text())["view"] == {"bands": [3, 2, 1]}


@posix
def test_an_export_to_a_full_disk_leaves_the_old_file(session, tmp_path):
    session.label_pixel(1, 1)
    out = tmp_path / "out.gpkg"
    assert session.export_labels(out)
    before = out.read_bytes()
    session.label_pixel(2, 2)
    with a_full_disk():
        assert not session.export_labels(out)
        assert session.message
    assert out.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if "out" in p.name] == ["out.gpkg"]


def test_a_file_held_by_another_program_is_said_and_taken_up_later(session, monkeypatch):
    monkeypatch.setattr("workbench.session.geopackage.PATIENCE", 0.05)
    session.label_pixel(1, 1)
    with closing(sqlite3.connect(session.labels_path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        session.label_pixel(2, 2)
        assert "another program holds it" in session.message
        assert not session.saved
        other.execute("ROLLBACK")
    session.label_pixel(3, 3)
    assert session.saved
    assert len(geopandas.read_file(session.labels_path)) == 3


HOLD = """
import sys
from workbench.session import Session
session = Session.at(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_a_folder_open_elsewhere_is_refused_until_that_program_dies(tmp_path):
    command = [sys.executable, "-c", HOLD, tmp_path / "session"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        other.stdout.readline()
        with pytest.raises(RuntimeError, match=rf"open in another program \(process {other.pid}\); close it there"):
            Session.at(tmp_path / "session")
        other.kill()
        other.wait()
        Session.at(tmp_path / "session").close()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("session.json", b"{", "session.json is not JSON"),
        ("session.json", b"[1]", "session.json holds a list"),
        ("labels.gpkg", b"not a database at all" * 99, "labels.gpkg is damaged"),
    ],
)
def test_a_damaged_file_is_named_and_kept(session, name, content, said):
    folder = session.folder
    session.close()
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=said):
        Session.at(folder)
    assert (folder / name).read_bytes() == content


def test_a_scene_that_is_gone_is_said_and_the_labels_stay(tmp_path):
    cube, _ = simulated_scene(16, 20, seed=1)
    from workbench.cubes import save_cube

    path = save_cube(cube, tmp_path / "scene.npz")
    session = Session.at(tmp_path / "session")
    session.live = False
    session.open_scene(path)
    session.add_class("water")
    session.label_pixel(1, 1)
    session.close()
    path.rename(tmp_path / "elsewhere.npz")
    session = Session.at(tmp_path / "session")
    assert "scene.npz" in session.message
    assert session.cube is None
    assert [m.class_name for m in session.marks] == ["water"]
    assert session.scene == str(path)
    session.open_scene(tmp_path / "elsewhere.npz")
    assert session.labels[1, 1] == 1
    session.close()


def test_a_moved_folder_finds_its_own_scene(tmp_path):
    from workbench.cubes import save_cube

    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    cube, _ = simulated_scene(16, 20, seed=1)
    session = Session.at(old)
    session.live = False
    session.open_scene(save_cube(cube, old / "scene.npz"))
    session.close()
    old.rename(new)
    session = Session.at(new)
    assert session.scene == str(new / "scene.npz")
    np.testing.assert_allclose(session.cube, cube)
    session.close()


def test_the_room_is_light():
    heavy = "{'torch', 'sklearn', 'panel', 'holoviews', 'leafmap', 'bokeh', 'timm'}"
    command = f"import sys, workbench.session; print(*sorted({heavy} & set(sys.modules)))"
    began = time.monotonic()
    said = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""
    assert time.monotonic() - began < 20

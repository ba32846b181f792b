"""A session as one file: it opens elsewhere as the session that it was, and tells nothing of where that lay."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tests.handed import SIZE, all_in, labelled
from workbench.cli import main
from workbench.cubes import open_cube, save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.session import Allowed, Session, pack, unpack


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled session's folder; its scene lies beside it."""
    return labelled(tmp_path_factory.mktemp("here"))


@pytest.fixture
def another_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whose seal is another."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))


def zipped(session: Path, to: Path, *words: str) -> Path:
    """The session in a file."""
    assert main(["pack", str(session), str(to / "handed.zip"), *words]) == 0
    return to / "handed.zip"


def opened(folder: Path) -> Session:
    """A session that may open nothing outside of its folder."""
    return Session(folder, Allowed((folder,)))


@pytest.mark.usefixtures("another_user")
def test_with_its_scene_it_opens_anywhere(session, tmp_path, capsys):
    shutil.move(shutil.copytree(session.parent, tmp_path / "gone"), tmp_path / "moved")
    file = zipped(session, tmp_path, "--with-scene", "--scene", str(session.parent / "scene.npz"))
    assert main(["unpack", str(file), str(tmp_path / "there"), "--json"]) == 0
    capsys.readouterr()
    there, here = opened(tmp_path / "there"), Session(tmp_path / "moved" / "session")
    assert there.message == ""
    assert there.cube.identical(open_cube(tmp_path / "there" / "scene" / "scene.npz"))
    assert np.array_equal(there.cube.values, open_cube(session.parent / "scene.npz").values, equal_nan=True)
    assert [(m.id, m.class_name, m.geometry, m.created) for m in there.marks] == [
        (m.id, m.class_name, m.geometry, m.created) for m in here.marks
    ]
    assert there.classes == here.classes
    assert there.wait_for_map(60)
    assert there.class_map is not None
    there.close()
    here.close()


def test_no_path_of_this_machine_goes_along(session, tmp_path):
    with zipfile.ZipFile(zipped(session, tmp_path)) as file:
        assert file.testzip() is None
        names = file.namelist()
        texts = b"".join(file.read(name) for name in names)
    assert sorted(names) == [
        "class_map.json",
        "class_map.npy",
        "history.jsonl",
        "labels.gpkg",
        "pack.json",
        "session.json",
    ]
    assert str(session.parent).encode() not in texts
    assert b"/tmp/" not in texts


def test_the_scene_is_named_by_its_hash_and_held_against_it(session, tmp_path, capsys):
    import hashlib

    file = zipped(session, tmp_path)
    capsys.readouterr()
    scene = session.parent / "scene.npz"
    about = json.loads(zipfile.ZipFile(file).read("pack.json"))["scene"]
    assert (about["name"], about["bytes"], about["enclosed"]) == ("scene.npz", scene.stat().st_size, False)
    content = scene.read_bytes()
    known = hashlib.sha256(f".:{len(content)}\n".encode() + content[: 2**20])
    if len(content) > 2**21:
        known.update(content[-(2**20) :])
    assert about["sha256"] == known.hexdigest()
    save_cube(simulated_scene(*SIZE, seed=2)[0], tmp_path / "other.npz")
    assert main(["unpack", str(file), str(tmp_path / "there"), "--scene", str(tmp_path / "other.npz")]) == 2
    assert "other.npz is not the scene that the session is of, scene.npz: other pixels" in capsys.readouterr().err
    assert not (tmp_path / "there").exists()
    assert main(["unpack", str(file), str(tmp_path / "there"), "--scene", str(scene)]) == 0
    again = opened(tmp_path / "there")  # it was named by this user
    assert (again.message, again.scene) == ("", str(scene))
    again.close()


@pytest.mark.usefixtures("another_user")
def test_a_scene_that_is_not_enclosed_can_be_put_there(session, tmp_path, capsys):
    file = zipped(session, tmp_path, "--scene", str(session.parent / "scene.npz"))
    assert main(["unpack", str(file), str(tmp_path / "there")]) == 0
    place = tmp_path / "there" / "scene" / "scene.npz"
    assert f"put it to {place}" in capsys.readouterr().err
    first = opened(tmp_path / "there")
    assert str(place) in first.message
    first.close()
    place.parent.mkdir()
    shutil.copy(session.parent / "scene.npz", place)
    again = opened(tmp_path / "there")
    assert again.message == ""
    again.close()


@pytest.mark.parametrize("kind", ["bsq", "zarr"])
def test_all_files_of_a_scene_are_enclosed(tmp_path, kind):
    cube, _ = simulated_scene(*SIZE, seed=1)
    save_cube(cube, tmp_path / "scene.zarr")
    scene = tmp_path / f"scene.{kind}"
    if kind == "bsq":
        cube.values.astype("<f4").tofile(scene)
        bands = ", ".join(f"{w:.4f}" for w in cube.wavelength.values)
        (tmp_path / "scene.hdr").write_text(
            f"ENVI\nsamples = {SIZE[1]}\nlines = {SIZE[0]}\nbands = {len(cube)}\nheader offset = 0\ndata type = 4\n"
            f"interleave = bsq\nbyte order = 0\nwavelength units = nm\nwavelength = {{{bands}}}\n"
        )
    for name in ("scene_of_another.hdr", "scene.docx", "scene.run.json", "another.hdr"):
        (tmp_path / name).touch()
    one = Session(tmp_path / "session")
    assert one.open_scene(scene), one.message
    one.close()
    pack(one.folder, tmp_path / "handed.zip", with_scene=True)
    unpack(tmp_path / "handed.zip", tmp_path / "there")
    inside = {name for name in all_in(tmp_path / "there") if name.startswith("scene/")}
    if kind == "bsq":
        assert inside == {"scene/scene.bsq", "scene/scene.hdr"}
    else:
        assert inside == {f"scene/scene.zarr/{name}" for name in all_in(scene)}
    found = open_cube(tmp_path / "there" / "scene" / scene.name)
    assert np.array_equal(found.values, open_cube(scene).values, equal_nan=True)


def test_a_truth_goes_along_with_what_belongs_to_it_and_nothing_else(session, tmp_path):
    shutil.copytree(session.parent, tmp_path / "here")
    truth = simulated_scene(*SIZE, seed=1)[1]
    write_labels(truth, tmp_path / "here" / "truth.shp")
    parts = {path.name for path in (tmp_path / "here").glob("truth.*")}
    (tmp_path / "here" / "truth.docx").touch()
    one = Session(tmp_path / "here" / "session")
    assert one.open_truth(tmp_path / "here" / "truth.shp"), one.message
    one.close()
    pack(one.folder, tmp_path / "a.zip", with_scene=True)
    unpack(tmp_path / "a.zip", tmp_path / "there")
    assert {path.name for path in (tmp_path / "there" / "truth").iterdir()} == parts > {"truth.shp", "truth.dbf"}
    again = opened(tmp_path / "there")
    assert again.message == ""
    assert np.array_equal(again.truth, one.truth)
    again.close()


def test_a_session_that_is_being_labelled_is_packed_between_two_labels(session, tmp_path):
    shutil.copytree(session, tmp_path / "session")
    one, done = Session(tmp_path / "session"), threading.Event()
    one.live = False

    def label() -> None:
        for row in range(SIZE[0]):
            for column in range(0, SIZE[1], 12):
                one.label_pixel(row, column)
        done.set()

    thread = threading.Thread(target=label)
    thread.start()
    n = 0
    while not done.is_set():
        n += 1
        pack(one.folder, tmp_path / f"{n}.zip")
    thread.join()
    one.close()
    assert n
    for i in range(1, n + 1):
        unpack(tmp_path / f"{i}.zip", tmp_path / str(i))
        with closing(sqlite3.connect(tmp_path / str(i) / "labels.gpkg")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_same_session_gives_the_same_file_but_for_the_time(session, tmp_path):
    contents = []
    for name in ("a.zip", "b.zip"):
        pack(session, tmp_path / name)
        with zipfile.ZipFile(tmp_path / name) as file:
            contents.append({one.filename: (one.CRC, one.date_time) for one in file.infolist()})
    for one in contents:
        del one["pack.json"], one["labels.gpkg"]
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("pack", "{0}/nothing", "{1}/a.zip"), "a session is a folder with session.json"),
        (("pack", "{0}/session", "{1}/a.txt"), "must end in .zip"),
        (("pack", "{0}/session", "{1}/a.zip", "--with-scene", "--scene", "{0}/none.npz"), "none.npz"),
        (("unpack", "{1}/a.zip", "{1}/b"), "there is no file"),
        (("unpack", "{0}/scene.npz", "{1}/b"), "is not unpacked: "),
        (("unpack", "{0}/session/labels.gpkg", "{1}/b"), "is damaged or no zip"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(session, tmp_path, capsys, words, says):
    try:
        status = main([word.format(session.parent, tmp_path) for word in words])
    except SystemExit as stop:
        status = stop.code
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert says in said.err
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []

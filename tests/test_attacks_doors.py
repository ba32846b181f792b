"""Attacks at the desk's doors: paths in a session's file, addresses without a password, forged uploads. No browser."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.cubes import save_cube, simulated_scene
from workbench.panels.doors import origins
from workbench.panels.oauth import OAuth
from workbench.panels.upload import KINDS, MOST, Upload
from workbench.session import Allowed, Session

ACCOUNT = {"provider": "github", "key": "desk", "secret": "a word", "users": ["ada"]}
"""What an OAuth file says."""


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, where the key of the seals lies."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "hyperspectral-workbench" / "seal.key"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A scene in a folder of its own."""
    (tmp_path / "scenes").mkdir()
    return Path(save_cube(simulated_scene(16, 16, seed=1)[0], tmp_path / "scenes" / "scene.npz"))


def written(folder: Path, **state: object) -> Path:
    """A session's folder with these choices."""
    folder.mkdir()
    (folder / "session.json").write_text(json.dumps(state))
    return folder


@pytest.mark.parametrize(
    "path",
    ["{scene}", "../scenes/scene.npz", "/etc/passwd", "../../../../../../etc/passwd", "../scenes/*.npz"],
)
@pytest.mark.parametrize("what", ["scene", "truth"])
def test_a_session_file_opens_nothing_outside(tmp_path, scene, caplog, path, what):
    folder = written(tmp_path / "session", **{"scene": "inside.npz", what: path.format(scene=scene)})
    save_cube(simulated_scene(16, 16, seed=1)[0], folder / "inside.npz")
    with caplog.at_level(logging.WARNING, "workbench.refused"):
        session = Session(folder, Allowed((folder,)))
    assert "lies outside the folders that this desk may open" in session.message
    assert "\n" not in session.message
    assert (session.cube is None) == (what == "scene")
    assert session.truth is None
    assert [record.getMessage().partition(" asked for ")[1] for record in caplog.records] == [" asked for "]
    session.close()


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1:9/a.tif", "/vsicurl/http://127.0.0.1:9/a.tif", "s3://bucket/a.zarr"]
)
def test_a_session_file_asks_no_server(tmp_path, monkeypatch, address):
    monkeypatch.setattr("workbench.cubes.remote.Address.check", lambda self: pytest.fail("it was asked"))
    session = Session(written(tmp_path / "session", scene=address), Allowed((tmp_path / "session",)))
    assert "which was not opened here; open it by name" in session.message
    session.close()


def test_what_this_user_opened_here_opens_again_and_what_was_written_in_does_not(tmp_path, scene, own_key):
    folder, elsewhere = tmp_path / "session", tmp_path / "other"
    session = Session(folder, Allowed((folder,), named=frozenset({str(scene)})))
    assert session.open_scene(scene)
    session.close()
    assert own_key.stat().st_mode & 0o077 == 0

    def again() -> tuple[bool, str]:
        session = Session(folder, Allowed((folder,)))
        found = session.cube is not None, session.message
        session.view = {"n": 1}  # so that the choices are written anew
        session.close()
        return found

    for _ in range(2):
        assert again() == (True, "")
    state = json.loads((folder / "session.json").read_text())
    elsewhere.mkdir()
    stolen = save_cube(simulated_scene(16, 16, seed=1)[0], elsewhere / "scene.npz")
    for changed in ({"scene": str(stolen)}, {"seal": "0" * 64}, {"seal": ""}, {"truth": str(stolen)}):
        for _ in range(2):  # writing the choices anew does not seal what was refused
            (folder / "session.json").write_text(json.dumps({**state, **changed}))
            assert not again()[0]
            changed = json.loads((folder / "session.json").read_text())
    (folder / "session.json").write_text(json.dumps(state))
    own_key.unlink()  # another user, another machine
    assert not again()[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--address", "0.0.0.0"], "others can reach a desk at 0.0.0.0, so that it needs a password; give --password"),
        (["--address", "192.168.1.5"], "others can reach a desk at 192.168.1.5"),
        (["--address", "::"], "others can reach a desk at ::"),
        (["--password", "short"], "a password has at least 8 letters, but the one in short has fewer"),
        (["--password", "empty"], "has at least 8 letters"),
        (["--password", "table"], "but that of 'bob' in table has fewer"),
        (["--password", "broken"], "broken is no JSON object of passwords by user name"),
        (["--password", "missing"], "no such file or directory: missing"),
        (["--oauth", "nobody"], "an OAuth file says provider, key, secret and users, but nobody lacks users"),
        (["--oauth", "other"], "provider in other is one of auth0, "),
        (["--oauth", "bare"], "put AUTHORIZE_URL, TOKEN_URL, USER_URL into extra"),
        (["--oauth", "both"], "users in both are names, or * alone for anybody"),
        (["--oauth", "odd"], "odd has users, more of another kind than an OAuth file"),
        (["--oauth", "broken"], "broken is no JSON object of an OAuth provider"),
        (["--oauth", "bare", "--password", "long"], "asks for a password or lets an OAuth provider vouch, got both"),
        (["--origin", "*"], "an origin is a host with or without a port, got '*'"),
    ],
)  # fmt: skip
def test_a_door_that_would_stand_open_is_refused(tmp_path, monkeypatch, capsys, words, says):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WORKBENCH_PASSWORD", raising=False)
    for name, text in [
        ("short", "1234567\n"),
        ("empty", ""),
        ("table", '{"ada": "12345678", "bob": "1"}'),
        ("broken", "{"),
        ("long", "12345678"),
        ("nobody", json.dumps(ACCOUNT | {"users": []})),
        ("other", json.dumps(ACCOUNT | {"provider": "passport"})),
        ("bare", json.dumps(ACCOUNT | {"provider": "generic"})),
        ("both", json.dumps(ACCOUNT | {"users": ["ada", "*"]})),
        ("odd", json.dumps(ACCOUNT | {"users": "ada", "more": 1})),
    ]:
        Path(name).write_text(text)
    assert main(["demo", "--height", "16", "--width", "16", "--session", "s", "--no-show", *words]) == 2
    line = capsys.readouterr().err.strip()
    assert says in line
    assert "\n" not in line


def test_origins_are_those_the_desk_is_reached_by():
    assert origins("127.0.0.1", 80) == ["127.0.0.1:80", "localhost:80"]
    assert origins("192.0.2.7", 5006, ["desk.example.org"]) == ["192.0.2.7:5006", "localhost:5006", "desk.example.org"]
    assert not any("*" in one or one.startswith("0.0.0.0") for one in origins("0.0.0.0", 5006))
    assert "[::1]:5006" in origins("::1", 5006)


def test_names_are_the_same_in_whatever_letters_and_anybody_only_if_so_said():
    one = OAuth(**ACCOUNT)
    assert [one.knows(user) for user in ("ada", "Ada", "adam", "", None)] == [True, True, False, False, False]
    assert OAuth(**ACCOUNT | {"users": ("*",)}).knows("adam")
    assert not OAuth(**ACCOUNT | {"users": ("*",)}).knows("")
    assert "word" not in repr(one)


def piece(name: object, data: object = b"x", **others: object) -> dict:
    """A message as a page sends it."""
    return {
        "status": "upload_event",
        "name": name,
        "data": data,
        "chunk": 1,
        "total_chunks": 1,
        "mime_type": "",
        **others,
    }


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        ([piece("../../a.geojson")], "labels come as .gpkg"),
        ([piece("/etc/cron.d/a.geojson")], "labels come as"),
        ([piece("..\\a.tif")], "labels come as"),
        ([piece("a.vrt")], "labels come as"),
        ([piece("a.geojson.py")], "labels come as"),
        ([piece("")], "labels come as"),
        ([piece("..")], "labels come as"),
        ([piece(".geojson")], "labels come as"),
        ([piece("a\0.tif")], "labels come as"),
        ([piece("a\n.tif")], "labels come as"),
        ([piece("a" * 300 + ".tif")], "labels come as"),
        ([piece(["a.tif"])], "labels come as"),
        ([piece("a.tif", data="text")], "a.tif came without its contents"),
        ([piece("a.tif", bytes(MOST // 2))] * 3, "a.tif has over 64 MiB"),
        ([piece("a.tif", total_chunks=1), piece("b.tif")], "one file of labels is taken at a time"),
        ([], "but this one is empty"),
    ],
)  # fmt: skip
def test_a_forged_upload_is_refused_and_logged(caplog, pieces, says):
    taken, refused = [], []
    door = Upload(taken.append, refused.append, label="labels")
    with caplog.at_level(logging.WARNING, "workbench.refused"):
        for message in ({"status": "initializing"}, *pieces, {"status": "finished"}):
            door._handle_msg(message)
    assert taken == []
    assert [says in one for one in refused] == [True]
    assert [says in record.getMessage() for record in caplog.records] == [True]
    assert "\n" not in refused[0]


def test_a_file_in_pieces_is_taken_whole():
    taken = []
    door = Upload(lambda path: taken.append((path.name, path.read_bytes())), taken.append, label="labels")
    for message in (
        {"status": "initializing"}, piece("räume.TIF", b"ab"), piece("räume.TIF", b"cd"), {"status": "finished"}
    ):  # fmt: skip
        door._handle_msg(message)
    assert taken == [("räume.TIF", b"abcd")]
    assert set(KINDS) >= {".gpkg", ".geojson", ".tif"}

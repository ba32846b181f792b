"""Attacks by files that a page sends: names that climb, forged orders, links in the way, pickles and bombs."""

from __future__ import annotations

import gzip
import io
import logging
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from workbench.cubes import save_cube, simulated_scene
from workbench.panels.dropping import DropDoor
from workbench.panels.pages import Page
from workbench.session import Allowed, Session, unfolding
from workbench.session.dropped import PIECE
from workbench.session.stranger import refuse_odd_files

NAMES = "../../a.npz", "/etc/a.npz", "..\\a.npz", "a\0.npz", "a\n.npz", "\ud800.npz", "ä" * 80 + ".npz", "...", "", [1]


class Evil:
    """What unpickling would run."""

    def __reduce__(self) -> tuple:
        return Path.touch, (Path("owned"),)


class Door(DropDoor):
    """One whose page is only written down."""

    def __init__(self, folder: Path) -> None:
        session = Session(folder, Allowed((folder,)))
        self.page = Page(session.refuse)
        super().__init__(session, self.page)
        self.told: list[dict] = []

    def _send_msg(self, message: dict) -> None:
        self.told.append(message)

    def send(self, *files: Path, number: int = 1) -> None:
        """Send files as the page does."""
        told = [{"name": file.name, "size": file.stat().st_size} for file in files]
        self._handle_msg({"kind": "files", "number": number, "files": told})
        while (asked := self.told[-1]).get("size"):
            with files[asked["file"]].open("rb") as file:
                file.seek(asked["at"])
                self.piece(asked, file.read(asked["size"]))

    def piece(self, asked: dict, content: object, **others: object) -> None:
        """Answer what was asked for."""
        asked = {name: asked[name] for name in ("number", "file", "at")}
        self._handle_msg({"kind": "piece", **asked, "data": content, **others})


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """Of a session in a folder of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    made = Door(tmp_path / "session")
    yield made
    made.page.close()
    made._session.close()


def refused(door: Door, says: str, caplog: pytest.LogCaptureFixture) -> None:
    """One sentence, a line in the log, nothing open and nothing left."""
    session, message = door._session, door._session.message
    assert says in message
    assert "\n" not in message
    assert session.is_refusal
    assert any(says in record.getMessage() for record in caplog.records if record.name == "workbench.refused")
    assert session.cube is None
    assert door.told[-1] == {"number": 1, "done": True}
    assert not any((session.folder / "dropped").glob("*"))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        *[([{"name": name, "size": 1}], "has a plain name") for name in NAMES],
        ([{"name": ".npz", "size": 1}], "got npz alone"),
        ([{"name": ".draft-0.npz", "size": 0}], "draft-0.npz is empty"),
        *[([{"name": "a.npz", "size": size}], "a.npz is empty") for size in (-1, "9", True, None)],
        ([{"name": "a.npz", "size": 2**60}], "at most 2,048 MiB"),
        ([{"name": "a.npz", "size": 1}] * 2, "one scene is taken at a time"),
        ([{"name": "a.npz", "size": 1}] * 9999, "got 9999 files"),
        (["a.npz"], "has a plain name"),
        *[(told, "got 0 files") for told in (None, {"a.npz": 1}, [])],
    ],
)  # fmt: skip
def test_what_is_announced_is_judged(door, caplog, files, says):
    with caplog.at_level(logging.WARNING, "workbench.refused"):
        door._handle_msg({"kind": "files", "number": 1, "files": files})
    refused(door, says, caplog)


@pytest.mark.parametrize(
    "others",
    [
        {"at": PIECE}, {"at": -PIECE}, {"file": 1}, {"file": -1}, {"file": "0"}, {"at": None}, {"data": b""},
        {"data": bytes(PIECE - 1)}, {"data": bytes(PIECE + 1)}, {"data": "text"}, {"data": None}, {"data": [0]},
    ],
)  # fmt: skip
def test_a_forged_piece_ends_it(door, caplog, others):
    door._handle_msg({"kind": "files", "number": 1, "files": [{"name": "a.npz", "size": 3 * PIECE}]})
    with caplog.at_level(logging.WARNING, "workbench.refused"):
        door.piece(door.told[-1], bytes(PIECE), **others)
    refused(door, "pieces of a file come one after the other, but a.npz came in others; send it again", caplog)
    door.piece({"number": 1, "file": 0, "at": 0}, bytes(PIECE))  # what comes after that is heard by nobody
    assert len(door.told) == 2


def test_pieces_of_another_number_or_of_none_are_heard_by_nobody(door):
    door.piece({"number": 1, "file": 0, "at": 0}, bytes(9))
    door._handle_msg({"kind": "files", "number": 1, "files": [{"name": "a.npz", "size": 9}]})
    for number in (0, 2, None, "1"):
        door.piece({"number": number, "file": 0, "at": 0}, bytes(9))
        door._handle_msg({"kind": "cancel", "number": number})
    assert [one.get("at") for one in door.told] == [0]
    door._handle_msg({"kind": "files", "number": 2, "files": [{"name": "b.npz", "size": 9}]})
    assert "one scene is sent at a time; wait for a.npz" in door._session.message
    assert door.told[-1] == {"number": 2, "done": True}
    assert door.cancel()
    assert os.listdir(door._session.folder / "dropped") == []


@pytest.mark.parametrize("way", ["cancel", "unread", "lost"])
def test_half_a_file_does_not_stay(door, way):
    door._handle_msg({"kind": "files", "number": 1, "files": [{"name": "a.npz", "size": 2 * PIECE}]})
    door.piece(door.told[-1], bytes(PIECE))
    (draft,) = (door._session.folder / "dropped").iterdir()
    assert (draft / "a.npz").stat().st_size == 2 * PIECE
    if way == "lost":
        door.page.close()  # as a page does whose connection is gone
    else:
        door._handle_msg({"kind": way, "number": 1})
    assert not draft.exists()
    assert ("can no longer read" in door._session.message) == (way == "unread")


def test_a_link_in_the_way_leads_nowhere(door, tmp_path, caplog):
    outside, place = tmp_path / "outside", door._session.folder / "dropped"
    outside.mkdir()
    scene = Path(save_cube(simulated_scene(16, 16, seed=1)[0], tmp_path / "scene.npz"))
    place.symlink_to(outside)
    with caplog.at_level(logging.WARNING, "workbench.refused"):
        door.send(scene)
    assert "which is a link or a file; move it away" in door._session.message
    with pytest.raises(ValueError, match=r"dropped in .* is a link, and a session would write where it leads"):
        refuse_odd_files(door._session.folder)
    place.unlink()
    place.mkdir()
    (place / "scene").symlink_to(outside)
    (place / "scene-2").write_text("in the way")
    (place / "scene-3").mkdir()
    (place / "scene-3" / "scene.npz").symlink_to(scene)  # the very bytes, but elsewhere
    door.send(scene)
    assert door._session.scene == str(place / "scene-4" / "scene.npz")
    assert os.listdir(outside) == []


np.savez(ARRAYS := io.BytesIO(), cube=np.array([[[Evil()]]], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    "content", [pickle.dumps(Evil()), ARRAYS.getvalue(), b"<VRTDataset/>"], ids=("p", "npz", "vrt")
)
@pytest.mark.parametrize("name", ["a.npz", "a.mat", "a.tif", "a.nc", "a.h5", "a.zip"])
def test_what_is_no_scene_is_not_kept(door, tmp_path, caplog, content, name):
    (tmp_path / name).write_bytes(content)
    with caplog.at_level(logging.WARNING, "workbench.refused"):
        door.send(tmp_path / name)
    refused(door, name, caplog)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("kind", ["npz", "mat", "envi"])
def test_a_bomb_does_not_go_off(door, tmp_path, monkeypatch, caplog, kind):
    monkeypatch.setattr(unfolding, "room", lambda: 16 * 2**20)
    big = np.zeros((10, 300, 2000), "float32")  # 24 MB, in 24 kB
    if kind == "npz":
        files = [tmp_path / "a.npz"]
        np.savez_compressed(files[0], big)
    elif kind == "mat":
        files = [tmp_path / "a.mat"]
        scipy.io.savemat(files[0], {"small": big[:5], "cube": big[5:], "more": big[:4]}, do_compression=True)
    else:
        files = [tmp_path / "a.hdr", tmp_path / "a.bsq"]
        files[0].write_text("ENVI\nsamples = 2\nlines = 2\nbands = 9\ndata type = 4\nfile compression = 1\n")
        files[1].write_bytes(gzip.compress(b"x") + bytes(9) + gzip.compress(big.tobytes()))  # in a second part
    with caplog.at_level(logging.WARNING, "workbench.refused"):
        door.send(*files)
    refused(door, f"{files[-1].name} unfolds to more than the 16 MiB of memory that there are for it", caplog)

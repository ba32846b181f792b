"""A pack from a stranger: nothing is written outside, no link is made, no bomb goes off; a refusal is one sentence."""

from __future__ import annotations

import io
import json
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.handed import labelled
from workbench.cli import main
from workbench.session import pack, unpack

DEEP = b"[" * 100_000


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A pack as it should be."""
    place = tmp_path_factory.mktemp("good")
    pack(labelled(place), place / "good.zip")
    return (place / "good.zip").read_bytes()


def rewritten(good: bytes, change: Callable[[dict[str, bytes]], object], info: dict | None = None) -> bytes:
    """The same with other contents, of which ``pack.json`` tells the truth; `info` changes an entry's head."""
    with zipfile.ZipFile(io.BytesIO(good)) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(contents.pop("pack.json"))
    change(contents)
    told = {name: {"bytes": len(value), "sha256": sha256(value).hexdigest()} for name, value in contents.items()}
    contents.setdefault("pack.json", json.dumps({**manifest, "files": told}).encode())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, value in contents.items():
            entry = zipfile.ZipInfo(name)
            for key, changed in (info or {}).get(name, {}).items():
                setattr(entry, key, changed)
            file.writestr(entry, value)
    return out.getvalue()


def refusal(content: bytes, place: Path, capsys: pytest.CaptureFixture) -> str:
    """What is said of it; nothing else may be left in the folder."""
    (place / "in").mkdir()
    (place / "in" / "a.zip").write_bytes(content)
    (place / "precious").write_text("as it was")
    before = sorted(str(path) for path in place.rglob("*"))
    assert main(["unpack", str(place / "in" / "a.zip"), str(place / "in" / "there")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert len(said.err) < 400
    assert sorted(str(path) for path in place.rglob("*")) == before
    assert (place / "precious").read_text() == "as it was"
    return said.err


def test_the_good_one_is_taken(good, tmp_path):
    (tmp_path / "a.zip").write_bytes(rewritten(good, lambda contents: None))
    unpack(tmp_path / "a.zip", tmp_path / "there")
    assert (tmp_path / "there" / "session.json").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "../precious", "../../precious", "scene/../../precious", "/tmp/precious", "runs//x", "runs/./x", "scene/..",
        "C:/precious", "scene\\..\\..\\precious", "runs/one/CON:", "runs/a\nb", "runs/\x1b[2J", "precious", "other/x",
        ".lock", "scene", "runs/" + "a" * 300, "runs/" + "a/" * 50 + "a", "labels.gpkg/x", "LABELS.gpkg",
        "Session.json",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(good, tmp_path, capsys, name):
    said = refusal(rewritten(good, lambda contents: contents.update({name: b"x"})), tmp_path, capsys)
    assert "is not unpacked: " in said


def test_a_name_cut_off_by_a_nought_is_refused(good, tmp_path, capsys):
    content = rewritten(good, lambda contents: contents.update({"runs/abcdefgh": b"x"}))
    said = refusal(content.replace(b"runs/abcdefgh", b"runs/abc\x00efgh"), tmp_path, capsys)
    assert "letters that no file name here has" in said


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_only_plain_files_are_taken(good, tmp_path, capsys, kind):
    info = {"scene/x": {"external_attr": (kind | 0o777) << 16}}
    said = refusal(
        rewritten(good, lambda contents: contents.update({"scene/x": b"../precious"}), info), tmp_path, capsys
    )
    assert "is a link or a device, not a file" in said


def test_a_file_told_twice_is_refused(good, tmp_path, capsys):
    out = io.BytesIO(good)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "a") as file:
        file.writestr("session.json", b"{}")
    assert "stands in it twice" in refusal(out.getvalue(), tmp_path, capsys)


def test_a_file_that_is_a_folder_too_is_refused(good, tmp_path, capsys):
    content = rewritten(good, lambda contents: contents.update({"scene/A": b"x", "scene/a/b": b"x"}))
    assert "'scene/a' is a file and a folder" in refusal(content, tmp_path, capsys)


def test_a_bomb_is_not_unpacked(good, tmp_path, capsys):
    big = bytes(300 * 2**20)
    info = {"scene/x.npy": {"compress_type": zipfile.ZIP_DEFLATED}}
    said = refusal(rewritten(good, lambda contents: contents.update({"scene/x.npy": big}), info), tmp_path, capsys)
    assert "to 314,572,800 bytes, as no file of a session does" in said


def sizes(content: bytes, name: bytes, size: int) -> bytes:
    """The zip with another size told of a file, in both its heads."""
    at = content.index(b"PK\x03\x04", content.index(name) - 30)
    content = content[: at + 22] + struct.pack("<I", size) + content[at + 26 :]
    at = content.rindex(name) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    return content[: at + 24] + struct.pack("<I", size) + content[at + 28 :]


@pytest.mark.parametrize("size", [3, 5, 2**31])
def test_a_size_that_is_not_so_is_found_out(good, tmp_path, capsys, size):
    content = rewritten(good, lambda contents: contents.update({"runs/zzzz": b"1234"}))
    assert "get" in refusal(sizes(content, b"runs/zzzz", size), tmp_path, capsys) or size == 2**31


def test_more_than_there_is_room_for_is_refused(good, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    assert "more than the 0.0 GiB that there is for it" in refusal(good, tmp_path, capsys)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda contents: contents.update({"session.json": b"[]"}), "holds a list, not an object"),
        (lambda contents: contents.update({"session.json": DEEP}), "is not JSON"),
        (lambda contents: contents.update({"labels.gpkg": b"x" * 5000}), "is damaged"),
        (lambda contents: contents.update({"pack.json": b"[]"}), "does not say what a pack's does"),
        (lambda contents: contents.update({"pack.json": DEEP}), "pack.json is not JSON"),
        (lambda contents: contents.update({"pack.json": b"{}"}), "does not say what a pack's does"),
        (lambda contents: contents.pop("session.json"), "a session is a folder with session.json"),
    ],
)
def test_malformed_contents_are_refused(good, tmp_path, capsys, change, says):
    assert says in refusal(rewritten(good, change), tmp_path, capsys)


@pytest.mark.parametrize("version", [2, "1"])
def test_another_kind_of_pack_is_refused(good, tmp_path, capsys, version):
    manifest = {"kind": "workbench session", "version": version, "scene": {}, "files": {}}
    said = refusal(
        rewritten(good, lambda contents: contents.update({"pack.json": json.dumps(manifest).encode()})),
        tmp_path,
        capsys,
    )
    assert "pack.json" in said


def test_a_file_that_was_changed_on_the_way_is_found_out(good, tmp_path, capsys):
    at = good.index(b"class_map.npy") + 300
    content = bytearray(good)
    content[at] ^= 1
    assert "damaged" in refusal(bytes(content), tmp_path, capsys)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.999])
def test_a_file_that_was_cut_off_is_refused(good, tmp_path, capsys, part):
    assert "a.zip is damaged or no zip" in refusal(good[: int(part * len(good))], tmp_path, capsys)


def test_what_is_not_told_is_refused(good, tmp_path, capsys):
    out = io.BytesIO(good)
    with zipfile.ZipFile(out, "a") as file:
        file.writestr("runs/more", b"x")
    assert "'runs/more' is in pack.json or in the zip, but not in both" in refusal(out.getvalue(), tmp_path, capsys)

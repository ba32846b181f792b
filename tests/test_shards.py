"""Tars of zipped Zarr stores are read where they lie, hold to what they claim, and are refused in a sentence else."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import archives
from workbench.cli import main
from workbench.cubes import shards
from workbench.patches import ArchivePairs, BadPatch, index_archive
from workbench.pretrain.archive_card import known

SHARD = "train/S2L1C/ssl4eos12_shard_000001.tar"
SIDE = 12


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


def numbered(root: Path, n: int = 5) -> Path:
    """A shard of `n` locations; a pixel of location k and date d in band b is 100 k + 20 d + b."""
    values = np.arange(4)[:, None] * 20 + np.arange(13)
    for k in range(n):
        dates = np.broadcast_to((100 * k + values)[:, :, None, None], (4, 13, SIDE, SIDE)).astype("int16")
        name = f"ssl4eos12_train_seasonal_data_{k + 1:07d}.zarr.zip"
        archives.into_tar(root / SHARD, {name: archives.one_location(dates, k)})
    return root


def pairs_of(root: Path, **more: object) -> ArchivePairs:
    index = index_archive(root).sound()
    return ArchivePairs(index, known(index)[1], **{"size": SIDE, "n": 2, "seed": 1} | more)


@pytest.mark.realdata
@pytest.mark.parametrize(("product", "added"), [("S2L1C", 1000), ("S1GRD", 0)])
def test_shards_give_the_very_numbers_of_the_plain_stores(tmp_path, real_data, product, added):
    """The same squares in stores of many locations, to which the set adds 1000 where it adds nothing in shards."""
    plain = archives.ssl4eo_s12_zarr(tmp_path / "plain", real_data, product, stores=1)
    tars = archives.ssl4eo_s12_shards(tmp_path / "tars", real_data, product, shards=1)
    squares = np.stack(archives.sentinel_crops(real_data, {"S1GRD": "S1RTC"}.get(product, product), 8))
    n_bands = squares.shape[1]
    for root, stored in ((plain, squares[::-1]), (tars, squares)):
        index = index_archive(root)
        numbers = known(index)[1]
        reader = ArchivePairs(index, numbers, size=8).reader
        for row in range(8):
            with reader.opened(row) as patch:
                found = patch.read(3, 5, 40, 50)
            square = stored[row][:, 3:43, 5:55]
            square = square.astype("float16").astype("float64") if product == "S1GRD" else square * 1e-4
            np.testing.assert_allclose(found, square, atol=1e-6)
        assert (numbers.bands == np.arange(n_bands)).all()


def test_locations_and_dates_are_those_in_the_stores(tmp_path):
    index = index_archive(numbered(tmp_path / "a"))
    rows = index.table.to_pylist()
    assert [row["location"] for row in rows[::4]] == [f"{216839 + k:07d}" for k in range(5)]
    assert [row["time"] for row in rows[4:8]] == [f"2020-{month:02d}-02T02:30:01" for month in (1, 4, 8, 11)]
    assert {row["file"] for row in rows} == {SHARD}
    with tarfile.open(tmp_path / "a" / SHARD) as tar:
        assert {(m.name, m.offset_data, m.size) for m in tar} == {(r["member"], r["start"], r["size"]) for r in rows}


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_stream_a_shard_in_one_order_and_unpack_nothing(tmp_path, monkeypatch, workers):
    root = numbered(tmp_path / "a")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    before = sorted(root.rglob("*"))
    seen = [(left, right) for left, right in islice(pairs_of(root, workers=workers), 10)]
    values = [torch.cat(side)[:, 0, 0, 0] * 1e4 for side in zip(*seen, strict=True)]
    locations = [(side.round().int() // 100).tolist() for side in values]
    assert locations[0] == locations[1]
    assert all(sorted(locations[0][start : start + 5]) == list(range(5)) for start in range(0, 20, 5))
    dates = [(side.round().int() % 100 // 20).tolist() for side in values]
    assert all(one != other for one, other in zip(*dates, strict=True))
    if workers > 1:
        one = torch.cat([left for left, _ in islice(pairs_of(root, workers=1), 10)])
        assert torch.equal(one, torch.cat([left for left, _ in seen]))
    assert sorted(root.rglob("*")) == before
    assert list((tmp_path / "scratch").iterdir()) == []


def test_of_a_shard_only_the_date_that_is_asked_for_is_read(tmp_path, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 10_000, (4, 13, 64, 64)).astype("int16")
    archives.into_tar(tmp_path / "a" / SHARD, {f"{k}.zarr.zip": archives.one_location(noise, k) for k in range(3)})
    pairs = pairs_of(tmp_path / "a")
    read, pread = [0], shards.os.pread
    monkeypatch.setattr(
        shards.os, "pread", lambda file, size, at: read.__setitem__(0, read[0] + size) or pread(file, size, at)
    )
    with pairs.reader.opened(5) as patch:
        patch.read(0, 0, 64, 64)
    assert noise[0].nbytes / 2 < read[0] < pairs.index.table["size"][5].as_py() / 2


def test_offsets_are_kept_until_the_shard_is_another(tmp_path, monkeypatch):
    root = numbered(tmp_path / "a", 2)
    index = index_archive(root)
    looked = []
    parts_of = shards.parts_of
    monkeypatch.setattr(
        "workbench.patches.archive_headers.parts_of", lambda *args: looked.append(args) or parts_of(*args)
    )
    assert index_archive(root).table.equals(index.table)
    assert looked == []
    content = (root / SHARD).read_bytes()
    (root / SHARD).write_bytes(b"")
    numbered(tmp_path / "b", 3)
    (root / SHARD).write_bytes((tmp_path / "b" / SHARD).read_bytes())  # in place: the folder's time is as it was
    assert index_archive(root).n_locations == 3
    (root / SHARD).write_bytes(content)
    assert index_archive(root).n_locations == 2


@pytest.mark.parametrize("start", [1000, 1536, None])
def test_a_shard_that_changes_while_it_is_streamed_is_named(tmp_path, start):
    root = numbered(tmp_path / "a")
    pairs = pairs_of(root)
    content = (root / SHARD).read_bytes()
    if start is None:  # where one location lay, another does now
        (root / SHARD).unlink()
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            members = {info.name: tar.extractfile(info).read() for info in tar}
        archives.into_tar(root / SHARD, dict(reversed(members.items())))
    else:
        (root / SHARD).write_bytes(content[: start * 4] + b"\0" * start * 8)
    with pytest.raises(BadPatch, match=r"000001\.tar/ssl4eos12_\S+\.zarr\.zip (could not be read|has changed since)"):
        list(islice(pairs, 3))


def zipped(edit: dict[str, object], key: str = "bands/.zarray") -> bytes:
    """A store whose ``bands`` claim something else."""
    whole = archives.one_location(np.ones((4, 13, SIDE, SIDE), "int16"), 0)
    new = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(new, "w") as archive:
        for name in dict.fromkeys(old.namelist()):
            content = old.read(name)
            if name == ".zmetadata":
                told = json.loads(content)
                told["metadata"][key] |= edit
                content = json.dumps(told).encode()
            archive.writestr(name, content)
    return new.getvalue()


def special(kind: bytes, name: str = "a.zarr.zip", size: int = 0, link: str = "/etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link if kind == tarfile.SYMTYPE else ""
    return info


def bomb() -> bytes:
    """A zip whose one member would fill the memory."""
    new = io.BytesIO()
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(".zmetadata", b" " * (shards.MOST + 1))
    return new.getvalue()


STORE = "a.zarr.zip"
HOSTILE = {
    "leads out": ("../out.zarr.zip", b"x", r"names in an archive stay inside it, got '\.\./out\.zarr\.zip'"),
    "absolute": ("/etc/cron.d/a.zarr.zip", b"x", r"names in an archive stay inside it, got '/etc/cron\.d"),
    "unprintable": ("a\nb.zarr.zip", b"x", r"names in an archive stay inside it, got 'a\\nb"),
    "link": (special(tarfile.SYMTYPE), b"", r"an archive holds files, but 'a\.zarr\.zip' in \S+ is a link or a device"),
    "device": (special(tarfile.CHRTYPE), b"", r"is a link or a device"),
    "longer than the tar": (special(tarfile.REGTYPE, size=2**20), b"x" * 500, r"cut off, damaged or no archive"),
    "far longer": (special(tarfile.REGTYPE, size=2**45), b"", r"at most 50 times its size, but \S+ claims more"),
    "no store": ("readme.txt", b"hello", r"holds Zarr stores \(\.zarr\.zip\), but \S+_000001\.tar has none; copy"),
    "no zip": (STORE, b"hello", r"tar/a\.zarr\.zip has not, or is damaged; copy it again"),
    "a bomb": (STORE, None, r"a member of a zip has at most 268435456 bytes, but '\.zmetadata' claims 268435457"),
    "endless": (STORE, {"shape": [4, 13, 10**9, 10**9]}, r"a\.zarr\.zip claims \(4, 13, 10{9}, 10{9}\)"),
    "large chunks": (STORE, {"chunks": [1, 10**5, 10**5, 10**5]}, r"claims \(4, 13, 12, 12\) in chunks of \(1, 1"),
    "many dates": (STORE, {"shape": [10**9, 13, 12, 12]}, r"holds at most 1048576 patches of 1073741824 bytes"),
    "three sides": (STORE, {"shape": [13, 12, 12], "chunks": [13, 12, 12]}, r"are \(13, 12, 12\) for 1 samples; copy"),
}


@pytest.mark.parametrize(("member", "content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_what_should_not_be_trusted_is_refused_in_one_sentence(tmp_path, capsys, member, content, message):
    path = tmp_path / "a" / SHARD
    path.parent.mkdir(parents=True)
    content = bomb() if content is None else zipped(content) if isinstance(content, dict) else content
    with tarfile.open(path, "w") as tar:
        info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
        info.size = info.size or len(content)
        tar.fileobj.write(info.tobuf(tarfile.GNU_FORMAT) + content + b"\0" * (-len(content) % 512))
    with pytest.raises(ValueError, match=message):
        index_archive(tmp_path / "a").sound()
    assert main(["pretrain", str(tmp_path / "a"), "--out", str(tmp_path / "o.safetensors")]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "Traceback" not in said
    assert said.startswith("workbench")
    assert not list(tmp_path.rglob("out.zarr.zip"))


def test_a_member_that_comes_twice_is_refused(tmp_path):
    for _ in range(2):
        archives.into_tar(tmp_path / "a" / SHARD, {"a.zarr.zip": b"x"})
    with pytest.raises(ValueError, match=r"names of their own, but \S+_000001\.tar has 'a\.zarr\.zip' twice"):
        index_archive(tmp_path / "a").sound()


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("hyspecnet-11k-01.tar.gz", r"tar -xf hyspecnet-11k-01\.tar\.gz"),
        ("spectral_earth_part_3.tar.gz", r"tar -xf spectral_earth_part_3\.tar\.gz"),
        ("s2_l1c.tar.gz.partaa", r"cat s2_l1c\.tar\.gz\* \| tar -xz"),
        ("ssl4eo_l_tm_toa.tar.gzab", r"cat ssl4eo_l_tm_toa\.tar\.gz\* \| tar -xz"),
        ("BigEarthNet-S2.tar.zst", r"tar -xf BigEarthNet-S2\.tar\.zst"),
        ("s2a.tar", r"tar -xf s2a\.tar"),
    ],
)
def test_what_can_only_be_read_from_its_beginning_is_to_be_unpacked(tmp_path, capsys, name, remedy):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / name).write_bytes(b"\x1f\x8b")
    with pytest.raises(ValueError, match=rf"{name.replace('.', '[.]')} does not allow: .*; unpack it \({remedy}\) and"):
        index_archive(tmp_path / "a")
    assert main(["pretrain", str(tmp_path / "a"), "--out", str(tmp_path / "o.safetensors")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "unpack it" in said
    with pytest.raises(ValueError, match="unpack it"):
        index_archive(tmp_path / "a" / name)


def test_a_damaged_shard_never_stops_with_a_traceback(tmp_path):
    root = numbered(tmp_path / "a", 2)
    content = (root / SHARD).read_bytes()
    rng = np.random.default_rng(0)
    said = []
    for _ in range(40):
        spoilt = bytearray(content)
        for at in rng.integers(0, len(content), 40):
            spoilt[at] = rng.integers(256)
        (root / SHARD).write_bytes(bytes(spoilt[: rng.integers(len(content) // 2, len(content) + 1)]))
        try:
            for _ in islice(pairs_of(root), 3):
                continue
        except ValueError as error:
            said.append(str(error))
    assert len(said) > 20
    assert all("ssl4eos12_shard_000001.tar" in text and "\n" not in text for text in said)

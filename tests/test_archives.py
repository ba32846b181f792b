"""Archives of patches are known by their layout, indexed once, and refused in one sentence."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import archives
from workbench.patches import archive_indexing, index_archive, is_published
from workbench.patches.archive_index import ArchiveIndex

pytestmark = pytest.mark.realdata


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of its own."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


PUBLISHED = [
    (archives.spectral_earth, "spectral_earth", "", (4, 6), (202, "int16", 32)),
    (archives.hyspecnet, "hyspecnet", "", (2, 2), (224, "int16", 32)),
    (archives.ssl4eo_s12, "ssl4eo_s12", "s2c", (2, 8), (13, "uint16", 66)),
    (archives.ssl4eo_s12_zarr, "ssl4eo_s12_zarr", "s2l1c", (4, 16), (13, "int16", 66)),
    (archives.ssl4eo_s12_shards, "ssl4eo_s12_shards", "s2l1c", (4, 16), (13, "int16", 66)),
    (archives.ssl4eo_l, "ssl4eo_l", "etm_sr", (3, 12), (6, "uint8", 44)),
]


@pytest.mark.parametrize(("make", "layout", "product", "counts", "patch"), PUBLISHED)
def test_a_published_archive_is_known_by_its_places_and_names(
    tmp_path, real_data, make, layout, product, counts, patch
):
    root = make(tmp_path / "archive", real_data)
    index = index_archive(root)
    assert (index.layout.name, index.product.name) == (layout, product)
    assert (index.n_locations, index.n_patches) == counts
    table = index.table.to_pydict()
    assert {*zip(table["bands"], table["dtype"], table["height"], strict=True)} == {patch}
    assert index.faults == []
    assert is_published(root)


def test_what_a_row_says_is_what_the_path_says(tmp_path, real_data):
    index = index_archive(archives.ssl4eo_s12(tmp_path / "a", real_data))
    row = index.table.slice(5, 1).to_pylist()[0]
    assert (row["location"], row["time"]) == ("0000013", f"{archives.SEASONS[1]}_{archives.SEASONS[1]}_T43RCP")
    assert row["file"] == f"s2c/0000013/{row['time']}"
    assert np.diff(index.starts).tolist() == [4, 4]


def test_dates_of_a_zarr_store_are_read_from_it(tmp_path, real_data):
    rows = index_archive(archives.ssl4eo_s12_zarr(tmp_path / "a", real_data)).table.to_pylist()
    assert [row["location"] for row in rows[::4]] == ["0080717", "0080718", "0080719", "0080720"]
    assert [row["time"] for row in rows[4:8]] == [f"2020-{month:02d}-02T02:30:01" for month in (1, 4, 8, 11)]
    assert [row["at"] for row in rows[4:8]] == [4, 5, 6, 7]


@pytest.mark.parametrize("part", ["", "enmap"])
def test_the_folder_that_is_named_may_be_the_inner_one(tmp_path, real_data, part):
    root = archives.spectral_earth(tmp_path / "a", real_data, 3)
    assert index_archive(root / part).layout.name == "spectral_earth"


def test_dates_of_one_location_lie_together_and_single_ones_stay_single(tmp_path, real_data):
    index = index_archive(archives.spectral_earth(tmp_path / "a", real_data))
    assert np.diff(index.starts).tolist() == [1, 2, 1, 2]
    assert index.table["location"].to_pylist() == ["0000823", *["0000824"] * 2, "0000825", *["0000826"] * 2]


def test_any_other_folder_is_one_view_each(tmp_path):
    root = archives.folder(tmp_path / "a")
    index = index_archive(root)
    assert (index.layout.name, index.n_locations, index.n_patches) == ("folder", 5, 5)
    assert not is_published(root)


def test_headers_are_read_once_and_nothing_is_left_beside_the_archive(tmp_path, cache, monkeypatch):
    root = archives.folder(tmp_path / "a")
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    first = index_archive(root)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert [path.suffix for path in (cache / "archives").iterdir()] == [".parquet"]
    read = []
    headers_of = archive_indexing.headers_of
    monkeypatch.setattr(archive_indexing, "headers_of", lambda *args: read.append(args) or headers_of(*args))
    assert index_archive(root).table.equals(first.table)
    assert read == []
    archives.write_tiff(root / "part_1" / "patch_9.tif", np.ones((4, 12, 12), "float32"))
    assert index_archive(root).n_patches == 6
    assert len(read) == 6


def test_a_cache_that_is_damaged_is_made_anew(tmp_path, cache):
    root = archives.folder(tmp_path / "a")
    index = index_archive(root)
    next((cache / "archives").iterdir()).write_bytes(b"half a table")
    assert index_archive(root).table.equals(index.table)


def cut_off(path: Path, least: int = 200) -> None:
    """As a download that was interrupted leaves a file."""
    path.write_bytes(path.read_bytes()[:-least])


def damage_member(path: Path) -> None:
    """The end of the first zip in a tar, where it lists what it holds, overwritten."""
    with tarfile.open(path) as tar:
        first = next(iter(tar))
    content, end = bytearray(path.read_bytes()), first.offset_data + first.size
    content[end - 400 : end] = b"\xff" * 400
    path.write_bytes(content)


def without(path: Path) -> None:
    """A folder emptied."""
    shutil.rmtree(path)
    path.mkdir()


SPOILT: list[tuple[Callable, Callable, str]] = [
    (
        archives.spectral_earth,
        lambda root: (root / "enmap/0000824/04139.tif").write_bytes(b"<html>not found</html>"),
        r"enmap/0000824/04139\.tif is no GeoTIFF or is damaged; copy it again",
    ),
    (
        archives.spectral_earth,
        lambda root: cut_off(root / "enmap/0000824/04139.tif"),
        r"enmap/0000824/04139\.tif ends before its last pixel; copy it again",
    ),
    (
        archives.spectral_earth,
        lambda root: without(root / "enmap/0000825"),
        r"enmap/0000825 is empty; copy it again",
    ),
    (
        archives.spectral_earth,
        lambda root: archives.write_tiff(root / "enmap/0000824/04139.tif", np.ones((224, 32, 32), "int16")),
        r"04139\.tif has 224 bands, but patches of this archive have 202",
    ),
    (
        archives.ssl4eo_s12,
        lambda root: next(root.glob("s2c/0000013/20200427*/B8A.tif")).unlink(),
        r"s2c/0000013/20200427T054639_\S+/B8A\.tif is missing; copy it again",
    ),
    (
        archives.ssl4eo_s12_zarr,
        lambda root: cut_off(next(root.glob("train/S2L1C/*2.zarr.zip"))),
        r"ssl4eos12_train_seasonal_data_000002\.zarr\.zip has not, or is damaged; copy it again",
    ),
    (
        archives.ssl4eo_s12_shards,
        lambda root: cut_off(root / "train/S2L1C/ssl4eos12_shard_000002.tar", 20_000),
        r"ssl4eos12_shard_000002\.tar is cut off, damaged or no archive of files; copy it again",
    ),
    (
        archives.ssl4eo_s12_shards,
        lambda root: damage_member(root / "train/S2L1C/ssl4eos12_shard_000002.tar"),
        r"ssl4eos12_shard_000002\.tar/ssl4eos12_train_seasonal_data_0000003\.zarr\.zip has not, or is damaged",
    ),
    (
        lambda root, _: archives.folder(root),
        lambda root: archives.write_tiff(root / "part_0" / "patch_2.tif", np.ones((3, 12, 12), "float32")),
        r"part_0/patch_2\.tif has 3 bands of float32, but most patches have 4 of float32; move it elsewhere",
    ),
]


@pytest.mark.parametrize(("make", "spoil", "message"), SPOILT)
def test_a_faulty_patch_is_named_left_out_when_asked_and_welcome_when_mended(tmp_path, real_data, make, spoil, message):
    root = make(tmp_path / "a", real_data)
    whole = index_archive(root)
    shutil.copytree(root, tmp_path / "copy")
    spoil(root)
    shutil.rmtree(tmp_path / "cache")
    index = index_archive(root)
    with pytest.raises(ValueError, match=message + r".*, or leave bad patches out \(--skip-bad\)$"):
        index.sound()
    kept = index.sound(skip_bad=True)
    assert 0 < kept.n_patches < whole.n_patches
    assert kept.faults == []
    # Mended in place, no folder's time changes: the fault itself is looked at again.
    for good in (tmp_path / "copy").rglob("*"):
        if good.is_file():
            (root / good.relative_to(tmp_path / "copy")).write_bytes(good.read_bytes())
    assert index_archive(root).sound().n_patches == whole.n_patches


def refused(spoil: Callable[[Path], Path]) -> Callable[[Path], ArchiveIndex]:
    """What indexing a folder does that `spoil` has prepared."""
    return lambda root: index_archive(spoil(root)).sound(skip_bad=True)


def both_sensors(root: Path) -> Path:
    for product in ("s1", "s2c"):
        archives.write_tiff(root / product / "0000012" / "20200128T055059" / "B1.tif", np.ones((1, 4, 4), "uint16"))
    return root


def only_bad(root: Path) -> Path:
    root.mkdir()
    (root / "a.tif").write_bytes(b"no")
    return root


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (refused(lambda root: root), FileNotFoundError, r"an archive is a folder of patches, but there is no folder"),
        (
            refused(lambda root: root.mkdir() or root),
            ValueError,
            r"holds GeoTIFF patches or Zarr stores, but .* has none",
        ),
        (refused(both_sensors), ValueError, r"patches of one kind, but .* holds s1 and s2c; name one's own folder"),
        (refused(only_bad), ValueError, r"no patch of .* can be used: a\.tif is no GeoTIFF"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path, act, error, message):
    with pytest.raises(error, match=message):
        act(tmp_path / "a")

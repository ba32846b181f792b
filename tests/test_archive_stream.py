"""What is streamed from an archive: values, pairs, order, places, and what cannot be read."""

from __future__ import annotations

import tarfile
import threading
import warnings
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
import xarray as xr
from numpy.typing import NDArray
from torch.nn.functional import interpolate
from zarr.storage import ZipStore

from tests import archives
from tests.test_archives import cut_off
from workbench.cubes.scaling import AS_STORED, Scaling
from workbench.patches import ArchivePairs, BadPatch, Numbers, index_archive
from workbench.patches.archive_ahead import SPARE
from workbench.patches.archive_reading import PatchReader
from workbench.pretrain.archive_card import known

NUMBERS = Numbers(AS_STORED, np.arange(4))


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def numbered(tmp_path) -> Path:
    """SpectralEarth's places; a pixel of the file of location k, date d in band b is 1000 k + 100 d + b."""
    for location in range(7):
        for date in range(1 + location % 3):
            values = np.full((202, 9, 9), 1000 * location + 100 * date, "int16")
            values += np.arange(202, dtype="int16")[:, None, None] % 50
            archives.write_tiff(tmp_path / "a" / "enmap" / f"{location:07d}" / f"{date:05d}.tif", values)
    return tmp_path / "a"


def stored(path: Path) -> NDArray:
    with rasterio.open(path) as file:
        return file.read().astype("float64")


def stored_bands(folder: Path, names: tuple[str, ...], side: int = archives.FINE) -> NDArray:
    """Bands of several sizes, brought to one by torch instead of GDAL."""
    bands = [torch.from_numpy(stored(folder / f"{name}.tif"))[None] for name in names]
    resized = [interpolate(b, (side, side), mode="bilinear", align_corners=False) for b in bands]
    return torch.cat(resized, dim=1)[0].numpy()


def of_spectral_earth(root: Path) -> list[list[NDArray]]:
    folders = sorted((root / "enmap").iterdir())
    return [[stored(file) / 1e4 for file in sorted(folder.iterdir())] for folder in folders]


def of_hyspecnet(root: Path) -> list[list[NDArray]]:
    kept = np.r_[0:126, 141:160, 167:224]
    return [[stored(file)[kept] / 1e4] for file in sorted(root.rglob("*SPECTRAL_IMAGE.TIF"))]


def of_s2c(root: Path) -> list[list[NDArray]]:
    folders = sorted((root / "s2c").iterdir())
    return [[stored_bands(date, archives.S2C) / 1e4 for date in sorted(folder.iterdir())] for folder in folders]


def of_s1(root: Path) -> list[list[NDArray]]:
    folders = sorted((root / "s1").iterdir())
    return [[stored_bands(date, ("VV", "VH")) for date in sorted(folder.iterdir())] for folder in folders]


def of_zarr(root: Path) -> list[list[NDArray]]:
    found = []
    for file in sorted(root.rglob("*.zarr.zip")):
        with warnings.catch_warnings(), ZipStore(file, mode="r") as store:
            warnings.simplefilter("ignore")
            found += list((xr.open_zarr(store, consolidated=False)["bands"].values - 1000.0) / 1e4)
    return [list(dates) for dates in found]


def of_shards(root: Path) -> list[list[NDArray]]:
    """By unpacking them, as the set's own reader does, without the 1000 of the other stores."""
    found = []
    for shard in sorted(root.rglob("ssl4eos12_shard_*.tar")):
        with tarfile.open(shard) as tar:
            tar.extractall(shard.parent.parent.parent.parent / "unpacked" / shard.stem, filter="data")
    for file in sorted((root.parent / "unpacked").rglob("*.zarr.zip")):
        with warnings.catch_warnings(), ZipStore(file, mode="r") as store:
            warnings.simplefilter("ignore")
            found.append(list(xr.open_zarr(store)["bands"].values.astype("float64")))
    return found


def of_landsat(root: Path) -> list[list[NDArray]]:
    folders = sorted((root / "ssl4eo_l_etm_sr").iterdir())
    return [[stored(date / "all_bands.tif") / 255 * 0.3 for date in sorted(folder.iterdir())] for folder in folders]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("make", "expect", "tolerance"),
    [
        (archives.spectral_earth, of_spectral_earth, 1e-7),
        (archives.hyspecnet, of_hyspecnet, 1e-7),
        # GDAL rounds what it interpolates to whole numbers.
        (archives.ssl4eo_s12, of_s2c, 0.51e-4),
        (lambda root, data: archives.ssl4eo_s12(root, data, "s1"), of_s1, 1e-5),
        (archives.ssl4eo_s12_zarr, of_zarr, 1e-7),
        (
            archives.ssl4eo_s12_shards,
            lambda root: [[date / 1e4 for date in dates] for dates in of_shards(root)],
            1e-7,
        ),
        (lambda root, data: archives.ssl4eo_s12_shards(root, data, "S1GRD"), of_shards, 1e-7),
        (archives.ssl4eo_l, of_landsat, 1e-7),
    ],
)
def test_values_are_the_files_times_the_cards_scale_and_pairs_are_dates_of_one_place(
    tmp_path, real_data, make, expect, tolerance
):
    root = make(tmp_path / "a", real_data)
    index = index_archive(root)
    card, numbers = known(index)
    side = int(index.table["height"][0].as_py())
    pairs = ArchivePairs(index, numbers, size=side)
    for location, dates in enumerate(expect(root)):
        assert len(dates[0]) == len(card.wavelength)
        seen = set()
        for epoch in range(4):
            which = []
            for (square,) in pairs.cut(epoch, location):
                lacks = (square != square).any(axis=0)
                off = [np.abs(np.where(lacks, 0, square - date)).max() for date in dates]
                assert min(off) <= tolerance
                which.append(int(np.argmin(off)))
            assert len(dates) == 1 or which[0] != which[1]
            seen |= set(which)
        assert len(seen) > 1 or len(dates) == 1


@pytest.mark.realdata
def test_a_batch_is_scaled_as_its_card_says(tmp_path, real_data):
    from workbench.pretrain.archive_card import scale

    index = index_archive(archives.ssl4eo_s12(tmp_path / "a", real_data, "s1"))
    card, numbers = known(index)
    pairs = ArchivePairs(index, numbers, size=archives.FINE, n=2)
    scale(pairs, card, None)
    _, location = pairs._visit(0)
    left = next(iter(pairs))[0][0].numpy()
    raw = pairs.cut(0, location)[0][0]
    # The figures of DeCUR's repository.
    expected = (raw - np.array([-12.59, -20.26])[:, None, None]) / np.array([5.26, 5.91])[:, None, None]
    np.testing.assert_allclose(left, expected, atol=1e-5)


def test_where_no_card_says_it_bands_come_to_mean_0_and_spread_1(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(6):
        values = rng.normal([[[3.0]], [[-20.0]]], [[[0.5]], [[4.0]]], (2, 20, 20)).astype("float32")
        archives.write_tiff(tmp_path / "a" / f"{k}.tif", values)
    index = index_archive(tmp_path / "a")
    pairs = ArchivePairs(index, Numbers(AS_STORED, np.arange(2)), size=20, n=6).fit()
    left = next(iter(pairs))[0]
    np.testing.assert_allclose(left.mean(dim=(0, 2, 3)), 0, atol=0.05)
    np.testing.assert_allclose(left.std(dim=(0, 2, 3)), 1, atol=0.05)


def drawn(root: Path, n_batches: int, *, state: torch.Tensor | None = None, **more: object) -> list[torch.Tensor]:
    """Batches of a fresh stream, both sides of each as one tensor."""
    index = index_archive(root)
    pairs = ArchivePairs(index, known(index)[1], **{"size": 5, "n": 4, "seed": 3, "reach": 2} | more)
    if state is not None:
        pairs.set_state(state)
    return [torch.stack(batch) for batch in islice(pairs, n_batches)]


def locations(batch: torch.Tensor) -> list[int]:
    """Which locations a batch of the numbered archive is of, by what stands in its first band."""
    return [round(float(value) * 10) for value in batch[0, :, 0, 0, 0]]


def test_every_location_comes_once_an_epoch_in_another_order(numbered):
    seen = [k for batch in drawn(numbered, 7) for k in locations(batch)]
    epochs = [seen[start : start + 7] for start in range(0, 28, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1
    assert seen != [k for batch in drawn(numbered, 7, seed=4) for k in locations(batch)]


def test_two_sides_are_of_one_location_and_of_two_dates_where_there_are(numbered):
    dates = {}
    for batch in drawn(numbered, 30):
        left, right = (batch[:, :, 0, 0, 0] * 1e4 / 100).round().int().tolist()
        for one, other in zip(left, right, strict=True):
            assert one // 10 == other // 10
            dates.setdefault(one // 10, set()).add((one % 10, other % 10))
    for location, found in dates.items():
        n_dates = 1 + location % 3
        if n_dates == 1:
            assert found == {(0, 0)}
        else:
            assert all(one != other for one, other in found)
            assert len(found) == n_dates * (n_dates - 1)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_order_is_the_same_with_any_number_of_workers(numbered, workers):
    for one, other in zip(drawn(numbered, 6), drawn(numbered, 6, workers=workers), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("done", [1, 3, 6])
def test_a_stream_that_goes_on_gives_what_would_have_come(numbered, done):
    whole = drawn(numbered, 8, crops=2)
    index = index_archive(numbered)
    pairs = ArchivePairs(index, known(index)[1], size=5, n=4, seed=3, reach=2, crops=2)
    for _ in islice(pairs, done):
        continue
    epoch, offset, skipped = pairs.get_state().tolist()
    assert (epoch * 7 + offset, skipped) == (2 * done, 0)
    rest = drawn(numbered, 8 - done, crops=2, state=pairs.get_state())
    assert all(torch.equal(one, other) for one, other in zip(whole[done:], rest, strict=True))


@pytest.mark.parametrize("crops", [1, 2])
def test_two_processes_have_the_rows_of_one_with_the_doubled_batch(numbered, crops):
    """Over epochs of an odd number of locations; the second of a batch's rows are the second process's."""
    one = drawn(numbered, 8, n=8, crops=crops)
    parts = [drawn(numbered, 8, n=4, crops=crops, share=(rank, 2)) for rank in range(2)]
    assert len({*locations(parts[0][0]), *locations(parts[1][0])}) == 8 // crops - (crops == 1)  # of seven there are
    for whole, *both in zip(one, *parts, strict=True):
        assert torch.equal(whole, torch.cat(both, dim=1))


def test_squares_lie_anywhere_and_their_middles_have_data(tmp_path):
    values = (np.arange(400, dtype="float32").reshape(1, 20, 20) + 1).repeat(4, axis=0)
    values[:, :, :13] = -1
    values[2, 4, 17] = -1  # one band alone
    archives.write_tiff(tmp_path / "a" / "one.tif", values, nodata=-1)
    pairs = ArchivePairs(index_archive(tmp_path / "a"), NUMBERS, size=5, n=64, crops=64, reach=2)
    left, right = (torch.cat(sides) for sides in zip(*islice(pairs, 14), strict=True))
    middles = left[:, 0, 2, 2], right[:, 0, 2, 2]
    assert all(side.isfinite().all() for side in middles)
    rows, columns = (middles[0] - 1) // 20, (middles[0] - 1) % 20
    assert set(columns.int().tolist()) == set(range(13, 18))
    assert set(rows.int().tolist()) == set(range(2, 18))
    assert not ((rows == 4) & (columns == 17)).any()
    away = torch.stack([(middles[1] - 1) // 20 - rows, (middles[1] - 1) % 20 - columns])
    assert (away.abs().max(), away.abs().min()) == (2, 0)
    # The pixels round the middle are those of the file, and what it calls no data is NaN in every band.
    one = left[left[:, 0, 2, 2] == 4 * 20 + 16 + 1][0]
    expected = np.where((values[:, 2:7, 14:19] < 0).any(axis=0), np.nan, values[:, 2:7, 14:19])
    np.testing.assert_array_equal(one, expected)
    assert one.isnan().sum() == 4


def test_a_small_part_with_data_is_found(tmp_path):
    values = np.full((4, 40, 40), -1, "float32")
    values[:, 30, 9] = 7
    archives.write_tiff(tmp_path / "a" / "one.tif", values, nodata=-1)
    left, right = next(iter(ArchivePairs(index_archive(tmp_path / "a"), NUMBERS, size=5, n=1)))
    assert left[0, 0, 2, 2] == right[0, 0, 2, 2] == 7


def test_windows_are_means_round_the_middle(tmp_path):
    values = np.arange(4 * 25, dtype="float32").reshape(4, 5, 5)
    archives.write_tiff(tmp_path / "a" / "one.tif", values)
    left, _ = next(iter(ArchivePairs(index_archive(tmp_path / "a"), NUMBERS, size=5, n=1, windows=(1, 3))))
    np.testing.assert_allclose(left[0], np.stack([values[:, 2, 2], values[:, 1:4, 1:4].mean(axis=(1, 2))], axis=1))


def test_a_patch_damaged_inside_is_named_or_left_out_and_counted(numbered):
    index = index_archive(numbered)
    path = numbered / "enmap" / "0000003" / "00000.tif"
    with rasterio.open(path) as file:
        offset = int(file.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[offset : offset + 40] = b"\xff" * 40
    path.write_bytes(content)
    how = {"size": 9, "n": 3, "seed": 3}
    with pytest.raises(BadPatch, match=r"^enmap/0000003/00000\.tif could not be read .*; copy it again, or leave bad"):
        list(islice(ArchivePairs(index, known(index)[1], **how), 3))
    pairs = ArchivePairs(index, known(index)[1], skip_bad=True, **how)
    seen = [k for batch in islice(pairs, 6) for k in locations(torch.stack(batch))]
    assert sorted(seen[:6]) == [0, 1, 2, 4, 5, 6]
    assert pairs.skipped == pairs.get_state()[2] == 3
    assert all(len(batch) == 3 for batch in next(iter(pairs)))


@pytest.mark.realdata
def test_a_zarr_store_damaged_inside_is_named(tmp_path, real_data):
    root = archives.ssl4eo_s12_zarr(tmp_path / "a", real_data, stores=1)
    index = index_archive(root)
    path = next(root.rglob("*.zarr.zip"))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = b"\x00" * 5000
    path.write_bytes(content)
    pairs = ArchivePairs(index, known(index)[1], size=9, n=2, crops=1, skip_bad=False)
    with pytest.raises(BadPatch, match=r"train/S2L1C/\S+_000001\.zarr\.zip could not be read and may be damaged"):
        list(islice(pairs, 20))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (Path.unlink, r"patch_0\.tif could not be read and may be damaged; copy it again, or leave bad patches out"),
        (cut_off, r"patch_0\.tif could not be read and may be damaged"),
        (
            lambda path: archives.write_tiff(path, np.ones((5, 12, 12), "float32")),
            r"patch_0\.tif has changed since the archive was indexed; start again",
        ),
        (
            lambda path: archives.write_tiff(path, np.full((4, 12, 12), np.nan, "float32")),
            r"patch_0\.tif has no pixel with data that a square of 12 pixels fits round; move it elsewhere",
        ),
    ],
)
def test_what_happens_to_a_patch_after_indexing_is_said_in_one_sentence(tmp_path, spoil, message):
    root = archives.folder(tmp_path / "a", 1)
    index = index_archive(root)
    spoil(root / "part_0" / "patch_0.tif")
    with pytest.raises(BadPatch, match=message):
        next(iter(ArchivePairs(index, NUMBERS, size=12, n=1)))
    with pytest.raises(BadPatch, match=r"no patch of .* could be read; the last: part_0/patch_0\.tif"):
        next(iter(ArchivePairs(index, NUMBERS, size=12, n=1, skip_bad=True)))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"size": 13}, r"squares of 13 pixels are cut out, but part_0/patch_0\.tif has 12 × 12; use a crop of 12"),
        ({"size": 5, "n": 10, "crops": 4}, r"10 pairs are no multiple of 4 crops"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_read(tmp_path, choices, message):
    index = index_archive(archives.folder(tmp_path / "a"))
    with pytest.raises(ValueError, match=message):
        ArchivePairs(index, NUMBERS, **choices)


def test_no_more_is_read_ahead_than_two_batches_and_a_patch_a_worker(tmp_path, monkeypatch):
    index = index_archive(archives.folder(tmp_path / "a", 3))
    count, lock, opened = [0], threading.Lock(), PatchReader.opened

    def counting(reader: PatchReader, row: int) -> object:
        with lock:
            count[0] += 1
        return opened(reader, row)

    monkeypatch.setattr(PatchReader, "opened", counting)
    for done, _ in enumerate(islice(ArchivePairs(index, NUMBERS, size=5, n=4, workers=3), 20), start=1):
        assert count[0] <= 4 * done + 4 + 3
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("patches")]
    assert threads == []


def test_memory_serves_again_once_a_batch_is_let_go_and_never_before(numbered):
    fresh = [torch.stack(batch) for batch in islice(streamed(numbered), 12)]
    places, kept = set(), []
    for k, (left, right) in enumerate(islice(streamed(numbered), 12)):
        places.add(left.data_ptr())
        assert right.data_ptr() - left.data_ptr() == left.nbytes
        if k in (2, 5):
            kept.append((k, left[1:].numpy()))  # a part, and by way of NumPy
    assert len(places) <= 2 + 3 + SPARE  # kept, under way, and spare
    assert all(np.array_equal(part, fresh[k][0, 1:]) for k, part in kept)


def streamed(root: Path) -> ArchivePairs:
    """Pairs of the numbered archive."""
    index = index_archive(root)
    return ArchivePairs(index, known(index)[1], size=9, n=4, seed=3)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float16", "float32", "float64"])
def test_numbers_of_any_type_are_brought_to_units_as_the_formula_says(dtype):
    rng = np.random.default_rng(0)
    stored = rng.integers(0, 250, (5, 40, 90)).astype(dtype)
    if dtype == "int32":
        stored += 2**24 + 1  # more than float32 holds
    gain, offset = (tuple(rng.uniform(0.5, 2, 5)) for _ in range(2))
    stored[3, 7, 8] = 251
    out = np.empty(stored.shape, "float32")
    Numbers(Scaling("dn", "", gain, offset), np.arange(5)).put(stored, 251, out)
    expected = stored.astype("float64") * np.reshape(gain, (5, 1, 1)) + np.reshape(offset, (5, 1, 1))
    expected[:, 7, 8] = np.nan
    np.testing.assert_allclose(out, expected, rtol=3e-7)
    assert np.isnan(out).sum() == 5

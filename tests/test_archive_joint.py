"""Two products of an archive streamed together: the same ground in both, each with its own dates and units."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from numpy.typing import NDArray
from zarr.storage import ZipStore

from tests import archives
from tests.test_archive_stream import of_s1, of_s2c, of_zarr
from workbench.cubes.scaling import AS_STORED
from workbench.patches import BadPatch, JointIndex, JointPairs, Numbers, index_archive, joined
from workbench.pretrain.archive_card import known, scale

SIZE, SIDE = 6, 20
"""Of squares and of patches; a stored number tells place and date."""

PRODUCTS = "etm_sr", "etm_toa"

MEAN, SPREAD = (np.reshape(values, (2, 1, 1)) for values in ((-12.59, -20.26), (5.26, 5.91)))
"""Of Sentinel-1 [dB], the figures of DeCUR's repository; Sentinel-2 is reflectance as it is."""


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


def place_of(location: int, date: int) -> NDArray:
    """Each pixel by its place, date and location, so that a square tells where it was cut; float32 holds it whole."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return (rows * SIDE + columns + 1000 * date + 10_000 * location).astype("float32")


@pytest.fixture
def root(tmp_path) -> Path:
    """Locations 0 to 6 of etm_sr but for 2, of etm_toa but for 4; etm_sr has one date of 5, else both have three."""
    for product, n_bands, lacks in (("etm_sr", 6, 2), ("etm_toa", 9, 4)):
        for location in (k for k in range(7) if k != lacks):
            for date in range(1 if (product, location) == ("etm_sr", 5) else 3):
                put(tmp_path / "a" / file_of(product, location, date), n_bands, place_of(location, date))
    put(tmp_path / "a" / "tm_toa/0000001/0/all_bands.tif", 7, np.ones((4, 4)))
    return tmp_path / "a"


def file_of(product: str, location: int, date: int) -> str:
    return f"{product}/{location:07d}/2020010{date}/all_bands.tif"


def put(path: Path, n_bands: int, values: NDArray) -> None:
    archives.write_tiff(path, np.repeat(values[None].astype("float32"), n_bands, axis=0), compress="none")


def both(root: Path, **how: bool) -> JointIndex:
    return joined(*(index_archive(root, product=name) for name in ("ETM_SR", "etm_toa")), **how)


def stream(root: Path, **how: object) -> JointPairs:
    numbers = (Numbers(AS_STORED, np.arange(6)), Numbers(AS_STORED, np.arange(9)))
    index = both(root, skip_bad=bool(how.get("skip_bad")))
    return JointPairs(index, numbers, **{"size": SIZE, "n": 4, "seed": 3} | how)


def test_places_that_one_lacks_are_left_out_and_told(root):
    index = both(root)
    assert index.lacking == (("0000002",), ("0000004",))
    places = [[t[0] for t in archives_of(one)] for one in (index.first, index.second)]
    assert places[0] == places[1] == [f"{k:07d}" for k in (0, 1, 3, 5, 6)]
    assert index.n_patches == 4 * 3 + 1 + 5 * 3


def archives_of(index: object) -> list[tuple[str, int]]:
    starts = index.starts
    return [(index.table["location"][int(at)].as_py(), int(at)) for at in starts[:-1]]


def test_a_pair_is_the_same_ground_in_both_and_two_dates_of_each(root):
    seen, dates = [], set()
    for batch in islice(stream(root, reach=3), 15):
        assert [tuple(side.shape[:2]) for side in batch] == [(4, 6), (4, 6), (4, 9), (4, 9)]
        corners = [side[:, 0, 0, 0].long() for side in batch]
        location, date, ground = (
            [corner // 10_000 for corner in corners],
            [corner % 10_000 // 1000 for corner in corners],
            [corner % 1000 for corner in corners],
        )
        assert all(torch.equal(location[0], other) for other in location[1:])
        assert torch.equal(ground[0], ground[2])  # the first view of either
        assert torch.equal(ground[1], ground[3])  # and the second
        away = [(ground[1] // SIDE - ground[0] // SIDE).abs(), (ground[1] % SIDE - ground[0] % SIDE).abs()]
        assert int(torch.stack(away).max()) <= 3
        for side in batch:  # whole squares of one place, all bands alike
            expected = side[:, :1, :1, :1] + (torch.arange(SIZE)[:, None] * SIDE + torch.arange(SIZE))
            assert torch.equal(side, expected.expand_as(side))
        one_date = location[0] == 5
        assert not (date[0] == date[1])[~one_date].any()
        assert not (date[2] == date[3]).any()
        assert (torch.stack(date[:2])[:, one_date] == 0).all()
        seen += location[0].tolist()
        dates |= set(zip(*(one.tolist() for one in date), strict=True))
    assert all(sorted(seen[k : k + 5]) == [0, 1, 3, 5, 6] for k in range(0, 60, 5))
    assert any(one[0] != one[2] for one in dates)  # each draws its own


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("make", "names"), [(archives.ssl4eo_s12, ("s1", "s2c")), (archives.ssl4eo_s12_zarr, ("S1GRD", "S2L1C"))]
)
def test_values_are_what_plain_readers_find_there_in_units_of_each_card(tmp_path, real_data, make, names):
    for name in names:
        make(tmp_path / "a", real_data, name)
    index = joined(*(index_archive(tmp_path / "a", product=name) for name in names))
    cards, numbers = zip(*(known(one) for one in (index.first, index.second)), strict=True)
    pairs = JointPairs(index, numbers, size=24, n=4, crops=2, seed=1)
    for side, card in zip(pairs.sides, cards, strict=True):
        scale(side, card, None)
    views = [side.numpy() for side in next(iter(pairs))]
    if make is archives.ssl4eo_s12:
        radar, light = of_s1(tmp_path / "a"), of_s2c(tmp_path / "a")
    else:
        radar, light = backscatter(tmp_path / "a/train/S1GRD"), of_zarr(tmp_path / "a/train/S2L1C")
    for k in range(4):
        location = pairs._visit(k // 2)[1]
        squares = [view[k] * SPREAD + MEAN for view in views[:2]]
        found = [matches(radar[location], square, 1e-4) for square in squares]
        found += [matches(light[location], view[k], 0.6e-4) for view in views[2:]]
        # Two dates of these small archives overlap, so that a square may be found in both.
        assert set.intersection(*({place[1:] for place in places} for places in found))


def backscatter(root: Path) -> list[list[NDArray]]:
    """Of Zarr stores, to which nothing was added."""
    found = []
    for file in sorted(root.rglob("*.zarr.zip")):
        with warnings.catch_warnings(), ZipStore(file, mode="r") as store:
            warnings.simplefilter("ignore")
            found += list(xr.open_zarr(store, consolidated=False)["bands"].values.astype("float64"))
    return [list(dates) for dates in found]


def matches(dates: list[NDArray], square: NDArray, tolerance: float) -> list[tuple[int, int, int]]:
    """Date, row and column at which a square lies."""
    size, found = square.shape[-1], []
    for k, date in enumerate(dates):
        span = date.shape[-1] - size + 1
        near = np.argwhere((np.abs(date[:, :span, :span] - square[:, :1, :1]) < tolerance).all(axis=0))
        for y, x in near.tolist():
            if np.abs(date[:, y : y + size, x : x + size] - square).max() < tolerance:
                found.append((k, y, x))
    return found


@pytest.mark.parametrize("done", [1, 4])
def test_it_goes_on_where_it_was_with_any_workers(root, done):
    whole = list(islice(stream(root, crops=2), 7))
    pairs = stream(root, crops=2)
    for _ in islice(pairs, done):
        continue
    rest = stream(root, crops=2, workers=5)
    rest.set_state(pairs.get_state())
    for one, other in zip(whole[done:], islice(rest, 7 - done), strict=True):
        assert all(map(torch.equal, one, other))


def test_two_processes_have_the_rows_of_one(root):
    parts = [islice(stream(root, n=2, share=(rank, 2)), 6) for rank in range(2)]
    for whole, *halves in zip(islice(stream(root), 6), *parts, strict=True):
        for side, *ends in zip(whole, *halves, strict=True):
            assert torch.equal(side, torch.cat(ends))


def test_where_one_product_has_no_data_neither_is_cut(root):
    for date in range(3):
        values = np.full((SIDE, SIDE), np.nan)
        values[12:, 3] = place_of(0, date)[12:, 3]
        put(root / file_of("etm_sr", 0, date), 6, values)
    middles = [
        int(side[k, 0, SIZE // 2, SIZE // 2])
        for batch in islice(stream(root), 20)
        for side in batch
        for k in range(4)
        if batch[2][k, 0, 0, 0] < 10_000
    ]
    assert middles
    assert all(at % 1000 % SIDE == 3 and at % 1000 // SIDE >= 12 for at in middles)


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:400])


@pytest.mark.parametrize("spoil", [Path.unlink, damage])
@pytest.mark.parametrize("product", ["etm_sr", "etm_toa"])
def test_a_patch_that_is_lost_or_spoilt_later_is_one_sentence_or_left_out_in_both(root, spoil, product):
    pairs, skipping = (stream(root, skip_bad=skip, size=SIDE) for skip in (False, True))
    for date in range(3):
        spoil(root / file_of(product, 3, date))
    wanted = (
        rf"^{product}/0000003/2020010\d/all_bands\.tif could not be read and may be damaged; copy it again, or leave"
    )
    with pytest.raises(BadPatch, match=wanted):
        list(islice(pairs, 4))
    seen = [int(place) for batch in islice(skipping, 2) for place in batch[0][:, 0, 0, 0] // 10_000]
    assert sorted(seen[:4]) == [0, 1, 5, 6]
    assert skipping.skipped == skipping.get_state()[2] > 0


def test_a_place_whose_patches_are_of_two_sizes_is_named_or_left_out(root):
    put(root / file_of("etm_toa", 3, 1), 9, np.ones((18, 20)))
    wanted = (
        r"all patches of a location, but etm_sr/0000003/20200100/all_bands.tif \(20 × 20 pixels\) and etm_toa/0000003"
    )
    with pytest.raises(ValueError, match=wanted):
        both(root)
    left = both(root, skip_bad=True)
    assert (left.n_locations, left.n_patches) == (4, 3 * 3 + 1 + 4 * 3)


def test_a_patch_that_was_damaged_before_is_named_or_left_out(root):
    damage(root / file_of("etm_toa", 1, 0))
    with pytest.raises(ValueError, match=r"^etm_toa/0000001/20200100/all_bands\.tif .*, or leave bad patches out"):
        both(root)
    assert both(root, skip_bad=True).n_patches == 4 * 3 + 1 + 5 * 3 - 1


def lose(name: str) -> Callable[[Path], None]:
    return lambda root: shutil.rmtree(root / name)


@pytest.mark.parametrize(
    ("spoil", "names", "message"),
    [
        (lose("etm_sr"), PRODUCTS, "but .*a has no patch of etm_sr; name the folder of both"),
        (lambda _: None, ("etm_sr", "s3"), "no archive has a product 's3'; choose from .*s1, s2a, s2c"),
        (
            lambda root: [shutil.rmtree(root / "etm_sr" / f"000000{k}") for k in (0, 1, 3, 5, 6)],
            PRODUCTS,
            "no location of both etm_sr and etm_toa; name others",
        ),
    ],
)
def test_products_that_do_not_go_together_are_refused(root, spoil, names, message):
    spoil(root)
    with pytest.raises(ValueError, match=message):
        joined(*(index_archive(root, product=name) for name in names))


def test_each_product_has_its_own_table_which_holds_as_long_as_its_folders(root, monkeypatch):
    first = index_archive(root, product="etm_sr")
    put(root / file_of("etm_toa", 9, 0), 9, place_of(9, 0))
    from workbench.patches import archive_indexing

    monkeypatch.setattr(archive_indexing, "find_patches", lambda *_: pytest.fail("the table was made again"))
    assert index_archive(root, product="etm_sr").table.equals(first.table)
    assert {name.split("/")[0] for name in first.table["file"].to_pylist()} == {"etm_sr"}

"""Scaling, window means and pairs, against slow formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.scenes import make_cube
from workbench.patches import BandScaler, ScenePairs, centre_means, pick_device, scene_tensor, window_means
from workbench.patches.tiles import tiles_that_fit


@pytest.fixture
def holey() -> np.ndarray:
    """Random values (4, 9, 11) with some pixels missing."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4, 9, 11)).astype("float32")
    values[:, rng.random((9, 11)) < 0.2] = np.nan
    return values


def slow_mean(values: np.ndarray, row: int, column: int, size: int) -> np.ndarray:
    """Mean of the window's pixels that have data and lie in the scene, one by one."""
    found = [
        values[:, r, c]
        for r in range(row - size // 2, row + size // 2 + 1)
        for c in range(column - size // 2, column + size // 2 + 1)
        if 0 <= r < values.shape[1] and 0 <= c < values.shape[2] and np.isfinite(values[0, r, c])
    ]
    return np.mean(found, axis=0)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_window_means_are_means_of_what_has_data(holey, size):
    got = window_means(torch.from_numpy(holey), (size,))[:, 0].numpy()
    for row, column in np.ndindex(9, 11):
        if np.isfinite(holey[0, row, column]):
            np.testing.assert_allclose(got[:, row, column], slow_mean(holey, row, column, size), atol=1e-5)
        else:
            assert np.isnan(got[:, row, column]).all()


def test_a_patch_gives_the_means_of_its_scene(holey):
    windows, half = (1, 3, 7), 3
    padded = np.pad(holey, ((0, 0), (half, half), (half, half)), constant_values=np.nan)
    patches = [padded[:, r : r + 7, c : c + 7] for r, c in np.ndindex(9, 11)]
    got = centre_means(torch.from_numpy(np.stack(patches)), windows)
    dense = window_means(torch.from_numpy(holey), windows).flatten(2).permute(2, 0, 1)
    torch.testing.assert_close(got, dense, atol=1e-5, rtol=0, equal_nan=True)


def test_scaled_bands_have_mean_zero_and_spread_one(holey):
    scaled = BandScaler(4).fit(torch.from_numpy(holey))(torch.from_numpy(holey)[None])[0].numpy()
    np.testing.assert_allclose(np.nanmean(scaled, axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(np.nanstd(scaled, axis=(1, 2), ddof=1), 1, atol=1e-5)


def test_a_constant_band_becomes_zero_not_noise():
    values = torch.rand(2, 5, 5)
    values[1] = 0.3
    scaled = BandScaler(2).fit(values)(values[None])[0]
    assert scaled[1].abs().max() == 0


def test_black_is_where_zero_reflectance_goes(holey):
    scaler = BandScaler(4).fit(torch.from_numpy(holey))
    torch.testing.assert_close(scaler(torch.zeros(1, 4))[0], scaler.black)


def test_a_pixel_that_misses_a_good_band_misses_all_and_bad_bands_are_left_out():
    values = np.ones((3, 2, 2))
    values[0, 0, 0] = np.nan
    values[2] = np.nan
    scene = scene_tensor(make_cube(values, good=np.array([True, True, False])))
    assert scene.shape == (2, 2, 2)
    assert scene[:, 0, 0].isnan().all()
    assert scene.isnan().sum() == 2


def grid_cube(height: int = 20, width: int = 31) -> object:
    """Cube whose two bands are the row and the column of the pixel, some of them missing."""
    row, column = np.mgrid[:height, :width]
    values = np.stack([row, column]).astype("float32")
    values[:, 5:8, 10:20] = np.nan
    return make_cube(values, wavelength=np.array([500.0, 600.0]))


def unscaled(pairs: ScenePairs, batch: torch.Tensor) -> torch.Tensor:
    return (batch[:, :, 0] * pairs.scaler.scale + pairs.scaler.mean).round()


def test_neighbours_are_within_reach_and_have_data():
    pairs = ScenePairs(grid_cube(), n=4000, reach=3, seed=2)
    here, there = (unscaled(pairs, side) for side in next(iter(pairs)))
    steps = here - there
    assert steps.abs().max() == 3
    assert there.isfinite().all()
    # Every step of the 7 x 7 square is taken about equally often in the middle of the scene.
    middle = ((here[:, 0] > 10) & (here[:, 0] < 16) & (here[:, 1] > 3) & (here[:, 1] < 27)).nonzero()[:, 0]
    seen = {tuple(step.int().tolist()) for step in steps[middle]}
    assert len(seen) == 49


def test_every_pixel_with_data_can_be_drawn_and_no_other():
    pairs = ScenePairs(grid_cube(), n=20000, seed=0)
    here = unscaled(pairs, next(iter(pairs))[0]).int()
    assert len({tuple(p.tolist()) for p in here}) == pairs.n_pixels == 20 * 31 - 30


def test_the_same_seed_draws_the_same_batches():
    one, two, other = (iter(ScenePairs(grid_cube(), n=50, reach=2, seed=seed)) for seed in (4, 4, 5))
    for _ in range(3):
        a, b, c = next(one), next(two), next(other)
        assert torch.equal(a[0], b[0])
        assert torch.equal(a[1], b[1])
        assert not torch.equal(a[0], c[0])


def test_a_scene_that_does_not_fit_is_read_in_tiles_spread_over_it():
    cube = grid_cube(64, 64)
    pairs = ScenePairs(cube, (1, 3), n=5000, reach=2, memory=4 * 2 * 2 * 16 * 16 * 3, tile=16)
    assert pairs.n_pixels <= 3 * 16 * 16
    here, there = (unscaled(pairs, side) for side in next(iter(pairs)))
    assert (here - there).abs().max() == 2
    assert torch.equal(here // 16, there // 16)


def test_an_unknown_device_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="device 'warp' is not here; use 'auto' or 'cpu'"):
        pick_device("warp")


def test_tiles_cover_a_scene_whose_sides_are_no_whole_number_of_them():
    covered = np.zeros((512, 217), int)
    for seed in range(20):
        shape, tiles = tiles_that_fit(512, 217, 100_000, tile=128, seed=seed)
        assert shape == (128, 217)
        assert sum(tile.n_pixels for tile in tiles) <= 100_000
        for tile in tiles:
            covered[tile.place] += 1
    assert (covered > 0).all()

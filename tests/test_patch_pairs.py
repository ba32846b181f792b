"""Patches drawn for a whole batch are those cut one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.scenes import make_cube
from workbench.patches import PatchPairs, patches_at


def grid_cube(height: int = 20, width: int = 31) -> object:
    """Cube whose bands are the row, the column and a texture of the pixel, some of them missing."""
    row, column = np.mgrid[:height, :width]
    values = np.stack([row, column, (row * 7 + column * 3) % 11]).astype("float32")
    values[:, 5:8, 10:20] = np.nan
    values[:, 0, 0] = np.nan
    return make_cube(values, wavelength=np.array([500.0, 600.0, 700.0]))


def unscaled(pairs: PatchPairs, batch: torch.Tensor) -> np.ndarray:
    shape = (1, -1, 1, 1)
    return (batch * pairs.scaler.scale.view(shape) + pairs.scaler.mean.view(shape)).numpy()


def cut(values: np.ndarray, row: int, column: int, size: int) -> np.ndarray:
    """One patch, pixel by pixel; NaN outside."""
    patch = np.full((len(values), size, size), np.nan, "float32")
    for down in range(size):
        for right in range(size):
            y, x = row + down - size // 2, column + right - size // 2
            if 0 <= y < values.shape[1] and 0 <= x < values.shape[2]:
                patch[:, down, right] = values[:, y, x]
    return patch


@pytest.mark.parametrize("memory", [None, 4 * 3 * 16 * 16 * 5])
@pytest.mark.parametrize("size", [1, 5, 9])
def test_each_patch_is_the_one_cut_round_its_middle(size, memory):
    cube = grid_cube(40, 50)
    pairs = PatchPairs(cube, size, n=60, reach=2, seed=1, memory=memory, tile=8)
    for side in next(iter(pairs)):
        for got in unscaled(pairs, side):
            row, column = got[:2, size // 2, size // 2].round().astype(int)
            np.testing.assert_allclose(got, cut(cube.values, row, column, size), atol=1e-4)


def test_neighbours_are_within_reach_and_have_data():
    pairs = PatchPairs(grid_cube(), 3, n=6000, reach=3, seed=2)
    here, there = (unscaled(pairs, side)[:, :2, 1, 1].round() for side in next(iter(pairs)))
    assert np.isfinite(here).all()
    assert np.isfinite(there).all()
    steps = here - there
    assert np.abs(steps).max() == 3
    middle = (here[:, 0] > 10) & (here[:, 0] < 16) & (here[:, 1] > 3) & (here[:, 1] < 27)
    assert len({tuple(step) for step in steps[middle].astype(int)}) == 49


def test_every_pixel_with_data_can_be_drawn_and_no_other():
    pairs = PatchPairs(grid_cube(), 3, n=20000, seed=0)
    here = unscaled(pairs, next(iter(pairs))[0])[:, :2, 1, 1].round().astype(int)
    assert len({tuple(p) for p in here}) == pairs.n_pixels == 20 * 31 - 31


def test_the_same_seed_draws_the_same_batches():
    one, two, other = (iter(PatchPairs(grid_cube(), 5, n=50, reach=2, seed=seed)) for seed in (4, 4, 5))
    for _ in range(3):
        a, b, c = next(one), next(two), next(other)
        assert all(torch.equal(x.nan_to_num(), y.nan_to_num()) for x, y in zip(a, b, strict=True))
        assert not torch.equal(a[0].nan_to_num(), c[0].nan_to_num())


def test_the_pixels_held_keep_within_the_memory_allowed():
    memory = 4 * 3 * 2000
    pairs = PatchPairs(grid_cube(80, 90), 7, n=4, memory=memory, tile=12)
    assert pairs.pixels.numel() * 4 <= memory
    assert pairs.n_pixels > 500


def test_bands_are_scaled_to_mean_zero_and_spread_one():
    pairs = PatchPairs(grid_cube(), 3, n=20000)
    middle = next(iter(pairs))[0][:, :, 1, 1]
    np.testing.assert_allclose(middle.mean(dim=0), 0, atol=0.03)
    np.testing.assert_allclose(middle.std(dim=0), 1, atol=0.03)


def test_a_patch_without_a_middle_is_refused():
    with pytest.raises(ValueError, match="its side is odd, got 8; use 9"):
        PatchPairs(grid_cube(), 8)


def test_patches_at_places_are_those_cut_one_by_one():
    values = grid_cube().values
    places = [(0, 0), (3, 30), (6, 12), (19, 5)]
    got = patches_at(torch.from_numpy(values), *np.array(places).T, 5)
    np.testing.assert_array_equal(got, [cut(values, *place, 5) for place in places])

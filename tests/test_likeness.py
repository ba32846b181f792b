"""What is chosen from the scene without labels: how far its spectra stay alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom

from tests.scenes import make_cube
from workbench.pretrain import Recipe, likeness, settle


def fields(side: int, size: int = 96, seed: int = 0) -> object:
    """Square fields of `side` pixels, each of its own random spectrum."""
    rng = np.random.default_rng(seed)
    small = rng.normal(size=(12, size // side, size // side))
    return make_cube(zoom(small, (1, side, side), order=0) + 0.01 * rng.normal(size=(12, size, size)))


def slow_likeness(values: np.ndarray, distance: int) -> float:
    """The correlogram by its definition, pair by pair."""
    scaled = (values - values.mean(axis=(1, 2), keepdims=True)) / values.std(axis=(1, 2), keepdims=True)
    steps = []
    for row, column in np.ndindex(values.shape[1:]):
        for down, right in ((distance, 0), (0, distance)):
            if row + down < values.shape[1] and column + right < values.shape[2]:
                steps.append(np.mean((scaled[:, row + down, column + right] - scaled[:, row, column]) ** 2))
    return 1 - np.mean(steps) / 2


@pytest.mark.parametrize("distance", [1, 3])
def test_agrees_with_the_definition(distance):
    values = gaussian_filter(np.random.default_rng(0).normal(size=(5, 20, 23)), (0, 2, 2))
    assert likeness(make_cube(values), [distance])[0] == pytest.approx(slow_likeness(values, distance), abs=5e-3)


def test_noise_is_not_alike_and_a_field_is():
    assert abs(likeness(make_cube(np.random.default_rng(0).normal(size=(8, 60, 60))), [1])[0]) < 0.05
    assert likeness(fields(48), [1])[0] > 0.9


def test_pixels_without_data_and_narrow_scenes_do_not_matter():
    values = fields(12).values.copy()
    whole = likeness(make_cube(values), [2, 5])
    values[:, ::7, ::5] = np.nan
    assert likeness(make_cube(values), [2, 5]) == pytest.approx(whole, abs=0.05)
    assert likeness(make_cube(np.random.default_rng(0).random((3, 4, 4))), [9]) == [0]


@pytest.mark.parametrize(("side", "encoder", "reach"), [(32, "context", 8), (6, "pixel", 3), (1, "pixel", 1)])
def test_wide_fields_get_context_and_small_ones_do_not(side, encoder, reach):
    settled = settle(Recipe(), fields(side))
    assert (settled.encoder, settled.reach) == (encoder, reach)


def test_what_the_user_chose_stays():
    recipe = Recipe(encoder="context", reach=2)
    assert settle(recipe, fields(1)) == recipe

"""Budgets and splits give what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from workbench.labels import block_split, check_trainable, counts, draw, footprint_distance, open_labels, random_split
from workbench.labels.blocks import TRIALS, _sides, block_halves, distance_to
from workbench.labels.rasterise import as_labels
from workbench.labels.split import Split


def patchwork(seed: int = 0, height: int = 60, width: int = 70, n_classes: int = 4, side: int = 5) -> xr.DataArray:
    """Fields of random classes, a third of the pixels unlabelled."""
    rng = np.random.default_rng(seed)
    fields = rng.integers(1, n_classes + 1, (height // side + 1, width // side + 1))
    values = np.kron(fields, np.ones((side, side), int))[:height, :width] * (rng.random((height, width)) < 0.67)
    blank = xr.DataArray(np.zeros((1, height, width)), dims=("band", "y", "x"))
    return as_labels(values, blank, [f"c{i}" for i in range(n_classes)])


def brute_distance(train: np.ndarray, test: np.ndarray) -> int:
    """The formula: the larger of row and column distance, over every pair."""
    return min(max(abs(r - i), abs(c - j)) for r, c in np.argwhere(train) for i, j in np.argwhere(test))


def test_a_draw_keeps_exactly_the_budget_and_only_true_labels():
    labels = patchwork()
    drawn = draw(labels, 7, seed=1)
    assert counts(drawn).tolist() == [7, 7, 7, 7]
    chosen = drawn.values > 0
    np.testing.assert_array_equal(drawn.values[chosen], labels.values[chosen])
    assert drawn.attrs == labels.attrs


def test_rare_classes_give_half_and_are_reported():
    values = np.zeros((10, 10), int)
    values[0, :7], values[1:3], values[9, 9] = 1, 2, 3
    labels = as_labels(
        values, xr.DataArray(np.zeros((1, 10, 10)), dims=("band", "y", "x")), ["rare", "common", "single"]
    )
    assert counts(draw(labels, 5, seed=0)).to_dict() == {"rare": 3, "common": 5, "single": 0}


def test_the_same_seed_draws_the_same_and_another_seed_another():
    labels = patchwork()
    assert draw(labels, 5, 3).equals(draw(labels, 5, 3))
    assert not draw(labels, 5, 3).equals(draw(labels, 5, 4))


def test_a_small_budget_lies_within_a_large_one():
    labels = patchwork()
    small, large = draw(labels, 5, 3).values > 0, draw(labels, 20, 3).values > 0
    assert (large | ~small).all()


def test_every_pixel_of_a_class_is_drawn_equally_often():
    labels = patchwork(height=12, width=12)
    times = sum((draw(labels, 3, seed).values > 0).astype(int) for seed in range(3000))
    for code, n in enumerate(counts(labels), start=1):
        share = times[labels.values == code] / 3000
        expected = 3 / n
        error = np.sqrt(expected * (1 - expected) / 3000)
        assert np.abs(share - expected).max() < 4.5 * error


def test_a_random_split_tests_on_everything_else():
    labels = patchwork()
    split = random_split(labels, 6, 0)
    np.testing.assert_array_equal(split.train.values + split.test.values, labels.values)
    assert not ((split.train.values > 0) & (split.test.values > 0)).any()
    assert split.note == ""


def slow_halves(labels: xr.DataArray, seed: int, footprint: int) -> tuple[np.ndarray, np.ndarray]:
    """All halvings looked at over the whole scene, pixel by pixel and pair by pair."""
    values, rng, best = labels.values, np.random.default_rng(seed), (None, None)
    total = np.bincount(values.ravel())[1:]
    for _ in range(TRIALS):
        side = int(rng.choice(_sides(values.shape, footprint)))
        down, across = rng.integers(side), rng.integers(side)
        rows, columns = (values.shape[0] - 1 + down) // side + 1, (values.shape[1] - 1 + across) // side + 1
        taken = rng.permutation(rows * columns) < max(1, rows * columns // 2)
        part, beyond = np.zeros(values.shape, bool), np.zeros(values.shape, bool)
        for r, c in np.ndindex(values.shape):
            part[r, c] = taken[(r + down) // side * columns + (c + across) // side]
        marked = np.argwhere(part & (values > 0))
        for r, c in np.argwhere(~part):
            beyond[r, c] = len(marked) == 0 or np.abs(marked - (r, c)).max(axis=1).min() >= footprint
        train, test = (np.bincount(values[half], minlength=len(total) + 1)[1:] for half in (part, beyond))
        share = np.minimum(train, test)[total > 0] / total[total > 0]
        score = ((share > 0).sum(), (train > 0).sum(), share[share > 0].min(initial=1), test.sum())
        if best[0] is None or score > best[0]:
            best = score, (part, beyond)
    return best[1]


@pytest.mark.parametrize("footprint", [1, 4])
@pytest.mark.parametrize("share", [0.03, 0.5])
def test_halves_are_those_of_the_whole_scene_looked_at_pixel_by_pixel(footprint, share):
    labels = patchwork(height=18, width=22)
    labels = labels.where(np.random.default_rng(1).random(labels.shape) < share, 0).assign_attrs(labels.attrs)
    halves = block_halves(labels, 5, footprint=footprint)
    part, beyond = slow_halves(labels, 5, footprint)
    np.testing.assert_array_equal(halves.train, part)
    np.testing.assert_array_equal(halves.test, beyond)


@pytest.mark.parametrize("footprint", [1, 3, 7, 11])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_test_pixel_is_within_the_footprint_of_a_training_pixel(footprint, seed):
    labels = patchwork(seed)
    split = block_split(labels, 8, seed, footprint=footprint)
    assert brute_distance(split.train.values, split.test.values) >= footprint
    assert brute_distance(split.train.values, split.test.values) == footprint_distance(split)
    assert counts(split.train).tolist() == [8, 8, 8, 8]
    assert (counts(split.test) > 0).all()
    for half in (split.train.values, split.test.values):
        np.testing.assert_array_equal(half[half > 0], labels.values[half > 0])


def test_windows_of_training_and_test_pixels_share_no_pixel():
    labels, footprint = patchwork(4), 5
    split = block_split(labels, 10, 0, footprint=footprint)
    reach = footprint // 2
    seen = [np.zeros(labels.shape, bool), np.zeros(labels.shape, bool)]
    for half, mask in zip((split.train, split.test), seen, strict=True):
        for row, column in np.argwhere(half.values):
            mask[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = True
    assert not (seen[0] & seen[1]).any()


def test_the_check_sees_a_broken_guard_band():
    labels = patchwork()
    broken = random_split(labels, 8, 0)
    assert footprint_distance(broken) == 1
    assert footprint_distance(Split(broken.train, labels * 0)) > 100


def test_distance_is_chebyshev():
    rng = np.random.default_rng(0)
    marked = rng.random((15, 20)) < 0.02
    marked[3, 4] = True
    slow = [[min(max(abs(r - i), abs(c - j)) for i, j in np.argwhere(marked)) for c in range(20)] for r in range(15)]
    np.testing.assert_array_equal(distance_to(marked), slow)


def test_the_test_half_is_the_same_for_every_budget():
    labels = patchwork()
    halves = [block_split(labels, budget, 5, footprint=7).test for budget in (2, 5, 20)]
    assert halves[0].equals(halves[1])
    assert halves[0].equals(halves[2])


def test_seeds_give_different_halves():
    labels = patchwork()
    halves = [block_split(labels, 5, seed, footprint=5) for seed in (0, 0, 1)]
    assert halves[0].test.equals(halves[1].test)
    assert not halves[0].test.equals(halves[2].test)


def test_a_class_in_one_corner_stays_in_training_and_the_note_says_it():
    labels = patchwork()
    values = labels.values.copy()
    values[values == 4] = 0
    values[:3, :3] = 4
    split = block_split(labels.copy(data=values), 5, 0, footprint=11)
    assert counts(split.train)["c3"] == 4
    assert split.note == "no test pixel of c3: left out of the class averages"


def test_a_class_of_one_pixel_is_said_to_be_untrained():
    labels = patchwork(height=20, width=20)
    values = np.where(labels.values == 4, 0, labels.values)
    values[5, 5] = 4
    assert (
        random_split(labels.copy(data=values), 5, 0).note == "no training pixel of c3: its test pixels count as wrong"
    )


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda labels: draw(labels, 0, 0), "a budget is at least 1 label a class, got 0"),
        (lambda labels: block_split(labels, 5, 0, footprint=0), "footprint and block are at least 1 pixel, got 0"),
        (lambda labels: block_split(labels, 5, 0, footprint=200), "no test pixel is left 200 pixels or more"),
        (lambda labels: check_trainable(labels * 0 + 1), "at least two classes, got only 'c0' in the labels; label a"),
        (lambda labels: check_trainable(labels * 0), "at least two classes, got none in the labels; label a"),
    ],
)
def test_what_cannot_be_split_is_refused(attempt, message):
    labels = patchwork()
    with xr.set_options(keep_attrs=True), pytest.raises(ValueError, match=message):
        attempt(labels)


@pytest.mark.realdata
def test_salinas_a_splits_into_halves_with_every_class(real_data):
    blank = xr.DataArray(
        np.zeros((1, 83, 86), "float32"),
        dims=("band", "y", "x"),
        coords={"x": np.arange(86) + 0.5, "y": np.arange(83) + 0.5},
    )
    truth = open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", blank)
    for seed in range(5):
        split = block_split(truth, 20, seed, footprint=11)
        assert split.note == ""
        assert counts(split.train).tolist() == [20] * 6
        assert counts(split.test).min() >= 20
        assert footprint_distance(split) >= 11

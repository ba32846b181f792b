"""The calibration error is the slow formula's, and what is known of a confidence made to order."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from workbench.compare import (
    calibration_error,
    compare_rows,
    reliability,
    reliability_table,
    score_table,
    split_truth,
    summarise,
)
from workbench.cubes import simulated_scene
from workbench.probe import classify_scene


@pytest.fixture(scope="module")
def pixels() -> tuple[np.ndarray, np.ndarray]:
    """A confidence that is right as often as it says."""
    rng = np.random.default_rng(0)
    confidence = rng.beta(3, 1, 50_000)
    return confidence, rng.random(50_000) < confidence


def error_slowly(confidence: np.ndarray, right: np.ndarray) -> float:
    """Σ over bins of n/N · |accuracy − confidence|, pixel by pixel."""
    total = 0.0
    for low in range(10):
        inside = [i for i, c in enumerate(confidence) if low / 10 < c <= (low + 1) / 10 or (low == 0 and c == 0)]
        if inside:
            accuracy = sum(bool(right[i]) for i in inside) / len(inside)
            mean = sum(float(confidence[i]) for i in inside) / len(inside)
            total += len(inside) / len(confidence) * abs(accuracy - mean)
    return total


def test_the_error_is_the_slow_formulas(pixels):
    confidence, right = (one[:3000] for one in pixels)
    assert calibration_error(reliability(confidence, right)) == pytest.approx(error_slowly(confidence, right))
    wrong = np.random.default_rng(1).random(3000) < confidence**3
    assert calibration_error(reliability(confidence, wrong)) == pytest.approx(error_slowly(confidence, wrong))
    assert error_slowly(confidence, wrong) > 0.1


def test_the_reliability_table_is_scikit_learns_curve(pixels):
    table = reliability_table(reliability(*pixels))
    accuracy, confidence = calibration_curve(pixels[1], pixels[0], n_bins=10)
    np.testing.assert_allclose(table["accuracy"], accuracy)
    np.testing.assert_allclose(table["confidence"], confidence)
    assert table["pixels"].sum() == 50_000


def test_confidence_that_is_right_as_often_as_it_says_has_no_error(pixels):
    assert calibration_error(reliability(*pixels)) < 0.01


def test_always_sure_and_right_two_times_in_three_is_a_third_off():
    assert calibration_error(reliability(np.ones(300), np.arange(300) % 3 > 0)) == pytest.approx(1 / 3)


def test_both_ends_are_in_a_bin_and_empty_bins_are_nan():
    table = reliability_table(reliability([0.0, 1.0, 0.1], [False, True, True]))
    assert table["pixels"].tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert table["accuracy"].isna().tolist() == table["confidence"].isna().tolist() == [False, *[True] * 8, False]


def test_rows_hold_the_confidence_of_the_test_pixels_alone():
    cube, truth = simulated_scene(24, 30, seed=1)
    made = []

    def spy(name, cube, labels, **rest):
        made.append(classify_scene(name, cube, labels, **rest))
        unsure = made[-1].confidence.where(labels.values == 0, 0.0)  # what the training pixels say must not count
        return replace(made[-1], confidence=unsure)

    rows = list(compare_rows(cube, truth, ["svm", "knn"], [3], 2, classify=spy))
    for row, one in zip(rows, made, strict=True):
        parts = split_truth(truth, row["split"], row["budget"], row["seed"])
        tested = parts.test.values > 0
        confidence = one.confidence.values[tested]
        right = (one.class_map.values == truth.values)[tested]
        assert row["ece"] == pytest.approx(error_slowly(confidence, right), abs=1e-6)
        assert row["confidence"] == pytest.approx(confidence.mean(), abs=1e-6)
    summary = summarise(score_table(rows))
    assert summary["ece_mean"].iloc[1] == pytest.approx((rows[1]["ece"] + rows[3]["ece"]) / 2)
    assert summarise(score_table(rows).drop(columns="ece")).columns.tolist() == [
        name for name in summary.columns if name != "ece_mean"
    ]


def test_calibration_of_a_large_scene_takes_no_time():
    rng = np.random.default_rng(2)
    confidence, right = rng.random(1_000_000, dtype="float32"), rng.random(1_000_000) < 0.8
    began = time.perf_counter()
    calibration_error(reliability(confidence, right))
    assert time.perf_counter() - began < 0.5

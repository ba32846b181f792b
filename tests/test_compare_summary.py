"""Means and intervals of a score table are what NumPy and SciPy make of its draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.compare import summarise
from workbench.compare.intervals import interval


def made_up(draws: int = 10, gain: float = 0.02) -> pd.DataFrame:
    """Two models; b is `gain` below a in every draw of a common ups and downs."""
    rng = np.random.default_rng(0)
    rows = []
    for budget in (5, 20):
        common = 0.9 + rng.normal(0, 0.03, draws)
        for model, less in (("a", 0.0), ("b", gain)):
            for draw in range(draws):
                oa = common[draw] - less + rng.normal(0, 0.002)
                scores = dict.fromkeys(("aa", "kappa", "f1"), oa - 0.01)
                task = {
                    "model": model,
                    "family": "baseline",
                    "transductive": False,
                    "budget": budget,
                    "split": "random",
                }
                rows.append({**task, "draw": draw, "oa": oa, "seconds": 1.5, **scores})
    return pd.DataFrame(rows)


def test_the_interval_is_students():
    values = np.random.default_rng(1).normal(0.8, 0.05, 12)
    students = stats.t.interval(0.95, 11, loc=values.mean(), scale=stats.sem(values))
    np.testing.assert_allclose(interval(values), students)


def test_the_interval_of_splits_of_the_same_labels_is_nadeaus_and_bengios():
    values = np.random.default_rng(1).normal(0.8, 0.05, 10)
    half = stats.t.ppf(0.975, 9) * np.sqrt((1 / 10 + 30 / 20) * values.var(ddof=1))
    np.testing.assert_allclose(interval(values, overlap=30 / 20), [values.mean() - half, values.mean() + half])


def test_halvings_of_the_same_values_need_a_wider_interval_to_hold_the_truth():
    rng, held = np.random.default_rng(0), {0.0: [], 1.0: []}
    for _ in range(2000):
        values = rng.normal(size=40)
        halves = [values[rng.permutation(40)[:20]].mean() for _ in range(5)]
        for overlap, found in held.items():
            low, high = interval(halves, overlap=overlap)
            found.append(low <= 0 <= high)
    assert np.mean(held[0.0]) < 0.72
    assert 0.93 <= np.mean(held[1.0]) <= 0.97


def of_many(draws: np.ndarray, truth: float) -> float:
    """Share of many comparisons, shape (n, draws), whose interval holds the true mean."""
    return np.mean([low <= truth <= high for low, high in (interval(one, bounds=(0, 1)) for one in draws)])


@pytest.mark.parametrize("draws", [10, 15, 30])
def test_of_a_hundred_intervals_ninety_five_hold_the_truth(draws):
    rng = np.random.default_rng(2)
    assert 0.93 <= of_many(rng.normal(0.8, 0.05, (3000, draws)), 0.8) <= 0.97


def test_scores_whose_draws_share_their_test_pixels_are_covered_too():
    """The truth is the scene's: pixels of unequal difficulty, of which each draw of labels gets some wrong."""
    rng = np.random.default_rng(3)
    right = rng.beta(6, 1, 400)  # chance of each test pixel
    quality = rng.normal(0, 0.05, (2000, 10))  # luck of each draw
    chances = np.clip(right + quality[..., None], 0, 1)
    oa = (rng.random(chances.shape) < chances).mean(axis=-1)
    truth = np.clip(right + rng.normal(0, 0.05, (20_000, 1)), 0, 1).mean()
    assert 0.93 <= of_many(oa, truth) <= 0.97


def test_an_accuracy_above_one_is_not_believed():
    assert interval([1.0, 0.9], bounds=(0, 1)) == pytest.approx((0.315, 1), abs=0.001)
    table = made_up(draws=2).assign(oa=[1.0, 0.9] * 4)
    assert max(high for _, high in summarise(table)["oa_ci95"]) == 1


def test_a_summary_has_the_columns_that_json_shows():
    summary = summarise(made_up())
    wanted = "model family budget split draws oa_mean oa_sd oa_ci95 aa_mean kappa_mean f1_mean seconds_mean"
    assert list(summary.columns)[:12] == wanted.split()
    assert list(zip(summary["model"], summary["budget"], strict=True)) == [("a", 5), ("b", 5), ("a", 20), ("b", 20)]


def test_means_and_spread_are_numpys():
    table = made_up()
    row = summarise(table).iloc[3]
    oa = table[(table["model"] == "b") & (table["budget"] == 20)]["oa"].to_numpy()
    assert row["oa_mean"] == pytest.approx(oa.mean())
    assert row["oa_sd"] == pytest.approx(oa.std(ddof=1))
    assert row["oa_ci95"][0] < oa.mean() < row["oa_ci95"][1]
    assert row["draws"] == 10


def test_one_draw_has_no_spread():
    row = summarise(made_up(draws=1)).iloc[0]
    assert np.isnan([row["oa_sd"], *row["oa_ci95"]]).all()

"""Intervals and differences of a score table are what a bootstrap by hand gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.compare import paired, summarise
from workbench.compare.summary import interval


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


def bootstrap_slowly(values: np.ndarray) -> tuple[float, float]:
    rng = np.random.default_rng(99)
    means = [np.mean([values[rng.integers(len(values))] for _ in values]) for _ in range(4000)]
    return tuple(np.percentile(means, (2.5, 97.5)))


def test_the_interval_is_the_bootstraps():
    values = np.random.default_rng(1).normal(0.8, 0.05, 12)
    np.testing.assert_allclose(interval(values), bootstrap_slowly(values), atol=0.003)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    inside = [low <= 0.8 <= high for low, high in (interval(rng.normal(0.8, 0.05, 30)) for _ in range(400))]
    assert 0.89 <= np.mean(inside) <= 0.98


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


def test_a_paired_difference_is_surer_than_the_means_apart():
    table = made_up()
    difference = paired(table, "a", "b").iloc[0]
    assert difference["difference"] == pytest.approx(0.02, abs=0.003)
    low, high = difference["ci95"]
    assert 0 < low < 0.02 + 0.003
    assert high - low < 0.01
    a, b = summarise(table)["oa_ci95"].iloc[:2]
    assert a[0] < b[1], "the intervals of the means overlap, and still the difference is sure"
    assert difference["wins"] == 1.0


def test_pairs_are_matched_by_draw_not_by_place():
    table = made_up().sample(frac=1, random_state=0)
    assert paired(table, "b", "a")["difference"].max() == pytest.approx(-0.02, abs=0.003)


@pytest.mark.parametrize(
    ("table", "names", "message"),
    [
        (made_up(), ("a", "c"), "no model 'c' was compared; choose from a, b"),
        (made_up()[lambda t: (t["model"] == "a") == (t["draw"] < 5)], ("a", "b"), "'a' and 'b' share no draw"),
    ],
)
def test_what_cannot_be_paired_is_refused(table, names, message):
    with pytest.raises(ValueError, match=message):
        paired(table, *names)

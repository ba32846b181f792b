"""Differences are paired, their p-values SciPy's, and many comparisons are corrected by Holm's steps."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.compare import differences_from, holm, paired, summarise
from workbench.compare.differences import sign_flip


def made_up(draws: int = 10, **gains: float) -> pd.DataFrame:
    """Models `gains` above a common up and down of the draws, at two budgets."""
    rng = np.random.default_rng(0)
    rows = []
    for budget in (5, 20):
        common = 0.8 + rng.normal(0, 0.03, draws)
        for model, gain in gains.items():
            for draw in range(draws):
                oa = common[draw] + gain + rng.normal(0, 0.002)
                task = {"model": model, "family": "baseline", "transductive": False, "budget": budget}
                scores = dict.fromkeys(("aa", "kappa", "f1"), oa - 0.01)
                rows.append({**task, "split": "random", "draw": draw, "oa": oa, "seconds": 1.5, **scores})
    return pd.DataFrame(rows)


def holm_slowly(p: list[float]) -> list[float]:
    """Each p times the number of those not smaller, at least what any smaller one became, at most 1."""
    found = []
    for mine in p:
        smaller = [other for other in p if other <= mine]
        found.append(min(1.0, max(other * sum(o >= other for o in p) for other in smaller)))
    return found


@pytest.mark.parametrize("draws", [3, 10])
@pytest.mark.parametrize("shift", [0.0, 0.01, 0.03])
def test_p_is_scipys_exact_permutation_test(draws, shift):
    rng = np.random.default_rng(draws)
    a, b = rng.normal(0.8 + shift, 0.02, draws), rng.normal(0.8, 0.02, draws)
    truth = stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", vectorized=True
    )
    assert len(truth.null_distribution) == 2**draws
    assert sign_flip(a - b) == pytest.approx(truth.pvalue)


def test_p_of_many_draws_is_near_the_exact_one(monkeypatch):
    values = np.random.default_rng(1).normal(0.002, 0.03, 14)
    exact = sign_flip(values)
    monkeypatch.setattr("workbench.compare.differences.EXACT", 5)
    assert 0.05 < exact < 0.95
    assert sign_flip(values) == pytest.approx(exact, abs=0.02)
    assert sign_flip(values, seed=1) == sign_flip(values, seed=1) != sign_flip(values, seed=2)
    assert sign_flip(np.full(40, 0.1)) == 1e-4, "chance never leaves it at 0"


def test_models_that_are_alike_are_rarely_told_apart():
    rng = np.random.default_rng(4)
    found = [sign_flip(rng.normal(0, 0.02, 8)) <= 0.05 for _ in range(1500)]
    assert 0.03 <= np.mean(found) <= 0.065


def test_equal_scores_give_no_sign():
    assert sign_flip([0.0, 0.0, 0.0]) == 1.0


def test_p_of_tenths_is_that_of_exact_fractions():
    """In binary 0.6 + 0.5 + 0.3 + 0.2 depends on the order; sums that are as far from 0 must count as such."""
    for tenths in itertools.combinations(range(-6, 7), 4):
        sums = [abs(np.dot(tenths, signs)) for signs in itertools.product((1, -1), repeat=4)]
        assert sign_flip(np.array(tenths) / 10) == np.mean(np.array(sums) >= abs(sum(tenths)))


def test_holm_is_the_slow_formulas():
    rng = np.random.default_rng(5)
    for n in (1, 2, 7, 30):
        p = rng.random(n) ** 3
        np.testing.assert_allclose(holm(p), holm_slowly(list(p)))
    assert holm([]).size == 0


def test_holm_by_hand():
    """0.01 × 4 = 0.04, 0.02 × 3 = 0.06, 0.03 × 2 = 0.06; 0.04 × 1 is raised to the one before it."""
    np.testing.assert_allclose(holm([0.04, 0.01, 0.03, 0.02]), [0.06, 0.04, 0.06, 0.06])


def test_every_model_is_held_against_the_first_unless_told():
    table = made_up(svm=0.0, knn=-0.03, forest=0.02)
    found = differences_from(table)
    assert set(found["against"]) == {"svm"}
    tasks = [("knn", 5), ("knn", 20), ("forest", 5), ("forest", 20)]
    assert list(zip(found["model"], found["budget"], strict=True)) == tasks
    assert found["difference"].to_numpy() == pytest.approx([-0.03, -0.03, 0.02, 0.02], abs=0.003)
    assert found["p"].tolist() == [2 / 2**10] * 4
    assert found["p_holm"].tolist() == holm_slowly(found["p"].tolist()) == [4 * 2 / 2**10] * 4
    assert set(differences_from(table, "knn")["model"]) == {"svm", "forest"}


def test_a_single_model_has_nothing_to_be_held_against():
    found = differences_from(made_up(svm=0.0))
    assert found.empty
    assert "p_holm" in found


def test_a_paired_difference_is_surer_than_the_means_apart():
    table = made_up(a=0.02, b=0.0)
    difference = paired(table, "a", "b").iloc[0]
    assert difference["difference"] == pytest.approx(0.02, abs=0.003)
    low, high = difference["ci95"]
    assert 0 < low < 0.02 + 0.003
    assert high - low < 0.01
    a, b = summarise(table)["oa_ci95"].iloc[:2]
    assert a[0] < b[1], "the intervals of the means overlap, and still the difference is sure"
    assert difference["wins"] == 1.0


def test_pairs_are_matched_by_draw_not_by_place():
    table = made_up(a=0.02, b=0.0).sample(frac=1, random_state=0)
    assert paired(table, "b", "a")["difference"].max() == pytest.approx(-0.02, abs=0.003)


def test_the_interval_of_the_difference_is_that_of_scipys_paired_t_test():
    table = made_up(a=0.02, b=0.0)
    a, b = (table[(table["model"] == name) & (table["budget"] == 5)]["oa"].to_numpy() for name in "ab")
    truth = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert paired(table, "a", "b").iloc[0]["ci95"] == pytest.approx([truth.low, truth.high])


@pytest.mark.parametrize(
    ("table", "names", "message"),
    [
        (made_up(a=0.02, b=0.0), ("a", "c"), "no model 'c' was compared; choose from a, b"),
        (
            made_up(a=0.02, b=0.0)[lambda t: (t["model"] == "a") == (t["draw"] < 5)],
            ("a", "b"),
            "'a' and 'b' share no draw",
        ),
    ],
)
def test_what_cannot_be_paired_is_refused(table, names, message):
    with pytest.raises(ValueError, match=message):
        paired(table, *names)
    with pytest.raises(ValueError, match=message):
        differences_from(table, names[1])


def test_a_difference_over_splits_of_the_same_labels_has_the_wider_interval():
    table = made_up(a=0.0, b=0.01)
    for row in paired(table, "b", "a", overlap=1.0).to_dict("records"):
        wide = table[table["budget"] == row["budget"]].pivot(index="draw", columns="model", values="oa")
        apart = wide["b"] - wide["a"]
        half = stats.t.ppf(0.975, 9) * apart.std(ddof=1) * np.sqrt(1 / 10 + 1)
        np.testing.assert_allclose(row["ci95"], [apart.mean() - half, apart.mean() + half])

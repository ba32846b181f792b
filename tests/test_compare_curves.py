"""Learning curves are the means of their draws, and a forecast finds again the law that made them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import least_squares
from sklearn.metrics import recall_score

from workbench.compare import class_curves, compare_rows, forecasts, learning_curves, power_law, score_table, summarise
from workbench.cubes import open_cube
from workbench.labels import open_labels


def made_up(
    seed: int = 0, law: tuple[float, float, float] = (0.05, 0.6, 0.5), budgets: tuple[int, ...] = (5, 10, 20),
    draws: int = 10, luck: float = 0.03,
) -> pd.DataFrame:  # fmt: skip
    """Draws whose errors are a + b n^-c on average; good labels at a small budget are among those of a larger one."""
    rng = np.random.default_rng(seed)
    a, b, c = law
    rows = []
    for draw in range(draws):
        common = rng.normal(0, luck)
        for n in budgets:
            error = a + b * n**-c + (0.6 * common + 0.8 * rng.normal(0, luck)) * np.sqrt(budgets[0] / n)
            rows.append({"model": "m", "split": "random", "budget": n, "draw": draw, "oa": 1 - error})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("n_budgets", [3, 5])
@pytest.mark.parametrize("law", [(0.05, 0.6, 0.5), (0.0, 0.5, 0.3), (0.1, 1.0, 1.0)])
def test_the_law_is_scipys_bounded_least_squares(law, n_budgets):
    budgets = 5.0 * 2 ** np.arange(n_budgets)
    rng = np.random.default_rng(0)
    for _ in range(5):
        errors = law[0] + law[1] * budgets ** -law[2] + rng.normal(0, 0.01, n_budgets)
        starts = [(0.01, 0.5, c) for c in (0.1, 0.5, 2.0)]
        fits = [
            least_squares(
                lambda p, e: p[0] + p[1] * budgets ** -p[2] - e, x, args=[errors], bounds=([0, 0, 0.02], [1, 200, 4])
            )
            for x in starts
        ]
        slow = min(fits, key=lambda fit: fit.cost)
        a, b, c = power_law(budgets, errors)
        apart = ((a + b * budgets**-c - errors) ** 2).sum()
        assert apart == pytest.approx(2 * slow.cost, abs=1e-6)
        twice = 2 * budgets[-1]
        assert a + b * twice**-c == pytest.approx(slow.x[0] + slow.x[1] * twice ** -slow.x[2], abs=2e-3)


def test_a_curve_without_luck_is_followed_exactly():
    for law in ((0.05, 0.6, 0.5), (0.0, 0.5, 0.3), (0.1, 0.0, 1.0)):
        found = forecasts(made_up(law=law, luck=0.0)).iloc[0]
        assert found["budget"] == 40
        assert found["oa"] == pytest.approx(1 - law[0] - law[1] * 40.0 ** -law[2], abs=1e-3)
        assert found["ci95"] == pytest.approx([found["oa"]] * 2)
        assert found["note"] == ""


def test_errors_that_rise_with_labels_are_forecast_as_a_constant_not_below_zero():
    a, b, _ = power_law([5, 10, 20], [0.1, 0.12, 0.14])
    assert (a, b) == (pytest.approx(0.12), 0.0)
    a, b, c = power_law([5, 10, 20], [0.4, 0.1, 0.0])
    assert a == 0
    assert 0 < b * 40.0**-c < 0.01


@pytest.mark.parametrize("law", [(0.05, 0.6, 0.5), (0.0, 0.5, 0.3)])
def test_most_intervals_hold_what_the_law_gives(law, monkeypatch):
    monkeypatch.setattr("workbench.compare.forecast.RESAMPLES", 300)
    truth = 1 - law[0] - law[1] * 40.0 ** -law[2]
    intervals = [forecasts(made_up(seed, law)).iloc[0]["ci95"] for seed in range(80)]
    assert np.mean([low <= truth <= high for low, high in intervals]) >= 0.9
    assert np.mean([high - low for low, high in intervals]) < 0.06


def test_a_draw_is_resampled_with_all_its_budgets():
    """Where the draws' luck is the same at all budgets, it is the luck of the forecast, too."""
    table = made_up(luck=0.0)
    table["oa"] += table["draw"].map(dict(enumerate(np.random.default_rng(0).normal(0, 0.02, 10))))
    low, high = forecasts(table).iloc[0]["ci95"]
    of_means = of_last_budget(table)
    assert high - low == pytest.approx(of_means[1] - of_means[0], rel=0.35)


def of_last_budget(table: pd.DataFrame) -> list[float]:
    return learning_curves(table)["ci95"].iloc[-1]


@pytest.mark.parametrize(
    ("choices", "note"),
    [
        ({"budgets": (5, 10)}, "a forecast needs at least 3 budgets, got 2; ask for more budgets"),
        ({"draws": 1}, "an interval needs at least 2 draws of all budgets, got 1; ask for more draws"),
    ],
)
def test_what_cannot_be_forecast_is_said_in_words(choices, note):
    found = forecasts(made_up(**choices)).iloc[0]
    assert found["note"] == note
    assert np.isnan(found["ci95"]).all()
    assert np.isnan(found["oa"]) == ("budgets" in choices)


def test_a_curve_is_the_summarys_means_in_order_of_the_budgets():
    table = made_up(budgets=(20, 5, 10))
    curves = learning_curves(table)
    assert curves["budget"].tolist() == [5, 10, 20]
    whole = table.assign(family="baseline", transductive=False, aa=0.5, kappa=0.4, f1=0.5, seconds=1.0)
    summary = summarise(whole).set_index("budget").loc[[5, 10, 20]]
    assert curves["mean"].tolist() == summary["oa_mean"].tolist()
    assert curves["ci95"].tolist() == summary["oa_ci95"].tolist()


def test_class_curves_are_scikit_learns_recalls():
    rng = np.random.default_rng(0)
    rows, truths = [], {}
    for budget in (5, 10):
        for draw in range(3):
            truth = rng.choice([1, 2, 4], 300)  # no test pixel of the third
            predicted = np.where(rng.random(300) < 0.7, truth, rng.integers(1, 5, 300))
            truths[budget, draw] = recall_score(truth, predicted, labels=[1, 2, 4], average=None)
            confusion = np.zeros((4, 4), int)
            np.add.at(confusion, (truth - 1, predicted - 1), 1)
            task = {"model": "m", "split": "random", "budget": budget, "draw": draw}
            rows.append({**task, "classes": ["a", "b", "c", "d"], "confusion": confusion.tolist()})
    found = class_curves(pd.DataFrame(rows)).set_index(["budget", "class_name"])
    for budget in (5, 10):
        recall = np.mean([truths[budget, draw] for draw in range(3)], axis=0)
        np.testing.assert_allclose([found.loc[(budget, name), "recall"] for name in "abd"], recall)
        assert found.loc[(budget, "c"), "draws"] == 0
        assert np.isnan(found.loc[(budget, "c"), "recall"])


@pytest.mark.realdata
def test_salinas_a_with_twice_the_labels_is_as_forecast(real_data):
    cube = open_cube(real_data / "salinas_a" / "SalinasA_corrected.mat")
    truth = open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", cube)
    models = ["spectral_angle", "knn", "lda_components"]
    table = score_table(compare_rows(cube, truth, models, [5, 10, 20, 40], 10))
    told = forecasts(table[table["budget"] < 40]).set_index("model")
    held_out = table[table["budget"] == 40].groupby("model")["oa"].mean()
    for model in models:
        low, high = told.loc[model, "ci95"]
        assert low <= held_out[model] <= high
        assert high - low < 0.1

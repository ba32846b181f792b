"""What the next labels bring, and of which class they are wanted: against scipy, scikit-learn and known laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp
from sklearn.metrics import recall_score

from tests.test_compare_curves import made_up
from workbench.compare import budget_steps, class_gains, forecasts, gains, shared_draws, weakest_classes


@pytest.mark.parametrize("law", [(0.05, 0.6, 0.5), (0.0, 0.5, 0.3), (0.1, 0.0, 1.0)])
@pytest.mark.parametrize("more", [1, 5])
def test_the_gain_is_what_the_law_says_between_both_numbers_of_labels(law, more):
    a, b, c = law
    (told,) = gains(made_up(law=law, luck=0.0), more).to_dict("records")
    assert (told["budget"], told["more"], told["note"]) == (20, more, "")
    assert told["gain"] == pytest.approx((a + b * 20.0**-c) - (a + b * (20.0 + more) ** -c), abs=2e-4)
    assert told["ci95"] == pytest.approx([told["gain"]] * 2, abs=1e-9)


def test_no_gain_is_told_beyond_twice_the_largest_budget():
    table = made_up(seed=3)
    (told,), (ahead,) = gains(table, 1000).to_dict("records"), forecasts(table).to_dict("records")
    assert told["more"] == 20
    a, b, c = (ahead[name] for name in ("floor", "scale", "exponent"))
    assert told["gain"] == pytest.approx(ahead["oa"] - (1 - a - b * 20.0**-c), abs=1e-12)


def test_most_intervals_hold_the_gain_of_the_law(monkeypatch):
    monkeypatch.setattr("workbench.compare.forecast.RESAMPLES", 300)
    _, b, c = law = (0.05, 0.6, 0.5)
    truth = b * 20.0**-c - b * 25.0**-c
    intervals = [gains(made_up(seed, law)).iloc[0]["ci95"] for seed in range(80)]
    assert np.mean([low <= truth <= high for low, high in intervals]) >= 0.9
    assert np.mean([high - low for low, high in intervals]) < 0.03


@pytest.mark.parametrize(("choices", "note"), [
    ({"budgets": (5, 10)}, "a forecast needs at least 3 budgets, got 2"),
    ({"draws": 1}, "an interval needs at least 2 draws of all budgets, got 1"),
])  # fmt: skip
def test_what_cannot_be_told_of_more_labels_is_said(choices, note):
    (told,) = gains(made_up(**choices)).to_dict("records")
    assert note in told["note"]
    assert np.isnan(told["ci95"]).all()


def test_a_step_of_budgets_is_scipys_interval_of_paired_differences():
    table = made_up(seed=1, draws=7)
    steps = budget_steps(table)
    assert list(zip(steps["budget"], steps["following"], strict=True)) == [(5, 10), (10, 20)]
    for step in steps.to_dict("records"):
        by = {n: table[table["budget"] == n].sort_values("draw")["oa"].to_numpy() for n in (5, 10, 20)}
        apart = by[step["following"]] - by[step["budget"]]
        low, high = ttest_1samp(apart, 0).confidence_interval()
        assert step["gain"] == pytest.approx(apart.mean())
        assert step["ci95"] == pytest.approx([low, high])
        assert step["draws"] == 7


def test_a_comparison_under_way_is_read_from_draws_that_all_models_have():
    whole = pd.concat([made_up(seed).assign(model=name) for seed, name in enumerate("abc")])
    whole = whole.sort_values(["draw", "budget", "model"], kind="stable").reset_index(drop=True)
    for n in (1, 3, 4, 13, len(whole)):
        rows = whole.iloc[:n]
        names = set(rows["model"])
        wanted = [
            i for i, row in rows.iterrows()
            if {other.model for other in rows.itertuples() if (other.draw, other.budget) == (row.draw, row.budget)}
            == names
        ]  # fmt: skip
        assert shared_draws(rows).index.tolist() == wanted
    assert len(shared_draws(whole)) == len(whole)


def scored(recalls: np.ndarray, *, model: str = "m", budget: int = 10, split: str = "random", n: int = 100):
    """Rows of draws whose classes are found so often (draws, classes); what is missed of one is taken for the next."""
    names = ["water", "woods", "grass"]
    for draw, row in enumerate(recalls):
        confusion = np.zeros((3, 3), int)
        for i, recall in enumerate(row):
            confusion[i, i] = round(n * recall)
            confusion[i, (i + 1) % 3] = n - confusion[i, i]
        oa = np.trace(confusion) / confusion.sum()
        task = {"model": model, "budget": budget, "split": split, "draw": draw}
        yield {**task, "oa": oa, "classes": names, "confusion": confusion.tolist()}


def test_the_class_found_least_is_named_where_the_draws_tell_it_from_the_next():
    rng = np.random.default_rng(0)
    recalls = np.array([0.9, 0.6, 0.8]) + rng.normal(0, 0.03, (6, 3))
    worse = recalls - [0.2, 0, 0.3]
    table = pd.DataFrame([*scored(recalls), *scored(worse, model="other"), *scored(worse, budget=5)])
    (told,) = weakest_classes(table).to_dict("records")
    assert (told["model"], told["budget"], told["draws"]) == ("m", 10, 6)
    assert (told["class_name"], told["other"], told["taken_for"], told["is_told"]) == ("woods", "grass", "grass", True)
    found, apart = [], []
    for confusion in table["confusion"][:6]:
        truth = [i for i, row in enumerate(confusion) for n in row for _ in range(n)]
        named = [j for row in confusion for j, n in enumerate(row) for _ in range(n)]
        recall = recall_score(truth, named, average=None)
        found.append(recall[1])
        apart.append(recall[1] - recall[2])
    assert told["recall"] == pytest.approx(np.mean(found))
    assert told["ci95"] == pytest.approx(list(ttest_1samp(found, 0).confidence_interval()))
    assert told["difference_ci95"] == pytest.approx(list(ttest_1samp(apart, 0).confidence_interval()))
    missed = sum(confusion[1][2] for confusion in table["confusion"][:6])
    assert told["share"] == pytest.approx(missed / 600)


def test_no_class_is_named_where_luck_may_have_put_it_last():
    alike = np.array([[0.9, 0.6, 0.7], [0.9, 0.7, 0.6], [0.9, 0.62, 0.68], [0.9, 0.66, 0.66]])
    (told,) = weakest_classes(pd.DataFrame(scored(alike))).to_dict("records")
    assert {told["class_name"], told["other"]} == {"woods", "grass"}
    assert not told["is_told"]
    (told,) = weakest_classes(pd.DataFrame(scored(alike[:1]))).to_dict("records")
    assert not told["is_told"]  # a single draw has no interval
    perfect = pd.DataFrame(scored(np.ones((3, 3))))
    (told,) = weakest_classes(perfect).to_dict("records")
    assert (told["taken_for"], told["is_told"]) == ("", False)


def test_the_gain_of_a_class_is_that_of_its_own_curve():
    """Its recall is given to a table of one model as the overall accuracy, whose gain is told by another function."""
    rng, n = np.random.default_rng(2), 10**6
    laws = {"water": (0.0, 0.5, 0.5), "woods": (0.2, 1.0, 1.0), "grass": (0.1, 0.0, 1.0)}
    errors = {
        (draw, budget): [a + b * budget**-c + rng.normal(0, 0.004) for a, b, c in laws.values()]
        for draw in range(6) for budget in (5, 10, 20)
    }  # fmt: skip
    rows = [
        {**row, "draw": draw}
        for (draw, budget), missed in errors.items()
        for row in scored(1 - np.array([missed]), budget=budget, n=n)
    ]
    told = class_gains(pd.DataFrame(rows), 5)
    assert told["class_name"].tolist() == list(laws)
    for i, row in enumerate(told.to_dict("records")):
        alone = [
            {"model": "m", "split": "random", "budget": budget, "draw": draw, "oa": 1 - missed[i]}
            for (draw, budget), missed in errors.items()
        ]
        (wanted,) = gains(pd.DataFrame(alone), 5).to_dict("records")
        assert row["gain"] == pytest.approx(wanted["gain"], abs=1e-4)
        assert row["ci95"] == pytest.approx(wanted["ci95"], abs=1e-4)
        _, b, c = laws[row["class_name"]]
        assert row["ci95"][0] - 0.01 <= b * 20.0**-c - b * 25.0**-c <= row["ci95"][1] + 0.01
    assert class_gains(pd.DataFrame(rows), classes=["woods"])["class_name"].tolist() == ["woods"]


def test_splits_are_told_apart_and_one_of_a_single_class_is_left_out():
    rows = [*scored(np.array([[0.9, 0.5, 0.8]] * 2)), *scored(np.array([[0.4, 0.9, 0.8]] * 2), split="blocks")]
    single = [{**row, "split": "official"} for row in rows[:2]]
    for row in single:
        row["confusion"] = [[5, 1, 0], [0, 0, 0], [0, 0, 0]]
    told = weakest_classes(pd.DataFrame([*rows, *single])).set_index("split")
    assert told["class_name"].to_dict() == {"random": "woods", "blocks": "water"}

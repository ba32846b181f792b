"""The answer claims no more than the draws can tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.scored import scored
from workbench.compare.report import answers_of


def told(table: pd.DataFrame, against: str):
    return answers_of(table, against)[5, "random"]


def test_a_sure_lead_is_the_best_and_says_by_how_much():
    a, b = np.linspace(0.5, 0.6, 8), np.linspace(0.6, 0.68, 8)
    found = told(scored(a=a.tolist(), b=b.tolist()), "a")
    known = stats.ttest_1samp(b - a, 0).confidence_interval(0.95)
    assert found.verdict == "best"
    assert found.sentence == (
        f"With 5 labels a class, tested on the random split, b is best: it has the highest overall accuracy, 0.640 "
        f"[{found.ci95[0]:.3f}, {found.ci95[1]:.3f}], a lead of +0.090 [{known.low:+.3f}, {known.high:+.3f}] over the "
        "next, a, and its interval excludes 0."
    )
    assert "which excludes 0 (p = 0.008)." in found.against


@pytest.mark.parametrize("best", ["a", "b"])
def test_a_lead_that_luck_explains_is_none_whoever_was_named(best):
    table = scored(a=[0.70, 0.60, 0.65, 0.61], b=[0.62, 0.69, 0.62, 0.65])
    if best == "b":
        table = table.assign(model=table["model"].map({"a": "b", "b": "a"}))
    found = told(table, "a")
    low, high = found.next.ci95
    assert low <= 0 <= high
    assert found.verdict == "cannot tell"
    assert f"the data cannot tell which model is best: {found.best} has the highest" in found.sentence
    assert "excludes 0" not in found.sentence


def test_a_sure_lead_over_the_named_one_does_not_make_the_best_of_two_alike():
    found = told(scored(a=[0.3, 0.31, 0.3], b=[0.9, 0.8, 0.85], c=[0.82, 0.88, 0.84]), "a")
    assert (found.best, found.next.over, found.named.over) == ("b", "c", "a")
    assert found.named.is_sure
    assert found.verdict == "cannot tell"
    assert "p = 0.500 after Holm's correction for 2 comparisons" in found.against
    assert "3 draws cannot bring it below 0.500" in found.against  # two comparisons of p ≥ 2 / 2³ each


def test_one_draw_or_one_model_tells_nothing():
    assert "a single draw has no interval" in told(scored(a=[0.5], b=[0.9]), "a").sentence
    alone = told(scored(a=[0.5, 0.6]), "a")
    assert alone.verdict == "cannot tell"
    assert "no other model was compared" in alone.sentence
    assert alone.against == ""

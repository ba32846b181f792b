"""What encoders are worth on labelled patches, as one page: curves over shares of the labels, and differences."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

import pandas as pd

from workbench.compare.report.curves import Curve, learning_chart
from workbench.compare.report.effects import Effect, effects_chart
from workbench.compare.report.html import Markup, estimate, facts, interval, number, section, table, tag
from workbench.compare.report.page import whole_page
from workbench.compare.transfer import GIVEN, RANDOM, transfer_summary

WORDS = {
    "miou": "mean intersection over union",
    "oa": "overall accuracy",
    "map": "mean average precision",
    "r2": "R²",
}
"""What the main scores are called."""

LOWEST = -1.0
"""Where curves of R² end: what is lower is as bad as useless, and would flatten all others."""

MEANT = (
    "A head is taught on each encoder by a share of the training patches, and tested on patches of other places: no "
    "place is on two sides. Validation patches say when to stop. Of a repeat, everything is shared but the weights, so "
    "the difference from the same encoder at random weights is taken repeat by repeat; shown are its mean and 95 % "
    "interval. An interval that holds 0 does not tell. Repeats draw other splits, shares and first weights of this set "
    "of patches and share most of it: the intervals say nothing of other sets."
)


def transfer_page(rows: pd.DataFrame, patches: Mapping[str, object]) -> str:
    """Everything that a transfer says, as one HTML page that needs nothing beside itself.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of ``transfer_rows``.
    patches : mapping
        What is known of the patches, by name; ``name`` is what they are called.

    Returns
    -------
    str
        HTML, for a file in UTF-8.
    """
    summary = transfer_summary(rows)
    told = facts(
        [
            *patches.items(),
            ("task", rows["task"].iloc[0]),
            ("head", rows["head"].iloc[0]),
            ("repeats", int(summary["repeats"].min())),
            ("patches of a side", f"{rows['n_val'].iloc[0]} for validation, {rows['n_test'].iloc[0]} for the test"),
        ]
    )
    parts = [_mode_part(mode, some) for mode, some in summary.groupby("mode", sort=False)]
    name = str(patches.get("name", "patches"))
    return whole_page(
        f"Encoders on {name}", "transfer to labelled patches", [section("Question", tag("p", MEANT), told), *parts]
    )


def gains_in_words(summary: pd.DataFrame) -> str:
    """At which shares an encoder is better or worse than at random weights, in one sentence.

    Examples
    --------
    >>> rows = [("a", "frozen", 0.1, "given", "miou", 0.2, [0.1, 0.3]), ("a", "frozen", 1, "given", "miou", 0, [-1, 1])]
    >>> keys = ["encoder", "mode", "fraction", "weights", "score", "difference", "difference_ci95"]
    >>> gains_in_words(pd.DataFrame(rows, columns=keys))
    'a, frozen: better than at random weights at 10 % (+0.200 [+0.100, +0.300]), no telling at 100 %'
    """
    found = []
    for (encoder, mode), some in summary[summary["weights"] == GIVEN].groupby(["encoder", "mode"], sort=False):
        said: dict[str, list[str]] = {
            "better than at random weights": [],
            "worse than at random weights": [],
            "no telling": [],
        }
        for row in some.itertuples():
            if isnan(row.difference):
                continue
            low, high = row.difference_ci95
            share = f"{100 * row.fraction:g} %"
            if not (low > 0 or high < 0):
                said["no telling"].append(share)
                continue
            side = "better" if low > 0 else "worse"
            of = f"{number(row.difference, sign=True)} {interval(row.difference_ci95, sign=True)}"
            said[f"{side} than at random weights"].append(f"{share} ({of})")
        words = [f"{verb} at {', '.join(shares)}" for verb, shares in said.items() if shares]
        found.append(f"{encoder}, {mode}: {', '.join(words) or 'random weights were not asked for'}")
    return "; ".join(found)


def _mode_part(mode: str, summary: pd.DataFrame) -> Markup:
    score = summary["score"].iloc[0]
    curves = []
    for (encoder, weights), some in summary.groupby(["encoder", "weights"], sort=False):
        points = [
            (_percent(row.fraction), *_shown(row.mean, *row.ci95)) for row in some.sort_values("fraction").itertuples()
        ]
        curves.append(Curve(encoder if weights == GIVEN else f"{encoder} random", tuple(points)))
    label = f"{WORDS[score]} over shares of the labels, {mode}"
    charts = [tag("figure", learning_chart(curves, label, across="training patches [%]", up=WORDS[score]))]
    given = summary[(summary["weights"] == GIVEN) & summary["difference"].notna()]
    if len(given):
        effects = [
            Effect(f"{row.encoder}, {_percent(row.fraction)} %", row.difference, *row.difference_ci95)
            for row in given.itertuples()
        ]
        label = f"Difference of {WORDS[score]} from the same encoder at random weights, {mode}"
        charts.append(tag("figure", effects_chart(effects, label, of=WORDS[score]), tag("figcaption", label)))
    lines = [
        [
            row.encoder,
            "random" if row.weights == RANDOM else "as given",
            f"{_percent(row.fraction)} %",
            row.n_train,
            estimate(row.mean, row.ci95),
            "" if isnan(row.difference) else estimate(row.difference, row.difference_ci95, sign=True),
        ]
        for row in summary.itertuples()
    ]
    heads = ["encoder", "weights", "share", "patches", f"{WORDS[score]} [95 % interval]", "difference [95 % interval]"]
    answer = tag("p", f"{gains_in_words(summary)}.", class_="answer")
    return section(
        mode,
        answer,
        tag("div", charts, class_="charts"),
        table("Means over repeats", heads, lines, words=(1,), groups=0),
    )


def _percent(fraction: float) -> float | int:
    """A share [%]; a whole number where it is one."""
    share = round(100 * fraction, 6)
    return int(share) if share == int(share) else share


def _shown(*values: float) -> tuple[float, ...]:
    return tuple(value if isnan(value) else max(value, LOWEST) for value in values)

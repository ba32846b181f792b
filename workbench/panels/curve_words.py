"""Learning curves of a comparison as a page shows them: points of each model, and in words what they say."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from workbench.panels.menu import in_words

if TYPE_CHECKING:
    import pandas as pd

MORE = 5
"""Labels more a class that the forecast is told of."""

CAVEAT = "What labels of one class alone bring cannot be said: a comparison gives all classes as many."


@dataclass(frozen=True, slots=True)
class Point:
    """What a model reached with so many labels a class."""

    budget: int
    mean: float
    """Overall accuracy [%]."""

    low: float
    high: float
    """Its 95 % interval [%]; NaN for a single draw."""

    draws: int


@dataclass(frozen=True, slots=True)
class Read:
    """One split."""

    curves: dict[str, tuple[Point, ...]]
    """By model, the best with the most labels first; budgets increase."""

    words: tuple[str, ...]
    """Sentences: who is best, what more labels bring, which class to label next."""


def read_curves(table: pd.DataFrame) -> dict[str, Read]:
    """What a comparison, perhaps still under way, says of each split; of draws that all models have.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``compare.score_table`` gives it.

    Returns
    -------
    dict of str to Read
        By split; a split of which no draw is whole is not there.
    """
    from workbench.compare import learning_curves, shared_draws

    table, found = shared_draws(table), {}
    for split, rows in table.groupby("split", sort=False):
        curves: dict[str, list[Point]] = {}
        for row in learning_curves(rows).to_dict("records"):
            low, high = row["ci95"]
            point = Point(row["budget"], 100 * row["mean"], 100 * low, 100 * high, row["draws"])
            curves.setdefault(row["model"], []).append(point)
        ranked = sorted(curves, key=lambda model: -curves[model][-1].mean)
        words = (_best(rows, ranked, curves), _worth(rows, ranked[0]), _next_class(rows))
        found[split] = Read({model: tuple(curves[model]) for model in ranked}, tuple(one for one in words if one))
    return found


def _best(rows: pd.DataFrame, ranked: list[str], curves: dict[str, list[Point]]) -> str:
    from workbench.compare import paired

    best, point = in_words(ranked[0]), curves[ranked[0]][-1]
    start = f"With {_labels(point.budget)} a class {best} has the highest mean, {point.mean:.1f} %"
    if len(ranked) < 2:
        return f"With {_labels(point.budget)} a class {best} reaches {point.mean:.1f} %{_range(point.low, point.high)}."
    (lead,) = paired(rows[rows["budget"] == point.budget], ranked[0], ranked[1]).to_dict("records")
    (low, high), other = lead["ci95"], in_words(ranked[1])
    ahead = f"{_points(lead['difference'])} above {other}{_range(100 * low, 100 * high)}"
    if not isfinite(low):
        return f"{start}, {ahead}; with one draw there is no interval."
    if low > 0:
        return f"With {_labels(point.budget)} a class {best} is best, {point.mean:.1f} %: {ahead}, draw by draw."
    return f"{start}, {ahead}; the draws cannot tell the two apart."


def _worth(rows: pd.DataFrame, model: str) -> str:
    from workbench.compare import budget_steps, gains

    own, name = rows[rows["model"] == model], in_words(model)
    (ahead,) = gains(own, MORE).to_dict("records")
    if isfinite(ahead["gain"]):
        low, high = ahead["ci95"]
        worth = f"about {_points(ahead['gain'])} to {name}{_range(100 * low, 100 * high)}"
        return f"{_labels(ahead['more'], 'more ')} a class are worth {worth}, if its errors go on falling by their law."
    steps = budget_steps(own).to_dict("records")
    if not steps:
        return f"No forecast: {ahead['note']}."
    step, (low, high) = steps[-1], steps[-1]["ci95"]
    went = (
        f"From {step['budget']} to {_labels(step['following'])} a class {name} went {_points(step['gain'], sign=True)}"
    )
    return f"{went}{_range(100 * low, 100 * high)}. No forecast yet: {ahead['note']}."


def _next_class(rows: pd.DataFrame) -> str:
    from workbench.compare import class_gains, weakest_classes

    found = weakest_classes(rows).to_dict("records")
    if not found:
        return ""
    (one,) = found
    name, recall, model = one["class_name"], f"{100 * one['recall']:.1f} %", in_words(one["model"])
    if not one["is_told"]:
        gap = 100 * (one["recall"] - one["difference"])
        return (
            f"The draws cannot tell which class to label next: {model} finds least of {name} ({recall}) and "
            f"{one['other']} ({gap:.1f} %). {CAVEAT}"
        )
    low, high = one["ci95"]
    taken = f", and takes {100 * one['share']:.0f} % of it for {one['taken_for']}" if one["taken_for"] else ""
    said = f"Label {name} next: {model} finds {recall} of it{_range(100 * low, 100 * high)}, least of all{taken}."
    (ahead,) = class_gains(rows[rows["model"] == one["model"]], MORE, classes=[name]).to_dict("records")
    if isfinite(ahead["gain"]):
        low, high = ahead["ci95"]
        worth = f"{_points(ahead['gain'])} more of it{_range(100 * low, 100 * high)}"
        said += f" With {_labels(ahead['more'], 'more ')} of every class it would find about {worth}."
    return f"{said} {CAVEAT}"


def _labels(count: int, word: str = "") -> str:
    return f"{count} {word}label{'' if count == 1 else 's'}"


def _points(share: float, *, sign: bool = False) -> str:
    """A difference of accuracies in points of a hundred."""
    value = f"{100 * share:{'+' if sign else ''}.1f}".replace("-", "−")
    return f"{value} points"


def _range(low: float, high: float) -> str:
    return f" [{low:.1f} to {high:.1f}]".replace("-", "−") if isfinite(low) else ""

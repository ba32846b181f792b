"""What a picture shows, in words, for those who do not see it: the class map, and each plot. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from workbench.panels.curve_words import Point

NOTHING = "Nothing is drawn yet."

MOST = 2**22
"""Pixels of a class map that are counted; of a larger one, evenly chosen ones."""

_AT_ONCE = 2**20
"""Pixels counted without a pause, so that what goes on beside it is not held up."""

_LINES = 8
"""Lines of a plot, or classes, that are told one by one."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A class map in numbers."""

    pixels: tuple[int, ...]
    """Of each class, in the order of the codes."""

    total: int
    """Of the scene."""

    every: int
    """Every so many rows and columns were counted."""

    confidence: float
    """Mean over them, 0…1; NaN without one."""


def count_map(codes: NDArray[np.integer], confidence: NDArray[np.floating] | None, n_classes: int) -> Counted:
    """Count a class map (height, width): 0 = no data, else 1…K; every row and column of one that is not large."""
    every = 1
    while codes[::every, ::every].size > MOST:
        every += 1
    few = codes[::every, ::every]
    sure = None if confidence is None else confidence[::every, ::every]
    pixels, known, total = np.zeros(n_classes + 1, np.int64), 0, 0.0
    step = max(1, _AT_ONCE // few.shape[1])
    for row in range(0, few.shape[0], step):
        part = few[row : row + step]
        pixels += np.bincount(np.clip(part, 0, n_classes).ravel(), minlength=n_classes + 1)
        if sure is not None:
            there = sure[row : row + step][part > 0]
            there = there[np.isfinite(there)]
            known, total = known + there.size, total + float(there.sum(dtype=float))
    return Counted(tuple(pixels[1:].tolist()), codes.size, every, total / known if known else float("nan"))


def map_words(
    shown: Sequence[str], counted: Counted | None, classes: Sequence[str], note: str, labels: Mapping[str, int]
) -> str:
    """The map.

    Parameters
    ----------
    shown : sequence of str
        The picture, or the two layers that are swiped, left and right.
    counted : Counted or None
        The class map, if there is one.
    classes : sequence of str
        Its classes.
    note : str
        Why there is none.
    labels : mapping of str to int
        Labelled pixels by class.
    """
    sides = f"Left of the handle: {shown[0]}; right of it: {shown[1]}." if len(shown) > 1 else f"Picture: {shown[0]}."
    given = {name: n for name, n in labels.items() if n}
    many = f"{sum(given.values()):,} labelled pixel{'' if sum(given.values()) == 1 else 's'}"
    told = f"{many}: {_listed(f'{name} {n:,}' for name, n in given.items())}." if given else "No pixel is labelled."
    return f"{sides} {_class_map(counted, classes, note)} {told}"


def _class_map(counted: Counted | None, classes: Sequence[str], note: str) -> str:
    if counted is None:
        return f"No class map{f': {note}' if note else ''}."
    mapped, of = sum(counted.pixels), f"{counted.total:,} pixels"
    if not mapped:
        return f"Class map: no class on any of {of}."
    order = sorted(range(len(classes)), key=lambda i: -counted.pixels[i])
    shares = [f"{classes[i]} {_share(counted.pixels[i] / mapped)}" for i in order if counted.pixels[i]]
    some = f" (of every {_nth(counted.every)} row and column)" if counted.every > 1 else ""
    without = 1 - mapped * counted.every**2 / counted.total
    gaps = f"; without data {_share(without)}" if without > 1e-6 and counted.every == 1 else ""
    sure = f"; mean confidence {counted.confidence:.2f}" if isfinite(counted.confidence) else ""
    return f"Class map: {_listed(shares)} of {of}{some}{gaps}{sure}."


def spectra_words(
    x: NDArray[np.floating], titles: tuple[str, str], lines: Sequence[tuple[str, NDArray[np.floating]]]
) -> str:
    """Spectra, each by its name and its values along `x`; NaN is a gap. Titles are those of the axes, with units."""
    known = [(name, values) for name, values in lines if np.isfinite(values).any()]
    if not known:
        return NOTHING
    there = x[np.isfinite(x)]
    told = []
    for name, values in known[:_LINES]:
        low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
        told.append(f"{name}: least {values[low]:.4g} at {x[low]:.0f}, most {values[high]:.4g} at {x[high]:.0f}")
    more = f"; and {len(known) - _LINES} more" if len(known) > _LINES else ""
    what = f"{titles[1][:1].upper()}{titles[1][1:]} over {titles[0]}"
    return f"{what}, {there.min():.0f} to {there.max():.0f}. {'; '.join(told)}{more}."


def loss_words(steps: Sequence[int], terms: Mapping[str, Sequence[float]]) -> str:
    """The loss, which is the sum of its terms, over the steps of training."""
    if not steps or not terms:
        return NOTHING
    loss = np.sum([np.asarray(values, float) for values in terms.values()], axis=0)
    least = int(np.argmin(loss))
    parts = f" It is the sum of {', '.join(terms)}." if len(terms) > 1 else ""
    return (
        f"Loss over training: {loss[0]:.4g} at step {steps[0]:,}, {loss[-1]:.4g} at step {steps[-1]:,}; "
        f"the least is {loss[least]:.4g} at step {steps[least]:,}.{parts}"
    )


def learning_words(curves: Mapping[str, Sequence[Point]], counted: str) -> str:
    """Learning curves by name: what each reaches with the most labels. `counted` is what the budgets are."""
    ends = {name: points[-1] for name, points in curves.items() if points}
    if not ends:
        return NOTHING
    budgets = sorted({point.budget for points in curves.values() for point in points})
    told = []
    for name, last in ends.items():
        interval = f", 95 % interval {last.low:.1f} to {last.high:.1f}" if isfinite(last.low) else ""
        told.append(f"{name} {last.mean:.1f} % with {last.budget:,}{interval}")
    reach = f"{budgets[0]:,} to {budgets[-1]:,}" if len(budgets) > 1 else f"{budgets[0]:,}"
    return f"Overall accuracy over {counted}, {reach}. {_listed(told, '; ')}."


def plane_words(titles: tuple[str, str], drawn: Sequence[str], labelled: Sequence[str], selected: int) -> str:
    """Pixels laid out by likeness: the axes, and the class of each point drawn and of each labelled one."""
    if not len(drawn) and not len(labelled):
        return NOTHING
    many = f"{len(drawn):,} points over {titles[0]} and {titles[1]}: {_counted(drawn)}."
    ones = "one" if len(labelled) == 1 else "ones"
    given = f" {len(labelled):,} labelled {ones}: {_counted(labelled)}." if len(labelled) else ""
    chosen = f" {selected:,} {'point is' if selected == 1 else 'points are'} selected." if selected else ""
    return f"{many}{given}{chosen}"


def _nth(number: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(number, f"{number}th")


def _counted(names: Iterable[str]) -> str:
    return _listed(f"{name or 'without a class'} {n:,}" for name, n in Counter(names).most_common())


def _share(part: float) -> str:
    """Per cent, without a figure that is no news."""
    percent = 100 * part
    return "below 0.1 %" if percent < 0.1 else f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"


def _listed(words: Iterable[str], between: str = ", ") -> str:
    """All of them, or the first and how many more."""
    words = list(words)
    more = f"{between}and {len(words) - _LINES} more" if len(words) > _LINES else ""
    return between.join(words[:_LINES]) + more

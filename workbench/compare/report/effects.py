"""Differences and their intervals as SVG: a row each, a line at nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isnan

from workbench.compare.report.html import Markup, tag

WIDTH, NAMES, TOP, ROW, BELOW = 560, 170, 12, 24, 44
"""Of the picture, of the names at its left, above the first row, of a row, below the last [units of the picture]."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One row."""

    name: str
    mean: float
    low: float
    high: float
    """95 % interval; NaN where there is none."""


def effects_chart(effects: Sequence[Effect], label: str, *, of: str = "overall accuracy") -> Markup:
    """A chart of effects, those whose interval leaves out 0 filled.

    Parameters
    ----------
    effects : sequence of Effect
        From the top.
    label : str
        What the chart shows, for those who do not see it.
    of : str
        The score.

    Returns
    -------
    Markup
        An ``svg`` element.
    """
    known = [value for one in effects for value in (one.mean, one.low, one.high) if not isnan(value)] or [0.0]
    step = _step(max(0.0, *known) - min(0.0, *known))
    low, high = step * floor(min(0.0, *known) / step), step * ceil(max(0.0, *known) / step)
    high = high if high > low else low + step

    def at(value: float) -> float:
        return NAMES + (WIDTH - NAMES - 20) * (value - low) / (high - low)

    bottom = TOP + ROW * len(effects)
    parts = []
    for k in range(round((high - low) / step) + 1):
        x, value = at(low + k * step), low + k * step
        kind = "axis" if abs(value) < step / 2 else "rule"
        parts.append(tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=TOP, y2=bottom, class_=kind))
        words = "0" if kind == "axis" else f"{value:+.3g}".replace("-", "−")
        parts.append(tag("text", words, x=f"{x:.1f}", y=bottom + 16, text_anchor="middle"))
    middle = f"{(NAMES + WIDTH - 20) / 2:.1f}"
    parts.append(tag("text", f"difference of {of}", x=middle, y=bottom + 36, text_anchor="middle"))
    for i, one in enumerate(effects):
        y = TOP + ROW * (i + 0.5)
        parts.append(tag("text", one.name, x=NAMES - 10, y=f"{y + 4:.1f}", text_anchor="end"))
        clear = one.low > 0 or one.high < 0
        if not isnan(one.low):
            ends = {"x1": f"{at(one.low):.1f}", "x2": f"{at(one.high):.1f}"}
            parts.append(tag("line", **ends, y1=f"{y:.1f}", y2=f"{y:.1f}", class_="bar s0"))
        place = f"translate({at(one.mean):.1f} {y:.1f})"
        shape = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
        parts.append(tag("path", d=shape, transform=place, class_="mark s0" if clear else "mark s0 hollow"))
    return tag("svg", parts, viewBox=f"0 0 {WIDTH} {bottom + BELOW}", role="img", aria_label=label, class_="chart")


def _step(width: float) -> float:
    """A round distance of ticks, four or five of them over `width`.

    Examples
    --------
    >>> _step(0.9), _step(0.03)
    (0.2, 0.01)
    """
    for step in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
        if width <= 5 * step:
            return step
    return 0.5

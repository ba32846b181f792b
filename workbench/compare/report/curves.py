"""Curves as SVG: learning curves with their intervals as bands, one colour, mark and dash a model.

Budgets stand on a logarithmic axis, as a label more is worth less the more there are. Colours are classes of the style
sheet, so that they follow the page into the dark; marks and dashes tell models apart without any colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log

from workbench.compare.report.html import Markup, tag

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 60, 392, 14, 292
"""Edges of the plane that is drawn in; names of the curves stand right of it."""

STYLES = 8
"""Colours there are; a chart with more curves repeats them with another dash."""

DASHES = (None, "7 4", "2 4", "10 3 2 3")

LINE = 17.0
"""Between two names [units of the picture]."""

NAME = 18
"""Letters of a name that there is room for."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One model's scores."""

    name: str

    points: tuple[tuple[float, float, float, float], ...]
    """Budget (increasing, above 0), mean, low and high [0…1]; low and high NaN for one draw."""


@dataclass(frozen=True, slots=True)
class Axes:
    """Where a budget and an accuracy stand in the picture."""

    budgets: tuple[float, ...]
    low: float
    high: float

    def x(self, budget: float) -> float:
        """Units from the left."""
        first, last = self.budgets[0], self.budgets[-1]
        if first == last:
            return (LEFT + RIGHT) / 2
        return LEFT + 20 + (RIGHT - LEFT - 40) * log(budget / first) / log(last / first)

    def y(self, score: float) -> float:
        """Units from the top."""
        return BOTTOM - (BOTTOM - TOP) * (score - self.low) / (self.high - self.low)


def axes_of(curves: Sequence[Curve]) -> Axes:
    """Axes that hold all curves and their intervals, in whole tenths."""
    budgets = sorted({budget for curve in curves for budget, *_ in curve.points})
    values = [value for curve in curves for _, *three in curve.points for value in three if isfinite(value)]
    low, high = floor(10 * min(values) + 1e-9) / 10, ceil(10 * max(values) - 1e-9) / 10
    return Axes(tuple(budgets), low, high if high > low else low + 0.1)


def learning_chart(
    curves: Sequence[Curve], label: str, *, across: str = "labels a class", up: str = "overall accuracy"
) -> Markup:
    """A chart of learning curves.

    Parameters
    ----------
    curves : sequence of Curve
        In the order of their styles.
    label : str
        What the chart shows, for those who do not see it.
    across, up : str
        What the axes are.

    Returns
    -------
    Markup
        An ``svg`` element.
    """
    axes = axes_of(curves)
    names = _spread([axes.y(curve.points[-1][1]) for curve in curves])
    return tag(
        "svg",
        [_band(curve, axes, i) for i, curve in enumerate(curves)],
        _grid(axes, across, up),
        [_line(curve, axes, i, names[i]) for i, curve in enumerate(curves)],
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=label,
        class_="chart",
    )


def _grid(axes: Axes, across: str, up: str) -> list[Markup]:
    """Ticks with their figures, and what the axes are."""
    steps = round((axes.high - axes.low) * 10)
    every = 1 if steps > 3 else 2  # a step is a tenth, or half of one where there are few
    parts = []
    for i in range(steps * every + 1):
        y = axes.y(axes.low + i / (10 * every))
        parts.append(tag("line", x1=LEFT, x2=RIGHT, y1=f"{y:.1f}", y2=f"{y:.1f}", class_="rule"))
        parts.append(_text(f"{axes.low + i / (10 * every):.{every}f}", LEFT - 8, y + 4, "end"))
    for budget in axes.budgets:
        x = axes.x(budget)
        parts.append(tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=BOTTOM, y2=BOTTOM + 5, class_="axis"))
        parts.append(_text(str(budget), x, BOTTOM + 20, "middle"))
    parts.append(tag("line", x1=LEFT, x2=RIGHT, y1=BOTTOM, y2=BOTTOM, class_="axis"))
    middle = (LEFT + RIGHT) / 2
    parts.append(_text(f"{across} (logarithmic)", middle, BOTTOM + 41, "middle"))
    turn = f"rotate(-90 14 {(TOP + BOTTOM) / 2:.0f})"
    parts.append(_text(up, 14, (TOP + BOTTOM) / 2, "middle", transform=turn))
    return parts


def _band(curve: Curve, axes: Axes, i: int) -> Markup | None:
    """The interval at every budget, as an area; a bar where there is one budget."""
    known = [point for point in curve.points if isfinite(point[2])]
    if len(known) == 1:
        budget, _, low, high = known[0]
        x = f"{axes.x(budget) + 6 * i:.1f}"
        ends = {"y1": f"{axes.y(low):.1f}", "y2": f"{axes.y(high):.1f}"}
        return tag("line", x1=x, x2=x, **ends, class_=f"bar s{i % STYLES}")
    upper = [(axes.x(budget), axes.y(high)) for budget, _, _, high in known]
    lower = [(axes.x(budget), axes.y(low)) for budget, _, low, _ in reversed(known)]
    return tag("polygon", points=_points(upper + lower), class_=f"band s{i % STYLES}") if known else None


def _line(curve: Curve, axes: Axes, i: int, name_at: float) -> Markup:
    """Means, a mark each, and the name with a thin line that leads to it."""
    shift = 6 * i if len(axes.budgets) == 1 else 0  # beside each other where all have one budget
    places = [(axes.x(budget) + shift, axes.y(mean)) for budget, mean, *_ in curve.points]
    style, dash = f"s{i % STYLES}", DASHES[i // STYLES % len(DASHES)]
    x, y = places[-1]
    lead = (
        [(x + 7, y), (RIGHT - 8, y), (RIGHT + 16, name_at)] if x < RIGHT - 15 else [(x + 7, y), (RIGHT + 16, name_at)]
    )
    short = curve.name if len(curve.name) <= NAME else f"{curve.name[: NAME - 1]}…"
    return tag(
        "g",
        tag("title", curve.name),
        tag("polyline", points=_points(lead), class_=f"lead {style}"),
        tag("polyline", points=_points(places), class_=f"line {style}", stroke_dasharray=dash),
        [_mark(x, y, i, style) for x, y in places],
        _mark(RIGHT + 22, name_at, i, style),
        _text(short, RIGHT + 32, name_at + 4, "start"),
    )


def _mark(x: float, y: float, i: int, style: str) -> Markup:
    """Circle, square, triangle or diamond, in turn."""
    shapes = (
        "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
        "M-3.7 -3.7h7.4v7.4h-7.4z",
        "M0 -5L4.7 3.6h-9.4z",
        "M0 -5.2L5.2 0L0 5.2L-5.2 0z",
    )
    return tag("path", d=shapes[i % len(shapes)], transform=f"translate({x:.1f} {y:.1f})", class_=f"mark {style}")


def _spread(wanted: Sequence[float]) -> list[float]:
    """Heights of the names: near those wanted, in their order, and far enough apart to be read."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    at = [min(max(wanted[i], TOP + 6), BOTTOM) for i in order]
    for k in range(1, len(at)):
        at[k] = max(at[k], at[k - 1] + LINE)
    over = max(0.0, at[-1] - (HEIGHT - 8)) if at else 0.0
    if over:  # too low: the last ones move up, and push those above them
        at[-1] -= over
        for k in range(len(at) - 2, -1, -1):
            at[k] = min(at[k], at[k + 1] - LINE)
    found = [0.0] * len(wanted)
    for place, i in zip(at, order, strict=True):
        found[i] = place
    return found


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _text(text: str, x: float, y: float, anchor: str, **more: str) -> Markup:
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, **more)

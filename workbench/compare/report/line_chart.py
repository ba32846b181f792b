"""Lines over numbers as SVG: a band's part over wavelength, a feature's correlation over its rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from workbench.compare.report.html import Markup, tag

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 546, 30, 248
"""Edges of the plane that is drawn in [units of the picture]."""

FEW = 24
"""Points of a line that are marked one by one."""

GAP = 6.0
"""A line is broken where two points lie so many times as far apart as is usual: bands were left out between."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    name: str

    points: tuple[tuple[float, float], ...]
    """Across (increasing) and up."""


def line_chart(
    lines: Sequence[Line],
    label: str,
    across: str,
    up: str,
    *,
    names: Sequence[str] = (),
    bounds: tuple[float, float] | None = None,
    at: float | None = None,
) -> Markup:
    """A chart of lines, each in its colour, the second dashed.

    Parameters
    ----------
    lines : sequence of Line
        At least one point in all.
    label : str
        What the chart shows, for those who do not see it.
    across, up : str
        What the axes are, with units.
    names : sequence of str
        Of the places 0, 1, … across, instead of numbers.
    bounds : (float, float), optional
        Least and largest value up; by default what holds all points and 0.
    at : float, optional
        A boundary across, dashed.

    Returns
    -------
    Markup
        An ``svg`` element.
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    rules = ticks(*(bounds or (min(0.0, *ys), max(0.0, *ys))))
    low, high = bounds or (rules[0], rules[-1])
    left, right = (min(xs) - 0.5, max(xs) + 0.5) if names or min(xs) == max(xs) else (min(xs), max(xs))

    def place(x: float, y: float) -> tuple[float, float]:
        inside = (x - left) / (right - left), (y - low) / (high - low)
        return LEFT + (RIGHT - LEFT) * inside[0], BOTTOM - (BOTTOM - TOP) * inside[1]

    parts = []
    for value in rules:
        y = f"{place(left, value)[1]:.1f}"
        parts.append(tag("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="axis" if abs(value) < 1e-12 else "rule"))
        parts.append(_text(f"{value:.6g}".replace("-", "−"), LEFT - 8, float(y) + 4, "end"))
    marks = list(enumerate(names)) if names else [(value, f"{value:g}") for value in ticks(left, right)]
    for value, word in marks:
        if left <= value <= right:
            parts.append(_text(word, place(value, low)[0], BOTTOM + 18, "middle"))
    parts.append(_text(across, (LEFT + RIGHT) / 2, BOTTOM + 42, "middle"))
    parts.append(_text(up, 14, (TOP + BOTTOM) / 2, "middle", transform=f"rotate(-90 14 {(TOP + BOTTOM) / 2:.0f})"))
    if at is not None:
        x = place(at, low)[0]
        parts.append(tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=TOP, y2=BOTTOM, class_="dashed"))
    parts += [_drawn(line, i, place, joined=not names) for i, line in enumerate(lines)]
    parts += [_named(line, i, joined=not names) for i, line in enumerate(lines)]
    return tag("svg", parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=label, class_="chart")


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers from at or below `low` to at or above `high`.

    Examples
    --------
    >>> ticks(0, 1), ticks(-0.013, 0.041)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [-0.02, 0.0, 0.02, 0.04, 0.06])
    """
    if not high > low:
        high = low + 1
    rough = (high - low) / 5
    power = 10 ** floor(log10(rough))
    step = next(power * part for part in (1, 2, 5, 10) if power * part >= rough * 0.999)
    return [round(k * step, 12) for k in range(floor(low / step + 1e-9), ceil(high / step - 1e-9) + 1)]


def _drawn(line: Line, i: int, place: Callable[[float, float], tuple[float, float]], *, joined: bool) -> Markup:
    """A line in pieces, with marks where its points are few; marks alone where nothing lies between them."""
    steps = sorted(b[0] - a[0] for a, b in zip(line.points, line.points[1:], strict=False))
    usual = steps[len(steps) // 2] if steps else 0.0
    pieces: list[list[tuple[float, float]]] = [[]]
    for k, (x, y) in enumerate(line.points):
        if k and x - line.points[k - 1][0] > GAP * usual:
            pieces.append([])
        pieces[-1].append(place(x, y))
    dash = "6 3" if i % 2 else None
    drawn = [
        tag(
            "polyline",
            points=" ".join(f"{x:.1f},{y:.1f}" for x, y in piece),
            class_=f"line s{i % 8}",
            stroke_dasharray=dash,
        )
        for piece in pieces
        if joined
    ]
    few = [spot for piece in pieces if len(line.points) <= FEW or len(piece) == 1 for spot in piece]
    return tag("g", tag("title", line.name), drawn, [_mark(x, y, i) for x, y in few])


def _named(line: Line, i: int, *, joined: bool) -> Markup:
    """A line's name above the plane, with a piece of it, or its mark."""
    x, dash = LEFT + 8 + 170 * i, "6 3" if i % 2 else None
    piece = tag("line", x1=x, x2=x + 26, y1=14, y2=14, class_=f"line s{i % 8}", stroke_dasharray=dash)
    return tag("g", piece if joined else _mark(x + 13, 14, i), _text(line.name, x + 34, 18, "start"))


def _mark(x: float, y: float, i: int) -> Markup:
    shape = "M-3.7 -3.7h7.4v7.4h-7.4z" if i % 2 else "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
    return tag("path", d=shape, transform=f"translate({x:.1f} {y:.1f})", class_=f"mark s{i % 8}")


def _text(text: str, x: float, y: float, anchor: str, **more: str) -> Markup:
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, **more)

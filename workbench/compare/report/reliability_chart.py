"""Confidence against accuracy as SVG: on the diagonal it can be believed, below it is too sure of itself."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from workbench.compare.report.html import Markup, tag

SIDE, EDGE = 220, 44
"""Of the picture, and what is left of it for the figures on the left and below [units]."""

LARGEST = 11.0
"""Radius of a bin that holds every test pixel [units]."""

LEAST = 2.2
"""Radius below which no bin is drawn, so that it can be seen [units]."""


def place(confidence: float, accuracy: float) -> tuple[float, float]:
    """Where a confidence and an accuracy, both 0…1, stand in the picture.

    Examples
    --------
    >>> place(0, 0), place(1, 1)
    ((44, 176), (210, 10))
    """
    span = SIDE - EDGE - 10
    return EDGE + span * confidence, SIDE - EDGE - span * accuracy


def reliability_chart(bins: NDArray[np.floating], label: str) -> Markup:
    """A reliability diagram.

    Parameters
    ----------
    bins : array of shape (10, 3)
        Pixels, sum of their confidence, pixels that are right, as ``reliability`` gives them.
    label : str
        What the picture shows, for those who do not see it.

    Returns
    -------
    Markup
        An ``svg`` element; a circle a bin that holds pixels, its area their share.
    """
    (left, bottom), (right, top) = place(0, 0), place(1, 1)
    whole = bins[:, 0].sum()
    spots = [_spot(*place(sure / n, hits / n), n / whole) for n, sure, hits in bins.tolist() if n]
    return tag(
        "svg",
        tag("line", x1=left, y1=bottom, x2=right, y2=top, class_="rule dashed"),
        tag("path", d=f"M{left} {top}V{bottom}H{right}", class_="axis open"),
        [_text(f"{tick:g}", left - 6, place(0, tick)[1] + 4, "end") for tick in (0, 0.5, 1)],
        [_text(f"{tick:g}", place(tick, 0)[0], bottom + 15, "middle") for tick in (0, 0.5, 1)],
        _text("confidence", (left + right) / 2, SIDE - 4, "middle"),
        _text("accuracy", 9, (top + bottom) / 2, "middle", transform=f"rotate(-90 9 {(top + bottom) / 2:.0f})"),
        _step([place(sure / n, hits / n) for n, sure, hits in bins.tolist() if n]),
        spots,
        viewBox=f"0 0 {SIDE} {SIDE}",
        role="img",
        aria_label=label,
        class_="chart small",
    )


def _spot(x: float, y: float, share: float) -> Markup:
    return tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{max(LEAST, LARGEST * sqrt(share)):.1f}", class_="spot s0")


def _step(places: Sequence[tuple[float, float]]) -> Markup:
    return tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), class_="lead s0")


def _text(text: str, x: float, y: float, anchor: str, **more: str) -> Markup:
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, **more)

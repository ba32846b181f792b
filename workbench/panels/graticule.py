"""A graticule: meridians and parallels with their degrees, or rows and columns where a scene has no CRS.

Both are straight on a map in web mercator, so that a few lines in the picture of the window do; nothing is fetched.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from workbench.panels.window import MADE_UP, TO_DEGREES, TO_MERCATOR, Window

MOST = 6
"""Lines of a kind in sight, about."""

INK, HALO = (255, 255, 255, 170), (0, 0, 0, 90)


def with_graticule(picture: NDArray[np.uint8], window: Window, *, has_crs: bool) -> NDArray[np.uint8]:
    """A picture of the window with lines over it, and what they stand for at the edges of what is in sight.

    Parameters
    ----------
    picture : ndarray of shape (height, width, 4)
        Of the window.
    window : Window
        What the map shows.
    has_crs : bool
        Whether the scene has one; else its rows and columns are counted.

    Returns
    -------
    ndarray of shape (height, width, 4)
    """
    (south, west), (north, east) = window.shown
    (left, top), (right, _) = window.spot(north, west), window.spot(north, east)
    height, width = picture.shape[:2]
    lines = Image.new("RGBA", (width, height))
    draw, font = ImageDraw.Draw(lines), ImageFont.load_default(11)
    for value, text in ticks(west, east, "EW") if has_crs else counted(west, east, 0):
        x = left + (value - west) / (east - west) * (right - left)
        _line(draw, (x, 0, x, height))
        draw.text((x + 4, max(top, 0) + 4), text, font=font, fill="#ffffff", stroke_width=2, stroke_fill="#00000099")
    for value, text in ticks(south, north, "NS") if has_crs else counted(south, north, 1):
        y = window.spot(value, west)[1]
        _line(draw, (0, y, width, y))
        draw.text((max(left, 0) + 4, y + 2), text, font=font, fill="#ffffff", stroke_width=2, stroke_fill="#00000099")
    return np.array(Image.alpha_composite(lines, Image.fromarray(picture)))


def ticks(low: float, high: float, signs: str) -> list[tuple[float, str]]:
    """Round degrees between two others, and how they are written.

    Examples
    --------
    >>> ticks(-0.03, 0.025, "EW")
    [(-0.03, '0.03° W'), (-0.02, '0.02° W'), (-0.01, '0.01° W'), (0.0, '0.00°'), (0.01, '0.01° E'), (0.02, '0.02° E')]
    """
    step = round_step(high - low)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    values = [round(n * step, places) for n in numbers]
    sides = {1: f" {signs[0]}", 0: "", -1: f" {signs[1]}"}
    return [(one, f"{abs(one):.{places}f}°{sides[(one > 0) - (one < 0)]}") for one in values]


def counted(low: float, high: float, axis: int) -> list[tuple[float, str]]:
    """Round columns (axis 0) or rows (1) between two degrees of a map whose ground size is made up, and their names."""
    metres = [TO_MERCATOR(*((one, 0) if axis == 0 else (0, one)))[axis] / MADE_UP for one in (low, high)]
    first, last = metres if axis == 0 else (-metres[1], -metres[0])
    step = max(1, round(round_step(last - first)))
    numbers = np.arange(math.ceil((first - 0.5) / step), math.floor((last - 0.5) / step) + 1) * step  # their middles
    sign = 1 if axis == 0 else -1
    there = [_degrees(sign * (number + 0.5) * MADE_UP, axis) for number in numbers]
    return [(one, f"{'row' if axis else 'column'} {n}") for one, n in zip(there, numbers, strict=True)]


def round_step(length: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that goes at most ``MOST`` times into a length.

    Examples
    --------
    >>> round_step(0.055), round_step(1000)
    (0.01, 200.0)
    """
    least = length / MOST
    power = 10.0 ** math.floor(math.log10(least))
    return next(round(part * power, 12) for part in (1, 2, 5, 10) if part * power >= least * (1 - 1e-9))


def _degrees(metres: float, axis: int) -> float:
    """Longitude (axis 0) or latitude (1) of a place in web mercator."""
    return TO_DEGREES(*((metres, 0) if axis == 0 else (0, metres)))[axis]


def _line(draw: ImageDraw.ImageDraw, ends: tuple[float, float, float, float]) -> None:
    draw.line(ends, fill=HALO, width=3)
    draw.line(ends, fill=INK, width=1)

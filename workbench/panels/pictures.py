"""Class codes, confidence and labels as RGBA pictures: pure functions, arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from bokeh.palettes import Cividis256
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from workbench.panels.view import Window

LEAST_ALPHA = 0.15
"""What is left of a class where the model is least sure."""

APART = "#00e5ff"
"""Of pixels that models do not agree on."""

SELECTION = "#e6007e"
"""Of what was selected in the plot of the embedding: on the map, in the plot, and its mean among the spectra."""

NOWHERE = np.empty((0, 2))
"""No points."""

SMALL = 7.0
"""Labelled pixels smaller than this on the screen get a dot [pixels]."""


def class_picture(
    codes: NDArray[np.integer], colors: Sequence[str], confidence: NDArray[np.floating] | None = None
) -> NDArray[np.uint8]:
    """Codes 0…K in their classes' colours.

    Parameters
    ----------
    codes : ndarray of shape (height, width)
        0 is clear, 1…K are classes.
    colors : sequence of K str
        ``#rrggbb``.
    confidence : ndarray of shape (height, width), optional
        0…1; if given, a class fades where it is low, from chance level on.

    Returns
    -------
    ndarray of shape (height, width, 4)
    """
    table = np.zeros((max(int(codes.max(initial=0)), len(colors)) + 1, 4), dtype="uint8")
    for code, color in enumerate(colors, start=1):
        table[code] = (*rgb(color), 255)
    picture = table[codes]
    if confidence is not None:
        chance = 1 / max(len(colors), 2)
        sure = np.clip((np.nan_to_num(confidence) - chance) / (1 - chance), 0, 1)
        picture[..., 3] = (picture[..., 3] * (LEAST_ALPHA + (1 - LEAST_ALPHA) * sure)).astype("uint8")
    return picture


def scalar_picture(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Numbers 0…1 (values, a stretched index) from dark blue to yellow; clear where NaN."""
    table = np.array([(*rgb(color), 255) for color in Cividis256], dtype="uint8")
    known = np.isfinite(values)
    picture = table[(np.clip(np.where(known, values, 0), 0, 1) * 255).astype("uint8")]
    picture[~known] = 0
    return picture


def disagreement_picture(codes: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Where class maps differ, in one colour that no class has by default; clear where they agree.

    Parameters
    ----------
    codes : ndarray of shape (n_maps, height, width)
        Class maps of the same pixels; 0 is no data and takes no part.

    Returns
    -------
    ndarray of shape (height, width, 4)
        As opaque as maps are left outside the most frequent class, from half on.
    """
    most = np.zeros(codes.shape[1:], int)
    for code in range(1, int(codes.max(initial=0)) + 1):
        np.maximum(most, (codes == code).sum(axis=0), out=most)
    given = (codes > 0).sum(axis=0)
    apart = (given - most) / np.maximum(given, 1)
    picture = np.zeros((*apart.shape, 4), "uint8")
    picture[apart > 0] = (*rgb(APART), 0)
    picture[..., 3] = np.where(apart > 0, 128 + 127 * apart, 0)
    return picture


def label_picture(
    window: Window,
    codes: NDArray[np.integer],
    colors: Sequence[str],
    spots: Iterable[tuple[float, float, str, bool]] = (),
    target: tuple[float, float, str] | None = None,
    lit: NDArray[np.floating] = NOWHERE,
) -> NDArray[np.uint8]:
    """Labels on the window: their pixels with a white edge, and rings where the eye would miss a single pixel.

    Parameters
    ----------
    window : Window
        What the map shows.
    codes : ndarray of shape (height, width)
        Labels of the whole scene, 0 = none.
    colors : sequence of str
        ``#rrggbb``, a class each.
    spots : iterable of (x, y, color, is_ring)
        Dots and rings, at pixels of the window.
    target : (x, y, color), optional
        What is asked about: a larger ring with four strokes towards it.
    lit : ndarray of shape (n, 2)
        x, y of the middles of selected pixels: a square each, hollow where it is large enough to look through.

    Returns
    -------
    ndarray of shape (window height, window width, 4)
    """
    here = np.where(window.inside, codes[window.rows, window.columns], 0)
    picture = class_picture(here, colors)
    if here.any():
        picture[_edges(here)] = (255, 255, 255, 255)
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    half = max(2.0, window.scale / 2)
    for x, y in lit:
        square = (x - half, y - half, x + half, y + half)
        if half < SMALL:
            draw.rectangle(square, fill=SELECTION, outline="#000000")
        else:
            draw.rectangle(square, outline="#000000", width=4)
            draw.rectangle(square, outline=SELECTION, width=2)
    for x, y, color, is_ring in spots:
        if is_ring:
            draw.ellipse((x - 8, y - 8, x + 8, y + 8), outline="#000000", width=4)
            draw.ellipse((x - 7, y - 7, x + 7, y + 7), outline=color, width=2)
        elif window.scale < SMALL:
            draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill="#ffffff", outline="#00000080")
            draw.ellipse((x - 3.5, y - 3.5, x + 3.5, y + 3.5), fill=color)
    if target is not None:
        _aim(draw, *target)
    return np.array(image)


def _aim(draw: ImageDraw.ImageDraw, x: float, y: float, color: str) -> None:
    """A ring of a colour between black and white ones, and strokes outside it: seen on any ground."""
    for radius, width, ink in ((15, 7, "#000000"), (14, 5, "#ffffff"), (13, 3, color)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=ink, width=width)
    for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        stroke = (x + 15 * across, y + 15 * down, x + 25 * across, y + 25 * down)
        draw.line(stroke, fill="#000000", width=6)
        draw.line(stroke, fill="#ffffff", width=3)


def rgb(color: str) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers 0…255."""
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def _edges(codes: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Labelled pixels that touch another code."""
    edge = np.zeros(codes.shape, dtype=bool)
    edge[1:] |= codes[1:] != codes[:-1]
    edge[:-1] |= codes[:-1] != codes[1:]
    edge[:, 1:] |= codes[:, 1:] != codes[:, :-1]
    edge[:, :-1] |= codes[:, :-1] != codes[:, 1:]
    return edge & (codes > 0)

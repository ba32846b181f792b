"""Pictures for the page: PNG files inside it, class maps in exactly their classes' colours, and where maps disagree."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from PIL import Image

from workbench.compare.report.html import Markup, tag
from workbench.cubes import CubeError, band_title, picture_limits, preset_bands, render
from workbench.cubes.contract import good_bands

MOST = 1000
"""Pixels of a picture's longer side; larger scenes are shown by every so-manieth pixel."""

TALLEST = 640
"""Of a picture on the page [CSS pixels]."""

RAMP = ("#dfe5ea", "#f5c04a", "#d9602b", "#7a1136")
"""From no model apart to nearly all; ever darker, so that it can be read without colour."""


def step_of(height: int, width: int) -> int:
    """Which so-manieth pixel is shown, so that a picture stays below ``MOST``.

    Examples
    --------
    >>> step_of(610, 340), step_of(10_000, 5_000)
    (1, 10)
    """
    return -(-max(height, width) // MOST)


def class_png(codes: NDArray[np.integer], colors: Sequence[str]) -> str:
    """A class map as the address of a picture.

    Parameters
    ----------
    codes : array of shape (height, width)
        0 is clear, 1…K are classes.
    colors : sequence of K str
        ``#rrggbb``.

    Returns
    -------
    str
        ``data:image/png;base64,…``: every ``step_of`` pixel, in its class's colour.
    """
    step = step_of(*codes.shape)
    codes = codes[::step, ::step]
    table = np.array([(0, 0, 0), *(rgb(color) for color in colors)], dtype="uint8")
    if len(table) > 256:  # more than a palette holds
        alpha = np.where(codes > 0, 255, 0).astype("uint8")
        return _address(Image.fromarray(np.dstack([table[codes], alpha])))
    image = Image.fromarray(codes.astype("uint8"))
    image.putpalette(table.tobytes())
    return _address(image, transparency=0)


def scene_png(cube: xr.DataArray) -> tuple[str, str]:
    """The scene as the eye would see it, or three of its bands, and which.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; only the bands of the picture are read.

    Returns
    -------
    str, str
        The address of a picture, and the bands in words.
    """
    try:
        bands, name = preset_bands(cube, "true colour"), "true colour"
    except CubeError:  # it has wavelengths, but none that the eye sees
        good = np.flatnonzero(good_bands(cube))
        bands, name = tuple(int(good[int(part * (len(good) - 1))]) for part in (0.75, 0.5, 0.25)), "three bands"
    if not np.isfinite(cube["wavelength"].values[list(bands)]).all():
        name = "three bands"
    step = slice(None, None, step_of(*cube.shape[1:]))
    picture = render(cube, bands, picture_limits(cube, bands), step, step)
    titles = ", ".join(band_title(cube, band) for band in bands)
    return _address(Image.fromarray(picture)), f"{name}: {titles} as red, green, blue"


def map_image(address: str, alt: str, height: int, width: int) -> Markup:
    """A picture as wide as its place, but of a tall scene no higher than ``TALLEST``."""
    return tag("img", src=address, alt=alt, class_="map", style=f"max-width:{TALLEST * width / height:.0f}px")


def disagreement(maps: Sequence[NDArray[np.integer]]) -> NDArray[np.int16]:
    """How many maps name another class than the one most of them name.

    Parameters
    ----------
    maps : sequence of array of shape (height, width)
        Codes, 0 = no data.

    Returns
    -------
    array of shape (height, width)
        0 where all agree, up to n − 1; −1 where a map has no data.

    Examples
    --------
    >>> disagreement([np.array([[1, 2, 0]]), np.array([[1, 3, 1]]), np.array([[1, 3, 1]])])
    array([[ 0,  1, -1]], dtype=int16)
    """
    stack = np.stack(list(maps))
    most = np.zeros(stack.shape[1:], dtype=int)
    for code in range(1, int(stack.max(initial=0)) + 1):
        np.maximum(most, (stack == code).sum(axis=0), out=most)
    return np.where((stack > 0).all(axis=0), len(stack) - most, -1).astype("int16")


def level_colors(count: int) -> list[str]:
    """Colours of disagreement from 0 to `count` models, along ``RAMP``."""
    stops = np.array([rgb(color) for color in RAMP], dtype=float)
    at = np.linspace(0, len(RAMP) - 1, max(count, 1) + 1)[: count + 1]
    mixed = np.stack([np.interp(at, range(len(RAMP)), channel) for channel in stops.T], axis=1).round().astype(int)
    return ["#{:02x}{:02x}{:02x}".format(*color) for color in mixed]


def rgb(color: str) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers 0…255."""
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def _address(image: Image.Image, **options: object) -> str:
    with io.BytesIO() as file:
        image.save(file, format="PNG", optimize=True, **options)
        return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")

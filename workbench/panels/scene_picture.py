"""A picture of a scene, of three bands, an index or a formula, that is never rendered larger than it is looked at.

A small scene is rendered whole, once, and panning costs nothing. Of a large one an overview is kept, and the window on
the screen is read again at the screen's own resolution, beside the page; until it is there, the best there is stands
in: first a little blurred, then sharp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import (
    even_sample,
    fit_components,
    fit_mnf,
    good_bands,
    picture_limits,
    read_bands,
    render,
    stretch_limits,
)
from workbench.panels.view import Window

COMPONENTS = ("principal components", "noise fractions")
"""Pictures of all good bands at once: the three directions of most variance, and of the most signal to noise (MNF)."""

MOST_PIXELS = 4_000_000
"""Pixels of a picture of the whole scene."""

MOST_READ = 2**28
"""Bytes of a scene that its noise is told from."""


@dataclass(frozen=True, slots=True)
class Part:
    """Every so-manieth pixel of a part of the scene."""

    top: int
    """First row."""

    bottom: int
    """Row after the last."""

    left: int
    """First column."""

    right: int
    """Column after the last."""

    step: int
    """Pixels of the scene to a pixel of the picture."""

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.bottom, self.step), slice(self.left, self.right, self.step)

    def covers(self, other: Part) -> bool:
        """Whether all of `other` is here, however sharp."""
        down = self.top <= other.top and self.bottom >= other.bottom
        return down and self.left <= other.left and self.right >= other.right


class ScenePicture:
    """A picture of a scene; making it reads an overview.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the scene.
    read : callable
        Rows and columns, slices with a step, to a picture of them, RGBA (n_rows, n_columns, 4).
    """

    def __init__(self, shape: tuple[int, int], read: Callable[[slice, slice], NDArray[np.uint8]]) -> None:
        self._read_slices, (height, width) = read, shape
        step = max(1, int(np.ceil((height * width / MOST_PIXELS) ** 0.5)))
        self._asked = self._whole = self._sharp = Part(0, height, 0, width, step)
        self._overview = self._detail = self._read(self._whole)

    def wanted(self, window: Window) -> Part | None:
        """What has to be read so that `window` is sharp; None if it is, or is on its way."""
        if self._whole.step == 1:
            return None
        part = self._seen(window)
        have = (self._whole, self._sharp, self._asked)
        return None if any(one.step <= part.step and one.covers(part) for one in have) else part

    def sharpen(self, part: Part) -> None:
        """Read what :meth:`wanted` gave, which takes a while; where another window was asked for since, let it be."""
        if self._asked is part:
            detail = self._read(part)
            if self._asked is part:
                self._sharp, self._detail = part, detail

    def ask(self, part: Part) -> None:
        """From now on `part` is what is wanted."""
        self._asked = part

    def cut(self, window: Window) -> NDArray[np.uint8]:
        """The window's part, as sharp as it is now, clear outside the scene."""
        part, picture = self._sharp, self._detail
        if not part.covers(self._seen(window)):
            part, picture = self._whole, self._overview
        rows = np.clip((window.rows - part.top) // part.step, 0, picture.shape[0] - 1)
        columns = np.clip((window.columns - part.left) // part.step, 0, picture.shape[1] - 1)
        return window.clear(picture[rows, columns])

    def _seen(self, window: Window) -> Part:
        """The rows and columns of a window, and how finely the screen shows them."""
        step = min(self._whole.step, max(1, int(1 / window.scale)))
        edges = (f(part) for part in (window.rows, window.columns) for f in (np.min, np.max))
        top, bottom, left, right = (int(edge) for edge in edges)
        return Part(top, bottom + 1, left, right + 1, step)

    def _read(self, part: Part) -> NDArray[np.uint8]:
        return self._read_slices(*part.slices)


def picture_of_bands(cube: xr.DataArray, bands: tuple[int, int, int], percent: tuple[float, float]) -> ScenePicture:
    """Three bands as red, green and blue, black and white at two percentiles."""
    limits = picture_limits(cube, bands, percent)
    return ScenePicture(cube.shape[1:], lambda rows, columns: render(cube, bands, limits, rows, columns))


def _middle(cube: xr.DataArray) -> xr.DataArray:
    """So many rows of a large scene as are soon read."""
    rows = max(64, MOST_READ // (cube.nbytes // cube.sizes["y"]))
    top = max(0, (cube.sizes["y"] - rows) // 2)
    return cube.isel(y=slice(top, top + rows))


def picture_of_components(cube: xr.DataArray, kind: str, percent: tuple[float, float]) -> tuple[ScenePicture, str]:
    """The first three of ``COMPONENTS`` as red, green and blue, each stretched by itself; and a legend in words."""
    if kind == COMPONENTS[0]:
        found = fit_components(cube, 3)
        good, mean, axes = np.flatnonzero(good_bands(cube)), found.mean, found.axes.T
        shares = ", ".join(f"{100 * share:.1f}" for share in found.share)
        legend = f"Red, green, blue: principal components with {shares} % of the variance"
    else:
        noise = fit_mnf(_middle(cube))
        good, mean, axes = noise.good, noise.mean, noise.forward[:3]
        ratios = ", ".join(f"{max(value - 1, 0):.3g}" for value in noise.eigenvalues[:3])
        legend = f"Red, green, blue: noise fractions with signal to noise (power) of {ratios}"
    weights = np.zeros((3, len(good)), "float32")
    weights[: len(axes)] = axes
    offsets = weights @ mean.astype("float32")

    def scores(rows: slice, columns: slice) -> xr.DataArray:
        planes = read_bands(cube, good, rows, columns)
        summed = -np.ones_like(planes[0]) * offsets[:, None, None]
        for weight, plane in zip(weights.T, planes, strict=True):
            summed += weight[:, None, None] * plane
        return xr.DataArray(summed, dims=("band", "y", "x"))

    three = (0, 1, 2)
    limits = stretch_limits(scores(*even_sample(cube)), three, percent)
    return ScenePicture(cube.shape[1:], lambda rows, columns: render(scores(rows, columns), three, limits)), legend

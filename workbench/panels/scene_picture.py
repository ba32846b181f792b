"""Three bands of a scene as a picture that is never rendered larger than it is looked at.

A small scene is rendered whole, once, and panning costs nothing. Of a large one an overview is kept, and the window on
the screen is read again at the screen's own resolution, beside the page; until it is there, the best there is stands
in: first a little blurred, then sharp.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import picture_limits, render
from workbench.panels.view import Window

MOST_PIXELS = 4_000_000
"""Pixels of a picture of the whole scene."""


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
    """A picture of three bands; making it reads an overview.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; a lazy one stays so.
    bands : tuple of int
        For red, green, blue.
    percent : tuple of float
        Percentiles shown black and white.
    """

    def __init__(self, cube: xr.DataArray, bands: tuple[int, int, int], percent: tuple[float, float]) -> None:
        self._cube, self._bands = cube, bands
        self._limits = picture_limits(cube, bands, percent)
        height, width = cube.shape[1:]
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
        return render(self._cube, self._bands, self._limits, *part.slices)

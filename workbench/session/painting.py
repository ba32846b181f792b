"""Labels given and taken away with a round brush: one stroke is one change, and one mark."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from numbers import Real

import numpy as np
import shapely
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from workbench.labels.rasterise import grid_of
from workbench.session.commands import command
from workbench.session.labelling import Labelling

SMALLEST, LARGEST = 0.5, 100.0
"""Radii a brush can have [pixels of the scene]; the smallest one paints single pixels."""

_FAR = 1e6
"""No point of a stroke is taken to be farther from the first pixel [pixels]: the map reaches round the Earth."""

_PIECE = 256
"""Longest part of a stroke that is painted at once [pixels]."""

_ROUNDING = 1e-6
"""What is left of a mark under the eraser and is smaller than this [pixels of area] is left by rounding."""


class Painting(Labelling):
    """Strokes with the brush, or with the eraser."""

    @command
    def label_stroke(self, path: ArrayLike, radius: float, erase: bool = False) -> None:
        """Give every pixel under a round brush the current class, or take all labels there away.

        A pixel lies under the brush if its middle is within `radius` of the line through the middles of the pixels
        that `path` goes over; of those, pixels beside the scene continue its grid.

        Parameters
        ----------
        path : array_like of shape (n, 2)
            Where the pointer was, each (x, y) in scene coordinates; one point paints a disc.
        radius : float
            In pixels of the scene, 0.5 to 100; on a rotated grid, and of pixels that are not square, too.
        erase : bool
            Take labels of any class away.
        """
        cube = self._scene()
        name = "" if erase else self._class_name()
        under = stroke(cube, path, radius)
        if not under.any():
            raise ValueError("the stroke lies beside the scene; paint on it")
        if erase:
            state = self._state.erase(ground_of(cube, under), _ROUNDING * abs(grid_of(cube).transform.determinant))
        elif (self.labels.values[under] == self.current_class).all():
            return
        else:
            ground = ground_of(cube, under)
            pixels = [m.id for m in self._state.marks if m.is_pixel and ground.contains(m.geometry)]
            state = self._state.without(*pixels).with_marks((name, ground, "brush"))
        if state != self._state:
            self._become(state)


def stroke(cube: xr.DataArray, path: ArrayLike, radius: float) -> NDArray[np.bool_]:
    """Pixels (height, width) of `cube` under a round brush led along `path`; see :meth:`Painting.label_stroke`."""
    if not (isinstance(radius, Real) and SMALLEST <= radius <= LARGEST):
        raise ValueError(f"a brush's radius is {SMALLEST} to {LARGEST:g} pixels, got {radius!r}; choose another one")
    grid, points = grid_of(cube), _points(path)
    columns, rows = ~grid.transform @ (points[:, 0], points[:, 1])
    stops = np.clip(np.floor(np.column_stack([rows, columns])), -_FAR, _FAR)
    stops = stops[np.r_[True, (np.diff(stops, axis=0) != 0).any(axis=1)]]
    under = np.zeros((grid.height, grid.width), bool)
    for start, stop in zip(stops, stops[1:] if len(stops) > 1 else stops, strict=False):
        pieces = int(np.abs(stop - start).max() // _PIECE) + 1
        knots = np.linspace(start, stop, pieces + 1)
        for knot, following in pairwise(knots):
            _paint(under, knot, following, radius)
    return under


def ground_of(cube: xr.DataArray, under: NDArray[np.bool_]) -> shapely.Geometry:
    """Squares of the pixels that are True, as one area in scene coordinates, without borders between them."""
    edges = np.diff(np.pad(under, ((0, 0), (1, 1))).astype("int8"), axis=1)
    (rows, begins), (_, ends) = np.nonzero(edges == 1), np.nonzero(edges == -1)
    area = shapely.union_all(shapely.box(begins, rows, ends, rows + 1)).simplify(0)  # whole numbers: exact
    transform = grid_of(cube).transform
    return shapely.transform(area, lambda x, y: transform @ (x, y), interleaved=False)


def _points(path: Sequence) -> NDArray[np.float64]:
    try:
        points = np.asarray(path, float)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not np.isfinite(points).all():
        raise ValueError("a stroke is one or more points, each two finite numbers x and y; draw it again")
    return points


def _paint(under: NDArray[np.bool_], start: NDArray, stop: NDArray, radius: float) -> None:
    """Set the pixels whose middles are within `radius` of a straight line between two of (row, column)."""
    low = np.maximum(np.ceil(np.minimum(start, stop) - radius), 0).astype(int)
    high = np.minimum(np.floor(np.maximum(start, stop) + radius) + 1, under.shape).astype(int)
    if (low >= high).any():
        return
    rows, columns = np.ogrid[low[0] : high[0], low[1] : high[1]]
    rows, columns, (down, right) = rows - start[0], columns - start[1], stop - start
    along = np.clip((rows * down + columns * right) / max(down**2 + right**2, 1e-12), 0, 1)
    near = (rows - along * down) ** 2 + (columns - along * right) ** 2 <= radius**2 + 1e-9
    under[low[0] : high[0], low[1] : high[1]] |= near

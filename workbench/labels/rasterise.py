"""Geometries → labels on the cube's own grid.

A polygon labels the pixels whose *centre* lies in it, a point the pixel that *contains* it, a line the pixels nearest
to it (Bresenham); where marks overlap, the later row wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from rasterio.features import rasterize

from workbench.labels.colors import class_colors
from workbench.labels.grid import Grid, grid_of, to_pixels


def rasterise(frame: gpd.GeoDataFrame, cube: xr.DataArray, classes: Sequence[str] | None = None) -> xr.DataArray:
    """Labels of a scene from geometries.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        ``class_name`` and geometry: points, lines or polygons in any CRS, or in pixel coordinates (x = column, y = row,
        from the upper left corner) for a scene without one. Later rows win.
    cube : xarray.DataArray
        The scene; only its grid is used.
    classes : sequence of str, optional
        Class names in the order of their codes 1…K. By default the names found, in natural order (``"2"`` before
        ``"10"``). Rows of other classes are an error.

    Returns
    -------
    xarray.DataArray of shape (height, width)
        int16, 0 = unlabelled, with ``attrs["classes"]`` and ``attrs["colors"]``. All zero for an empty frame.

    Raises
    ------
    ValueError
        If scene and labels cannot be brought to one CRS, or a class is unknown.
    """
    grid = grid_of(cube)
    classes = natural_order(frame["class_name"]) if classes is None else list(classes)
    codes = {name: code for code, name in enumerate(classes, start=1)}
    if unknown := [name for name in natural_order(frame["class_name"]) if name not in codes]:
        raise ValueError(
            f"labels name the class {unknown[0]!r}, but the classes are: {', '.join(classes)}; add it first"
        )
    values = _burnt(frame, [codes[name] for name in frame["class_name"]], grid, np.int16)
    return as_labels(values, cube, classes)


def rows_shown(frame: gpd.GeoDataFrame, cube: xr.DataArray) -> NDArray[np.int32]:
    """Which geometry each pixel has its label from.

    Parameters
    ----------
    frame, cube
        As for :func:`rasterise`.

    Returns
    -------
    array of int32 of shape (height, width)
        0 = unlabelled, else the number of the frame's row, 1 for the first.

    Raises
    ------
    ValueError
        If scene and labels cannot be brought to one CRS.
    """
    return _burnt(frame, range(1, len(frame) + 1), grid_of(cube), np.int32)


def _burnt(frame: gpd.GeoDataFrame, values: Sequence[int], grid: Grid, dtype: type) -> NDArray:
    """A value for each row of the frame, on the pixels of its geometry."""
    shapes = [
        (geometry, value)
        for geometry, value in zip(to_pixels(frame, grid), values, strict=True)
        if geometry is not None and not geometry.is_empty and np.isfinite(geometry.bounds).all()
    ]
    burnt = np.zeros((grid.height, grid.width), dtype)
    return rasterize(shapes, out=burnt) if shapes else burnt


def as_labels(
    values: np.ndarray, cube: xr.DataArray, classes: Sequence[str], colors: Sequence[str] | None = None
) -> xr.DataArray:
    """Codes as labels on a cube's grid.

    Parameters
    ----------
    values : array of int of shape (height, width)
        0 = unlabelled, 1…K.
    cube : xarray.DataArray
        Gives ``y``, ``x`` and the CRS.
    classes, colors : sequence of str
        Names and ``#rrggbb`` of classes 1…K; colours by name where not given.

    Returns
    -------
    xarray.DataArray of shape (height, width)
    """
    coords = {name: cube.coords[name] for name in ("y", "x", "spatial_ref") if name in cube.coords}
    attrs = {"classes": list(classes), "colors": list(colors) if colors is not None else class_colors(classes)}
    return xr.DataArray(values.astype(np.int16), dims=("y", "x"), coords=coords, attrs=attrs, name="labels")


def natural_order(names: Iterable[str]) -> list[str]:
    """Distinct names, numbers in them by value, letters without regard to case; capitals first where only case differs.

    Examples
    --------
    >>> natural_order(["10", "2", "Tree", "grass", "2"])
    ['2', '10', 'grass', 'Tree']
    """
    return sorted(
        set(names),
        key=lambda n: ([(not p.isdecimal(), int(p) if p.isdecimal() else 0, p.lower()) for p in _parts(n)], n),
    )


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"(\d+)", name) if part]

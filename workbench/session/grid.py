"""Between pixels and the ground: where a pixel lies, and which pixels the marks cover."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas
import shapely
import xarray as xr
from pyproj import CRS

from workbench.labels.grid import Grid, grid_of
from workbench.labels.rasterise import as_labels, rasterise
from workbench.session.marks import LabelState, Mark


def pixel_square(cube: xr.DataArray, row: int, column: int) -> shapely.Polygon:
    """Ground of one pixel, in scene coordinates."""
    grid = _grid_with(cube, (row, column))
    corners = ((0, 0), (1, 0), (1, 1), (0, 1))
    return shapely.Polygon([grid.transform @ (column + right, row + down) for right, down in corners])


def pixel_centres(cube: xr.DataArray, pixels: Sequence[tuple[int, int]]) -> list[shapely.Point]:
    """The middles of pixels (row, column), in scene coordinates."""
    transform = _grid_with(cube, *pixels).transform
    return [shapely.Point(transform @ (column + 0.5, row + 0.5)) for row, column in pixels]


def _grid_with(cube: xr.DataArray, *pixels: tuple[int, int]) -> Grid:
    """The grid of a cube that has all of these pixels."""
    grid = grid_of(cube)
    for row, column in pixels:
        if not (0 <= row < grid.height and 0 <= column < grid.width):
            there = f"the scene has {grid.height} rows and {grid.width} columns"
            raise IndexError(f"{there}, got row {row}, column {column}")
    return grid


def pixel_under(cube: xr.DataArray, point: shapely.Point) -> tuple[int, int]:
    """Row and column of the pixel that holds `point`; the nearest one if it lies outside."""
    grid = grid_of(cube)
    column, row = ~grid.transform @ (point.x, point.y)
    return min(max(int(row // 1), 0), grid.height - 1), min(max(int(column // 1), 0), grid.width - 1)


def frame(marks: Sequence[Mark], crs: CRS | None) -> geopandas.GeoDataFrame:
    """Marks as the vector form of labels: ``class_name``, ``source``, ``created`` and the geometry."""
    columns = {key: [getattr(m, key) for m in marks] for key in ("class_name", "source", "created")}
    return geopandas.GeoDataFrame(columns, geometry=[m.geometry for m in marks], crs=crs)


def burn(state: LabelState, cube: xr.DataArray) -> xr.DataArray:
    """The labels as a raster (y, x) int16 on the cube's grid; where marks overlap, the later one is seen."""
    names, colors = [c.name for c in state.classes], [c.color for c in state.classes]
    labels = rasterise(frame(state.marks, grid_of(cube).crs), cube, classes=names)
    return as_labels(labels.to_numpy(), cube, names, colors)

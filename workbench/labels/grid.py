"""Where the pixels of a scene are, and geometries moved onto them.

Everything is placed in pixel coordinates (column, row from the upper left corner), so that rotated grids and scenes
without a CRS need no rule of their own later.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import rioxarray  # noqa: F401  (gives arrays their .rio)
import xarray as xr
from affine import Affine
from pyproj import CRS

from workbench.cubes import transform_of


@dataclass(frozen=True)
class Grid:
    """Where the pixels of a scene are."""

    height: int
    """Rows."""

    width: int
    """Columns."""

    transform: Affine
    """(column, row) of a pixel's corner → (x, y); the identity where there is no CRS."""

    crs: CRS | None
    """None for a plain pixel grid."""


def grid_of(array: xr.DataArray) -> Grid:
    """Grid of a cube, of labels or of a class map.

    Parameters
    ----------
    array : xarray.DataArray with dims ``y`` and ``x``
        Only its coordinates are used.

    Returns
    -------
    Grid

    Raises
    ------
    ValueError
        If the array has no pixels.
    """
    height, width = array.sizes["y"], array.sizes["x"]
    if height == 0 or width == 0:
        raise ValueError(f"a scene needs pixels, got {height} × {width}; check the file or the window cut from it")
    crs = array.rio.crs
    if not crs:
        origin = (float(array[name][0]) - 0.5 if name in array.coords else 0.0 for name in ("x", "y"))
        return Grid(height, width, Affine.translation(*origin), None)
    return Grid(height, width, transform_of(array), CRS.from_user_input(crs))


def to_pixels(frame: gpd.GeoDataFrame, grid: Grid) -> gpd.GeoSeries:
    """Geometries in pixel coordinates (column, row) of a grid, from its upper left corner.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        In any CRS, or without one if the grid has none.
    grid : Grid
        Of the scene.

    Returns
    -------
    geopandas.GeoSeries
        Without CRS.

    Raises
    ------
    ValueError
        If only one side has a CRS.
    """
    if frame.empty:
        return gpd.GeoSeries([], crs=None)
    if grid.crs is not None and frame.crs is None:
        raise ValueError(
            f"labels have no CRS, but the scene is in {short_name(grid.crs)}; "
            "say which CRS they are in (a .prj file, ogr2ogr -a_srs, or GeoDataFrame.set_crs)"
        )
    if grid.crs is None and frame.crs is not None:
        raise ValueError(
            f"labels are in {short_name(CRS.from_user_input(frame.crs))}, but the scene has no CRS; "
            "give them in pixel coordinates (x = column, y = row) without a CRS, or give the scene its CRS"
        )
    placed = frame.geometry if grid.crs is None else frame.geometry.to_crs(grid.crs)
    inverse = ~grid.transform
    matrix = [inverse.a, inverse.b, inverse.d, inverse.e, inverse.c, inverse.f]
    return gpd.GeoSeries(gpd.GeoSeries(placed.values, crs=None).affine_transform(matrix).values, index=frame.index)


def short_name(crs: CRS) -> str:
    """``EPSG:32633`` where there is such a code, else the CRS's name."""
    return ":".join(authority) if (authority := crs.to_authority()) else crs.name

"""Pixels of a scene → file: points that a GIS opens in the right place, or a table."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
import xarray as xr

from workbench.files import replacing
from workbench.labels.grid import grid_of
from workbench.labels.writing import write_labels


def write_places(table: pd.DataFrame, cube: xr.DataArray, path: str | Path) -> Path:
    """Write a table of pixels as points in the scene's CRS, or with their coordinates as columns.

    Parameters
    ----------
    table : pandas.DataFrame
        ``row`` and ``column`` [pixels], and whatever else is to be written.
    cube : xarray.DataArray
        The scene; only its grid is used.
    path : str or Path
        ``.gpkg`` or ``.geojson`` for points at the middle of each pixel, ``.csv`` for a table with ``x`` and ``y`` of
        that middle: in the scene's CRS, or in pixels from the upper left corner where it has none. Replaced if it
        exists.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the suffix is another.
    """
    path, grid = Path(path), grid_of(cube)
    if path.suffix.lower() not in (".gpkg", ".geojson", ".csv"):
        raise ValueError(f"pixels are written as .gpkg, .geojson or .csv, got {path.name}; choose one of these")
    middles = [
        grid.transform @ (column + 0.5, row + 0.5) for row, column in zip(table["row"], table["column"], strict=True)
    ]
    if path.suffix.lower() != ".csv":
        frame = gpd.GeoDataFrame(table, geometry=[shapely.Point(*middle) for middle in middles], crs=grid.crs)
        return write_labels(frame, path)
    with replacing(path) as draft:
        table.assign(x=[x for x, _ in middles], y=[y for _, y in middles]).to_csv(draft, index=False)
    return path

"""Labels out of other people's files, as areas in scene coordinates."""

from __future__ import annotations

from pathlib import Path

import xarray as xr
from shapely.geometry.base import BaseGeometry

from workbench.labels import open_labels
from workbench.labels.colors import class_colors
from workbench.labels.opening import open_marks
from workbench.labels.rasterise import grid_of, natural_order
from workbench.labels.vector import VECTOR_SUFFIXES
from workbench.labels.writing import polygonise


def found_in(
    path: Path, cube: xr.DataArray, column: str | None = None
) -> tuple[list[tuple[str, BaseGeometry]], dict[str, str]]:
    """Areas with their class names, and the colour of each class, in the order the classes should have.

    Parameters
    ----------
    path : Path
        A vector file in any CRS, or a raster on the cube's grid.
    cube : xarray.DataArray
        The scene; only its grid is used.
    column : str, optional
        Where a vector file keeps the class names.

    Raises
    ------
    ValueError
        If none of it lies on the scene.
    """
    if path.suffix.lower() not in VECTOR_SUFFIXES:
        raster = open_labels(path, cube)
        table = polygonise(raster)
        areas = list(zip(table["class_name"], table.geometry, strict=True))
        colors = dict(zip(raster.attrs["classes"], raster.attrs["colors"], strict=True))
        return areas, {name: color for name, color in colors.items() if name in {n for n, _ in areas}}
    table, _ = open_marks(path, cube, column=column)
    placed = table if table.crs is None else table.to_crs(grid_of(cube).crs)
    names = natural_order(table["class_name"])
    return list(zip(table["class_name"], placed.geometry, strict=True)), dict(
        zip(names, class_colors(names), strict=True)
    )

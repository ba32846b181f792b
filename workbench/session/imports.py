"""Labels out of other people's files, as areas in scene coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import xarray as xr
from shapely.geometry.base import BaseGeometry

from workbench.labels import open_labels
from workbench.labels.colors import class_colors
from workbench.labels.groups import groups_told
from workbench.labels.opening import open_marks
from workbench.labels.rasterise import grid_of, natural_order
from workbench.labels.vector import VECTOR_SUFFIXES
from workbench.labels.writing import polygonise


class Found(NamedTuple):
    """What a file holds of labels."""

    areas: list[tuple[str, BaseGeometry]]
    """Class and ground of each."""

    colors: dict[str, str]
    """``#rrggbb`` by class, in the order the classes should have."""

    groups: Mapping[str, str]
    """Groups by class, of those classes that stand under one."""

    in_several: list[str]
    """Classes that the file puts under several groups, so that here they stand under none."""

    def said(self, name: str) -> str:
        """How many labels of how many classes came from a file of this name."""
        told = f"{len(self.areas)} labels of {len(self.colors)} classes from {name}"
        odd = ", ".join(self.in_several[:3])
        return f"{told}; it puts {odd} under several groups, so here under none" if odd else told


def found_in(path: Path, cube: xr.DataArray, column: str | None = None) -> Found:
    """Areas with their class names, and colour and group of each class.

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
        return Found(areas, {name: color for name, color in colors.items() if name in {n for n, _ in areas}}, {}, [])
    table, labels = open_marks(path, cube, column=column)
    placed = table if table.crs is None else table.to_crs(grid_of(cube).crs)
    names = natural_order(table["class_name"])
    areas = list(zip(table["class_name"], placed.geometry, strict=True))
    groups = dict(zip(labels.attrs["classes"], labels.attrs.get("groups", ()), strict=False))
    return Found(areas, dict(zip(names, class_colors(names), strict=True)), groups, groups_told(table)[1])

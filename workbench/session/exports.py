"""Labels and scores as files for other programs; each is whole or not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import xarray as xr

from workbench.labels import write_labels
from workbench.labels.rasterise import grid_of
from workbench.session.grid import frame, pixel_square, pixel_under
from workbench.session.marks import Mark


def export_labels(marks: Sequence[Mark], labels: xr.DataArray, path: Path) -> None:
    """Write labels: .gpkg, .geojson and .shp as they were given, .tif as pixels.

    A Shapefile holds one type of geometry; where there are several, its points become the squares of their pixels.
    """
    if not marks:
        raise ValueError("there are no labels yet; click some pixels first")
    if path.suffix.lower() in (".tif", ".tiff"):
        write_labels(labels, path)
        return
    table = frame(marks, grid_of(labels).crs)
    if path.suffix.lower() == ".shp" and table.geometry.geom_type.str.removeprefix("Multi").nunique() > 1:
        is_point = table.geometry.geom_type == "Point"
        squares = [pixel_square(labels, *pixel_under(labels, point)) for point in table.geometry[is_point]]
        table.loc[is_point, "geometry"] = squares
    write_labels(table, path)


def export_scores(rows: pd.DataFrame | None, path: Path) -> None:
    """Write every row of a comparison as .parquet or .csv; dicts and lists stand in it as JSON text."""
    if rows is None:
        raise ValueError("there are no scores yet; start a comparison")
    from workbench.compare import write_table

    write_table(rows, path)

"""Labels, spectra and scores as files for other programs; each is whole or not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from workbench.cubes import make_library, save_library, spectrum
from workbench.labels import write_labels
from workbench.labels.groups import with_groups
from workbench.labels.rasterise import grid_of
from workbench.session.classes import LabelClass
from workbench.session.grid import frame, pixel_square, pixel_under
from workbench.session.marks import Mark
from workbench.session.spectra import class_spectra


def export_labels(marks: Sequence[Mark], labels: xr.DataArray, path: Path, groups: Mapping[str, str]) -> None:
    """Write labels: .gpkg, .geojson and .shp as they were given, .tif as pixels.

    Where any class has one of `groups` (by class), vector files have a column ``group``. A Shapefile holds one type of
    geometry; where there are several, its points become the squares of their pixels.
    """
    if not marks:
        raise ValueError("there are no labels yet; click some pixels first")
    if path.suffix.lower() in (".tif", ".tiff"):
        write_labels(labels, path)
        return
    table = with_groups(frame(marks, grid_of(labels).crs), groups)
    if path.suffix.lower() == ".shp" and table.geometry.geom_type.str.removeprefix("Multi").nunique() > 1:
        is_point = table.geometry.geom_type == "Point"
        squares = [pixel_square(labels, *pixel_under(labels, point)) for point in table.geometry[is_point]]
        table.loc[is_point, "geometry"] = squares
    write_labels(table, path)


def export_spectra(
    cube: xr.DataArray,
    labels: xr.DataArray,
    pixels: Sequence[tuple[str, LabelClass | None, tuple[int, int]]],
    path: Path,
) -> None:
    """Write spectra as .csv or .sli: of each class the mean and standard deviation of its labels, and of `pixels`.

    A pixel comes as its name, its class or None, and (row, column). Its class stands before its name, since an ENVI
    library has names only, and in a table's column ``class_name``, too.
    """
    names, classes, values = [], [], []
    for code, (mean, spread) in class_spectra(cube, labels).items():
        name = labels.attrs["classes"][code - 1]
        names += [f"{name}, mean", f"{name}, standard deviation"]
        classes += [name, name]
        values += [mean, spread]
    for name, its_class, pixel in pixels:
        names.append(f"{its_class.name}, {name}" if its_class else name)
        classes.append(its_class.name if its_class else "")
        values.append(spectrum(cube, *pixel).values)
    if not names:
        raise ValueError("there are no spectra yet; label some pixels, or click one and keep its spectrum (M)")
    bands = {name: cube[name].values for name in ("fwhm", "good") if name in cube.coords}
    words = {"class_name": np.array(classes, dtype=object)}
    told = {"quantity": cube.attrs.get("quantity", "reflectance")}
    library = make_library(np.stack(values), cube["wavelength"].values, names, bands=bands, words=words, **told)
    save_library(library, path, overwrite=True)


def export_scores(rows: pd.DataFrame | None, path: Path) -> None:
    """Write every row of a comparison as .parquet or .csv; dicts and lists stand in it as JSON text."""
    if rows is None:
        raise ValueError("there are no scores yet; start a comparison")
    from workbench.compare import write_table

    write_table(rows, path)

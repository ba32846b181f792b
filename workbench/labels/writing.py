"""Labels → file: GeoPackage, GeoJSON or Shapefile as marks, GeoTIFF as a map with names and colours.

Every file is written beside its place and then renamed, so that an interrupted write leaves the old one whole.
"""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr
from rasterio.features import shapes

from workbench.labels.geotiff import write_codes
from workbench.labels.grid import grid_of
from workbench.labels.groups import with_groups

DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON", ".shp": "ESRI Shapefile"}


def write_labels(labels: xr.DataArray | gpd.GeoDataFrame, path: str | Path) -> Path:
    """Save labels so that ``open_labels`` reads them back the same.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width) or geopandas.GeoDataFrame
        A map of labels, or marks with ``class_name``, ``source``, ``created`` and any further columns. A map saved as
        vectors becomes one polygon for each connected piece of a class.
    path : str or Path
        ``.gpkg``, ``.geojson``, ``.shp`` or ``.tif``. An existing file is replaced.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the suffix is unknown, or marks are to be saved as a map.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    is_map = isinstance(labels, xr.DataArray)
    if suffix not in (*DRIVERS, ".tif", ".tiff"):
        raise ValueError(f"labels are saved as .gpkg, .geojson, .shp or .tif, got {path.name}; choose one of these")
    if suffix in (".tif", ".tiff") and not is_map:
        raise ValueError(
            f"marks have no pixels, so {path.name} cannot be a GeoTIFF; rasterise them first or save a .gpkg"
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder {path.parent} to write {path.name} in; create it first")
    if suffix not in DRIVERS:
        return write_codes(labels, path)[0]
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        _write_vector(polygonise(labels) if is_map else labels, temporary, DRIVERS[suffix])
        for part in sorted(Path(folder).glob(f"{path.stem}.*"), key=lambda p: p.name == path.name):
            os.replace(part, path.parent / part.name)
    if suffix == ".shp" and not (labels.rio.crs if is_map else labels.crs):
        path.with_suffix(".prj").unlink(missing_ok=True)  # or an older file's CRS would be taken for this one's
    return path


def polygonise(labels: xr.DataArray) -> gpd.GeoDataFrame:
    """One polygon for each connected piece of a class, along the edges of its pixels.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K.

    Returns
    -------
    geopandas.GeoDataFrame
        ``class_name``, ``group`` where any class has one, ``source`` ("map"), ``created``, geometry in the labels' CRS.
    """
    grid = grid_of(labels)
    values = labels.values.astype(np.int16)
    found = [
        (shapely.geometry.shape(piece), int(code))
        for piece, code in shapes(values, values > 0, transform=grid.transform)
    ]
    pieces = gpd.GeoDataFrame(
        {
            "class_name": [labels.attrs["classes"][code - 1] for _, code in found],
            "source": "map",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        },
        geometry=[piece for piece, _ in found],
        crs=grid.crs,
    )
    return with_groups(pieces, dict(zip(labels.attrs["classes"], labels.attrs.get("groups", ()), strict=False)))


def _write_vector(frame: gpd.GeoDataFrame, path: Path, driver: str) -> None:
    """By GDAL; a GeoJSON without CRS says so, or it would be read as longitude and latitude."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        frame.to_file(path, driver=driver, **({"layer": "labels"} if driver == "GPKG" else {}))
    if driver == "GeoJSON" and frame.crs is None:
        content = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({"type": content["type"], "crs": None, **content}), encoding="utf-8")

"""Any file with labels → labels on the scene's grid: ``open_labels`` picks the reader by suffix."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import xarray as xr

from workbench.labels.grid import Grid, grid_of, short_name, to_pixels
from workbench.labels.groups import groups_told
from workbench.labels.legend import read_groups, read_legend
from workbench.labels.raster import RASTER_SUFFIXES, read_mat, read_raster
from workbench.labels.rasterise import rasterise
from workbench.labels.signatures import read_geojson
from workbench.labels.vector import VECTOR_SUFFIXES, read_vector


def open_labels(
    path: str | Path, cube: xr.DataArray, *, column: str | None = None, layer: str | None = None
) -> xr.DataArray:
    """Labels or a full truth map from a file, on the scene's grid.

    Parameters
    ----------
    path : str or Path
        GeoPackage, GeoJSON, Shapefile in any CRS; GeoTIFF or ENVI classification on any grid; MATLAB file or raster
        without CRS of the scene's size.
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    column : str, optional
        Column of a vector file that names the classes; found by rule where not given (see ``labels.columns``).
    layer : str, optional
        Layer of a GeoPackage or array of a MATLAB file, where there are several.

    Returns
    -------
    xarray.DataArray of shape (height, width)
        int16, 0 = unlabelled, 1…K; ``attrs["classes"]`` names, ``attrs["colors"]``, ``attrs["source"]`` the path and,
        for vectors, ``attrs["column"]`` and ``attrs["dropped"]``: how many marks each class had that is left without a
        pixel. ``attrs["groups"]``, if any class stands under a group: its name, or an empty one, for each class.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it cannot be read, or no label lies on the scene. The message says what to do.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no file at {path}")
    if path.is_dir():
        raise ValueError(f"labels come from a file, but {path} is a folder; name the file in it")
    suffix = path.suffix.lower()
    if suffix in VECTOR_SUFFIXES:
        labels = open_marks(path, cube, column=column, layer=layer)[1]
    elif suffix == ".mat":
        labels = read_mat(path, cube, layer)
    elif suffix in RASTER_SUFFIXES:
        labels = read_raster(path, cube)
    else:
        known = " ".join([*VECTOR_SUFFIXES[:4], ".mat", *RASTER_SUFFIXES[:3]])
        raise ValueError(f"labels come as {known}, got {path.name}; save them as one of these")
    if not labels.values.any():
        raise ValueError(f"{path.name} labels no pixel of the scene: it holds only 0 and no data there")
    return labels.assign_attrs(source=str(path))


def open_marks(
    path: Path, cube: xr.DataArray, *, column: str | None = None, layer: str | None = None
) -> tuple[gpd.GeoDataFrame, xr.DataArray]:
    """Marks of a vector file, and the pixels they label; refused where none of them labels any.

    Parameters
    ----------
    path, cube, column, layer
        As for :func:`open_labels`.

    Returns
    -------
    geopandas.GeoDataFrame
        As ``read_vector`` gives it, without a CRS where the scene has none.
    xarray.DataArray of shape (height, width)
    """
    frame = read_vector(path, column, layer)
    column = frame.attrs["column"]
    grid = grid_of(cube)
    if grid.crs is None and path.suffix.lower() in (".geojson", ".json") and not _declares_crs(path):
        frame = frame.set_crs(None, allow_override=True)  # a GeoJSON of pixel coordinates cannot say so
    if not _overlap(frame, grid):
        crs = "" if frame.crs is None else f" ({short_name(frame.crs)})"
        raise ValueError(
            f"all labels of {path.name}{crs} lie outside the scene; check that both belong together and their CRS"
        )
    labels = _burnt(frame, cube, read_legend(path))
    if not labels.values.any():
        raise ValueError(f"no polygon of {path.name} covers the centre of a pixel; draw larger polygons or points")
    classes = labels.attrs["classes"]
    left = {classes[code - 1] for code in np.unique(labels.values) if code}
    marks = frame["class_name"].value_counts()
    dropped = {name: int(marks[name]) for name in classes if name not in left and name in marks}
    groups = groups_told(frame)[0] or read_groups(path)
    told = {"groups": [groups.get(name, "") for name in classes]} if groups.keys() & set(classes) else {}
    return frame, labels.assign_attrs(column=column, dropped=dropped, **told)


def _burnt(frame: gpd.GeoDataFrame, cube: xr.DataArray, legend: dict[str, str]) -> xr.DataArray:
    """Marks as pixels, their classes numbered and coloured as the file says, if it says so of all of them."""
    if not legend or not set(frame["class_name"]) <= legend.keys():
        return rasterise(frame, cube)
    return rasterise(frame, cube, classes=list(legend)).assign_attrs(colors=list(legend.values()))


def _overlap(frame: gpd.GeoDataFrame, grid: Grid) -> bool:
    """Whether any geometry's bounds meet the scene's pixels."""
    left, top, right, bottom = to_pixels(frame, grid).bounds.to_numpy().T
    with np.errstate(invalid="ignore"):
        return bool(((left < grid.width) & (right >= 0) & (top < grid.height) & (bottom >= 0)).any())


def _declares_crs(path: Path) -> bool:
    """Whether a GeoJSON names its CRS."""
    return read_geojson(path).get("crs") is not None

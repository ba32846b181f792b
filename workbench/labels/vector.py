"""Labels from a vector file: which layer, which rows count; the class column is ``columns``'s choice.

The frame keeps the file's CRS; placing it on a scene is ``rasterise``'s work.
"""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from workbench.labels.columns import class_column, is_text
from workbench.labels.groups import GROUP, group_column
from workbench.labels.signatures import check_signature, read_geojson

VECTOR_SUFFIXES = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".kml", ".gml")

_ASKS_NOBODY = {"GML_DOWNLOAD_SCHEMA": "NO"}
"""So that GDAL asks no server that a file of GML names."""


def read_vector(path: str | Path, column: str | None = None, layer: str | None = None) -> gpd.GeoDataFrame:
    """Labelled geometries of a GeoPackage, GeoJSON or Shapefile.

    Parameters
    ----------
    path : str or Path
        The file.
    column : str, optional
        Column with the class names or codes. By default it is found by the rule in
        ``labels.columns``.
    layer : str, optional
        Layer of the file. By default its only layer with geometry (style tables are passed over).

    Returns
    -------
    geopandas.GeoDataFrame
        ``class_name`` (str), ``source``, ``created`` (ISO 8601), ``geometry`` in the file's CRS, None where the file
        declares none (``"crs": null`` in GeoJSON); and ``group``, where the file has such a column of words. Rows
        without a class or a geometry are left out. ``attrs["column"]`` is the column taken.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file cannot be read, is empty, or leaves layer or column open. The message names the choices.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no file at {path}")
    frame = _read_layer(path, layer)
    if frame.empty:
        raise ValueError(f"labels need at least one feature, but {path.name} holds none; draw some and save it again")
    column = class_column(frame, column, path.name)
    result = gpd.GeoDataFrame(
        {
            "class_name": _class_names(frame[column]),
            "source": _text(frame, "source", f"import:{path.name}"),
            "created": _text(frame, "created", datetime.now(UTC).isoformat(timespec="seconds")),
        },
        geometry=frame.geometry.values,
        crs=frame.crs,
    )
    if above := group_column(frame, column):
        result[GROUP] = _class_names(frame[above])
    kept = result["class_name"].notna() & result.geometry.notna() & ~result.geometry.is_empty
    if not kept.any():
        raise ValueError(
            f"no feature of {path.name} has both a geometry and a value in {column!r}; pass another column="
        )
    result = result[kept].reset_index(drop=True)
    result.attrs["column"] = column
    return result


def _read_layer(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    """The asked or only layer with geometry; a GeoJSON whose ``crs`` is null has none."""
    check_signature(path)
    pyogrio.set_gdal_config_options(_ASKS_NOBODY)
    try:
        layers = pyogrio.list_layers(path)
        spatial = [str(name) for name, geometry in layers if geometry is not None]
        if layer is None and len(spatial) == 1:
            layer = spatial[0]
        if layer not in spatial:
            rule = "labels lie in one layer with geometry"
            got = f"got layer={layer!r}" if layer is not None else f"but {path.name} has {len(spatial)}"
            raise ValueError(f"{rule}, {got}; pass layer= one of: {', '.join(spatial) or 'none there'}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's remarks on foreign files are not the user's business
            frame = gpd.read_file(path, layer=layer)
    except pyogrio.errors.DataSourceError as error:
        raise ValueError(f"{path.name} cannot be read as a vector file: {error}; save it as GeoPackage") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise ValueError(f"layer {layer!r} of {path.name} has no geometry; pass another layer=")
    if path.suffix.lower() in (".geojson", ".json") and crs_is_null(path):
        frame = frame.set_crs(None, allow_override=True)
    if frame.crs is not None and frame.crs.is_engineering:
        frame = frame.set_crs(None, allow_override=True)  # a GeoPackage's word for a pixel grid
    return frame


def crs_is_null(path: Path) -> bool:
    """Whether a GeoJSON file says ``"crs": null``, which GDAL reads as longitude and latitude."""
    content = read_geojson(path)
    return "crs" in content and content["crs"] is None


def _class_names(values: pd.Series) -> pd.Series:
    """As text: ``3.0`` becomes ``"3"``, blanks at the ends go, empty means no class."""
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.astype("Float64")
        if (numbers.dropna() == numbers.dropna().round()).all():
            numbers = numbers.astype("Int64")
        return numbers.astype("string").astype(object).where(values.notna(), None)
    names = values.astype("string").str.strip()
    return names.astype(object).where(names.notna() & (names != ""), None)


def _text(frame: gpd.GeoDataFrame, column: str, default: str) -> pd.Series:
    """The workbench's own column where the file has it, else one value for all."""
    if column not in frame.columns or not is_text(frame[column]):
        return pd.Series(default, index=frame.index)
    return frame[column].fillna(default)

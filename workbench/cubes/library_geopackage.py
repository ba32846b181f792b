"""Spectra as points on a map: a GeoPackage layer with a column a band, for any GIS.

Such a file is read by SQLite alone: what only calls itself one may be a text that names other files.
"""

from __future__ import annotations

import re
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.contract import CubeError
from workbench.cubes.library import make_library
from workbench.cubes.scaling import understand

MOST_COLUMNS = 1900
"""SQLite's tables have 2000."""

_BAND = re.compile(r"nm_(\d+(?:_\d+)?)")
_OWN = ("spectrum_name", "wavelength", "fwhm", "good", "band", "spectrum")
_HEADERS = {0: 8, 1: 40, 2: 56, 3: 56, 4: 72}
"""Bytes before the geometry itself, by the kind of its envelope."""


def recognises(path: Path) -> bool:
    """A GeoPackage with a layer that has columns of bands."""
    if path.suffix.lower() != ".gpkg":
        return False
    try:
        return bool(_layer(path)[0])
    except (sqlite3.Error, OSError):
        return False


def read(path: Path) -> xr.DataArray:
    """The spectra of the first layer that has any, with the points they were taken at; of other geometries no place."""
    table, columns, said, crs, geometry = _layer(path)
    bands = {name: float(match[1].replace("_", ".")) for name in columns if (match := _BAND.fullmatch(name))}
    others = [name for name in columns if name not in bands and name not in _OWN]
    chosen = ", ".join(_quoted(name) for name in (*bands, *others, geometry))
    try:
        with closing(_open(path)) as db:
            rows = db.execute(f"SELECT {chosen} FROM {_quoted(table)}").fetchall()
        values = np.array([row[: len(bands)] for row in rows], dtype=float).reshape(len(rows), len(bands))
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise CubeError(
            f"spectra are numbers, but those of {path.name} cannot be read ({error}); save it again"
        ) from error
    words = {name: np.array([row[len(bands) + i] for row in rows], object) for i, name in enumerate(others)}
    names = words.pop("name", [f"spectrum {i}" for i in range(1, len(rows) + 1)])
    places = np.array([_place(row[-1]) for row in rows]).reshape(-1, 2)
    if np.isfinite(places).all():
        words |= {"x": places[:, 0], "y": places[:, 1]}
    scaling = understand(values, f"{path.stem} {said}", has_wavelengths=True)
    attrs = {**scaling.attrs, **({"crs": crs} if crs else {})}
    return make_library(values * scaling.gain, list(bands.values()), names, words=words, **attrs)


def write(library: xr.DataArray, draft: Path, path: Path) -> None:
    """Points at ``x`` and ``y``; columns ``name``, the other words, and ``nm_450_5`` for the value at 450.5 nm."""
    from pyogrio.raw import write as write_layer

    if not {"x", "y"} <= set(library.coords) or library["x"].dims != ("spectrum",):
        raise CubeError("points need 'x' and 'y' on 'spectrum', got none; take the spectra from a cube by spectra_at()")
    words = [n for n in library.coords if library[n].dims == ("spectrum",) and n not in ("x", "y", "spatial_ref")]
    titles = [f"nm_{w:.10g}".replace(".", "_") for w in library["wavelength"].values]
    if len(words) + len(titles) > MOST_COLUMNS:
        raise CubeError(
            f"a GeoPackage has at most {MOST_COLUMNS} columns, got {len(words) + len(titles)}; resample the library"
        )
    places = zip(library["x"].values.astype(float), library["y"].values.astype(float), strict=True)
    points = np.array([struct.pack("<BIdd", 1, 1, x, y) for x, y in places], dtype=object)
    columns = [np.array([str(v) for v in library[n].values], dtype=object) for n in words]
    write_layer(
        draft,
        geometry=points,
        field_data=[*columns, *(np.ascontiguousarray(band) for band in library.values.T)],
        fields=np.array([*("name" if n == "spectrum_name" else n for n in words), *titles], dtype=object),
        geometry_type="Point",
        crs=library.attrs.get("crs"),
        driver="GPKG",
        layer=path.stem,
        layer_options={"DESCRIPTION": f"spectra, {library.attrs['quantity']}"},
    )


def _open(path: Path) -> sqlite3.Connection:
    """For reading only."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _layer(path: Path) -> tuple[str, list[str], str, str, str]:
    """Name of the first layer of spectra, its columns, what it says of itself, its CRS, and its geometry's column."""
    with closing(_open(path)) as db:
        layers = db.execute(
            "SELECT table_name, gpkg_contents.description, organization, organization_coordsys_id, definition, "
            "column_name FROM gpkg_contents JOIN gpkg_geometry_columns USING (table_name) "
            "JOIN sqlite_master ON type = 'table' AND name = table_name "
            "LEFT JOIN gpkg_spatial_ref_sys ON gpkg_contents.srs_id = gpkg_spatial_ref_sys.srs_id "
            "WHERE data_type = 'features'"
        ).fetchall()
        for layer in layers:  # which may hold anything: columns of SQLite take values of any type
            table, said, organization, code, definition, geometry = ("" if one is None else str(one) for one in layer)
            info = db.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
            columns = [name for name, is_key in info if not is_key and name != geometry]
            if any(_BAND.fullmatch(name) for name in columns):
                known = organization.upper() not in ("", "NONE")
                crs = "" if not known else f"EPSG:{code}" if organization.upper() == "EPSG" else definition
                return table, columns, said, crs, geometry
    return "", [], "", "", ""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _place(blob: object) -> tuple[float, float]:
    """x and y of a point as GeoPackage writes it; NaN of anything else."""
    if isinstance(blob, bytes) and blob[:2] == b"GP" and len(blob) >= 29:
        start = _HEADERS.get(blob[3] >> 1 & 7, 8)
        order = "<" if blob[start : start + 1] == b"\x01" else ">"
        if len(blob) == start + 21 and struct.unpack_from(f"{order}I", blob, start + 1)[0] == 1:
            return struct.unpack_from(f"{order}dd", blob, start + 5)
    return float("nan"), float("nan")

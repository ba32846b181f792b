"""Spectra as points on a map: a GeoPackage layer with a column a band, for any GIS."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.contract import CubeError

MOST_COLUMNS = 1900
"""SQLite's tables have 2000."""


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
    )

"""Class maps on disk: Cloud-Optimised GeoTIFFs that any GIS opens in the right place, colours and names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from workbench.labels import write_codes, write_cog


def write_class_map(class_map: xr.DataArray, confidence: xr.DataArray, path: str | Path) -> list[Path]:
    """Write a class map, and its confidence beside it as ``…_confidence.tif``; lazy ones are written tile by tile.

    Parameters
    ----------
    class_map : xarray.DataArray of shape (height, width)
        0 = no data, 1…K; ``attrs["classes"]`` and ``attrs["colors"]`` ("#rrggbb").
    confidence : xarray.DataArray of shape (height, width)
        0 to 1, NaN where there is no data.
    path : str or Path
        Ends in ``.tif``.

    Returns
    -------
    list of Path
        The files written: the map, its category names, the confidence.

    Raises
    ------
    ValueError
        If the suffix is another.
    """
    path = check_map_suffix(Path(path))
    beside = path.with_name(f"{path.stem}_confidence{path.suffix}")
    # The confidence first: a disk that fills up here leaves the older map untouched.
    write_cog(confidence.astype("float32"), beside, nodata=np.nan)
    return [*write_codes(class_map, path), beside]


def check_map_suffix(path: Path) -> Path:
    """Return `path`, or ValueError if no class map is written to such a file."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise ValueError(f"a class map is written as GeoTIFF, got {path.name}; use {path.stem}.tif")
    return path

"""What a scene is, as plain values: for ``workbench info`` and the screen's scene card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.contract import good_bands
from workbench.cubes.envi import binary_of
from workbench.cubes.glance import glanced
from workbench.cubes.grid import transform_of

NOTES = ("scaling", "wavelength_note", "units", "sensor", "nodata_sampled", "acquired", "masks", "dates")
"""Facts that people see only where there is something to say."""

UNITS = {"wavelength_min": " nm", "wavelength_max": " nm"}
"""What a number is in, where its name does not say."""


def describe(cube: xr.DataArray) -> dict[str, object]:
    """Facts about a cube, ready for JSON.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; of a lazy one a sample is read.

    Returns
    -------
    dict
        ``format``, ``sensor``, ``acquired`` (UTC, or empty), ``masks`` (names of the product's quality masks),
        ``dates`` (of all scenes of its series),
        ``quantity``, ``units``, ``scaling`` (how the numbers were understood), ``bands``, ``height``, ``width``,
        ``dtype`` (as stored), ``wavelength_min`` and ``wavelength_max`` [nm] or None, ``wavelength_note``, ``crs``,
        ``pixel_size`` [x, y] in CRS units or None, ``nodata_fraction`` of the pixels (``nodata_sampled`` if from a
        sample), ``bad_bands`` (indices from 0), ``bytes`` of the cube in memory, ``file_bytes``, ``lazy``, ``source``.
    """
    wavelength = cube["wavelength"].values
    known = wavelength[np.isfinite(wavelength)]
    crs = cube.rio.crs
    fraction, sampled = _nodata_fraction(cube)
    return {
        "source": cube.attrs.get("source", ""),
        "format": cube.attrs.get("format", ""),
        "sensor": cube.attrs.get("sensor", ""),
        "acquired": cube.attrs.get("acquired", ""),
        "masks": list(cube.attrs.get("masks", ())),
        "dates": list(cube.attrs.get("dates", ())),
        "quantity": cube.attrs["quantity"],
        "units": cube.attrs.get("units", ""),
        "scaling": cube.attrs.get("scaling", ""),
        "bands": cube.sizes["band"],
        "height": cube.sizes["y"],
        "width": cube.sizes["x"],
        "dtype": cube.attrs.get("stored_dtype", str(cube.dtype)),
        "wavelength_min": float(known.min()) if known.size else None,
        "wavelength_max": float(known.max()) if known.size else None,
        "wavelength_note": cube.attrs.get("wavelength_note", "" if known.size else "band number only"),
        "crs": None if crs is None else _crs_name(crs),
        "pixel_size": None if crs is None else _pixel_size(cube),
        "nodata_fraction": fraction,
        "nodata_sampled": sampled,
        "bad_bands": [int(band) for band in np.flatnonzero(~good_bands(cube))],
        "bytes": int(cube.nbytes),
        "file_bytes": _file_bytes(cube.attrs.get("source", "")),
        "lazy": cube.chunks is not None,
    }


def facts_in_words(facts: dict[str, object]) -> dict[str, str]:
    """What :func:`describe` found, for people to read; notes only where there is something to say.

    Examples
    --------
    >>> facts_in_words({"bands": 3, "wavelength_min": 450.5, "units": "", "nodata_fraction": 0.25})
    {'bands': '3', 'wavelength_min': '450.5 nm', 'nodata_fraction': '25.00 %'}
    """
    return {name: _in_words(name, value) for name, value in facts.items() if name not in NOTES or value}


def _in_words(name: str, value: object) -> str:
    """One fact for people to read."""
    if value is None or value == [] or value == "":
        return "none" if name == "bad_bands" else "unknown"
    if name.endswith("bytes"):
        return f"{value:,} ({value / 1e6:,.1f} MB)"
    if name == "nodata_fraction":
        return f"{100 * value:.2f} %"
    if isinstance(value, list | tuple):
        return (
            f"{len(value)}: " + ", ".join(map(str, value))
            if name == "bad_bands"
            else ", ".join(value)
            if name in ("masks", "dates")
            else " × ".join(f"{v:g}" for v in value)
        )
    return (f"{value:g}" if isinstance(value, float) else str(value)) + UNITS.get(name, "")


def _crs_name(crs: object) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else crs.to_wkt()


def _pixel_size(cube: xr.DataArray) -> list[float]:
    """Lengths of a pixel's two sides, so that a rotated grid is told truly."""
    transform = transform_of(cube)
    return [float(np.hypot(transform.a, transform.d)), float(np.hypot(transform.b, transform.e))]


def _nodata_fraction(cube: xr.DataArray) -> tuple[float, bool]:
    """Share of the pixels at which a good band lacks data, and whether it is from a look at some of them."""
    return 1.0 - float(glanced(cube)[good_bands(cube)].all(axis=0).mean()), cube.chunks is not None


def _file_bytes(source: str) -> int | None:
    path = Path(source)
    if path.suffix.lower() == ".hdr" and path.is_file():
        path = binary_of(path)
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if source and path.is_file() else None

"""Sentinel-1 backscatter in a GeoTIFF: terrain-corrected (RTC) or ground range (GRD), one band a polarisation.

A file is one whose name, folder, tags or descriptions say Sentinel-1. Its numbers are decibels where some are negative,
which no power or amplitude can be; else they stay what they are, called power where they are fractions and amplitude
where they are whole. ``units=`` says it instead. Radar has no wavelength [nm] that could be compared with light's.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.acquired import utc, utc_in_name
from workbench.cubes.contract import CubeError
from workbench.cubes.geotiff import understand_raster
from workbench.cubes.multispectral import Bands
from workbench.cubes.raster import Raster
from workbench.cubes.raster_words import Words, told
from workbench.cubes.scaling import Scaling
from workbench.cubes.stored import Stored

UNITS = {"db": "dB", "power": "power", "amplitude": "amplitude"}
"""What numbers may be, as the option says it, and the cube's units."""

POLARISATIONS = ("VV", "VH", "HH", "HV")

_SENSOR = re.compile(r"(?<![a-z0-9])(sentinel[-_ ]?1|s1[abcd]?[-_ ]?(rtc|grdh?|iw|ew)?(?![a-z0-9]))", re.IGNORECASE)
_POLARISATION = re.compile(r"(?<![a-z])(vv|vh|hh|hv)(?![a-z])", re.IGNORECASE)
_PRODUCT = re.compile(r"_1S([SD])([VH])(?:_|$)")


def recognises(path: Path) -> bool:
    """Whether it says so, and has one or two bands without wavelengths."""
    words = told(path)
    return (
        words is not None
        and words.n_bands <= 2
        and not words.wavelengths
        and bool(_SENSOR.search(words.text))
        and not words.dtype.startswith("complex")
    )


def read(path: Path, *, units: str = "") -> xr.DataArray:
    """The scene, lazily; `units` is ``dB``, ``power`` or ``amplitude`` where the numbers leave it open."""
    raster = Raster(path)
    source = raster.dataset
    words = told(path)
    if words is None or words.n_bands > 2:
        raise CubeError(f"a Sentinel-1 file has one or two polarisations, but {path.name} has {source.count} bands")
    names, note = _names(words)
    asked = units.strip().lower()
    if asked and asked not in UNITS:
        raise CubeError(f"units= is one of {', '.join(UNITS.values())}, got {units!r}; leave it out to infer it")
    if asked:
        kind, why = asked, "as units= says"
    else:
        kind, why = _kind(Stored(raster, nodata=source.nodata, block=source.block_shapes[0]), words.dtype)
    nan = (np.nan,) * len(names)
    scaling = Scaling("dn", f"values as stored: backscatter in {UNITS[kind]}, {why}")
    understood = understand_raster(raster, source, path, Bands("Sentinel-1", names, nan, nan, note), scaling)
    tags = source.tags()
    when = utc(tags.get("datetime", "")[:26]) or utc(tags.get("TIFFTAG_DATETIME", "")) or utc_in_name(path.stem)
    return understood.cube().assign_attrs(units=UNITS[kind], acquired=when)


def _names(words: Words) -> tuple[tuple[str, ...], str]:
    """Polarisations of the bands, and how they are known."""
    described = tuple(
        found[0].upper() if len(found := _POLARISATION.findall(t)) == 1 else "" for t in words.descriptions
    )
    if all(described) and len(set(described)) == len(described):
        return described, "polarisations as the band descriptions name them"
    found = tuple(dict.fromkeys(name.upper() for name in _POLARISATION.findall(words.text)))
    if len(found) == words.n_bands:
        return found, "polarisations as the file names them"
    product = _PRODUCT.search(words.text)
    sent = product[2] if product else "V"
    pair = (f"{sent}{sent}", f"{sent}{'H' if sent == 'V' else 'V'}")
    if words.n_bands == 1 and not (product and product[1] == "S"):
        return ("backscatter",), "the file does not say which polarisation it is"
    return pair[: words.n_bands], "the file does not say which polarisation is which; the usual order is assumed"


def _kind(stored: Stored, dtype: str) -> tuple[str, str]:
    """What the numbers are, and why."""
    values = stored.sample()
    values = values[np.isfinite(values)]
    if values.size and np.percentile(values, 1) < 0:
        return "db", "inferred, as numbers below 0 are no power"
    if np.dtype(dtype).kind in "iu":
        return "amplitude", "inferred, as whole numbers without a sign are those of GRD products"
    return "power", "inferred, as no number is below 0"

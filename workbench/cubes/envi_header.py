"""ENVI headers: text → fields, and the fields' meaning for bands and numbers; ``envi_place`` knows that for place."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.scaling import stated_factor
from workbench.cubes.wavelengths import from_band_names, in_nanometres

Header = dict[str, str]
"""Lower-case names to the text after the equals sign, without braces."""

_FIELD = re.compile(r"^[ \t]*([^\n={};]+?)[ \t]*=[ \t]*(\{[^}]*\}|[^\n]*)", re.MULTILINE)


def read_header(path: Path) -> Header:
    """Fields of a header file."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        text = path.read_bytes().decode("latin-1")
    if not text.lstrip("\ufeff \n\r").startswith("ENVI"):
        start = text.strip().splitlines()[0][:40] if text.strip() else "nothing"
        raise CubeError(
            f"an ENVI header begins with the line 'ENVI', but {path.name} begins with {start!r}; add the line"
        )
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(";"))
    return {m[1].strip().lower(): m[2].strip().strip("{}").strip() for m in _FIELD.finditer(text)}


def whole(header: Header, name: str, path: Path, default: int | None = None) -> int:
    """A field that is a whole number of at least 0."""
    value = header.get(name, "")
    if not value and default is not None:
        return default
    if not value:
        raise CubeError(f"an ENVI header says {name!r}, but {path.name} does not; add the line '{name} = …'")
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < 0:
        raise CubeError(f"{name!r} of an ENVI header is a whole number, got {value!r} in {path.name}; correct the line")
    return number


def number(header: Header, name: str, path: Path) -> float | None:
    """A field that is a number, or None where it is missing."""
    if not header.get(name):
        return None
    try:
        return float(header[name])
    except ValueError as error:
        got = header[name]
        raise CubeError(
            f"{name!r} of an ENVI header is a number, got {got!r} in {path.name}; correct the line"
        ) from error


def words(header: Header, name: str) -> list[str]:
    """A field that is a list."""
    return [word.strip() for word in header.get(name, "").split(",") if word.strip()]


def band_numbers(header: Header, name: str, n_bands: int, path: Path) -> NDArray[np.float64] | None:
    """A field with one number a band, or None where it is missing."""
    values = words(header, name)
    if not values:
        return None
    if len(values) != n_bands:
        raise CubeError(
            f"{name!r} has one number a band, got {len(values)} for {n_bands} bands in {path.name}; correct it"
        )
    try:
        return np.array([float(value) for value in values])
    except ValueError as error:
        raise CubeError(f"{name!r} holds numbers, but in {path.name} {error}; correct the line") from error


def wavelengths(
    header: Header, n_bands: int, path: Path
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, str]:
    """Wavelengths and fwhm [nm] of shape (n_bands,), and a note unless the header lists them."""
    units = header.get("wavelength units", "")
    values = band_numbers(header, "wavelength", n_bands, path)
    fwhm = band_numbers(header, "fwhm", n_bands, path)
    if fwhm is not None and not np.isfinite(fwhm).any():
        fwhm = None
    if values is not None and np.isfinite(values).any():
        if units.lower() in ("index", "unknown", "none") and np.array_equal(
            values, np.arange(values[0], values[0] + n_bands)
        ):
            return np.full(n_bands, np.nan), None, "band number only"
        centres, source = in_nanometres(values, units), ""
        unit = units or ("um" if np.nanmax(values) < 100 else "nm")
    else:
        names = words(header, "band names")
        found = from_band_names(names) if len(names) == n_bands else None
        if found is None:
            return np.full(n_bands, np.nan), None, "band number only"
        centres, source, unit = found, "wavelengths from the band names", units
    if fwhm is None:
        return centres, None, source
    # By itself a width of 0.01 or 10 tells its unit; it need not be that of the wavelengths.
    unit = unit if unit.lower() not in ("", "unknown") else ("um" if np.nanmax(fwhm) < 1 else "nm")
    return centres, in_nanometres(fwhm, unit), source


def gain_and_offset(
    header: Header, n_bands: int, path: Path
) -> tuple[float | tuple[float, ...] | None, float | tuple[float, ...], str]:
    """``stored × gain + offset`` of each band, then divided by the factor; and where the header states it."""
    factor, stated = number(header, "reflectance scale factor", path), "'reflectance scale factor'"
    if not factor:
        factor, stated = stated_factor(header.get("z plot titles", "")), "'z plot titles'"
    gains, offsets = (band_numbers(header, f"data {name} values", n_bands, path) for name in ("gain", "offset"))
    if gains is None and offsets is None:
        return 1 / factor if factor else None, 0.0, stated
    fields = [f"'data {name} values'" for name, n in (("gain", gains), ("offset", offsets)) if n is not None]
    divisor = factor or 1.0
    gain = tuple((gains / divisor).tolist()) if gains is not None else 1 / divisor
    offset = tuple((offsets / divisor).tolist()) if offsets is not None else 0.0
    return gain, offset, " and ".join([*fields, *([stated] if factor else [])])

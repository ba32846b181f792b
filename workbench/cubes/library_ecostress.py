"""Spectra of the ECOSTRESS library and of its forerunner ASTER: about twenty lines of words, then two columns.

After the library's documentation (Meerdink et al., 2019, doi:10.1016/j.rse.2019.05.015): a word a line before a colon,
an empty line, then wavelength and value. Wavelengths are in µm and often fall; reflectance is in percent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.contract import CubeError
from workbench.cubes.library import make_library
from workbench.cubes.wavelengths import in_nanometres

_LEAST = ("name", "x units", "y units")


def recognises(path: Path) -> bool:
    """A text that says its name, and what x and y are."""
    try:
        if path.suffix.lower() != ".txt":
            return False
        with path.open("rb") as file:
            told, _ = _words(file.read(8192).decode("latin-1"))
        return all(key in told for key in _LEAST)
    except OSError:
        return False


def read(path: Path) -> xr.DataArray:
    """The file's one spectrum; wavelengths it repeats are taken once."""
    told, lines = _words(path.read_bytes().decode("latin-1"))
    lacking = [key for key in _LEAST if key not in told]
    if lacking:
        raise CubeError(f"an ECOSTRESS spectrum says {lacking[0]!r}, but {path.name} does not; it is another file")
    try:
        pairs = np.array([[float(word) for word in line.split()] for line in lines if line.strip()])
    except ValueError as error:
        raise CubeError(
            f"an ECOSTRESS spectrum ends in two columns of numbers, but {path.name} does not; {error}"
        ) from error
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise CubeError(f"an ECOSTRESS spectrum ends in two columns, got {pairs.shape} in {path.name}; copy it again")
    count = told.get("number of x values", "")
    if count.isdigit() and int(count) != len(pairs):
        raise CubeError(f"{path.name} says it has {count} values, but has {len(pairs)}; it is cut off, copy it again")
    units = told["x units"].lower()
    unit = "nm" if "nanomet" in units or "(nm" in units else "um"
    wavelength, first = np.unique(in_nanometres(pairs[:, 0], unit), return_index=True)
    percent = "percent" in told["y units"].lower() or "%" in told["y units"]
    reflectance = "reflect" in told["y units"].lower()
    note = "" if len(first) == len(pairs) else f"{len(pairs) - len(first)} wavelengths stood twice and were taken once"
    kept = ("type", "class", "subclass", "genus", "species", "sample no.", "owner", "origin", "description")
    return make_library(
        pairs[first, 1][None] * (0.01 if percent else 1),
        wavelength,
        [told["name"]],
        words={key.rstrip("."): np.array([told.get(key, "")], dtype=object) for key in kept},
        quantity="reflectance" if reflectance else "dn",
        scaling=f"{told['y units']}{', divided by 100' if percent else ''}",
        wavelength_note=note,
    )


def _words(text: str) -> tuple[dict[str, str], list[str]]:
    """Words before the numbers, keys in lower case; and the lines of numbers."""
    lines = text.splitlines()
    told: dict[str, str] = {}
    for i, line in enumerate(lines):
        key, colon, value = line.partition(":")
        if not colon:
            if told and (not line.strip() or not any(c.isalpha() for c in line.lower().replace("e", ""))):
                return told, lines[i:]
            continue
        told.setdefault(key.strip().lower(), value.strip())
    return told, []

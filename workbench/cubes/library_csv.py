"""Spectra in a table: a spectrum a row under a line of wavelengths, or a spectrum a column beside them.

A heading that is a number, bare or with "nm" or "µm", is a wavelength; other columns of a table of rows are words about
the spectra, the first their names. What our own files hold reads back the same, but for ``fwhm`` and ``good``.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.library import make_library
from workbench.cubes.scaling import understand
from workbench.cubes.wavelengths import in_nanometres

_WAVELENGTH = re.compile(r"^\s*(?:nm_|x|w)?(\d+(?:\.\d*)?)\s*(nm|um|µm|μm)?\s*$", re.IGNORECASE)


def recognises(path: Path) -> bool:
    """By the ending; what is wrong inside is said on reading."""
    return path.suffix.lower() in (".csv", ".tsv")


def read(path: Path) -> xr.DataArray:
    """The table's spectra."""
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    head = text.partition("\n")[0]
    separator = max(";\t,", key=head.count)
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=separator) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise CubeError(f"a table of spectra is text, but {path.name} is not; {error}") from error
    if len(rows) < 2 or len(rows[0]) < 2:
        raise CubeError(f"a table of spectra has a heading and rows, but {path.name} has not; look into it")
    short = next((i for i, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if short is not None:
        raise CubeError(f"row {short + 1} of {path.name} has {len(rows[short])} cells of {len(rows[0])}; correct it")
    at = [i for i, cell in enumerate(rows[0]) if _WAVELENGTH.match(cell)]
    others = [i for i in range(len(rows[0])) if i not in at]
    if len(at) >= 2:
        centres, unit = [rows[0][i] for i in at], ""
        cells = [[row[i] for i in at] for row in rows[1:]]
        names = [row[others[0]] for row in rows[1:]] if others else [f"spectrum {i}" for i in range(1, len(rows))]
        words = {rows[0][i].strip(): [row[i] for row in rows[1:]] for i in others[1:] if rows[0][i].strip()}
    else:
        centres, unit = [row[0] for row in rows[1:]], rows[0][0]
        cells = [[row[i] for row in rows[1:]] for i in range(1, len(rows[0]))]
        names, words = rows[0][1:], {}
    wavelength = _lengths(centres, unit, path)
    values = np.array([[_number(cell, path) for cell in line] for line in cells])
    scaling = understand(values, f"{path.stem} {rows[0][0]}", has_wavelengths=True)
    return make_library(
        values * scaling.gain,
        wavelength,
        [name.strip() for name in names],
        words={key: np.array(column, dtype=object) for key, column in words.items() if key not in _OWN},
        **scaling.attrs,
    )


_OWN = ("spectrum_name", "wavelength", "band", "spectrum")


def write(library: xr.DataArray, draft: Path, path: Path) -> None:
    """A spectrum a row: name, words, and a column a wavelength [nm]."""
    words = [n for n in library.coords if library[n].dims == ("spectrum",) and n != "spectrum_name"]
    with draft.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["name", *words, *(f"{w:.10g}" for w in library["wavelength"].values)])
        for i, spectrum in enumerate(library.values):
            row = [str(library["spectrum_name"].values[i]), *(str(library[n].values[i]) for n in words)]
            table.writerow([*row, *("" if np.isnan(v) else f"{v:.9g}" for v in spectrum)])


def _lengths(cells: list[str], heading: str, path: Path) -> NDArray[np.float64]:
    found = [_WAVELENGTH.match(cell) for cell in cells]
    if not all(found):
        wrong = next(cell for cell, match in zip(cells, found, strict=True) if not match)
        raise CubeError(
            f"wavelengths stand in the first row or column of {path.name}, but {wrong!r} is none; name them"
        )
    unit = found[0][2] or next((u for u in ("nm", "µm", "um", "micro", "nano") if u in heading.lower()), "")
    return in_nanometres([float(match[1]) for match in found], unit)


def _number(cell: str, path: Path) -> float:
    """A value; an empty cell or one that says so is none."""
    text = cell.strip()
    try:
        return float(text) if text and text.lower() not in ("na", "nan", "null", "none") else float("nan")
    except ValueError as error:
        raise CubeError(
            f"spectra are numbers, but {path.name} holds {text!r}; correct or leave out the cell"
        ) from error

"""Spectra of the USGS Spectral Library Version 7, ASCII: a title and a value a line; wavelengths stand in another file.

After its documentation (Kokaly et al., 2017, doi:10.3133/ds1035): a deleted channel is −1.23 × 10³⁴, wavelengths and
bandpasses are in µm, and a file ``splib07a_Wavelengths_…`` belongs to each spectrometer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.library import make_library
from workbench.cubes.wavelengths import in_nanometres

_FAR = 2
"""How many folders up wavelengths are looked for."""


def recognises(path: Path) -> bool:
    """A text whose title has a record number of the library, and is not about wavelengths or bandpasses."""
    try:
        if path.suffix.lower() != ".txt":
            return False
        with path.open("rb") as file:
            title = file.readline(400).decode("latin-1").lower()
    except OSError:
        return False
    return (
        "splib0" in title and "record=" in title and not any(w in title for w in ("wavelength", "bandpass", "wavenumb"))
    )


def read(path: Path, *, wavelengths: str | Path | None = None) -> xr.DataArray:
    """The file's one spectrum; `wavelengths` names the file of its spectrometer where it is not nearby."""
    title, values = _column(path)
    values[np.abs(values) > 1e30] = np.nan
    if not np.isfinite(values).any():
        raise CubeError(f"a spectrum has values, but every channel of {path.name} is deleted; use another")
    name = title.partition(":")[2].strip() or path.stem
    source = Path(wavelengths).expanduser() if wavelengths else _nearby(path, "wavelengths", len(values), name)
    if source is None:
        raise CubeError(
            f"{path.name} has {len(values)} channels and needs the library's file of as many wavelengths nearby; "
            "pass wavelengths="
        )
    _, places = _column(source)
    if len(places) != len(values):
        raise CubeError(f"{source.name} has {len(places)} wavelengths for {len(values)} channels; pass another file")
    centres, first = np.unique(in_nanometres(places, "um"), return_index=True)
    bands = {}
    widths = _nearby(path, "bandpass", len(values), name)
    if widths is not None:
        bands["fwhm"] = in_nanometres(_column(widths)[1], "um")[first]
    files = [str(one) for one in (source, widths) if one is not None]
    kind = next((word for word in ("AREF", "RREF", "RTGC", "TRAN") if name.upper().endswith(word)), "")
    note = f"wavelengths from {source.name}"
    return make_library(
        values[first][None],
        centres,
        [name],
        bands=bands,
        files=files,
        quantity="dn" if kind == "TRAN" else "reflectance",
        scaling="values as stored",
        wavelength_note=note if len(first) == len(places) else f"{note}; those that stood twice were taken once",
    )


def _column(path: Path) -> tuple[str, NDArray[np.float64]]:
    """Title and numbers of a file."""
    lines = path.read_bytes().decode("latin-1").splitlines()
    try:
        return lines[0].strip(), np.array([float(line) for line in lines[1:] if line.strip()])
    except (ValueError, IndexError) as error:
        raise CubeError(f"a USGS spectrum is a title and a number a line, but {path.name} is not; {error}") from error


def _nearby(path: Path, what: str, count: int, name: str) -> Path | None:
    """The one file of `count` wavelengths or bandpasses around a spectrum."""
    for folder in list(path.resolve().parents)[: _FAR + 1]:
        files = [
            f for f in sorted(folder.glob("*.txt")) if what in f.name.lower() and f.name.lower().startswith("splib0")
        ]
        fits = [f for f in files if f.stat().st_size < 2**20 and len(_column(f)[1]) == count]
        named = [f for f in fits if any(word in name.upper() for word in _instruments(f.name))]
        if len(named or fits) == 1:
            return (named or fits)[0]
    return None


def _instruments(name: str) -> list[str]:
    """Spectrometers a file's name tells."""
    return [word for word in ("ASDFR", "ASDHR", "ASDNG", "ASD", "BECK", "NIC4", "AVIRIS") if word in name.upper()]

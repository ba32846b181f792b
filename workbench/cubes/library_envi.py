"""ENVI spectral libraries: a text header and a flat binary with a spectrum a line."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.envi import TYPES
from workbench.cubes.envi_header import (
    Header,
    band_numbers,
    gain_and_offset,
    number,
    read_header,
    wavelengths,
    whole,
    words,
)
from workbench.cubes.library import make_library
from workbench.cubes.scaling import Scaling, understand
from workbench.cubes.stored import physical
from workbench.files import replacing


def recognises(path: Path) -> bool:
    """A ``.sli`` with its header, or a header that says it is a library's."""
    try:
        header = _header_path(path)
        return header is not None and "spectral library" in read_header(header).get("file type", "").lower()
    except (CubeError, OSError):
        return False


def read(path: Path) -> xr.DataArray:
    """The library; a ``.csv`` beside it whose first column lists the same names gives further words."""
    header_path = _header_path(path)
    if header_path is None:
        raise CubeError(f"an ENVI library has its header beside it, but {path.name} has none; add {path.stem}.hdr")
    header = read_header(header_path)
    n_bands, n_spectra = (whole(header, name, header_path) for name in ("samples", "lines"))
    data_path = path if path != header_path else _binary_path(header_path)
    stored = _stored(header, header_path, data_path, n_spectra, n_bands)
    centres, fwhm, note = wavelengths(header, n_bands, header_path)
    if not np.isfinite(centres).all():
        raise CubeError(f"a library lists wavelengths, but {header_path.name} does not; add the line 'wavelength = …'")
    gain, offset, stated = gain_and_offset(header, n_bands, header_path)
    nodata = number(header, "data ignore value", header_path)
    sample = physical(stored.T[:, :, None], Scaling("dn", ""), nodata)
    said = " ".join(header.get(name, "") for name in ("z plot titles", "description", "data units"))
    scaling = understand(
        sample, f"{said} {data_path.stem}", has_wavelengths=True, gain=gain, offset=offset, stated=stated
    )
    values = physical(stored.T[:, :, None], scaling, nodata)[:, :, 0].T
    names = words(header, "spectra names")
    if len(names) != n_spectra:
        note = f"{len(names)} names for {n_spectra} spectra, so they were numbered" if names else note
        names = [f"spectrum {i + 1}" for i in range(n_spectra)]
    bands = {} if fwhm is None else {"fwhm": fwhm}
    bad = band_numbers(header, "bbl", n_bands, header_path)
    bands |= {} if bad is None else {"good": bad > 0}
    attrs = {**scaling.attrs, "stored_dtype": stored.dtype.name, "wavelength_note": note}
    return make_library(values, centres, names, bands=bands, words=_words_beside(data_path, names), **attrs)


def write(library: xr.DataArray, draft: Path, path: Path) -> None:
    """Binary to `draft`, header beside `path`; commas in names become semicolons, as commas part them."""
    names = [str(name).translate(str.maketrans(",{}\n", ";() ")) for name in library["spectrum_name"].values]
    fields = {
        "description": "{spectral library}",
        "samples": library.sizes["band"],
        "lines": library.sizes["spectrum"],
        "bands": 1,
        "header offset": 0,
        "file type": "ENVI Spectral Library",
        "data type": 4,
        "interleave": "bsq",
        "byte order": 0,
        "wavelength units": "Nanometers",
        "z plot titles": "{wavelength [nm], " + library.attrs["quantity"] + "}",
        "spectra names": _listed(names),
        "wavelength": _listed(f"{w:.10g}" for w in library["wavelength"].values),
    }
    if library.attrs["quantity"] == "reflectance":
        fields["reflectance scale factor"] = 1
    if "fwhm" in library.coords:
        fields["fwhm"] = _listed(f"{w:.10g}" for w in library["fwhm"].values)
    if "good" in library.coords:
        fields["bbl"] = _listed(str(int(good)) for good in library["good"].values)
    np.ascontiguousarray(library.values, dtype="<f4").tofile(draft)
    with replacing(path.with_suffix(".hdr")) as header:
        header.write_text("ENVI\n" + "".join(f"{key} = {value}\n" for key, value in fields.items()), encoding="utf-8")


def _header_path(path: Path) -> Path | None:
    if path.suffix.lower() == ".hdr":
        return path
    if path.suffix.lower() != ".sli":
        return None
    beside = (path.with_suffix(".hdr"), path.with_name(path.name + ".hdr"))
    return next((header for header in beside if header.is_file()), None)


def _binary_path(header: Path) -> Path:
    plain = header.with_suffix("")
    found = next((p for p in (plain.with_suffix(".sli"), plain.with_suffix(".SLI"), plain) if p.is_file()), None)
    if found is None:
        raise FileNotFoundError(f"no binary beside {header}; put {plain.name}.sli next to it")
    return found


def _stored(header: Header, header_path: Path, path: Path, n_spectra: int, n_bands: int) -> NDArray:
    """The numbers as stored, shape (n_spectra, n_bands)."""
    code = whole(header, "data type", header_path)
    if code not in TYPES or not n_spectra * n_bands:
        raise CubeError(
            f"an ENVI library has samples, lines and a data type among {', '.join(map(str, TYPES))}, got {n_bands}, "
            f"{n_spectra} and {code} in {header_path.name}; correct the header"
        )
    dtype = np.dtype(TYPES[code]).newbyteorder(">" if whole(header, "byte order", header_path, 0) else "<")
    offset = whole(header, "header offset", header_path, 0)
    need, have = offset + n_spectra * n_bands * dtype.itemsize, path.stat().st_size
    if have < need:
        raise CubeError(f"{path.name} needs {need} bytes by its header, but has {have}; copy it again or correct it")
    return np.fromfile(path, dtype, n_spectra * n_bands, offset=offset).reshape(n_spectra, n_bands)


def _words_beside(path: Path, names: list[str]) -> dict[str, NDArray]:
    """Columns of the table of the same name, where its first lists the library's names."""
    table = path.with_suffix(".csv")
    if not table.is_file():
        return {}
    try:
        rows = [row for row in csv.reader(table.read_text("utf-8-sig", errors="replace").splitlines()) if row]
    except csv.Error:
        return {}
    if not rows or [row[0].strip() for row in rows[1:]] != names or len({len(row) for row in rows}) != 1:
        return {}
    columns = zip(*rows[1:], strict=True)
    return {
        title.strip(): np.array(column, dtype=object)
        for title, column in list(zip(rows[0], columns, strict=True))[1:]
        if title.strip() not in ("", "spectrum_name", "wavelength")
    }


def _listed(values: object) -> str:
    return "{" + ", ".join(values) + "}"

"""ENVI: a text header and a flat binary, by our own reading (GDAL's leaves out bbl, band-name wavelengths and gzip).

The binary is read by position and cut into dask blocks that follow its interleave; a gzip-compressed one is unpacked
once, in memory or, from 256 MB, into a temporary file that the system removes.
"""

from __future__ import annotations

import gzip
import math
import shutil
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.binary import Binary
from workbench.cubes.contract import DIMS, CubeError
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
from workbench.cubes.envi_place import georeference
from workbench.cubes.grid import place
from workbench.cubes.scaling import understand
from workbench.cubes.sensors import named_sensor
from workbench.cubes.stored import Source, Stored
from workbench.cubes.wavelengths import detector_order

TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
"""ENVI's numbers for its types."""

LAYOUTS = {"bsq": ("band", "y", "x"), "bil": ("y", "band", "x"), "bip": ("y", "x", "band")}
"""How each interleave runs through the file, slowest first."""

BINARIES = (".bsq", ".bil", ".bip", ".dat", ".img", ".raw", ".bin", "")
"""Endings of the binary beside a header, looked for in this order."""

_BLOCK = 4_000_000
_IN_MEMORY = 256 * 2**20


def recognises(path: Path) -> bool:
    """A header, or a binary that has one beside it."""
    return path.suffix.lower() == ".hdr" or _header_of(path) is not None


def read(path: Path) -> xr.DataArray:
    """The scene, lazily; `path` is the header or the binary."""
    header_path = path if path.suffix.lower() == ".hdr" else _header_of(path)
    if header_path is None:
        raise CubeError(f"an ENVI binary has its header beside it, but {path.name} has none; add {path.name}.hdr")
    header = read_header(header_path)
    if "spectral library" in header.get("file type", "").lower():
        raise CubeError(f"a scene has pixels, but {path.name} is a spectral library; open an ENVI image")
    data_path = path if path != header_path else binary_of(header_path)
    array, layout = _array(header, header_path, data_path)
    stored = Stored(array, layout, number(header, "data ignore value", header_path))
    n_bands = stored.shape[0]

    centres, fwhm, source = wavelengths(header, n_bands, header_path)
    bad = band_numbers(header, "bbl", n_bands, header_path)
    coords = {"wavelength": ("band", centres, {"units": "nm"})}
    if fwhm is not None:
        coords["fwhm"] = ("band", fwhm, {"units": "nm"})
    if bad is not None:
        coords["good"] = ("band", bad > 0)
    names = words(header, "band names")
    if source:
        names = names if len(names) == n_bands else [f"band {i + 1}" for i in range(n_bands)]
        coords["band_name"] = ("band", np.array(names, dtype=object))

    titles = " ".join(header.get(name, "") for name in ("z plot titles", "description", "data units", "units"))
    gain, offset, stated = gain_and_offset(header, n_bands, header_path)
    scaling = understand(
        stored.sample(),
        f"{titles} {data_path.stem} {'reflectance' if header.get('reflectance scale factor') else ''}",
        has_wavelengths=bool(np.isfinite(centres).all()),
        gain=gain,
        offset=offset,
        stated=stated,
    )
    sensor = header.get("sensor type", "")
    attrs = {
        **scaling.attrs,
        "sensor": sensor
        if sensor.lower() not in ("", "unknown")
        else named_sensor(data_path.stem) or named_sensor(titles),
        "stored_dtype": array.dtype.name,
        "wavelength_note": source,
    }
    order, note = detector_order(centres)
    if order is not None:
        coords = {name: (dim, values[order], *rest) for name, (dim, values, *rest) in coords.items()}
        attrs["wavelength_note"] = note
    blocks = replace(stored, scaling=scaling, order=order).blocks(_chunks(layout, stored.shape))
    cube = xr.DataArray(blocks, dims=DIMS, coords=coords, attrs=attrs)
    cube.encoding["preferred_chunks"] = {"y": 1, "x": stored.shape[2]}
    return place(cube, *georeference(header, header_path))


def _chunks(layout: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, int]:
    """Runs of the file's slowest dim, so that a block is read in one go."""
    chunks = dict(zip(DIMS, shape, strict=True))
    chunks[layout[0]] = max(1, _BLOCK * chunks[layout[0]] // int(np.prod(shape, dtype=np.int64)))
    return {dim: min(size, chunks[dim]) for dim, size in zip(DIMS, shape, strict=True)}


def _header_of(binary: Path) -> Path | None:
    candidates = [binary.with_name(binary.name + ending) for ending in (".hdr", ".HDR")]
    candidates += [binary.with_suffix(ending) for ending in (".hdr", ".HDR")] if binary.suffix else []
    return next((path for path in candidates if path.is_file()), None)


def binary_of(header: Path) -> Path:
    """The file of the header's name with another ending or none."""
    plain = header.with_suffix("")
    if plain.is_file():
        return plain
    beside = {
        path.suffix.lower(): path for path in header.parent.glob(f"{_escaped(plain.name)}.*") if path.stem == plain.name
    }
    found = next((beside[ending] for ending in BINARIES if ending in beside), None)
    if found is None:
        raise FileNotFoundError(f"no binary beside {header}; put {plain.name}.bsq, .bil, .bip, .dat or .img next to it")
    return found


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "[]*?" else c for c in name)


def _array(header: Header, header_path: Path, path: Path) -> tuple[Source, tuple[str, ...]]:
    """Stored numbers in the file's own order, and the names of their dims."""
    sizes = {
        dim: whole(header, name, header_path) for dim, name in (("band", "bands"), ("y", "lines"), ("x", "samples"))
    }
    interleave = header.get("interleave", "bsq").lower()
    if interleave not in LAYOUTS:
        raise CubeError(f"interleave is bsq, bil or bip, got {interleave!r} in {header_path.name}; correct the line")
    code = whole(header, "data type", header_path)
    if code not in TYPES:
        known = ", ".join(str(known) for known in TYPES)
        raise CubeError(f"an ENVI data type is one of {known}, got {code} in {header_path.name}; convert the file")
    if not all(sizes.values()):
        raise CubeError(f"a scene has samples, lines and bands, got {sizes} in {header_path.name}; correct the header")
    dtype = np.dtype(TYPES[code]).newbyteorder(">" if whole(header, "byte order", header_path, 0) else "<")
    layout = LAYOUTS[interleave]
    shape = tuple(sizes[dim] for dim in layout)
    offset = whole(header, "header offset", header_path, 0)
    return _numbers(header, path, dtype, shape, offset), layout


def _numbers(header: Header, path: Path, dtype: np.dtype, shape: tuple[int, ...], offset: int) -> Source:
    need = offset + math.prod(shape) * dtype.itemsize
    with path.open("rb") as file:
        packed = header.get("file compression", "0") == "1" and file.read(2) == b"\x1f\x8b"
    if packed:
        return _unpacked(path, dtype, shape, offset, need)
    have = path.stat().st_size
    if have < need:
        raise _cut_off(path, have, need)
    return Binary(path, dtype, shape, offset)


def _unpacked(path: Path, dtype: np.dtype, shape: tuple[int, ...], offset: int, need: int) -> NDArray:
    try:
        with gzip.open(path) as packed:
            if need <= _IN_MEMORY:
                content = packed.read(need)
                if len(content) < need:
                    raise _cut_off(path, len(content), need)
                return np.frombuffer(content, dtype=dtype, offset=offset).reshape(shape)
            with tempfile.TemporaryFile() as plain:
                shutil.copyfileobj(packed, plain, 2**24)
                if plain.tell() < need:
                    raise _cut_off(path, plain.tell(), need)
                return np.memmap(plain, dtype=dtype, mode="r", offset=offset, shape=shape)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CubeError(
            f"{path.name} is gzip-compressed, but its data are cut off or damaged; copy it again"
        ) from error


def _cut_off(path: Path, have: int, need: int) -> CubeError:
    return CubeError(
        f"{path.name} needs {need} bytes by its header, but has {have}; "
        "copy it again or correct samples, lines and bands"
    )

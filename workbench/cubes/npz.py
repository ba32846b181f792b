"""The workbench's own small format, and other people's NumPy archives.

Ours holds ``values`` (band, y, x), ``wavelength`` and whatever else the cube has. In a foreign archive the one 3-D
array is taken; its bands lie on the axis as long as its ``wavelength`` array, or else on the shorter of the first and
the last.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine
from numpy.lib.format import MAGIC_PREFIX, read_array
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS, UNITS, CubeError
from workbench.cubes.crs import known_crs
from workbench.cubes.grid import place, transform_of
from workbench.cubes.numpy_files import DAMAGE


def recognises(path: Path) -> bool:
    """By the ending; what is wrong inside is said on reading."""
    return path.suffix.lower() == ".npz"


def read(path: Path, *, variable: str | None = None) -> xr.DataArray:
    """The archive's cube; pass `variable` where several arrays could be it."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = dict(_arrays(archive))
    except DAMAGE as error:
        raise CubeError(
            f"an .npz file is a NumPy archive, but {path.name} is not or is damaged; copy it again"
        ) from error
    name = variable or _only_cube(arrays, path)
    if name not in arrays or arrays[name].ndim != 3:
        raise CubeError(f"a cube is a 3-D array, but {name!r} in {path.name} is not; it has {', '.join(arrays)}")
    wavelength = arrays.get("wavelength", arrays.get("wavelengths"))
    values = _bands_first(arrays[name], wavelength) if name != "values" else arrays[name]
    if values.dtype.kind not in "buif":
        raise CubeError(f"a cube holds numbers, but {name!r} in {path.name} holds {values.dtype}; choose another array")
    n_bands = len(values)
    attrs = _attrs(str(arrays["attrs"]), path) if "attrs" in arrays else _guess(name, values)
    coords = {"wavelength": ("band", np.full(n_bands, np.nan), {"units": "nm"})}
    if wavelength is not None:
        coords["wavelength"] = ("band", _each("wavelength", wavelength, n_bands, path).astype(float), {"units": "nm"})
    if "fwhm" in arrays:
        coords["fwhm"] = ("band", _each("fwhm", arrays["fwhm"], n_bands, path).astype(float), {"units": "nm"})
    if "good" in arrays:
        coords["good"] = ("band", _each("good", arrays["good"], n_bands, path).astype(bool))
    if "band_name" in arrays:
        coords["band_name"] = ("band", _each("band_name", arrays["band_name"], n_bands, path, "text").astype(object))
    elif wavelength is None:
        coords["band_name"] = ("band", np.array([f"band {i + 1}" for i in range(n_bands)], dtype=object))
    for axis in ("longitude", "latitude"):
        if axis in arrays and arrays[axis].shape == values.shape[1:]:
            coords[axis] = (("y", "x"), arrays[axis])
    cube = xr.DataArray(values.astype("float32", copy=False), dims=DIMS, coords=coords, attrs=attrs)
    return place(cube, *_place(arrays, path))


def write(cube: xr.DataArray, path: Path) -> None:
    """Everything a cube has, uncompressed."""
    arrays = {"values": cube.values, "attrs": np.array(json.dumps(cube.attrs))}
    for name in ("wavelength", "fwhm", "good", "band_name"):
        if name in cube.coords:
            arrays[name] = cube[name].values if name != "band_name" else cube[name].values.astype(str)
    arrays |= {name: cube[name].values for name in ("longitude", "latitude") if name in cube.coords}
    if cube.rio.crs is not None:
        arrays |= {"crs": np.array(cube.rio.crs.to_wkt()), "transform": np.array(transform_of(cube)[:6])}
    with path.open("wb") as file:
        np.savez(file, **arrays)


def _arrays(archive: zipfile.ZipFile) -> Iterator[tuple[str, NDArray]]:
    """Its members that are arrays; NumPy would read any other one whole, whatever it unfolds to."""
    for member in archive.namelist():
        with archive.open(member) as file:
            if file.read(len(MAGIC_PREFIX)) == MAGIC_PREFIX:
                file.seek(0)
                yield member.removesuffix(".npy"), read_array(file, allow_pickle=False)


def _only_cube(arrays: dict[str, NDArray], path: Path) -> str:
    if "values" in arrays:
        return "values"
    cubes = [name for name, array in arrays.items() if array.ndim == 3 and min(array.shape) > 1]
    if len(cubes) == 1:
        return cubes[0]
    found = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "nothing"
    raise CubeError(f"one 3-D array is needed, but {path.name} holds {found}; pass variable= to choose")


def _bands_first(array: NDArray, wavelength: NDArray | None) -> NDArray:
    if wavelength is not None and wavelength.size in (array.shape[0], array.shape[2]):
        first = array.shape[0] == len(wavelength)
    else:
        first = array.shape[0] < array.shape[2]
    return array if first else np.moveaxis(array, 2, 0)


def _attrs(text: str, path: Path) -> dict[str, object]:
    try:
        attrs = json.loads(text)
    except json.JSONDecodeError:
        attrs = None
    if not isinstance(attrs, dict):
        raise CubeError(f"'attrs' of an .npz cube are a JSON object, got {text[:40]!r} in {path.name}; write it again")
    return attrs


def _each(name: str, values: NDArray, n_bands: int, path: Path, kind: str = "number") -> NDArray:
    """`values`, refused unless there is one a band."""
    got = f"shape {values.shape}" if values.shape != (n_bands,) else ""
    if kind == "number" and values.dtype.kind not in "buif":
        got = f"text {values.ravel()[:1].tolist()}"
    if got:
        raise CubeError(f"{name!r} has one {kind} a band, got {got} for {n_bands} bands in {path.name}; correct it")
    return values


def _place(arrays: dict[str, NDArray], path: Path) -> tuple[str | None, Affine | None]:
    """CRS and transform, where the archive has them."""
    crs = transform = None
    if "crs" in arrays:
        crs = str(arrays["crs"])
        known_crs(crs, path)  # checked, and kept to the letter
    if "transform" in arrays:
        numbers = arrays["transform"]
        if numbers.size not in (6, 9) or numbers.dtype.kind not in "buif":
            raise CubeError(f"'transform' has 6 numbers, got {numbers.size} in {path.name}; give a, b, c, d, e and f")
        transform = Affine(*numbers.ravel()[:6])
    return crs, transform


def _guess(name: str, values: NDArray) -> dict[str, str]:
    quantity = name if name in UNITS else "dn"
    return {"quantity": quantity, "units": UNITS[quantity], "stored_dtype": str(values.dtype)}

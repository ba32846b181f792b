"""MATLAB files of benchmark scenes: an array without words, found by its shape.

A cube is the one 3-D array (rows, columns, bands) with at least 4 bands, or a 2-D one (bands, pixels) where the file
says how many rows and columns there are; MATLAB counts down the columns. Wavelengths are those of an array of that name
in the file, or come from ``sensors`` for scenes known by name and number of bands, and are otherwise unknown: "band
number only". ``SlectBands`` lists the good bands, as in Urban. Values stay as stored.
"""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS, UNITS, CubeError
from workbench.cubes.grid import place
from workbench.cubes.mat_arrays import arrays
from workbench.cubes.sensors import nominal_wavelengths
from workbench.cubes.wavelengths import detector_order, in_nanometres

__all__ = ["arrays", "read", "recognises"]

_ROWS = ("nrow", "nrows", "rows", "row", "lines", "height", "h")
_COLUMNS = ("ncol", "ncols", "cols", "col", "columns", "samples", "width", "w")
_WAVELENGTHS = ("wavelength", "wavelengths")


def recognises(path: Path) -> bool:
    """By the ending; what is wrong inside is said on reading."""
    return path.suffix.lower() == ".mat"


def read(path: Path, *, variable: str | None = None) -> xr.DataArray:
    """The file's cube; pass `variable` where several arrays could be it."""
    found = arrays(path)
    name = _choose(found, variable, path)
    stored = found[name]
    if stored.ndim == 2:
        rows, columns = _size(found)
        if stored.shape[0] == rows * columns:
            stored = stored.T
        # Pixel p lies in row p % rows: MATLAB runs down the columns.
        stored = stored.reshape(stored.shape[0], columns, rows).transpose(0, 2, 1)
    else:
        stored = stored.transpose(2, 0, 1)
    values = stored.astype("float32")
    if stored.dtype.kind == "f":
        values = da.where(np.isfinite(values), values, np.float32(np.nan))
    n_bands = stored.shape[0]
    nominal, sensor, note = nominal_wavelengths(f"{path.stem} {name}", n_bands)
    stated = _stated(found, name, n_bands)
    centres, note = (nominal, note) if stated is None else (stated, "wavelengths from the file")
    coords = {"wavelength": ("band", centres, {"units": "nm"})}
    good = _good(found, n_bands)
    if good is not None:
        coords["good"] = ("band", good)
    if not np.isfinite(centres).all():
        coords["band_name"] = ("band", np.array([f"band {i + 1}" for i in range(n_bands)], dtype=object))
    attrs = {
        "quantity": "dn",
        "units": UNITS["dn"],
        "scaling": "values as stored; a .mat file does not say what they are",
        "sensor": sensor,
        "wavelength_note": note,
        "stored_dtype": str(stored.dtype),
        "variable": name,
    }
    order, overlap = detector_order(centres)
    if order is not None:
        values, attrs["wavelength_note"] = values[order], overlap
        coords = {key: (dim, told[order], *rest) for key, (dim, told, *rest) in coords.items()}
    return place(xr.DataArray(values, dims=DIMS, coords=coords, attrs=attrs), None, None)


def _stated(found: dict[str, da.Array], cube: str, n_bands: int) -> NDArray[np.float64] | None:
    """Band centres [nm] that the file lists, those of the cube's own structure first."""
    listed = [n for n, a in found.items() if n.rpartition(".")[2].lower() in _WAVELENGTHS and a.size == n_bands]
    if not listed:
        return None
    structure = cube.partition(".")[0]
    name = next((n for n in listed if n.partition(".")[0] == structure), listed[0])
    return in_nanometres(found[name].compute().ravel().astype(float))


def _good(found: dict[str, da.Array], n_bands: int) -> NDArray[np.bool_] | None:
    """Which bands the file lists as selected, counted from 1; None if it lists them of another cube, or all."""
    listed = next((a for n, a in found.items() if n.lower() in ("slectbands", "selectbands")), None)
    if listed is None or not 0 < listed.size < n_bands:
        return None
    chosen = listed.compute().ravel().astype(int)
    if chosen.min() < 1 or chosen.max() > n_bands:
        return None
    good = np.zeros(n_bands, dtype=bool)
    good[chosen - 1] = True
    return good


def _choose(found: dict[str, da.Array], variable: str | None, path: Path) -> str:
    listed = ", ".join(f"{name} {array.shape}" for name, array in found.items()) or "nothing numeric"
    if variable is not None:
        if variable not in found:
            raise CubeError(f"variable= names an array of the file, got {variable!r}, but {path.name} holds {listed}")
        if not _could_be_cube(found[variable].shape, _size(found), 1):
            raise CubeError(
                f"a cube is 3-D, or 2-D with its rows and columns beside it, but {variable!r} in {path.name} has "
                f"shape {found[variable].shape}; choose another of {listed}"
            )
        return variable
    for least_bands in (4, 1):
        names = [name for name, array in found.items() if _could_be_cube(array.shape, _size(found), least_bands)]
        if len(names) == 1:
            return names[0]
        if names:
            several = ", ".join(f"{name} {found[name].shape}" for name in names)
            raise CubeError(f"one array must be the cube, but {path.name} holds {several}; pass variable= to choose")
    raise CubeError(
        f"a cube is a 3-D array (rows, columns, bands), but {path.name} holds {listed}; "
        "open the scene's own file, labels are opened as labels"
    )


def _could_be_cube(shape: tuple[int, ...], size: tuple[int, int] | None, least_bands: int) -> bool:
    if len(shape) == 3:
        return min(shape[:2]) > 1 and shape[2] >= least_bands
    if len(shape) != 2 or size is None:
        return False
    pixels = size[0] * size[1]
    n_bands = shape[0] if shape[1] == pixels else shape[1]
    return pixels > 1 and pixels in shape and n_bands >= max(least_bands, 4)


def _size(found: dict[str, da.Array]) -> tuple[int, int] | None:
    """Rows and columns, where two single numbers of the file are called so."""
    single = {name.lower(): int(array.ravel()[0].compute()) for name, array in found.items() if array.size == 1}
    rows = next((single[name] for name in _ROWS if name in single), None)
    columns = next((single[name] for name in _COLUMNS if name in single), None)
    return (rows, columns) if rows and columns else None

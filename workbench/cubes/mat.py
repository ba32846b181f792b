"""MATLAB files of benchmark scenes: an array without words, found by its shape.

Version 5 files are read by SciPy, version 7.3 ones by h5py and lazily. A cube is the one 3-D array (rows, columns,
bands) with at least 4 bands, or a 2-D one (bands, pixels) where the file says how many rows and columns there are;
MATLAB counts down the columns. Wavelengths come from ``sensors`` for scenes known by name and number of bands, and are
otherwise unknown: "band number only". Values stay as stored.
"""

from __future__ import annotations

import math
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import scipy.io
import xarray as xr

from workbench.cubes.contract import DIMS, UNITS, CubeError
from workbench.cubes.grid import place
from workbench.cubes.sensors import nominal_wavelengths

_ROWS = ("nrow", "nrows", "rows", "row", "lines", "height", "h")
_COLUMNS = ("ncol", "ncols", "cols", "col", "columns", "samples", "width", "w")


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
    centres, sensor, note = nominal_wavelengths(f"{path.stem} {name}", n_bands)
    coords = {"wavelength": ("band", centres, {"units": "nm"})}
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
    return place(xr.DataArray(values, dims=DIMS, coords=coords, attrs=attrs), None, None)


def arrays(path: str | Path) -> dict[str, da.Array]:
    """Every numeric array of a MATLAB file, as MATLAB shows them (rows first), for labels too.

    Parameters
    ----------
    path : str or Path
        A file of version 5 or 7.3.

    Returns
    -------
    dict of str to dask.array.Array
        Those of a 7.3 file are read when they are asked for.

    Raises
    ------
    CubeError
        If it is no MATLAB file, or a damaged one.
    """
    path = Path(path)
    with path.open("rb") as file:
        start = file.read(128)
    if h5py.is_hdf5(path):
        return _hdf5(path)
    if not start.startswith(b"MATLAB") and b"\0" not in start:
        got = start[:30].decode("latin-1").split("\n")[0] or "nothing"
        raise CubeError(f"a .mat file begins with 'MATLAB', but {path.name} begins with {got!r}; it is no MATLAB file")
    try:
        content = scipy.io.loadmat(path)
    except Exception as error:  # a damaged file fails in a dozen ways in SciPy, all of them the user's file
        raise CubeError(f"{path.name} is cut off, damaged or no MATLAB file; copy it again") from error
    return {
        name: da.from_array(array, chunks=_chunks(array.shape), name=False)
        for name, array in content.items()
        if isinstance(array, np.ndarray) and array.dtype.kind in "uifb" and array.size
    }


def _hdf5(path: Path) -> dict[str, da.Array]:
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise CubeError(f"{path.name} is cut off or damaged; copy it again") from error
    found = {}
    for name, item in file.items():
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "uifb" and item.size:
            # HDF5 lists MATLAB's dims backwards.
            found[name] = da.from_array(item, chunks=_chunks(item.shape), lock=True).transpose()
    return found


def _chunks(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Runs along the first axis of some 4 million values."""
    rest = math.prod(shape[1:])
    return (max(1, min(shape[0], 4_000_000 // max(1, rest))), *shape[1:])


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

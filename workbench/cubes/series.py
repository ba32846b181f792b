"""Scenes of one place at several times: a patch of eo-learn, or a folder of GeoTIFFs whose names hold their dates.

:func:`open_series` gives all of them with a dim ``time``; ``open_cube`` one, with ``time=`` a place from 0 (the first,
unless told) or a date.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import eolearn
from workbench.cubes.contract import CubeError, check_cube
from workbench.cubes.dated import dated_scenes, is_dated
from workbench.cubes.dates import Series, chosen
from workbench.cubes.many import is_pattern


def recognises(path: Path) -> bool:
    """A patch of eo-learn, or dated rasters of one grid."""
    try:
        return eolearn.is_patch(path) or is_dated(path)
    except (CubeError, OSError):
        return False


def open_series(path: str | Path, *, variable: str = "", sensor: str = "") -> xr.DataArray:
    """Scenes of one place at several times.

    Parameters
    ----------
    path : str or Path
        A folder: a patch of eo-learn, or GeoTIFFs of one grid with a date in each name; or a pattern of such names.
    variable : str
        Which array of a patch, where it has several.
    sensor : str
        Whose bands they are, where the files do not say: ``sentinel-2``, ``landsat-8``, ….

    Returns
    -------
    xarray.DataArray of shape (n_times, n_bands, height, width)
        Lazy. ``isel(time=i)`` is a cube; to read little of it, name band and window in the same ``isel``. ``time`` is
        a date, or a number from 0 where the dates are not known.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    CubeError
        If the files are no series.
    """
    path = Path(path).expanduser()
    if not path.exists() and not is_pattern(path):
        raise FileNotFoundError(f"no folder at {path}; check the path")
    series = _series(path, variable, sensor)
    cubes = [check_cube(series.cube(i)) for i in range(series.count)]
    times = np.array(series.dates, dtype="datetime64[ns]") if series.dates else np.arange(series.count)
    first = cubes[0].drop_attrs(deep=False)
    attrs = {name: value for name, value in cubes[0].attrs.items() if name != "acquired"}
    chunks = ((1,) * len(cubes), *cubes[0].chunks)
    whole = xr.DataArray(
        da.from_array(Times(tuple(cube.variable.data for cube in cubes)), chunks=chunks, name=False, lock=False),
        dims=("time", *first.dims),
        coords={name: coord for name, coord in first.coords.items()} | {"time": times},
        attrs=attrs | {"source": str(path), "format": "series"},
    )
    if "wavelength" in first.xindexes:
        whole = whole.set_xindex("wavelength")
    whole.encoding["preferred_chunks"] = cubes[0].encoding["preferred_chunks"]
    return whole


@dataclass(frozen=True, eq=False)
class Times:
    """Scenes as one array (time, band, y, x), so that dask hands a selection on to the one file it is about."""

    scenes: tuple[da.Array, ...]
    """Each of shape (n_bands, height, width)."""

    ndim = 4
    dtype = np.dtype("float32")

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_times, n_bands, height, width)."""
        return (len(self.scenes), *self.scenes[0].shape)

    def __getitem__(self, key: tuple) -> NDArray[np.float32]:
        """Any basic selection."""
        # Already inside a task: another scheduler would wait for itself.
        if isinstance(key[0], int | np.integer):
            return self.scenes[key[0]][key[1:]].compute(scheduler="synchronous")
        picked = [self.scenes[i][key[1:]].compute(scheduler="synchronous") for i in np.arange(len(self.scenes))[key[0]]]
        return np.stack(picked) if picked else np.empty((0, *self.scenes[0][key[1:]].shape), "float32")


def read(path: Path, *, time: int | str = 0, variable: str = "", sensor: str = "") -> xr.DataArray:
    """One scene, lazily: the first, or that of `time`, a place from 0 or a date."""
    series = _series(path, variable, sensor)
    return series.cube(chosen(time, series.dates, series.count, path.name, series.note))


def _series(path: Path, variable: str, sensor: str) -> Series:
    if eolearn.is_patch(path):
        return eolearn.scenes(path, variable, sensor)
    if variable:
        raise CubeError(f"variable= is for patches of eo-learn, but {path} is none; leave it out")
    return dated_scenes(path, sensor)

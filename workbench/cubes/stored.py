"""A file's numbers seen as a cube's: turned to (band, y, x), freed of nodata and scaled when they are asked for.

Scaling is done here and not in dask, so that dask can hand a selection straight to the file: a picture of three bands
reads three bands, in whatever order the file or its detectors keep them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakValueDictionary

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS
from workbench.cubes.looking import look
from workbench.cubes.scaling import AS_STORED, Scaling


class Source(Protocol):
    """Anything with three dims that gives NumPy arrays for slices, and for a list of bands."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __getitem__(self, key: tuple) -> NDArray:
        """Dims are kept."""
        ...


@dataclass(frozen=True, eq=False)
class Stored:
    """A file's numbers as a float32 array (band, y, x)."""

    source: Source
    """The file, its dims in its own order."""

    layout: tuple[str, str, str] = DIMS
    """Names of the source's dims."""

    nodata: float | None = None
    """The stored number that means no data."""

    scaling: Scaling = AS_STORED
    """What the numbers mean; gains and offsets one a band are in the file's order of bands."""

    block: tuple[int, int] = (1, 2**30)
    """Rows and columns that the file gives in one go."""

    order: NDArray[np.intp] | None = None
    """Which of the file's bands each band is, if not the same."""

    ndim = 3
    dtype = np.dtype("float32")

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_bands, height, width)."""
        sizes = dict(zip(self.layout, self.source.shape, strict=True))
        return tuple(sizes[dim] for dim in DIMS)

    def __getitem__(self, key: tuple[slice | int | NDArray[np.intp], ...]) -> NDArray[np.float32]:
        """Any basic selection, or an array of bands."""
        return self._physical(key, self.source.__getitem__)

    def view(self, key: tuple[slice | int | NDArray[np.intp], ...]) -> NDArray[np.float32]:
        """The same for looking at: from overviews, where the file has them and the step leaves pixels out."""
        return self._physical(key, getattr(self.source, "coarse", self.source.__getitem__))

    def _physical(self, key: tuple, read: Callable[[tuple], NDArray]) -> NDArray[np.float32]:
        wanted = {
            dim: slice(k, k + 1) if isinstance(k, int | np.integer) else k for dim, k in zip(DIMS, key, strict=True)
        }
        if self.order is not None:
            wanted["band"] = self.order[wanted["band"]]
        stored = np.asarray(read(tuple(wanted[dim] for dim in self.layout)))
        stored = stored.transpose([self.layout.index(dim) for dim in DIMS])
        values = physical(stored, self.scaling, self.nodata, wanted["band"])
        return values[tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)]

    def sample(self) -> NDArray[np.float32]:
        """A bounded look at the numbers as stored, shape (n_bands, n_pixels): at most 24 bands of a few blocks."""
        n_bands = self.shape[0]
        bands = np.unique(np.linspace(0, n_bands - 1, min(24, n_bands)).round().astype(int))
        plain = replace(self, scaling=AS_STORED)
        return look(lambda rows, columns: plain[bands, rows, columns], self.shape, self.block)

    def blocks(self, chunks: dict[str, int]) -> da.Array:
        """As a dask array with chunks of that many bands, rows and columns."""
        return in_blocks(self, chunks)


_BEHIND: WeakValueDictionary[str, Source] = WeakValueDictionary()
"""The file behind a dask array, by the array's name, for as long as there is the array."""


def in_blocks(array: Source, chunks: dict[str, int]) -> da.Array:
    """A file's finished numbers (float32 of dims band, y, x) as a dask array that :func:`stored_of` knows."""
    made = da.from_array(array, chunks=tuple(chunks[dim] for dim in DIMS), name=False, lock=False)
    _BEHIND[made.name] = array
    return made


def stored_of(cube: xr.DataArray) -> Source | None:
    """The file behind a whole lazy cube as its reader made it; None for a part of one, or one in memory.

    Asked itself, the file gives pixels in no more time than they take; dask adds its own for every block that they
    touch, and a picture of a scene of 10 GB touches thousands.
    """
    return None if cube.chunks is None else _BEHIND.get(cube.variable.data.name)


def physical(
    stored: NDArray, scaling: Scaling, nodata: float | None, bands: slice | NDArray[np.intp] = slice(None)
) -> NDArray[np.float32]:
    """Stored numbers (n_bands, height, width) as the quantity they mean; NaN where nodata or not finite."""
    values = stored.astype("float32")
    if stored.dtype.kind == "f":
        values[~np.isfinite(stored)] = np.nan
    if nodata is not None and can_hold(stored.dtype, nodata):
        values[stored == stored.dtype.type(nodata)] = np.nan
    for operate, number, idle in ((np.multiply, scaling.gain, 1.0), (np.add, scaling.offset, 0.0)):
        factors = np.asarray(number, dtype="float32")
        factors = factors[bands][:, None, None] if factors.ndim else factors
        if np.any(factors != idle):
            operate(values, factors, out=values)
    return values


def can_hold(dtype: np.dtype, nodata: float) -> bool:
    """Whether a type can hold the nodata value at all: an unsigned file with nodata −9999 has none."""
    if dtype.kind == "f":
        return bool(np.isfinite(nodata))
    return float(nodata).is_integer() and np.iinfo(dtype).min <= nodata <= np.iinfo(dtype).max

"""Cubes made from a cube: pixel by pixel, in strips of bounded size, lazily where the cube is lazy.

A strip holds every band of some whole rows, at most about four million values unless one of the file's own blocks holds
more. A strip of a lazy cube reads its rows and no others, whichever way the file runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS, CubeError, check_cube, good_bands, has_wavelengths

STRIP = 4_000_000
"""Values in a strip."""

Block = NDArray[np.float32]
"""Some rows of every band, shape (n_bands, n_rows, width)."""


def by_strips(
    cube: xr.DataArray, function: Callable[[Block], NDArray], n_bands: int, bands: NDArray[np.intp] | None = None
) -> NDArray | da.Array:
    """What `function` makes of every strip, float32 of shape (n_bands, height, width).

    Parameters
    ----------
    cube : xarray.DataArray of shape (any, height, width)
        Of a lazy one nothing is read; of one in memory everything is done at once.
    function : callable
        A strip to an array of `n_bands` bands and the same pixels. It looks at one pixel at a time, so that the seams
        do not show, and can be pickled.
    n_bands : int
        How many bands it returns.
    bands : ndarray of int, optional
        Those of the cube's bands that `function` gets; all by default.
    """
    picked = slice(None) if bands is None else bands
    n_read = cube.sizes["band"] if bands is None else len(bands)
    tops = strip_tops(cube, max(n_read, n_bands))
    if cube.chunks is None:
        values = np.empty((n_bands, *cube.shape[1:]), "float32")
        for top, bottom in pairwise(tops):
            values[:, top:bottom] = function(cube.values[:, top:bottom][picked])
        return values
    chunks = ((n_read,), tuple(np.diff(tops).tolist()), (cube.sizes["x"],))
    blocks = da.from_array(
        Rows(cube.data, picked), chunks=chunks, name=False, lock=False, meta=np.empty((0, 0, 0), "float32")
    )
    return da.map_blocks(
        function, blocks, dtype="float32", chunks=((n_bands,), *blocks.chunks[1:]), meta=np.empty((0, 0, 0), "float32")
    )


def strips(cube: xr.DataArray, bands: NDArray[np.intp] | None = None, *, further: int = 0) -> Iterator[Block]:
    """Every strip in turn, read and in memory, with so many `further` rows below it as there are."""
    for top, bottom in pairwise(strip_tops(cube, cube.sizes["band"])):
        block = cube.data[:, top : bottom + further]
        block = block if bands is None else block[bands]
        yield np.asarray(block)


@dataclass(frozen=True, eq=False)
class Rows:
    """A lazy cube as an array that reads what is indexed.

    As dask arrays, strips that share a block would each wait for all of that block; asked one by one, each selection
    goes straight to the file.
    """

    data: da.Array
    """Shape (any, height, width)."""

    bands: NDArray[np.intp] | slice
    """Which of its bands these are."""

    ndim = 3

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_bands, height, width)."""
        every = self.data.shape
        return (len(np.arange(every[0])[self.bands]), *every[1:])

    @property
    def dtype(self) -> np.dtype:
        """Of the values."""
        return self.data.dtype

    def __getitem__(self, key: tuple) -> NDArray:
        """Any basic selection."""
        # Run by run and rows first: dask hands slices to the file, but no slice through a list of bands.
        rows = self.data[:, key[1], key[2]]
        wanted = np.arange(self.data.shape[0])[self.bands][key[0]]
        runs = np.split(wanted, np.flatnonzero(np.diff(wanted) != 1) + 1)
        parts = [rows[run[0] : run[-1] + 1].compute(scheduler="synchronous") for run in runs if run.size]
        return np.concatenate(parts) if parts else np.empty((0, *rows.shape[1:]), self.dtype)


def strip_tops(cube: xr.DataArray, n_bands: int) -> list[int]:
    """First rows of the strips and the end of the last; a lazy cube's lie between its file's blocks where they can."""
    height, width = cube.shape[1:]
    rows = max(1, STRIP // (n_bands * width))
    native = int(cube.encoding.get("preferred_chunks", {}).get("y", 1))
    rows = min(height, rows // native * native if native <= rows else max(rows, min(native, 8 * rows)))
    return [*range(0, height, rows), height]


def weighted(block: Block, weights: NDArray[np.float32]) -> Block:
    """Sums of the bands by a matrix of `weights` (n_new, n_bands).

    NaN where a band that counts is NaN, and where no band counts.
    """
    flat = block.reshape(len(block), -1)
    missing = ~np.isfinite(flat)
    if missing.any():
        values = weights @ np.where(missing, np.float32(0), flat)
        values[(weights != 0).astype("float32") @ missing.astype("float32") > 0] = np.nan
    else:
        values = weights @ flat
    values[~weights.any(axis=1)] = np.nan
    return values.reshape(len(weights), *block.shape[1:])


def derived(
    cube: xr.DataArray, values: NDArray | da.Array, step: str, *, bands: dict | None = None, **attrs: object
) -> xr.DataArray:
    """A checked cube of `values` on the place of another.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Where it comes from.
    values : array of shape (n_new, height, width)
        float32.
    step : str
        What was done, joined to ``attrs["history"]``.
    bands : dict, optional
        Coordinates on ``band``; by default those of `cube`.
    **attrs
        Further ones, such as ``quantity`` and ``units``; one that is None is taken away.
    """
    kept = {name: cube.coords[name] for name in cube.coords if "band" not in cube.coords[name].dims}
    bands = {name: ("band", cube[name].values) for name in ON_BANDS if name in cube.coords} if bands is None else bands
    history = "; ".join(filter(None, (cube.attrs.get("history", ""), step)))
    told = {name: value for name, value in {**cube.attrs, "history": history, **attrs}.items() if value is not None}
    new = xr.DataArray(values, dims=DIMS, coords={**kept, **bands}, attrs=told)
    new["wavelength"].attrs["units"] = "nm"
    if "preferred_chunks" in cube.encoding:
        new.encoding["preferred_chunks"] = cube.encoding["preferred_chunks"]
    return check_cube(new)


ON_BANDS = ("wavelength", "fwhm", "good", "band_name")
"""Coordinates on ``band``."""


def by_wavelength(cube: xr.DataArray, what: str) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The good bands and their wavelengths [nm]; refused where the cube has no wavelengths."""
    if not has_wavelengths(cube):
        raise CubeError(f"{what} goes by wavelength, but this cube's bands have none; open a file that lists them")
    good = np.flatnonzero(good_bands(cube))
    return good, cube["wavelength"].values[good].astype(float)

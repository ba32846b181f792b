"""Numbers out of a cube, no more of them than are looked at: a few bands of a window at any step, or one pixel's bands.

A cube that lies in a file is read there, past dask, whose bookkeeping for a picture of a large scene takes longer than
the reading. Where only dask knows the way (a Zarr store, a cube that was computed on), the blocks of the last pixel are
kept, so that the next one, most likely a neighbour, is there at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.stored import stored_of

EVERYTHING = slice(None)

_MOST_KEPT = 2**28
"""Bytes of blocks kept for the next pixel."""

_kept: dict[tuple, NDArray[np.float32]] = {}


def read_bands(
    cube: xr.DataArray, bands: Sequence[int], rows: slice = EVERYTHING, columns: slice = EVERYTHING
) -> list[NDArray[np.float32]]:
    """Some bands of a window.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube.
    bands : sequence of int
        Which, in any order; one may come twice.
    rows, columns : slice
        The window; a step of n takes every nth pixel, or, where a file has overviews and both steps leave pixels out,
        what these hold in its place.

    Returns
    -------
    list of ndarray of shape (n_rows, n_columns)
        A plane for each band, NaN where there is no data; parts of the cube itself if it is in memory.
    """
    bands = [int(band) for band in bands]
    stored = stored_of(cube)
    if stored is not None:
        which, back = np.unique(bands, return_inverse=True)
        planes = getattr(stored, "view", stored.__getitem__)((which, rows, columns))
        return [planes[i] for i in back]
    window = cube.isel(y=rows, x=columns)
    # Each is computed by itself, or dask would read what lies between them too.
    return [window.isel(band=band).values for band in bands]


def read_window(
    cube: xr.DataArray, bands: Sequence[int], rows: slice = EVERYTHING, columns: slice = EVERYTHING
) -> xr.DataArray:
    """A small cube in memory: some bands of a window, in the order of the cube, for what is computed from them."""
    bands = sorted({int(band) for band in bands})
    part = cube.isel(band=bands, y=rows, x=columns)
    return part.copy(data=np.stack(read_bands(cube, bands, rows, columns)))


def even_sample(cube: xr.DataArray, most: int = 200_000) -> tuple[slice, slice]:
    """Rows and columns of some `most` pixels: a grid, or of a large file rows, which it gives in one go."""
    height, width = cube.shape[1:]
    if stored_of(cube) is not None and height * width > most:
        rows = max(1, height // max(20, most // width))
        return slice(rows // 2, None, rows), slice(None, None, max(1, 20 * width // most))
    step = max(1, int(np.ceil((height * width / most) ** 0.5)))
    return slice(None, None, step), slice(None, None, step)


def read_pixel(cube: xr.DataArray, row: int, column: int) -> NDArray[np.float32]:
    """All bands of a pixel, shape (n_bands,); NaN where there is no data."""
    if cube.chunks is None:
        return cube.values[:, row, column].copy()
    stored = stored_of(cube)
    if stored is not None:
        return stored[:, row : row + 1, column : column + 1][:, 0, 0]
    (top, bottom), (left, right) = (
        _chunk(sizes, at) for sizes, at in zip(cube.variable.data.chunks[1:], (row, column), strict=True)
    )
    key = (cube.variable.data.name, top, left)
    block = _kept.get(key)
    if block is None:
        if cube.sizes["band"] * (bottom - top) * (right - left) * 4 > _MOST_KEPT:
            return cube.isel(y=row, x=column).values
        block = cube.isel(y=slice(top, bottom), x=slice(left, right)).values
        _kept.clear()
        _kept[key] = block
    return block[:, row - top, column - left].copy()


def read_pixels(cube: xr.DataArray, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
    """All bands of some pixels, here and there.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube.
    rows, columns : ndarray of int, shape (n,)
        Where.

    Returns
    -------
    ndarray of shape (n, n_bands)
        NaN where there is no data.
    """
    if cube.chunks is None:
        return cube.values[:, rows, columns].T
    found = np.empty((len(rows), cube.sizes["band"]), "float32")
    # In the order of the file, or block by block, so that the pixels of one that is kept come one after another.
    order = (columns, rows)
    if stored_of(cube) is None:
        sizes = zip(cube.variable.data.chunks[:0:-1], order, strict=True)
        order += tuple(np.searchsorted(np.cumsum(size), at, side="right") for size, at in sizes)
    for i in np.lexsort(order):
        found[i] = read_pixel(cube, int(rows[i]), int(columns[i]))
    return found


def _chunk(sizes: tuple[int, ...], at: int) -> tuple[int, int]:
    """Begin and end of the chunk that holds an index."""
    ends = np.cumsum(sizes)
    i = int(np.searchsorted(ends, at, side="right"))
    return int(ends[i]) - sizes[i], int(ends[i])

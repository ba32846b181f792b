"""Where a scene has data, from a bounded look at it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.looking import look
from workbench.cubes.stored import stored_of

_last: dict[str, NDArray[np.bool_]] = {}


def glance(cube: xr.DataArray) -> NDArray[np.bool_]:
    """Where some pixels of a cube have data, shape (n_bands, n_pixels); all pixels of a cube in memory.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        A lazy one names the rows and columns of its file's blocks in ``encoding["preferred_chunks"]``, or is cut into
        dask chunks that are such blocks.
    """
    if cube.chunks is None:
        return np.isfinite(cube.values).reshape(cube.sizes["band"], -1)
    blocks = cube.variable.data
    native = cube.encoding.get("preferred_chunks", {})
    block = tuple(int(native.get(dim, sizes[0])) for dim, sizes in zip(cube.dims[1:], blocks.chunks[1:], strict=True))
    stored = stored_of(cube)

    def has_data(rows: slice, columns: slice) -> NDArray[np.bool_]:
        part = blocks[:, rows, columns].compute() if stored is None else stored[:, rows, columns]
        return np.isfinite(part)

    seen = look(has_data, cube.shape, block)
    _last.clear()
    _last[blocks.name] = seen
    return seen


def glanced(cube: xr.DataArray) -> NDArray[np.bool_]:
    """What :func:`glance` saw last, if it looked at these very blocks, so that opening and describing read once."""
    seen = None if cube.chunks is None else _last.get(cube.variable.data.name)
    return glance(cube) if seen is None else seen

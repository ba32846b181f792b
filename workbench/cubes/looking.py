"""A bounded look at a scene: a few whole blocks of its file, where a sparse grid of pixels would read all of it.

Files are read in blocks: a row of a binary, a strip or tile of a GeoTIFF, a chunk of a Zarr store. Those looked at are
spread evenly over the scene by an additive recurrence (the R2 sequence, whose first m places are even for every m),
the middle first; where they hold no data, further ones are read until one does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

MOST_VALUES = 16_000_000
"""Values read in one look, unless a single block of all bands holds more."""

_MOST_BLOCKS = 64


def look(read: Callable[[slice, slice], NDArray], shape: tuple[int, ...], block: tuple[int, int]) -> NDArray:
    """Values of some blocks, shape (n_bands, n_pixels).

    Parameters
    ----------
    read : callable
        Rows and columns to an array (n_bands, height, width); no data is NaN or False.
    shape : tuple of int
        (n_bands, height, width) of the scene.
    block : tuple of int
        Rows and columns of a block.
    """
    n_bands, height, width = shape
    across, down = -(-width // block[1]), -(-height // block[0])
    most = int(np.clip(MOST_VALUES // (n_bands * min(block[0], height) * min(block[1], width)), 1, _MOST_BLOCKS))
    row, column = np.divmod(np.arange(down * across), across)
    place = (row - down // 2) * 0.7548776662466927 + (column - across // 2) * 0.5698402909980532
    kept, filled = [], False
    for i, at in enumerate(np.argsort(place % 1, kind="stable")):
        if i >= most and filled:
            break
        top, left = int(row[at]) * block[0], int(column[at]) * block[1]
        values = read(slice(top, min(top + block[0], height)), slice(left, min(left + block[1], width)))
        has_data = bool(values.any() if values.dtype == bool else np.isfinite(values).any())
        if i < most or has_data:
            kept.append(values.reshape(len(values), -1))
        filled = filled or has_data
    return np.concatenate(kept, axis=1)

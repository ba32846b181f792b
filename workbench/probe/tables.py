"""Between maps (bands or features, y, x) and the tables (pixels, features) that scikit-learn wants.

A map is read block by block and only where pixels are wanted, so a scene on disk need not fit in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import good_bands
from workbench.labels import check_trainable
from workbench.patches import Block, Place, blocks_of, seen_first

BLOCK_BYTES = 96 * 2**20
"""Memory that work on one block may take."""

AT_ONCE = 2**19
"""Pixels of a scene in memory up to which no part of its map comes first: all of it is there in a moment."""


def block_side(n_features: int, copies: float = 4, halo: int = 0) -> int:
    """Side [pixels] of a block whose `copies` as float32, with a halo round it, take about ``BLOCK_BYTES``.

    Examples
    --------
    >>> block_side(400), block_side(400, copies=9, halo=5)
    (125, 73)
    """
    return max(16, math.isqrt(int(BLOCK_BYTES / (4 * n_features * copies))) - 2 * halo)


def features_of(cube: xr.DataArray, embedding: xr.DataArray | None) -> xr.DataArray:
    """What a model of pixels is fitted to: the embedding, or the good bands of the cube."""
    if embedding is not None:
        return embedding
    good = good_bands(cube)
    return cube if good.all() else cube.isel(band=np.flatnonzero(good))


def values_by_block(features: xr.DataArray, sight: Place | None = None) -> Iterator[tuple[Place, NDArray]]:
    """Block by block, those in `sight` first: where it lies, and its values (n_features, height, width).

    What is in memory comes in one block, unless somebody looks at a part of it that is worth coming first.
    """
    height, width = features.shape[1:]
    in_one = features.chunks is None and (sight is None or height * width <= AT_ONCE)
    side = max(height, width, 1) if in_one else block_side(len(features))
    for piece in seen_first(blocks_of(height, width, (side, side)), sight):
        yield piece.place, piece.read(features).values


def blocks_with(
    wanted: NDArray, height: int, width: int, side: int, halo: int = 0
) -> Iterator[tuple[NDArray, tuple[NDArray, NDArray], Block]]:
    """Blocks no larger than they must be, at most `side` across, that hold some pixels of a scene.

    Parameters
    ----------
    wanted : ndarray of int, shape (n,)
        Pixels, counted along the rows of the scene.
    height, width, side, halo : int
        Of the scene and the blocks [pixels].

    Yields
    ------
    tuple of ndarray, (ndarray, ndarray), Block
        Which of `wanted` lie in the block, their rows and columns in its ``place``, and the block.
    """
    rows, columns = np.divmod(wanted, width)
    cells = (rows // side) * -(-width // side) + columns // side
    order = np.argsort(cells, kind="stable")
    for inside in np.split(order, np.flatnonzero(np.diff(cells[order])) + 1):
        if inside.size:
            place = tuple(slice(int(part[inside].min()), int(part[inside].max()) + 1) for part in (rows, columns))
            wide = tuple(
                slice(max(0, part.start - halo), min(size, part.stop + halo))
                for part, size in zip(place, (height, width), strict=True)
            )
            yield inside, (rows[inside] - place[0].start, columns[inside] - place[1].start), Block(place, wide)


def rows_at(features: xr.DataArray, wanted: NDArray) -> NDArray:
    """Features of some pixels.

    Parameters
    ----------
    features : xarray.DataArray of shape (n_features, height, width)
        A cube or an embedding.
    wanted : ndarray of int, shape (n,)
        Pixels, counted along the rows of the scene.

    Returns
    -------
    ndarray of shape (n, n_features)
        In the order asked for; NaN where there is no data.
    """
    if features.chunks is None:
        rows, columns = np.divmod(wanted, features.shape[2])
        return features.values[:, rows, columns].T
    out = np.empty((len(wanted), len(features)), features.dtype)
    for inside, (rows, columns), piece in blocks_with(wanted, *features.shape[1:], block_side(len(features))):
        out[inside] = piece.read(features).values[:, rows, columns].T
    return out


def labels_on_data(cube: xr.DataArray, labels: xr.DataArray, embedding: xr.DataArray | None = None) -> xr.DataArray:
    """The labels that lie where the scene has data; of the scene nothing is read if its embedding says where.

    Raises
    ------
    ValueError
        If they are not of the scene's size, or fewer than two classes have any.
    """
    if labels.shape != cube.shape[1:]:
        raise ValueError(
            f"labels have the scene's size, {cube.shape[1:]}, got {labels.shape}; open them with open_labels"
        )
    check_trainable(labels)
    labelled = np.flatnonzero(labels.values)
    has_data = np.isfinite(rows_at(features_of(cube, embedding), labelled)).all(axis=1)
    if has_data.all():
        return labels
    kept = labels.copy(deep=True)
    kept.values.flat[labelled[~has_data]] = 0
    return check_trainable(kept, "the labels where the scene has data")

"""Between maps (bands or features, y, x) and the tables (pixels, features) that scikit-learn wants.

A map is read block by block and only where pixels are wanted, so a scene on disk need not fit in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import good_bands
from workbench.labels import check_trainable
from workbench.patches import Place, blocks_of

BLOCK = 512
"""Side of a block [pixels]."""


def features_of(cube: xr.DataArray, embedding: xr.DataArray | None) -> xr.DataArray:
    """What a model of pixels is fitted to: the embedding, or the good bands of the cube."""
    return embedding if embedding is not None else cube.isel(band=good_bands(cube))


def tables(features: xr.DataArray) -> Iterator[tuple[Place, NDArray]]:
    """Block by block: where it lies, and its pixels row by row, shape (pixels, features)."""
    for piece in blocks_of(*features.shape[1:], (BLOCK, BLOCK)):
        values = piece.read(features).values
        yield piece.place, np.ascontiguousarray(values.reshape(len(values), -1).T)


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
    rows, columns = np.divmod(wanted, features.shape[2])
    out = np.empty((len(wanted), len(features)), features.dtype)
    for piece in blocks_of(*features.shape[1:], (BLOCK, BLOCK)):
        inside = np.flatnonzero(_within(rows, piece.place[0]) & _within(columns, piece.place[1]))
        if inside.size:
            values, (top, left) = piece.read(features).values, (part.start for part in piece.place)
            out[inside] = values[:, rows[inside] - top, columns[inside] - left].T
    return out


def labels_on_data(cube: xr.DataArray, labels: xr.DataArray) -> xr.DataArray:
    """The labels that lie where the scene has data.

    Raises
    ------
    ValueError
        If fewer than two classes have any.
    """
    check_trainable(labels)
    labelled = np.flatnonzero(labels.values)
    has_data = np.isfinite(rows_at(features_of(cube, None), labelled)).all(axis=1)
    if has_data.all():
        return labels
    kept = labels.copy(deep=True)
    kept.values.flat[labelled[~has_data]] = 0
    return check_trainable(kept, "the labels where the scene has data")


def _within(index: NDArray, part: slice) -> NDArray:
    return (index >= part.start) & (index < part.stop)

"""Superpixels: a scene in small pieces of one cover, by k-means of spectra and places within a grid.

Simple linear iterative clustering (Achanta et al. 2012), its search kept to the nine grid cells round a pixel's own (as
in gSLIC, Ren et al. 2015), which is what makes it a few array operations. Pieces need not hang together: whoever uses
them looks at a window.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TOGETHER = 2**14
"""Pixels that choose at a time: what they are compared with fits the cache."""


def superpixels(pictures: NDArray, cell: int, compactness: float = 0.5, rounds: int = 10) -> NDArray[np.int32]:
    """Piece that each pixel of a scene belongs to.

    Parameters
    ----------
    pictures : ndarray of shape (n, height, width)
        What tells covers apart, as components of the scene; NaN where there is no data.
    cell : int
        Width of a grid cell, of which each begins as a piece [pixels].
    compactness : float
        Weight of a distance of `cell` pixels against the spread of all pictures together.
    rounds : int
        Times that pixels choose a piece and pieces take their means.

    Returns
    -------
    ndarray of shape (height, width), int32
        From 0; -1 where there is no data.
    """
    height, width = pictures.shape[1:]
    has_data = np.isfinite(pictures).all(axis=0)
    row, column = np.nonzero(has_data)
    here = pictures[:, has_data].T.astype("float64")
    if not len(here):
        return np.full((height, width), -1, "int32")
    spread = np.sqrt(here.var(axis=0).sum()) or 1.0
    here = np.column_stack([here / spread, np.sqrt(compactness) / cell * np.column_stack([row, column])])
    n_rows, n_columns = -(-height // cell), -(-width // cell)
    down, right = row // cell, column // cell
    mine = down * n_columns + right
    for _ in range(rounds):
        count = np.bincount(mine, minlength=n_rows * n_columns)
        centres = np.stack([np.bincount(mine, part, n_rows * n_columns) for part in here.T], axis=1)
        centres /= np.maximum(count, 1)[:, None]
        for start in range(0, len(here), TOGETHER):
            some = slice(start, start + TOGETHER)
            mine[some] = nearest(here[some], down[some], right[some], centres, count.reshape(n_rows, n_columns))
    pieces = np.full((height, width), -1, "int32")
    pieces[has_data] = mine
    return pieces


def nearest(here: NDArray, down: NDArray, right: NDArray, centres: NDArray, count: NDArray) -> NDArray:
    """The piece that each pixel is nearest to, of those that began in the nine cells round its own.

    Parameters
    ----------
    here : ndarray of shape (n, n_features)
        Pixels: pictures and place.
    down, right : ndarray of int, shape (n,)
        Cell of each, by row and column.
    centres : ndarray of shape (n_pieces, n_features)
        Means of the pieces.
    count : ndarray of int, shape (n_rows, n_columns)
        Pixels of each piece, on the grid of cells; one of none is not chosen.

    Returns
    -------
    ndarray of int, shape (n,)
        Of pieces equally near, the one further up, then further left.
    """
    n_rows, n_columns = count.shape
    least, found = np.full(len(here), np.inf), down * n_columns + right
    for step_down in (-1, 0, 1):
        for step_right in (-1, 0, 1):
            r, c = down + step_down, right + step_right
            inside = (r >= 0) & (r < n_rows) & (c >= 0) & (c < n_columns)
            other = np.where(inside, r * n_columns + c, 0)
            away = np.square(here - centres[other]).sum(axis=1)
            nearer = inside & (count.flat[other] > 0) & (away < least)
            least, found = np.where(nearer, away, least), np.where(nearer, other, found)
    return found

"""A graph of a scene's pixels: each joined to the most alike spectra anywhere and to the pixels next to it.

Looking for the nearest among all pixels takes the square of their number. In a large scene they are looked for among a
few thousand pixels drawn at random, and those with a label: a 610 × 340 scene takes seconds, and every pixel still has
its neighbours in space.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

ANCHORS = 4000
"""Pixels among which the most alike are looked for, beside those with a label."""

STEPS = ((0, 1), (1, -1), (1, 0), (1, 1))
"""To half of the eight neighbours; the others are joined from their side."""


def scene_graph(pictures: NDArray, labelled: NDArray, n_neighbors: int, space: float, seed: int) -> sparse.csr_array:
    """Symmetric weights between the pixels with data.

    Parameters
    ----------
    pictures : ndarray of shape (n, height, width)
        What makes pixels alike; NaN where there is no data.
    labelled : ndarray of bool, shape (height, width)
        Pixels with a label.
    n_neighbors : int
        Most alike pixels that each is joined to.
    space : float
        Weight of an equal neighbour in space against an equal spectrum far away.
    seed : int
        Draws the pixels among which the most alike are looked for.

    Returns
    -------
    scipy.sparse.csr_array of shape (n_pixels, n_pixels)
        Pixels with data, row by row. A weight is exp(-d² / w²) of the distance d between spectra, w its median, among
        the farthest of the alike or among all neighbours in space.
    """
    has_data = np.isfinite(pictures).all(axis=0)
    table, n = np.ascontiguousarray(pictures[:, has_data].T), int(has_data.sum())
    number = np.full(has_data.shape, -1)
    number[has_data] = np.arange(n)
    anchors = np.arange(n)
    if n > ANCHORS:
        drawn = np.random.default_rng(seed).choice(n, ANCHORS, replace=False)
        anchors = np.union1d(drawn, number[labelled & has_data])
    # One more than asked for: an anchor finds itself.
    index = NearestNeighbors(n_neighbors=min(n_neighbors + 1, len(anchors))).fit(table[anchors])
    distance, which = index.kneighbors(table)
    which = anchors[which]
    here = np.arange(n)[:, None]
    alone = (which == here).any(axis=1)
    keep = which != here
    keep[~alone, -1] = False  # who is no anchor has one too many
    rows, columns, away = here.repeat(which.shape[1], axis=1)[keep], which[keep], distance[keep]
    alike = _weights(rows, columns, away, np.median(np.where(keep, distance, 0).max(axis=1)), n)
    pairs = [_neighbours(number, down, right) for down, right in STEPS]
    rows, columns = (np.concatenate(part) for part in zip(*pairs, strict=True))
    away = np.linalg.norm(table[rows] - table[columns], axis=1)
    near = _weights(rows, columns, away, np.median(away) if len(away) else 1.0, n)
    return sparse.csr_array(alike + alike.T + space * (near + near.T))


def _weights(rows: NDArray, columns: NDArray, away: NDArray, width: float, n: int) -> sparse.csr_array:
    weight = np.exp(-np.square(away / (width or 1.0)).astype("float64"))
    return sparse.csr_array((weight, (rows, columns)), shape=(n, n))


def _neighbours(number: NDArray, down: int, right: int) -> tuple[NDArray, NDArray]:
    """Pairs of pixels with data, the second one step away from the first."""
    height, width = number.shape
    first = number[: height - down, max(0, -right) : width - max(0, right)]
    second = number[down:, max(0, right) : width - max(0, -right)]
    both = (first >= 0) & (second >= 0)
    return first[both], second[both]

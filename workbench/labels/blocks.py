"""Halves of a scene for a block split: which blocks train, which test, and what the guard band between them costs.

Many random halvings are tried, because small scenes and rare classes leave few good ones. Only where the labels lie is
looked at, never what any model says of them; and each trial looks at the labels alone, however large the scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt
from scipy.spatial import cKDTree

TRIALS = 64
"""Halvings tried."""

SPARSE = 20
"""Where a scene has so many pixels to a label, or more, distances are asked for label by label."""


@dataclass(frozen=True)
class Halves:
    """The parts of a scene that a block split draws from and tests on."""

    train: np.ndarray
    """True in the training blocks, shape (height, width)."""

    test: np.ndarray
    """True in the other blocks, beyond the guard band."""

    block: int
    """Side of the blocks [pixels]."""


def block_halves(labels: xr.DataArray, seed: int, *, footprint: int, block: int | None = None) -> Halves:
    """The two halves of a block split, before any budget.

    Many random halvings are tried; taken is the one that leaves most classes in both halves, then most in the
    training half, then the one whose scarcest class has the largest share of its pixels in its smaller half.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K.
    seed : int
        The same seed, the same halves.
    footprint, block : int
        As in ``block_split``.

    Returns
    -------
    Halves

    Raises
    ------
    ValueError
        If footprint or block is below 1, the block is smaller than the footprint, or no test pixel is left.
    """
    if footprint < 1 or (block is not None and block < 1):
        raise ValueError(f"footprint and block are at least 1 pixel, got {footprint} and {block}")
    if block is not None and block < footprint:
        raise ValueError(
            f"blocks are at least as wide as what a model sees at once, {footprint} pixels, got {block}; "
            "choose larger blocks or a model with a smaller footprint"
        )
    values, n_classes = labels.values, len(labels.attrs["classes"])
    total = np.bincount(values.ravel(), minlength=n_classes + 1)[1:]
    rng = np.random.default_rng(seed)
    places = np.nonzero(values)
    codes = values[places]
    best: tuple[tuple[int, int, float, int], _Blocks] | None = None
    for _ in range(TRIALS):
        side = block or int(rng.choice(_sides(values.shape, footprint)))
        blocks = _random_blocks(values.shape, side, rng)
        part = blocks.at(places)
        beyond = ~part & ~_near(places, part, values.shape, footprint)
        train, test = (np.bincount(codes[half], minlength=n_classes + 1)[1:] for half in (part, beyond))
        share = np.minimum(train, test)[total > 0] / total[total > 0]
        kept = share > 0
        score = (int(kept.sum()), int((train > 0).sum()), float(share[kept].min(initial=1)), int(test.sum()))
        if best is None or score > best[0]:
            best = (score, blocks)
    score, blocks = best
    if score[-1] == 0:
        raise ValueError(
            f"no test pixel is left {footprint} pixels or more from the training blocks; "
            "use the random split, a model with a smaller footprint or a larger scene"
        )
    part = blocks.chosen[blocks.row[:, None], blocks.column]
    return Halves(part, ~part & (distance_to(part & (values > 0)) >= footprint), blocks.side)


def distance_to(marked: np.ndarray) -> np.ndarray:
    """Chebyshev distance of every pixel to the nearest marked one.

    Parameters
    ----------
    marked : array of bool of shape (height, width)
        The pixels to measure from.

    Returns
    -------
    array of int of shape (height, width)
        Larger than the scene where nothing is marked.

    Examples
    --------
    >>> distance_to(np.array([[True, False, False, False]]))
    array([[0, 1, 2, 3]])
    """
    if not marked.any():
        return np.full(marked.shape, sum(marked.shape))
    return distance_transform_cdt(~marked, metric="chessboard").astype(int)


def _sides(shape: tuple[int, int], footprint: int) -> list[int]:
    """Blocks large against the footprint (else the guard band eats them) and against what neighbours have in common."""
    largest = max(1, (max(shape) + 1) // 2)
    smallest = min(largest, max(max(shape) // 8, 2 * footprint))
    return sorted({round(s) for s in np.geomspace(smallest, largest, 4)})


@dataclass(frozen=True)
class _Blocks:
    """A grid of blocks over a scene, shifted at random, about half of them chosen."""

    side: int
    row: np.ndarray
    """Block of each row of the scene."""

    column: np.ndarray
    """Likewise."""

    chosen: np.ndarray
    """By block, down and across."""

    def at(self, places: tuple[NDArray, NDArray]) -> NDArray[np.bool_]:
        """Whether pixels (rows, columns) lie in chosen blocks."""
        rows, columns = places
        return self.chosen[self.row[rows], self.column[columns]]


def _random_blocks(shape: tuple[int, int], side: int, rng: np.random.Generator) -> _Blocks:
    row, column = (np.arange(n) + rng.integers(side) for n in shape)
    row, column = row // side, column // side
    n_blocks = (int(row[-1]) + 1, int(column[-1]) + 1)
    chosen = rng.permutation(n_blocks[0] * n_blocks[1]) < max(1, n_blocks[0] * n_blocks[1] // 2)
    return _Blocks(side, row, column, chosen.reshape(n_blocks))


def _near(
    places: tuple[NDArray, NDArray], part: NDArray[np.bool_], shape: tuple[int, int], footprint: int
) -> NDArray[np.bool_]:
    """Labels nearer than the footprint to one in `part`."""
    if footprint == 1 or part.all():
        return part
    if not part.any():
        return np.full(part.shape, sum(shape) < footprint)
    if len(part) * SPARSE > shape[0] * shape[1]:
        marked = np.zeros(shape, bool)
        marked[places] = part
        return distance_to(marked)[places] < footprint
    points = np.transpose(places)
    far, _ = cKDTree(points[part]).query(points, p=np.inf, distance_upper_bound=footprint - 0.5)
    return np.isfinite(far)

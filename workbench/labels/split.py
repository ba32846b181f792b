"""Which labelled pixels train and which test: at random, or in spatially disjoint halves with a guard band.

A random split is optimistic: neighbours of the training pixels are in the test set, and a model with context has seen
the test pixels' surroundings under another label's name. A block split cuts the scene into blocks, gives each to one
half, and drops test pixels near the training half. The rule for "near": the Chebyshev distance from any training pixel
to any test pixel is at least the model's footprint. Windows of that size then share no pixel at all, which is stricter
than only keeping test pixels out of training windows (half the distance), and what "disjoint" says.

The halves depend on the labels' places, the footprint and the seed only: they are the same for every model and every
budget, so figures can be compared pair by pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.ndimage import distance_transform_cdt

from workbench.labels.budget import counts, draw, draw_from

TRIALS = 96


@dataclass(frozen=True)
class Split:
    """Two disjoint sets of labels on one scene."""

    train: xr.DataArray
    """Labels a model may see."""

    test: xr.DataArray
    """Labels it is scored on."""

    note: str = ""
    """What the user should know: classes missing from one half. Empty when all is well."""

    block: int = 0
    """Side of the blocks [pixels]; 0 for a random split."""


def random_split(labels: xr.DataArray, budget: int, seed: int) -> Split:
    """Train on `budget` random pixels a class, test on all others.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K.
    budget : int
        Training pixels of each class; see ``draw`` for rare ones.
    seed : int
        The same seed, the same split.

    Returns
    -------
    Split
    """
    train = draw(labels, budget, seed)
    return _split(labels, train, train.values == 0)


def block_split(labels: xr.DataArray, budget: int, seed: int, *, footprint: int, block: int | None = None) -> Split:
    """Train on `budget` pixels a class in one half of the blocks, test on the other half beyond a guard band.

    Many random halvings are tried; taken is the one that leaves most classes in both halves, then most in the
    training half, then the one whose scarcest class has the largest share of its pixels in its smaller half.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K.
    budget : int
        Training pixels of each class.
    seed : int
        The same seed, the same split.
    footprint : int
        Pixels of context of the widest model compared, at least 1. No test pixel is nearer than this to a labelled
        pixel of the training half.
    block : int, optional
        Side of the blocks [pixels]. By default several are tried, from an eighth of the scene or twice the footprint
        to half the scene.

    Returns
    -------
    Split
        ``note`` names the classes that could not be kept in both halves.

    Raises
    ------
    ValueError
        If footprint or block is below 1, or no test pixel is left.
    """
    if footprint < 1 or (block is not None and block < 1):
        raise ValueError(f"footprint and block are at least 1 pixel, got {footprint} and {block}")
    values, n_classes = labels.values, len(labels.attrs["classes"])
    total = np.bincount(values.ravel(), minlength=n_classes + 1)[1:]
    rng = np.random.default_rng(seed)
    best: tuple[tuple[int, int, float, int], np.ndarray, np.ndarray, int] | None = None
    for _ in range(TRIALS):
        side = block or int(rng.choice(_sides(values.shape, footprint)))
        part = _random_blocks(values.shape, side, rng)
        beyond = ~part & (distance_to(part & (values > 0)) >= footprint)
        train, test = (np.bincount(values[half], minlength=n_classes + 1)[1:] for half in (part, beyond))
        share = np.minimum(train, test)[total > 0] / total[total > 0]
        kept = share > 0
        score = (int(kept.sum()), int((train > 0).sum()), float(share[kept].min(initial=1)), int(test.sum()))
        if best is None or score > best[0]:
            best = (score, part, beyond, side)
    score, part, beyond, side = best
    if score[-1] == 0:
        raise ValueError(
            f"no test pixel is left {footprint} pixels or more from the training blocks; "
            "use the random split, a model with a smaller footprint or a larger scene"
        )
    return _split(labels, draw_from(labels, part, budget, seed), beyond, side)


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


def footprint_distance(split: Split) -> int:
    """The smallest Chebyshev distance between a training and a test pixel: what the guard band promises.

    Parameters
    ----------
    split : Split
        Any split.

    Returns
    -------
    int
        Pixels; 1 for touching pixels.
    """
    test = split.test.values > 0
    return int(distance_to(split.train.values > 0)[test].min()) if test.any() else sum(test.shape)


def _sides(shape: tuple[int, int], footprint: int) -> list[int]:
    """Blocks large against the footprint (else the guard band eats them) and against what neighbours have in common."""
    largest = max(1, (max(shape) + 1) // 2)
    smallest = min(largest, max(max(shape) // 8, 2 * footprint))
    return sorted({round(s) for s in np.geomspace(smallest, largest, 4)})


def _random_blocks(shape: tuple[int, int], side: int, rng: np.random.Generator) -> np.ndarray:
    """A grid of blocks, shifted at random, about half of them True."""
    row, column = (np.arange(n) + rng.integers(side) for n in shape)
    row, column = row // side, column // side
    n_blocks = (int(row[-1]) + 1, int(column[-1]) + 1)
    chosen = rng.permutation(n_blocks[0] * n_blocks[1]) < max(1, n_blocks[0] * n_blocks[1] // 2)
    return chosen.reshape(n_blocks)[row[:, None], column]


def _split(labels: xr.DataArray, train: xr.DataArray, tested: np.ndarray, block: int = 0) -> Split:
    """Both halves, and a note where a class is missing from one."""
    test = labels.copy(data=np.where(tested, labels.values, 0).astype(np.int16))
    known, seen, scored = counts(labels) > 0, counts(train) > 0, counts(test) > 0
    notes = []
    if untrained := list(known.index[known & ~seen]):
        notes.append(f"no training pixel of {', '.join(untrained)}: its test pixels count as wrong")
    if untested := list(known.index[known & ~scored]):
        notes.append(f"no test pixel of {', '.join(untested)}: left out of the class averages")
    return Split(train, test, "; ".join(notes), block)

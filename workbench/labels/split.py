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

from workbench.labels.blocks import Halves, block_halves, distance_to
from workbench.labels.budget import counts, draw, draw_from


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
    return split_of(labels, train, train.values == 0)


def block_split(
    labels: xr.DataArray,
    budget: int,
    seed: int,
    *,
    footprint: int,
    block: int | None = None,
    halves: Halves | None = None,
) -> Split:
    """Train on `budget` pixels a class in one half of the blocks, test on the other half beyond a guard band.

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
    halves : Halves, optional
        What ``block_halves`` gave for these labels, seed and footprint, to find them once for several budgets.

    Returns
    -------
    Split
        ``note`` names the classes that could not be kept in both halves.

    Raises
    ------
    ValueError
        If footprint or block is below 1, or no test pixel is left.
    """
    halves = halves or block_halves(labels, seed, footprint=footprint, block=block)
    return split_of(labels, draw_from(labels, halves.train, budget, seed), halves.test, halves.block)


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


def split_of(labels: xr.DataArray, train: xr.DataArray, tested: np.ndarray, block: int = 0) -> Split:
    """Both halves, and a note where a class is missing from one."""
    test = labels.copy(data=np.where(tested, labels.values, 0).astype(np.int16))
    known, seen, scored = counts(labels) > 0, counts(train) > 0, counts(test) > 0
    notes = []
    if untrained := list(known.index[known & ~seen]):
        notes.append(f"no training pixel of {', '.join(untrained)}: its test pixels count as wrong")
    if untested := list(known.index[known & ~scored]):
        notes.append(f"no test pixel of {', '.join(untested)}: left out of the class averages")
    return Split(train, test, "; ".join(notes), block)

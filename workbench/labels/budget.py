"""Budgets: how many labels of each class a model may see, and how many there really are.

Rare classes cannot give a full budget: a class of n labelled pixels gives min(budget, n // 2), so that at least half of
it is left to test on. Nothing is hidden: ``counts`` of what was drawn is reported in every row of scores.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr


def counts(labels: xr.DataArray) -> pd.Series:
    """Labelled pixels of each class.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K, with ``attrs["classes"]``.

    Returns
    -------
    pandas.Series
        Indexed by class name, in the order of the codes; 0 where a class has no pixel.
    """
    classes = labels.attrs["classes"]
    found = np.bincount(labels.values.ravel(), minlength=len(classes) + 1)[1:]
    return pd.Series(found, index=pd.Index(classes, name="class_name"), name="pixels")


def draw(labels: xr.DataArray, budget: int, seed: int) -> xr.DataArray:
    """A random choice of labels: at most `budget` pixels of each class, the rest 0.

    The draws of one seed are nested: the pixels of a small budget are among those of a larger one.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K.
    budget : int
        Pixels of each class; a class of n pixels gives min(budget, n // 2).
    seed : int
        The same seed draws the same pixels.

    Returns
    -------
    xarray.DataArray of shape (height, width)
        As `labels`, the pixels not drawn set to 0.

    Raises
    ------
    ValueError
        If the budget is below 1.
    """
    total = counts(labels).to_numpy()
    return keep_some(labels, np.minimum(check_budget(budget), total // 2), seed)


def draw_from(labels: xr.DataArray, part: np.ndarray, budget: int, seed: int) -> xr.DataArray:
    """As ``draw``, but only from the pixels where `part` is True.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K.
    part : array of bool of shape (height, width)
        Where a label may be drawn.
    budget : int
        Pixels of each class; a class of n pixels in the scene and m in the part gives min(budget, n // 2, m).
    seed : int
        The same seed draws the same pixels.

    Returns
    -------
    xarray.DataArray of shape (height, width)
    """
    total = counts(labels).to_numpy()
    return keep_some(
        labels.where(part, 0).assign_attrs(labels.attrs), np.minimum(check_budget(budget), total // 2), seed
    )


def check_budget(budget: int) -> int:
    """The budget, if it is one.

    Parameters
    ----------
    budget : int
        Labels a class, as the user gave it.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If it is below 1.
    """
    if budget < 1:
        raise ValueError(f"a budget is at least 1 label a class, got {budget}")
    return int(budget)


def check_trainable(labels: xr.DataArray, name: str = "the labels") -> xr.DataArray:
    """Labels, if a model can learn from them.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K.
    name : str
        What to call them in the error.

    Returns
    -------
    xarray.DataArray
        The same.

    Raises
    ------
    ValueError
        If fewer than two classes have a labelled pixel.
    """
    found = counts(labels)
    present = list(found.index[found > 0])
    if len(present) < 2:
        got = f"only {present[0]!r} in" if present else "none in"
        raise ValueError(f"a class map needs labels of at least two classes, got {got} {name}; label a second class")
    return labels


def keep_some(labels: xr.DataArray, wanted: np.ndarray, seed: int) -> xr.DataArray:
    """The first `wanted` pixels of each class in a random order."""
    flat = labels.values.ravel()
    place = np.flatnonzero(flat)
    order = np.lexsort((np.random.default_rng(seed).random(place.size), flat[place]))
    place, codes = place[order], flat[place][order]
    first = np.searchsorted(codes, np.arange(1, len(wanted) + 2))
    rank = np.arange(codes.size) - first[codes - 1]
    chosen = rank < wanted[codes - 1]
    kept = np.zeros_like(flat)
    kept[place[chosen]] = codes[chosen]
    return labels.copy(data=kept.reshape(labels.shape))

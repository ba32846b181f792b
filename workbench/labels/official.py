"""Official splits: training and test pixels as whoever published a scene laid them down.

Some benchmarks (Houston 2013 is one) come with the pixels to train on, so that figures of different papers can be set
side by side. The halves travel with the truth, as its coordinate ``half``: 1 where a model may be taught, 2 where it is
tested, 0 elsewhere. What they promise is up to their makers: no guard band is added.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from workbench.labels.budget import check_budget, counts, keep_some
from workbench.labels.split import Split, split_of

HALF = "half"


def with_official(truth: xr.DataArray, train: xr.DataArray) -> xr.DataArray:
    """A truth that knows its official halves.

    Parameters
    ----------
    truth : xarray.DataArray of shape (height, width)
        All labels, or those to test on; 0 = unlabelled, 1…K.
    train : xarray.DataArray of shape (height, width)
        Those to train on; its classes are found in those of `truth` by name.

    Returns
    -------
    xarray.DataArray of shape (height, width)
        Labels of both, with coordinate ``half``, and where `train` came from as ``official``; every label that is
        not in `train` is to be tested on.

    Raises
    ------
    ValueError
        If a class is unknown, sizes differ, a pixel has two classes, or one half is empty.
    """
    if train.shape != truth.shape:
        raise ValueError(f"training labels have the truth's size, {truth.shape}, got {train.shape}; open both alike")
    names = list(truth.attrs["classes"])
    if unknown := [name for name in train.attrs["classes"] if name not in names]:
        raise ValueError(f"training labels name the class {unknown[0]!r}, but the truth knows only {', '.join(names)}")
    codes = np.array([0, *(names.index(name) + 1 for name in train.attrs["classes"])])[train.values]
    taught, known = codes > 0, truth.values > 0
    if apart := int((taught & known & (codes != truth.values)).sum()):
        raise ValueError(f"{apart} pixels have one class in the training labels and another in the truth; mend either")
    half = np.where(taught, 1, np.where(known, 2, 0)).astype(np.int8)
    for number, what in ((1, "train"), (2, "test")):
        if not (half == number).any():
            raise ValueError(f"an official split has pixels to train and to test on, got none to {what} on")
    both = truth.copy(data=np.where(taught, codes, truth.values).astype(np.int16))
    both.attrs["official"] = train.attrs.get("source", "")
    return both.assign_coords({HALF: (("y", "x"), half)})


def has_official(truth: xr.DataArray) -> bool:
    """Whether a truth knows official halves."""
    return HALF in truth.coords


def official_split(truth: xr.DataArray, budget: int, seed: int) -> Split:
    """Train on `budget` pixels a class of the official training pixels, test on all official test pixels.

    Parameters
    ----------
    truth : xarray.DataArray of shape (height, width)
        As :func:`with_official` gives it.
    budget : int
        Training pixels of each class; a class with fewer gives them all.
    seed : int
        The same seed, the same split. From a budget that no class fills on, all seeds are alike.

    Returns
    -------
    Split

    Raises
    ------
    ValueError
        If the truth has no official halves.
    """
    if not has_official(truth):
        raise ValueError("an official split needs the official training labels; give them with --official FILE")
    part = truth.where(truth[HALF] == 1, 0).astype(np.int16).assign_attrs(truth.attrs)
    train = keep_some(part, np.minimum(check_budget(budget), counts(part).to_numpy()), seed)
    return split_of(truth, train, truth[HALF].values == 2)

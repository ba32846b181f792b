"""Labels against models that were not told them: cross-validation over the labels alone, and confident learning's rule.

References
----------
Northcutt, Jiang, Chuang (2021). *Confident Learning: Estimating Uncertainty in Dataset Labels.* JAIR 70.
arXiv:1911.00068
"""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from workbench.probe.chances import fit_rows, fit_scene, seen_by
from workbench.probe.descriptions import Descriptions, describe
from workbench.probe.models import find_model


def out_of_fold(
    name: str,
    cube: xr.DataArray,
    labels: xr.DataArray,
    *,
    embedding: xr.DataArray | None = None,
    features: xr.DataArray | Descriptions | None = None,
    folds: int = 5,
    seed: int = 0,
) -> NDArray[np.floating]:
    """Chances of each label's pixel by models that were not told that label.

    Parameters
    ----------
    name, cube, labels, embedding, features, folds, seed
        As for :func:`workbench.probe.doubtful`.

    Returns
    -------
    ndarray of shape (n_labels, K)
        Labels in the order of the scene's rows; column c is class c + 1, 0 for classes without labels. NaN for the
        only label of a class, which is told to every model.
    """
    row, codes = find_model(name), labels.values.ravel()
    known = np.flatnonzero(codes)
    judged = known[np.bincount(codes)[codes[known]] > 1]
    if not judged.size:
        raise ValueError("a label is judged by others of its class, but no class has two; label a second pixel of one")
    chances = np.zeros((len(known), len(labels.attrs["classes"])))
    chances[~np.isin(known, judged)] = np.nan
    if row.features == "descriptions" and features is None:
        features = describe(cube, embedding=embedding, keep=True)
    look = None if row.features in ("scene", "descriptions") else seen_by(row, cube, embedding, features)[0]
    folds = min(folds, int(np.bincount(codes[judged]).max()))
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # a class of fewer labels than folds is left out of some, which is meant
        warnings.filterwarnings("ignore", message="The least populated class")
        splits = list(parts.split(judged, codes[judged]))
    for _, part in splits:
        hidden = judged[part]
        told = labels.copy(deep=True)
        told.values.flat[hidden] = 0
        if look is None:
            classifier = fit_scene(row, cube, told, embedding, features, seed)
            found = classifier.predict_proba(cube).values.reshape(len(classifier.classes_), -1)[:, hidden].T
        else:
            classifier, _ = fit_rows(row, look, told, seed)
            found = classifier.predict_proba(look(hidden))
        chances[np.searchsorted(known, hidden)[:, None], np.asarray(classifier.classes_) - 1] = found
    return chances


def contradiction(chances: NDArray, codes: NDArray) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
    """How much likelier another class is than the label: 0 to 1, one half where they are even; and the likeliest class.

    Parameters
    ----------
    chances : ndarray of shape (n, K)
        Out of fold; NaN where a label could not be judged, which gives NaN and the label itself.
    codes : ndarray of int, shape (n,)
        Labels, 1…K.
    """
    own = np.take_along_axis(chances, codes[:, None] - 1, axis=1)[:, 0]
    others = chances.copy()
    np.put_along_axis(others, codes[:, None] - 1, -np.inf, axis=1)
    best = others.max(axis=1)
    guess = np.where(best > own, np.nan_to_num(others, nan=-1).argmax(axis=1) + 1, codes)
    return np.where(np.isnan(own), np.nan, (1 + best - own) / 2), guess


def suspected(chances: NDArray, codes: NDArray) -> NDArray[np.bool_]:
    """Labels that confident learning counts as mistaken: off the diagonal of its confident joint.

    A class is confident for a pixel if its chance there is at least its mean chance over the pixels labelled so. The
    label is suspected if there are confident classes and the likeliest of them is another.

    Parameters
    ----------
    chances : ndarray of shape (n, K)
        Out of fold; rows of NaN are not suspected.
    codes : ndarray of int, shape (n,)
        Labels, 1…K.
    """
    judged = np.isfinite(chances).all(axis=1)
    usual = np.full(chances.shape[1], np.inf)  # a class nobody is labelled with is never confident
    for code in np.unique(codes[judged]):
        usual[code - 1] = chances[judged & (codes == code), code - 1].mean()
    confident = np.where(judged[:, None] & (chances >= usual), chances, -np.inf)
    return (confident.max(axis=1) > -np.inf) & (confident.argmax(axis=1) + 1 != codes)

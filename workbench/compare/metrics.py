"""Scores of a class map, all from its confusion matrix (rows = truth, columns = predicted).

A class without a test pixel has no accuracy. It is left out of the class averages instead of spoiling them with NaN;
pixels wrongly given to it still count as errors of the classes they belong to.

References
----------
Congalton (1991). *A review of assessing the accuracy of classifications of remotely sensed data.*
doi:10.1016/0034-4257(91)90048-B. Cohen (1960), for kappa. doi:10.1177/001316446002000104.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Pixels of each class of the truth, by predicted class.

    Parameters
    ----------
    truth, predicted : array-like of int
        Codes 1…K, of one shape.
    n_classes : int
        K.

    Returns
    -------
    array of int of shape (K, K)
        Rows = truth, columns = predicted.

    Examples
    --------
    >>> confusion_matrix([1, 1, 2], [1, 2, 2], 2)
    array([[1, 1],
           [0, 1]])
    """
    pairs = (np.asarray(truth).astype(int) - 1) * n_classes + np.asarray(predicted).astype(int) - 1
    return np.bincount(pairs.ravel(), minlength=n_classes**2).reshape(n_classes, n_classes)


def merged_confusion(confusion: ArrayLike, names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Confusion of groups of classes: what is mistaken within a group is right.

    Parameters
    ----------
    confusion : array-like of shape (K, K)
        Rows = truth, columns = predicted.
    names : sequence of K str
        The group of each class; classes of one name are one.

    Returns
    -------
    list of G str
        The groups, in the order of their first classes.
    array of int of shape (G, G)

    Examples
    --------
    >>> merged_confusion([[5, 2, 1], [3, 4, 0], [0, 1, 9]], ["forest", "forest", "water"])
    (['forest', 'water'], array([[14,  1],
           [ 1,  9]]))
    """
    groups = list(dict.fromkeys(names))
    within = np.array([[name == group for name in names] for group in groups], int).reshape(len(groups), len(names))
    return groups, within @ np.asarray(confusion, int) @ within.T


def overall_accuracy(confusion: ArrayLike) -> float:
    """Share of the test pixels that are right, 0…1."""
    confusion = np.asarray(confusion)
    return float(np.trace(confusion) / confusion.sum())


def producers_accuracy(confusion: ArrayLike) -> NDArray[np.float64]:
    """Share of each class's test pixels that are right (recall), shape (K,); NaN for a class without test pixels."""
    return _ratio(np.diagonal(confusion), np.sum(confusion, axis=1))


def users_accuracy(confusion: ArrayLike) -> NDArray[np.float64]:
    """Share of the pixels given to each class that are right (precision), shape (K,); NaN if none were given to it."""
    return _ratio(np.diagonal(confusion), np.sum(confusion, axis=0))


def average_accuracy(confusion: ArrayLike) -> float:
    """Mean of the producer's accuracies of the classes that have test pixels, 0…1."""
    return float(np.nanmean(producers_accuracy(confusion)))


def f1(confusion: ArrayLike) -> float:
    """Macro F1, 0…1: mean over the classes that have test pixels of the harmonic mean of both accuracies."""
    confusion = np.asarray(confusion)
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    each = _ratio(2 * np.diagonal(confusion), both)
    return float(each[confusion.sum(axis=1) > 0].mean())


def kappa(confusion: ArrayLike) -> float:
    """Cohen's kappa: agreement beyond chance, 1 = perfect; 0 where there is only one class to agree on."""
    confusion = np.asarray(confusion, dtype=float)
    n = confusion.sum()
    chance = float(confusion.sum(axis=0) @ confusion.sum(axis=1)) / n**2
    return 0.0 if chance >= 1 else (overall_accuracy(confusion) - chance) / (1 - chance)


def accuracies(confusion: ArrayLike) -> dict[str, float]:
    """``oa, aa, kappa`` and ``f1`` of a matrix, as score tables name them."""
    return {
        "oa": overall_accuracy(confusion),
        "aa": average_accuracy(confusion),
        "kappa": kappa(confusion),
        "f1": f1(confusion),
    }


def _ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    """NaN where the whole is 0."""
    whole = np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)

"""Scores of patches: of masks and classes from their confusion matrix, of several classes by rank, of numbers.

A class without a test patch or pixel has no score and is left out of the means.

References
----------
Everingham et al. (2010), for the intersection over union. doi:10.1007/s11263-009-0275-4
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.compare import metrics

SCORES = ("oa", "aa", "f1", "miou", "map", "map_micro", "rmse", "r2")
"""Columns of scores; NaN where a task has none such."""

MAIN = {"segmentation": "miou", "classes": "oa", "several": "map", "number": "r2"}
"""The score that differences and curves are of, by task."""


def of_confusion(confusion: ArrayLike) -> dict[str, float]:
    """``oa, aa, f1, miou`` [0…1] from rows = truth, columns = predicted."""
    return {
        "oa": metrics.overall_accuracy(confusion),
        "aa": metrics.average_accuracy(confusion),
        "f1": metrics.f1(confusion),
        "miou": mean_iou(confusion),
    }


def mean_iou(confusion: ArrayLike) -> float:
    """Mean over the classes of the truth of what is right, by what is right, missed or wrongly given, 0…1.

    Examples
    --------
    >>> mean_iou([[2, 0], [1, 1]])  # (2 / 3 + 1 / 2) / 2
    0.5833333333333333
    """
    confusion = np.asarray(confusion, dtype=float)
    right, truth = np.diagonal(confusion), confusion.sum(axis=1)
    either = truth + confusion.sum(axis=0) - right
    there = truth > 0
    return float((right[there] / either[there]).mean())


def of_several(truth: ArrayLike, chances: ArrayLike) -> dict[str, float]:
    """``map`` (mean over classes), ``map_micro`` and ``f1`` (macro, chances of 0.5 and more count as said) [0…1].

    Parameters
    ----------
    truth : array-like of bool, shape (n, K)
        Classes a patch has.
    chances : array-like of shape (n, K)
        0…1.
    """
    truth, chances = np.asarray(truth, bool), np.asarray(chances, float)
    there = truth.any(axis=0)
    each = [average_precision(truth[:, k], chances[:, k]) for k in np.flatnonzero(there)]
    said = chances >= 0.5
    right, both = (truth & said).sum(axis=0)[there], (truth.sum(axis=0) + said.sum(axis=0))[there]
    return {
        "map": float(np.mean(each)),
        "map_micro": average_precision(truth.ravel(), chances.ravel()),
        "f1": float(np.mean(2 * right / both)),
    }


def average_precision(truth: NDArray[np.bool_], chances: NDArray[np.floating]) -> float:
    """Precision at each recall, summed by how much recall grows there; equal chances count as one."""
    order = np.argsort(-chances, kind="stable")
    right, ends = np.cumsum(truth[order]), np.flatnonzero(np.r_[np.diff(chances[order]) != 0, True])
    precision, recall = right[ends] / (ends + 1), right[ends] / max(1, right[-1])
    return float(np.sum(np.diff(recall, prepend=0) * precision))


def of_numbers(truth: ArrayLike, said: ArrayLike) -> dict[str, float]:
    """``rmse`` in the number's units, and ``r2``: 1 is perfect, 0 is as good as the test patches' mean."""
    truth, said = np.asarray(truth, float), np.asarray(said, float)
    error, spread = ((said - truth) ** 2).mean(), ((truth - truth.mean()) ** 2).mean()
    return {"rmse": float(np.sqrt(error)), "r2": float(1 - error / spread) if spread else float("nan")}

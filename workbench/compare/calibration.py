"""Whether a model's confidence can be believed: of the test pixels it gives 0.8, are 80 % right?

Pixels are sorted by the confidence of the class map into ten bins of equal width. In each, the mean confidence is held
against the share that is right; the expected calibration error is their distance, averaged over pixels. It is 0 for a
confidence that can be believed, and a little above 0 by chance where bins hold few pixels. Bins are kept as sums, so
those of several draws may be added up.

References
----------
Naeini, Cooper, Hauskrecht (2015). *Obtaining well calibrated probabilities using Bayesian binning.*
doi:10.1609/aaai.v29i1.9602. Guo et al. (2017). *On calibration of modern neural networks.* arXiv:1706.04599.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

BINS = 10
"""Of equal width, from 0 to 1; each holds its upper end."""


def reliability(confidence: ArrayLike, right: ArrayLike) -> NDArray[np.float64]:
    """Test pixels by confidence.

    Parameters
    ----------
    confidence : array-like of shape (n,)
        Of each test pixel's class, 0…1.
    right : array-like of bool of shape (n,)
        Whether that class is the truth's.

    Returns
    -------
    array of shape (10, 3)
        For each bin: pixels, sum of their confidence, pixels that are right.

    Examples
    --------
    >>> reliability([0.95, 1.0, 0.15], [True, False, False])[[1, 9]].tolist()
    [[1.0, 0.15, 0.0], [2.0, 1.95, 1.0]]
    """
    confidence = np.asarray(confidence, dtype=float)
    which = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    sums = (np.bincount(which, each, BINS) for each in (np.ones(len(confidence)), confidence, np.asarray(right, float)))
    return np.stack(list(sums), axis=1)


def calibration_error(bins: ArrayLike) -> float:
    """Expected calibration error, 0…1: mean distance of confidence and accuracy over the pixels of all bins.

    Parameters
    ----------
    bins : array-like of shape (10, 3)
        As ``reliability`` gives them, or a sum of such.

    Returns
    -------
    float

    Examples
    --------
    >>> calibration_error([[10, 8.0, 6]])
    0.2
    """
    pixels, confidence, right = np.asarray(bins, dtype=float).T
    return float(np.abs(right - confidence).sum() / pixels.sum())


def reliability_table(bins: ArrayLike) -> pd.DataFrame:
    """Confidence and accuracy side by side.

    Parameters
    ----------
    bins : array-like of shape (10, 3)
        As ``reliability`` gives them; of several draws: ``np.sum(list(table["reliability"]), axis=0)``.

    Returns
    -------
    pandas.DataFrame
        One row a bin: ``low, high`` (its ends), ``pixels``, ``confidence`` (mean) and ``accuracy`` [0…1], both NaN
        where it is empty.
    """
    pixels, confidence, right = np.asarray(bins, dtype=float).T
    some = np.where(pixels > 0, pixels, np.nan)
    ends = np.linspace(0, 1, len(pixels) + 1)
    return pd.DataFrame(
        {
            "low": ends[:-1],
            "high": ends[1:],
            "pixels": pixels.astype(int),
            "confidence": confidence / some,
            "accuracy": right / some,
        }
    )

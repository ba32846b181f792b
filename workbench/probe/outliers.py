"""How far each label lies from the rest of its class, however few there are, and whatever is wrong among them.

Medians stand for means and median distances for standard deviations, so that up to half of a class may be wrong. A
class of three labels says little of its own spread: it is mixed with that of all classes, which counts as ``PRIOR``
labels.

References
----------
Rousseeuw, Croux (1993). *Alternatives to the Median Absolute Deviation.* JASA 88. doi:10.2307/2291267
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

COMPONENTS = 10
"""Principal components of the labels that distances are measured in."""

PRIOR = 10
"""Labels that the spread of all classes together counts as."""

FAR = 3.0
"""From here on a label is an outlier, in units of the usual distance."""

_NORMAL = 1.4826  # from the median absolute deviation of a Gaussian to its standard deviation


def class_distance(rows: NDArray, codes: NDArray) -> NDArray[np.floating]:
    """Distance of each label from its class's median, in units of the usual distance in that class.

    Parameters
    ----------
    rows : ndarray of shape (n, n_features)
        Spectra, features or embeddings of the labels, all finite.
    codes : ndarray of int, shape (n,)
        Labels.

    Returns
    -------
    ndarray of shape (n,)
        Root mean square over the components of robust z-scores [1]; NaN for classes of fewer than three labels.
    """
    found = np.full(len(codes), np.nan)
    places = {int(code): np.flatnonzero(codes == code) for code in np.unique(codes)}
    places = {code: place for code, place in places.items() if len(place) >= 3}
    if not places:
        return found
    rows = rows.astype("float64")
    spaced = PCA(min(COMPONENTS, len(rows) - 1, rows.shape[1]), svd_solver="full").fit_transform(rows)
    away = np.full_like(spaced, np.nan)
    for place in places.values():
        away[place] = spaced[place] - np.median(spaced[place], axis=0)
    usual = _NORMAL * np.nanmedian(np.abs(away), axis=0)
    for place in places.values():
        own = _NORMAL * np.median(np.abs(away[place]), axis=0)
        variance = (len(place) * own**2 + PRIOR * usual**2) / (len(place) + PRIOR)
        z = np.where(variance > 0, away[place] / np.sqrt(np.where(variance > 0, variance, 1)), 0)
        found[place] = np.sqrt(np.square(z).mean(axis=1))
    return found

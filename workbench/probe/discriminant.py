"""Linear discriminant analysis that a few labels are enough for: their common covariance is shrunk."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from workbench.probe.columnwise import Asker, Columnwise, Planes, room_for, softmax, sums_by_class


class ShrunkLDA(Columnwise):
    """Gaussian classes of one covariance, each as likely as the others beforehand.

    Other than scikit-learn's, it takes the covariance from the labels' distances to their class means all together,
    so that one label a class is enough: then nothing is known of it and the nearest mean decides.

    Parameters
    ----------
    shrinkage : float or None
        Share of the covariance that is replaced by an even one, from 0 to 1. None takes Ledoit's and Wolf's.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    means_ : ndarray of shape (n_classes, n_features)
    shrinkage_ : float
        The share used.
    chosen_ : str
        How it was chosen, in words for a table.

    References
    ----------
    Fisher (1936). *The use of multiple measurements in taxonomic problems.* Annals of Eugenics 7.
    doi:10.1111/j.1469-1809.1936.tb02137.x

    Ledoit, Wolf (2004). *A well-conditioned estimator for large-dimensional covariance matrices.* Journal of
    Multivariate Analysis 88. doi:10.1016/S0047-259X(03)00096-4
    """

    def __init__(self, shrinkage: float | None = None) -> None:
        self.shrinkage = shrinkage

    def _learn(self, X: NDArray, codes: NDArray) -> None:
        if self.shrinkage is not None and not 0 <= self.shrinkage <= 1:
            raise ValueError(f"shrinkage is a share from 0 to 1, got {self.shrinkage}")
        X = X.astype("float64", copy=False)
        counts = np.bincount(codes)
        self.means_ = sums_by_class(X, codes, len(counts)) / counts[:, None]
        away = X - self.means_[codes]
        covariance, self.shrinkage_, self.chosen_ = self._covariance(away, counts.max())
        self.weights_ = _solved(covariance, self.means_.T)
        self.offsets_ = -0.5 * (self.means_.T * self.weights_).sum(axis=0)

    def _covariance(self, away: NDArray, most: int) -> tuple[NDArray, float, str]:
        """Covariance of the labels about their class means, how far it was shrunk, and why so far."""
        even = np.eye(away.shape[1])
        spread = np.square(away).mean()
        if most < 2 or spread == 0:
            return even, 1.0, "nearest mean, no class has two different labels"
        covariance = away.T @ away / len(away)
        share, why = self.shrinkage, "fixed"
        if share is None:
            share, why = best_shrinkage(away, covariance), "shrinkage by Ledoit & Wolf's formula"
        return (1 - share) * covariance + share * spread * even, share, why

    def decision_function(self, X: ArrayLike) -> NDArray[np.floating]:
        """Logarithm of the chances but for a constant, shape (n, n_classes); of two classes their difference, (n,)."""
        scores = self._checked(X) @ self.weights_ + self.offsets_
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def asker(self, dtype: np.dtype) -> Asker:
        """What gives the chances of the classes under the model."""
        # About the mean of the means, and less what all classes have in common, single precision is enough.
        centre = self.means_.mean(axis=0)
        planes, columns = self.planes(dtype, centre), room_for(len(centre), dtype)
        centre = centre.astype(dtype)[:, None]

        def ask(n: int) -> NDArray:
            some = columns[:, :n]
            some -= centre
            return softmax(planes.weights @ some + planes.offsets)

        return columns, ask

    def planes(self, dtype: np.dtype, about: NDArray | float = 0.0) -> Planes:
        """A plane for each class, of columns less `about`."""
        weights = self.weights_ - self.weights_.mean(axis=1, keepdims=True)
        offsets = self.offsets_ + (np.zeros(len(weights)) + about) @ self.weights_
        offsets = (offsets - offsets.mean())[:, None].astype(dtype)
        return Planes(np.ascontiguousarray(weights.T, dtype), offsets, lambda scores, _: softmax(scores))


def best_shrinkage(away: NDArray, covariance: NDArray) -> float:
    """Ledoit's and Wolf's share of the covariance (their lemma 3.3) of rows that have the mean 0.

    The same number as scikit-learn's ``ledoit_wolf_shrinkage``, some 20 times as soon where rows are few: the sum of
    all products of squares is the square of their sum, and nothing is checked again.
    """
    n, n_features = away.shape
    even, squared = np.trace(covariance) / n_features, np.square(covariance).sum()
    noise = (np.square(np.square(away).sum(axis=1)).sum() / n - squared) / n
    signal = squared - n_features * even**2
    return float(min(noise, signal) / signal) if signal > 0 and noise > 0 else 0.0


def _solved(covariance: NDArray, means: NDArray) -> NDArray:
    """What times `covariance` gives `means`; the shortest such where rounding would decide between many."""
    with suppress(LinAlgError):
        factor = cho_factor(covariance, check_finite=False)
        diagonal = np.abs(np.diag(factor[0]))
        if diagonal.min() > 1e-7 * diagonal.max():
            return cho_solve(factor, means, check_finite=False)
    return np.linalg.lstsq(covariance, means, rcond=None)[0]

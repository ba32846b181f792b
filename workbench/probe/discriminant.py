"""Linear discriminant analysis that a few labels are enough for: their common covariance is shrunk."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.covariance import ledoit_wolf
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from workbench.probe.columnwise import WIDTH, Asker, Columnwise, softmax


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

    def fit(self, X: ArrayLike, y: ArrayLike) -> ShrunkLDA:
        """Learn from rows (n, n_features) and their classes (n,)."""
        if self.shrinkage is not None and not 0 <= self.shrinkage <= 1:
            raise ValueError(f"shrinkage is a share from 0 to 1, got {self.shrinkage}")
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        X = X.astype("float64", copy=False)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        counts = np.bincount(codes)
        self.means_ = np.zeros((len(self.classes_), X.shape[1]))
        np.add.at(self.means_, codes, X)
        self.means_ /= counts[:, None]
        away = X - self.means_[codes]
        covariance, self.shrinkage_, self.chosen_ = self._covariance(away, counts.max())
        self.weights_ = np.linalg.lstsq(covariance, self.means_.T, rcond=None)[0]
        self.offsets_ = -0.5 * (self.means_.T * self.weights_).sum(axis=0)
        return self

    def _covariance(self, away: NDArray, most: int) -> tuple[NDArray, float, str]:
        """Covariance of the labels about their class means, how far it was shrunk, and why so far."""
        even = np.eye(away.shape[1])
        spread = np.square(away).mean()
        if most < 2 or spread == 0:
            return even, 1.0, "nearest mean, no class has two different labels"
        if self.shrinkage is None:
            return *ledoit_wolf(away, assume_centered=True), "shrinkage by Ledoit & Wolf's formula"
        kept = (1 - self.shrinkage) * (away.T @ away) / len(away)
        return kept + self.shrinkage * spread * even, self.shrinkage, "fixed"

    def decision_function(self, X: ArrayLike) -> NDArray[np.floating]:
        """Logarithm of the chances but for a constant, shape (n, n_classes); of two classes their difference, (n,)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64])
        scores = X @ self.weights_ + self.offsets_
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def asker(self, dtype: np.dtype) -> Asker:
        """What gives the chances of the classes under the model."""
        # About the mean of the means, and less what all classes have in common, single precision is enough.
        centre, weights = self.means_.mean(axis=0), self.weights_ - self.weights_.mean(axis=1, keepdims=True)
        offsets = self.offsets_ + centre @ self.weights_
        weights, offsets = np.ascontiguousarray(weights.T, dtype), (offsets - offsets.mean()).astype(dtype)[:, None]
        centre, columns = centre.astype(dtype)[:, None], np.empty((len(centre), WIDTH), dtype)

        def ask(n: int) -> NDArray:
            some = columns[:, :n]
            some -= centre
            return softmax(weights @ some + offsets)

        return columns, ask

"""Classifiers that go by neighbours: among the labels, or along a graph of labelled and unlabelled pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

UNLABELLED = -1
"""Code of a row whose class is not known, as in scikit-learn."""


class FewNeighbours(KNeighborsClassifier):
    """scikit-learn's nearest neighbours, asking no more neighbours than there are labels."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> FewNeighbours:
        """Learn from rows (n, n_features) and their classes (n,)."""
        super().fit(X, y)
        self.asked_ = min(self.n_neighbors, self.n_samples_fit_)
        return self

    def kneighbors(self, X: ArrayLike = None, n_neighbors: int | None = None, return_distance: bool = True) -> object:
        """Distances to the nearest labels, and which they are."""
        check_is_fitted(self)
        return super().kneighbors(X, n_neighbors or self.asked_, return_distance)


class GraphPropagation(ClassifierMixin, BaseEstimator):
    """Labels spread along a graph of nearest neighbours, through the unlabelled rows between them.

    Each row keeps a share of what it was told and takes the rest from its neighbours, until nothing changes. New rows
    take the weighted mean of their nearest rows. Rows that no label reaches have the classes' overall shares.

    Parameters
    ----------
    n_neighbors : int
        Neighbours a row is joined to.
    alpha : float
        Share taken from the neighbours, between 0 and 1.
    max_iter : int
        Rounds at most.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    label_distributions_ : ndarray of shape (n, n_classes)
        Of the rows given to :meth:`fit`.
    n_iter_ : int
        Rounds taken.

    References
    ----------
    Zhou, Bousquet, Lal, Weston, Schölkopf (2003). *Learning with Local and Global Consistency.* NeurIPS.
    """

    def __init__(self, n_neighbors: int = 10, alpha: float = 0.95, max_iter: int = 100) -> None:
        self.n_neighbors = n_neighbors
        self.alpha = alpha
        self.max_iter = max_iter

    def fit(self, X: ArrayLike, y: ArrayLike) -> GraphPropagation:
        """Learn from rows (n, n_features) and their classes (n,), -1 where unlabelled."""
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha is a share between 0 and 1, got {self.alpha}")
        X, y = validate_data(self, X, y, dtype=[np.float32, np.float64])
        check_classification_targets(y)
        known = y != UNLABELLED
        self.classes_, codes = np.unique(y[known], return_inverse=True)
        told = np.zeros((len(X), len(self.classes_)))
        # A class with many labels is not thereby likelier.
        told[np.flatnonzero(known), codes] = 1 / np.bincount(codes)[codes]
        self._index = NearestNeighbors(n_neighbors=min(self.n_neighbors, len(X))).fit(X)
        distance, which = self._index.kneighbors(X)
        self.width_ = float(np.median(distance[:, -1])) or 1.0
        graph = self._weights(distance, which, len(X))
        graph = graph - sparse.diags_array(graph.diagonal())
        graph = graph + graph.T
        root = sparse.diags_array(1 / np.sqrt(np.maximum(graph.sum(axis=1), 1e-12)))
        graph = root @ graph @ root
        share = told.copy()
        self.n_iter_ = 0
        while self.n_iter_ < self.max_iter:
            self.n_iter_ += 1
            before, share = share, self.alpha * (graph @ share) + (1 - self.alpha) * told
            if np.abs(share - before).max() < 1e-6:
                break
        self.label_distributions_ = normalised(share)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Share of each class among the nearest rows, shape (n, n_classes)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64])
        weights = self._weights(*self._index.kneighbors(X), self._index.n_samples_fit_)
        return normalised(weights @ self.label_distributions_)

    def predict(self, X: ArrayLike) -> NDArray:
        """Class of each row, shape (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _weights(self, distance: NDArray, which: NDArray, n: int) -> sparse.csr_array:
        """Gaussian weights of the neighbours, shape (rows, n)."""
        weight = np.exp(-np.square(distance / self.width_))
        ends = np.arange(0, which.size + 1, which.shape[1])
        return sparse.csr_array((weight.ravel(), which.ravel(), ends), shape=(len(which), n))


def normalised(share: NDArray) -> NDArray:
    """Rows that sum to one; a row of nothing becomes even shares."""
    total = share.sum(axis=1, keepdims=True)
    return np.where(total > 0, share / np.where(total > 0, total, 1), 1 / share.shape[1])

"""Support vector machines that map a whole scene while one waits: with a Gaussian kernel, and without one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted, validate_data

from workbench.probe.duels import PairwiseSVM, pairwise

CHUNK = 1 << 13
"""Rows whose distances to all support vectors are held at a time."""


class RBFSVM(PairwiseSVM):
    """Support vectors under a Gaussian kernel, one machine for each pair of classes.

    Parameters
    ----------
    C : float or None
        Cost of a label on the wrong side. None chooses 1, 10, 100 or 1000 by cross-validation on the labels given to
        :meth:`fit`, or 100 where a class has a single label.
    random_state : int, optional
        Seeds the folds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    C_ : float
        The cost used.
    chosen_ : str
        How it was chosen, in words for a table.

    References
    ----------
    Cortes, Vapnik (1995). *Support-Vector Networks.* Machine Learning 20. doi:10.1007/BF00994018

    Price, Knerr, Personnaz, Dreyfus (1995). *Pairwise Neural Network Classifiers with Probabilistic Outputs.* NeurIPS.

    Melgani, Bruzzone (2004). *Classification of Hyperspectral Remote Sensing Images With Support Vector Machines.*
    IEEE TGRS 42(8). doi:10.1109/TGRS.2004.831865
    """

    costs = (1.0, 10.0, 100.0, 1000.0)
    usual = 100.0

    def _machine(self, cost: float) -> SVC:
        return SVC(C=cost, gamma="scale")

    def _keep(self, machine: SVC, X: NDArray) -> None:
        spread = X.var()
        self.gamma_ = 1 / (X.shape[1] * spread) if spread > 0 else 1.0
        self.support_vectors_ = machine.support_vectors_
        self.weights_, self.offsets_ = pairwise(machine)

    def duels(self, X: ArrayLike) -> NDArray[np.floating]:
        """Margin of the first class of each pair (0, 1), (0, 2) … (n-2, n-1), shape (n, n_pairs)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64])
        supports = self.support_vectors_.astype(X.dtype)
        length = np.square(supports).sum(axis=1)
        margins = np.empty((len(X), self.weights_.shape[1]), X.dtype)
        for start in range(0, len(X), CHUNK):
            rows = X[start : start + CHUNK]
            kernel = rows @ supports.T
            kernel *= 2
            kernel -= np.square(rows).sum(axis=1)[:, None]
            kernel -= length
            kernel *= self.gamma_
            np.exp(kernel, out=kernel)
            margins[start : start + CHUNK] = kernel @ self.weights_.astype(X.dtype) + self.offsets_.astype(X.dtype)
        return margins


class LinearSVM(PairwiseSVM):
    """Support vectors without a kernel: a plane between each pair of classes.

    Parameters
    ----------
    C : float or None
        Cost of a label on the wrong side. None chooses 0.001, 0.01, 0.1, 1 or 10 by cross-validation on the labels
        given to :meth:`fit`, or 0.1 where a class has a single label.
    random_state : int, optional
        Seeds the folds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    C_ : float
        The cost used.
    chosen_ : str
        How it was chosen, in words for a table.
    normals_ : ndarray of shape (n_features, n_pairs)
        Of the planes; positive is for a pair's first class.

    References
    ----------
    Cortes, Vapnik (1995). *Support-Vector Networks.* Machine Learning 20. doi:10.1007/BF00994018
    """

    costs = (0.001, 0.01, 0.1, 1.0, 10.0)
    usual = 0.1

    def __init__(self, C: float | None = 0.1, random_state: int | None = None) -> None:
        super().__init__(C, random_state)

    def _machine(self, cost: float) -> SVC:
        return SVC(C=cost, kernel="linear")

    def _keep(self, machine: SVC, X: NDArray) -> None:
        weights, self.offsets_ = pairwise(machine)
        self.normals_ = machine.support_vectors_.T @ weights

    def duels(self, X: ArrayLike) -> NDArray[np.floating]:
        """Margin of the first class of each pair (0, 1), (0, 2) … (n-2, n-1), shape (n, n_pairs)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64])
        return X @ self.normals_.astype(X.dtype) + self.offsets_.astype(X.dtype)

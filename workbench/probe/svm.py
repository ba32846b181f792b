"""Support vector machines that map a whole scene while one waits: with a Gaussian kernel, and without one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC

from workbench.probe.columnwise import WIDTH
from workbench.probe.duels import PairwiseSVM, pairwise


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

    def _kernel(self, X: NDArray, train: NDArray) -> NDArray:
        return rbf_kernel(X.astype("float64", copy=False), gamma=_gamma(X[train]))

    def _keep(self, machine: SVC, X: NDArray) -> None:
        self.gamma_ = _gamma(X)
        self.support_vectors_ = machine.support_vectors_
        self.weights_, self.offsets_ = pairwise(machine)

    def margins(self, dtype: np.dtype) -> Callable[[NDArray], NDArray]:
        """As of every :class:`PairwiseSVM`."""
        # exp(-gamma |x - s|²) = exp(2 gamma s x - gamma |s|² - gamma |x|²)
        supports, gamma = self.support_vectors_.astype("float64"), float(self.gamma_)
        twice, length = (2 * gamma * supports).astype(dtype), gamma * np.square(supports).sum(axis=1)
        length, weights = length.astype(dtype)[:, None], np.ascontiguousarray(self.weights_.T, dtype)
        offsets, minus = self.offsets_.astype(dtype)[:, None], np.full((1, supports.shape[1]), gamma, dtype)
        squares, near = (np.empty((len(rows), WIDTH), dtype) for rows in (supports.T, supports))
        duels = np.empty((len(weights), WIDTH), dtype)

        def margins(columns: NDArray) -> NDArray:
            square, kernel, out = (room[:, : columns.shape[1]] for room in (squares, near, duels))
            np.matmul(twice, columns, out=kernel)
            kernel -= minus @ np.square(columns, out=square)
            kernel -= length
            np.matmul(weights, np.exp(kernel, out=kernel), out=out)
            out += offsets
            return out

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

    def _kernel(self, X: NDArray, train: NDArray) -> NDArray:
        X = X.astype("float64", copy=False)
        return X @ X.T

    def _keep(self, machine: SVC, X: NDArray) -> None:
        weights, self.offsets_ = pairwise(machine)
        self.normals_ = machine.support_vectors_.T @ weights

    def margins(self, dtype: np.dtype) -> Callable[[NDArray], NDArray]:
        """As of every :class:`PairwiseSVM`."""
        normals, offsets = np.ascontiguousarray(self.normals_.T, dtype), self.offsets_.astype(dtype)[:, None]
        return lambda columns: normals @ columns + offsets


def _gamma(X: NDArray) -> float:
    """What scikit-learn calls "scale": 1 / (n_features · variance), 1 of rows that are all the same."""
    spread = X.var()
    return float(1 / (X.shape[1] * spread)) if spread > 0 else 1.0

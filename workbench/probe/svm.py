"""Support vector machines that map a whole scene while one waits: with a Gaussian kernel, and without one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC

from workbench.probe.columnwise import Asker, Planes, room_for
from workbench.probe.duels import PairwiseSVM, class_pairs, duel_weights


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
        self.weights_, self.offsets_ = duel_weights(machine)
        self.n_support_ = machine.n_support_

    def margins(self, dtype: np.dtype, times: float = 1.0) -> Asker:
        """As of every :class:`PairwiseSVM`."""
        # exp(-gamma |x - s|²) is exp of a product of (2 gamma s, -gamma |s|², -gamma) and (x, 1, |x|²).
        supports, n_features = self.support_vectors_.astype("float64"), self.support_vectors_.shape[1]
        length = np.square(supports).sum(axis=1, keepdims=True)
        supports = (self.gamma_ * np.hstack([2 * supports, -length, -np.ones_like(length)])).astype(dtype)
        columns, even = room_for(n_features + 2, dtype), np.ones(n_features, dtype)
        columns[n_features:] = 1
        near, squares = (np.empty((rows, columns.shape[1]), dtype) for rows in (len(supports), n_features))
        decide = self._by_class(dtype, times, columns.shape[1])

        def margins(n: int) -> NDArray:
            np.matmul(even, np.square(columns[:n_features, :n], out=squares[:, :n]), out=columns[-1, :n])
            kernel = np.matmul(supports, columns[:, :n], out=near[:, :n])
            np.exp(kernel, out=kernel)
            return decide(kernel)

        return columns[:n_features], margins

    def _by_class(self, dtype: np.dtype, times: float, width: int) -> Callable[[NDArray], NDArray]:
        """From likeness to the support vectors (n_support, n) to duels (n_pairs, n).

        A class's vectors weigh in its own duels alone, 2 of n_classes of the whole product: so there is one for each
        class, and a duel is what both sides bring.
        """
        pairs, ends = class_pairs(len(self.classes_)), np.cumsum([0, *self.n_support_])
        sides = np.array(pairs).T
        own = [np.flatnonzero((sides == code).any(axis=0)) for code in range(len(self.classes_))]
        weights = [
            np.ascontiguousarray(times * self.weights_[start:end, mine].T, dtype)
            for (start, end), mine in zip(pairwise(ends), own, strict=True)
        ]
        each = len(self.classes_) - 1
        first, second = (
            np.array([code * each + np.searchsorted(own[code], p) for p, code in enumerate(side)]) for side in sides
        )
        brought, offsets = np.empty((len(own) * each, width), dtype), (times * self.offsets_).astype(dtype)[:, None]

        def decide(likeness: NDArray) -> NDArray:
            room = brought[:, : likeness.shape[1]]
            for code, (start, end) in enumerate(pairwise(ends)):
                np.matmul(weights[code], likeness[start:end], out=room[code * each : (code + 1) * each])
            duels = room[first]
            duels += room[second]
            duels += offsets
            return duels

        return decide


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
        weights, self.offsets_ = duel_weights(machine)
        self.normals_ = machine.support_vectors_.T @ weights

    def margins(self, dtype: np.dtype, times: float = 1.0) -> Asker:
        """As of every :class:`PairwiseSVM`."""
        normals = np.ascontiguousarray(times * self.normals_.T, dtype)
        offsets, columns = (times * self.offsets_).astype(dtype)[:, None], room_for(normals.shape[1], dtype)
        return columns, lambda n: normals @ columns[:, :n] + offsets

    def planes(self, dtype: np.dtype) -> Planes:
        """A plane for each duel."""
        weights, offsets = -2 * self.normals_.T, -2 * self.offsets_[:, None]
        return Planes(np.ascontiguousarray(weights, dtype), offsets.astype(dtype), self._coupling(dtype))


def _gamma(X: NDArray) -> float:
    """What scikit-learn calls "scale": 1 / (n_features · variance), 1 of rows that are all the same."""
    spread = X.var()
    return float(1 / (X.shape[1] * spread)) if spread > 0 else 1.0

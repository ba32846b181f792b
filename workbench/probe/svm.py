"""A support vector machine that maps a whole scene while one waits.

scikit-learn's machine is fitted; its decision is then taken for all pixels at once as two matrix products. libsvm's own
prediction, one pixel and one support vector at a time, is some ten times slower, which is what a live map feels.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

GRID = {"C": [1.0, 10.0, 100.0, 1000.0]}
MOST_FOR_TUNING = 600
CHUNK = 1 << 13
"""Rows whose distances to all support vectors are held at a time."""


class RBFSVM(ClassifierMixin, BaseEstimator):
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

    def __init__(self, C: float | None = 100.0, random_state: int | None = None) -> None:
        self.C = C
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> RBFSVM:
        """Learn from rows (n, n_features) and their classes (n,)."""
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs labels of at least 2 classes, got 1 class ({self.classes_[0]})")
        self.C_, self.chosen_ = (self.C, "fixed") if self.C is not None else self._tune(X, codes)
        spread = X.var()
        self.gamma_ = 1 / (X.shape[1] * spread) if spread > 0 else 1.0
        machine = SVC(C=self.C_, gamma=self.gamma_).fit(X, codes)
        self.support_vectors_ = machine.support_vectors_
        self.weights_, self.offsets_ = _pairwise(machine)
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.floating]:
        """Logarithm of :meth:`predict_proba`, shape (n, n_classes); of two classes their difference, (n,)."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Chances of the classes, shape (n, n_classes): even on a border, but not calibrated frequencies.

        A duel's margin m gives its first class the chance 1 / (1 + exp(-2 m)); the duels are coupled as in Price et al.
        """
        return np.exp(self._scores(X))

    def predict(self, X: ArrayLike) -> NDArray:
        """Class of each row, shape (n,)."""
        best = self._scores(X).argmax(axis=1)
        return self.classes_[best]

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

    def _scores(self, X: ArrayLike) -> NDArray[np.floating]:
        """Logarithm of the chances, shape (n, n_classes)."""
        return _coupled(self.duels(X), len(self.classes_))

    def _tune(self, X: NDArray, codes: NDArray) -> tuple[float, str]:
        """Cost by cross-validation on the labels alone; on a share of them if they are many."""
        folds = min(5, np.bincount(codes).min())
        if folds < 2:
            return 100.0, "fixed, a class has a single label"
        if len(codes) > MOST_FOR_TUNING:
            order = np.random.default_rng(self.random_state).permutation(len(codes))
            order = order[np.argsort(_rank_in_class(codes[order]), kind="stable")][:MOST_FOR_TUNING]
            X, codes = X[order], codes[order]
        splitter = StratifiedKFold(min(folds, np.bincount(codes).min()), shuffle=True, random_state=self.random_state)
        with warnings.catch_warnings():
            # Few labels of many classes are what this is for.
            warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%", UserWarning)
            search = GridSearchCV(SVC(gamma="scale"), GRID, cv=splitter).fit(X, codes)
        return search.best_params_["C"], "cross-validation on the labels"


def _rank_in_class(codes: NDArray) -> NDArray:
    """0 for the first row of its class, 1 for the second, and so on."""
    rank = np.empty(len(codes), int)
    for code in np.unique(codes):
        rank[codes == code] = np.arange((codes == code).sum())
    return rank


def _pairwise(machine: SVC) -> tuple[NDArray, NDArray]:
    """Weights (n_support, n_pairs) and offsets (n_pairs,) of a fitted machine; positive is for a pair's first class."""
    n_classes = len(machine.n_support_)
    if n_classes == 2:  # scikit-learn turns the sign of the only pair
        return -machine.dual_coef_.T, -machine.intercept_
    ends = np.cumsum([0, *machine.n_support_])
    pairs = [(i, j) for i in range(n_classes) for j in range(i + 1, n_classes)]
    weights = np.zeros((ends[-1], len(pairs)))
    for p, (i, j) in enumerate(pairs):
        mine, theirs = slice(ends[i], ends[i + 1]), slice(ends[j], ends[j + 1])
        weights[mine, p] = machine.dual_coef_[j - 1, mine]
        weights[theirs, p] = machine.dual_coef_[i, theirs]
    return weights, machine.intercept_


def _coupled(duels: NDArray, n_classes: int) -> NDArray:
    """From pairwise margins to the logarithm of class chances, shape (n, n_classes).

    With p_ij = 1 / (1 + exp(-2 m_ij)), Price's p_i = 1 / (sum over j of 1 / p_ij - (n_classes - 2)) becomes
    1 / (1 + sum over j of exp(-2 m_ij)).
    """
    against = np.ones((len(duels), n_classes), duels.dtype)
    p = 0
    for i in range(n_classes):
        for j in range(i + 1, n_classes):
            odds = np.exp(np.clip(-2 * duels[:, p], -30, 30))
            against[:, i] += odds
            against[:, j] += 1 / odds
            p += 1
    scores = -np.log(against)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

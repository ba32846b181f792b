"""What support vector machines for several classes have in common: a duel for each pair of classes.

scikit-learn's machine is fitted; its decision is then taken for all pixels at once as matrix products, and the duels
are coupled to chances. libsvm's own prediction, one pixel and one support vector at a time, is some ten times slower,
which is what a live map feels.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

MOST_FOR_TUNING = 600


class PairwiseSVM(ClassifierMixin, BaseEstimator):
    """One support vector machine for each pair of classes; a kind says its kernel and how it takes its decisions."""

    costs: ClassVar[tuple[float, ...]]
    """Costs that cross-validation chooses from."""

    usual: ClassVar[float]
    """The cost where there are too few labels to choose one."""

    def __init__(self, C: float | None = 100.0, random_state: int | None = None) -> None:
        self.C = C
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> PairwiseSVM:
        """Learn from rows (n, n_features) and their classes (n,)."""
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs labels of at least 2 classes, got 1 class ({self.classes_[0]})")
        self.C_, self.chosen_ = (self.C, "fixed") if self.C is not None else self._tune(X, codes)
        self._keep(self._machine(self.C_).fit(X, codes), X)
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

    @abstractmethod
    def duels(self, X: ArrayLike) -> NDArray[np.floating]:
        """Margin of the first class of each pair (0, 1), (0, 2) … (n-2, n-1), shape (n, n_pairs)."""

    @abstractmethod
    def _machine(self, cost: float) -> SVC:
        """scikit-learn's machine, before it is fitted."""

    @abstractmethod
    def _keep(self, machine: SVC, X: NDArray) -> None:
        """Take from a machine fitted to `X` what decides."""

    def _scores(self, X: ArrayLike) -> NDArray[np.floating]:
        """Logarithm of the chances, shape (n, n_classes)."""
        return _coupled(self.duels(X), len(self.classes_))

    def _tune(self, X: NDArray, codes: NDArray) -> tuple[float, str]:
        """Cost by cross-validation on the labels alone; on a share of them if they are many."""
        folds = min(5, np.bincount(codes).min())
        if folds < 2:
            return self.usual, "fixed, a class has a single label"
        if len(codes) > MOST_FOR_TUNING:
            order = np.random.default_rng(self.random_state).permutation(len(codes))
            order = order[np.argsort(_rank_in_class(codes[order]), kind="stable")][:MOST_FOR_TUNING]
            X, codes = X[order], codes[order]
        splitter = StratifiedKFold(min(folds, np.bincount(codes).min()), shuffle=True, random_state=self.random_state)
        with warnings.catch_warnings():
            # Few labels of many classes are what this is for.
            warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%", UserWarning)
            search = GridSearchCV(self._machine(1.0), {"C": self.costs}, cv=splitter).fit(X, codes)
        return search.best_params_["C"], "cross-validation on the labels"


def pairwise(machine: SVC) -> tuple[NDArray, NDArray]:
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


def _rank_in_class(codes: NDArray) -> NDArray:
    """0 for the first row of its class, 1 for the second, and so on."""
    rank = np.empty(len(codes), int)
    for code in np.unique(codes):
        rank[codes == code] = np.arange((codes == code).sum())
    return rank


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

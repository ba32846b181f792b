"""What support vector machines for several classes have in common: a duel for each pair of classes.

scikit-learn's machine is fitted; its decision is then taken for many pixels at once as matrix products, and the duels
are coupled to chances, by another. libsvm's own prediction, one pixel and one support vector at a time, is some ten
times slower, which is what a live map feels.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from workbench.probe.columnwise import Asker, Columnwise

MOST_FOR_TUNING = 600


class PairwiseSVM(Columnwise):
    """One support vector machine for each pair of classes; a kind says its kernel and how it takes its decisions."""

    costs: ClassVar[tuple[float, ...]]
    """Costs that cross-validation chooses from."""

    usual: ClassVar[float]
    """The cost where there are too few labels to choose one."""

    def __init__(self, C: float | None = 100.0, random_state: int | None = None) -> None:
        self.C = C
        self.random_state = random_state

    def _learn(self, X: NDArray, codes: NDArray) -> None:
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs labels of at least 2 classes, got 1 class ({self.classes_[0]})")
        self.C_, self.chosen_ = (self.C, "fixed") if self.C is not None else self._tune(X, codes)
        self._keep(self._machine(self.C_).fit(X, codes), X)

    def decision_function(self, X: ArrayLike) -> NDArray[np.floating]:
        """Logarithm of :meth:`predict_proba`, shape (n, n_classes); of two classes their difference, (n,)."""
        scores = np.log(self.predict_proba(X))
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def duels(self, X: ArrayLike) -> NDArray[np.floating]:
        """Margin of the first class of each pair (0, 1), (0, 2) … (n-2, n-1), shape (n, n_pairs)."""
        return self._by_rows(self._checked(X), self.margins)

    def asker(self, dtype: np.dtype) -> Asker:
        """What couples the duels to chances: even on a border, but not calibrated frequencies."""
        (columns, margins), couple = self.margins(dtype, -2.0), self._coupling(dtype)
        return columns, lambda n: couple(margins(n), columns)

    def _coupling(self, dtype: np.dtype) -> Callable[[NDArray, NDArray], NDArray]:
        """From duels times -2 to chances.

        A duel's margin m gives its first class the chance p_ij = 1 / (1 + exp(-2 m)). Price's
        p_i = 1 / (sum over j of 1 / p_ij - (n_classes - 2)) is then 1 / (1 + sum over j of exp(-2 m_ij)).
        """
        n_classes, pairs = len(self.classes_), class_pairs(len(self.classes_))
        against = np.zeros((n_classes, 2 * len(pairs)), dtype)
        for p, (i, j) in enumerate(pairs):
            against[i, p] = against[j, len(pairs) + p] = 1
        room = np.empty((2 * len(pairs), 0), dtype)

        def couple(duels: NDArray, _: NDArray) -> NDArray:
            nonlocal room
            n = duels.shape[1]
            if room.shape[1] < n:
                room = np.empty((2 * len(pairs), n), dtype)
            odds, inverse = room[: len(pairs), :n], room[len(pairs) :, :n]
            np.exp(np.clip(duels, -30, 30, out=odds), out=odds)
            np.reciprocal(odds, out=inverse)
            chances = against @ room[:, :n]
            chances += 1
            np.reciprocal(chances, out=chances)
            chances /= chances.sum(axis=0)
            return chances

        return couple

    @abstractmethod
    def margins(self, dtype: np.dtype, times: float = 1.0) -> Asker:
        """As :meth:`asker`, but of :meth:`duels`, (n_pairs, n), multiplied by `times`."""

    @abstractmethod
    def _machine(self, cost: float) -> SVC:
        """scikit-learn's machine, before it is fitted."""

    @abstractmethod
    def _kernel(self, X: NDArray, train: NDArray) -> NDArray:
        """Likeness (n, n) of all rows to each other under the kernel of a machine fitted to `train` of them."""

    @abstractmethod
    def _keep(self, machine: SVC, X: NDArray) -> None:
        """Take from a machine fitted to `X` what decides."""

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
        scores = np.empty((len(self.costs), splitter.n_splits))
        with warnings.catch_warnings(), config_context(assume_finite=True, skip_parameter_validation=True):
            # Few labels of many classes are what this is for.
            warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%", UserWarning)
            for fold, (train, held) in enumerate(splitter.split(X, codes)):
                kernel = self._kernel(X, train)  # once for all costs
                for which, cost in enumerate(self.costs):
                    machine = SVC(C=cost, kernel="precomputed").fit(kernel[np.ix_(train, train)], codes[train])
                    score = (machine.predict(kernel[np.ix_(held, train)]) == codes[held]).mean()
                    scores[which:, fold] = score
                    if np.abs(machine.dual_coef_).max() < cost:
                        break  # no label costs as much as it may, so higher costs give the same machine
        return self.costs[scores.mean(axis=1).argmax()], "cross-validation on the labels"


def duel_weights(machine: SVC) -> tuple[NDArray, NDArray]:
    """Weights (n_support, n_pairs) and offsets (n_pairs,) of a fitted machine; positive is for a pair's first class."""
    n_classes = len(machine.n_support_)
    if n_classes == 2:  # scikit-learn turns the sign of the only pair
        return -machine.dual_coef_.T, -machine.intercept_
    ends = np.cumsum([0, *machine.n_support_])
    pairs = class_pairs(n_classes)
    weights = np.zeros((ends[-1], len(pairs)))
    for p, (i, j) in enumerate(pairs):
        mine, theirs = slice(ends[i], ends[i + 1]), slice(ends[j], ends[j + 1])
        weights[mine, p] = machine.dual_coef_[j - 1, mine]
        weights[theirs, p] = machine.dual_coef_[i, theirs]
    return weights, machine.intercept_


def class_pairs(n_classes: int) -> list[tuple[int, int]]:
    """(0, 1), (0, 2) … (n-2, n-1)."""
    return [(i, j) for i in range(n_classes) for j in range(i + 1, n_classes)]


def _rank_in_class(codes: NDArray) -> NDArray:
    """0 for the first row of its class, 1 for the second, and so on."""
    rank = np.empty(len(codes), int)
    for code in np.unique(codes):
        rank[codes == code] = np.arange((codes == code).sum())
    return rank

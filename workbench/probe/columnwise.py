"""Classifiers that take many pixels at once, a column each, as they lie in a scene: (features, pixels).

A live map is asked for all pixels of a scene after every label. What that takes is products of matrices; so nothing
is turned into a table first, what is held at a time fits the cache, and room for it is taken once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from workbench.probe.arithmetic import one_core_if_small

ROOM = 1 << 20
"""Numbers that are held at a time: more than a core's cache holds, and few enough calls that threads do not queue."""

Asker = tuple[NDArray, Callable[[int], NDArray]]
"""Room for columns (n_features, width), and what gives the first n of them chances (n_classes, n); these are good until
it is asked again, and the columns are lost."""


def room_for(n_features: int, dtype: np.dtype) -> NDArray:
    """Room (n_features, width) for as many columns as are held at a time.

    Examples
    --------
    >>> [room_for(n, np.dtype("float32")).shape[1] for n in (15, 128, 400, 5000)]
    [8192, 8192, 2621, 1024]
    """
    return np.empty((n_features, max(1024, min(8192, ROOM // n_features))), dtype)


@dataclass(frozen=True, slots=True)
class Planes:
    """How a classifier decides by the distances of columns to planes, so that many can be asked by one product."""

    weights: NDArray
    """Shape (n_planes, n_features)."""

    offsets: NDArray
    """Shape (n_planes, 1)."""

    couple: Callable[[NDArray, NDArray], NDArray]
    """From distances (n_planes, n), which are lost, and the columns (n_features, n) to chances (n_classes, n)."""


@dataclass(frozen=True, slots=True)
class Standard:
    """What features are standardised by: less their mean, in units of their spread."""

    mean_: NDArray[np.floating]
    scale_: NDArray[np.floating]

    @classmethod
    def of(cls, table: NDArray, *, spread: bool = True) -> Standard:
        """As rows (n, n_features) have it; a feature that they all have alike, or all without `spread`, is shifted."""
        mean, scale = table.mean(axis=0, dtype="float64"), np.ones(table.shape[1])
        if spread:
            deviation = table.std(axis=0, dtype="float64")
            np.copyto(scale, deviation, where=deviation > 1e-12 * np.abs(table).max())
        return cls(mean, scale)

    def __call__(self, table: NDArray) -> NDArray:
        """Rows (n, n_features) standardised."""
        return (table - self.mean_) / self.scale_


class Columnwise(ClassifierMixin, BaseEstimator):
    """A classifier that says what it makes of columns; what it makes of rows follows from that."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Columnwise:
        """Learn from rows (n, n_features) and their classes (n,)."""
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        with one_core_if_small(X.size):
            return self.learn(X, y)

    def learn(self, X: NDArray, y: NDArray) -> Columnwise:
        """As :meth:`fit`, of floats that are known to be finite: a fit's checks take longer than a few labels do."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._learn(X, codes)
        return self

    @abstractmethod
    def _learn(self, X: NDArray, codes: NDArray) -> None:
        """Learn from rows and the places of their classes in ``classes_``."""

    @abstractmethod
    def asker(self, dtype: np.dtype) -> Asker:
        """Room of that type, and what is asked about the columns in it; each thread needs its own."""

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Chances of the classes, shape (n, n_classes): those of the model, not calibrated frequencies."""
        return self._by_rows(self._checked(X), self.asker)

    def chances(self, X: NDArray) -> NDArray[np.floating]:
        """As :meth:`predict_proba`, of floats that are known to be finite."""
        return self._by_rows(X, self.asker)

    def predict(self, X: ArrayLike) -> NDArray:
        """Class of each row, shape (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _checked(self, X: ArrayLike) -> NDArray[np.floating]:
        check_is_fitted(self)
        return validate_data(self, X, reset=False, dtype=[np.float32, np.float64])

    def _by_rows(self, X: NDArray, asker: Callable[[np.dtype], Asker]) -> NDArray[np.floating]:
        """Values (n, n_values) of rows, as what `asker` gives says them of columns."""
        (room, ask), values = asker(X.dtype), []
        for start in range(0, len(X), room.shape[1]):
            some = X[start : start + room.shape[1]]
            room[:, : len(some)] = some.T
            values.append(ask(len(some)).T.copy())
        return np.concatenate(values)


def sums_by_class(X: NDArray, codes: NDArray, n_classes: int) -> NDArray[np.float64]:
    """Sum (n_classes, n_features) of each class's rows: a product with ones, tens of times as fast as ``np.add.at``."""
    return (codes == np.arange(n_classes)[:, None]).astype("float64") @ X


def softmax(scores: NDArray) -> NDArray:
    """Chances (n_classes, n) from their logarithms but for a constant; in place."""
    scores -= scores.max(axis=0)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=0)
    return scores

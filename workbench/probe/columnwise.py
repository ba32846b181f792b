"""Classifiers that take many pixels at once, a column each, as they lie in a scene: (features, pixels).

A live map is asked for all pixels of a scene after every label. What that takes is products of matrices; so nothing
is turned into a table first, what is held at a time fits the cache, and room for it is taken once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

WIDTH = 1024
"""Columns that are held at a time."""

Asker = tuple[NDArray, Callable[[int], NDArray]]
"""Room for columns (n_features, WIDTH), and what gives the first n of them chances (n_classes, n); these are good until
it is asked again, and the columns are lost."""


class Columnwise(ClassifierMixin, BaseEstimator):
    """A classifier that says what it makes of columns; what it makes of rows follows from that."""

    @abstractmethod
    def asker(self, dtype: np.dtype) -> Asker:
        """Room of that type, and what is asked about the columns in it; each thread needs its own."""

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Chances of the classes, shape (n, n_classes): those of the model, not calibrated frequencies."""
        return self._by_rows(X, self.asker)

    def predict(self, X: ArrayLike) -> NDArray:
        """Class of each row, shape (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _by_rows(self, X: ArrayLike, asker: Callable[[np.dtype], Asker]) -> NDArray[np.floating]:
        """Values (n, n_values) of rows, as what `asker` gives says them of columns."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64])
        (room, ask), values = asker(X.dtype), []
        for start in range(0, len(X), WIDTH):
            some = X[start : start + WIDTH]
            room[:, : len(some)] = some.T
            values.append(ask(len(some)).T.copy())
        return np.concatenate(values)


def softmax(scores: NDArray) -> NDArray:
    """Chances (n_classes, n) from their logarithms but for a constant; in place."""
    scores -= scores.max(axis=0)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=0)
    return scores

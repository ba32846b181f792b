"""A classifier that teaches itself with the unlabelled rows it is surest of, however few of these there are."""

from __future__ import annotations

import warnings

from numpy.typing import ArrayLike
from sklearn.semi_supervised import SelfTrainingClassifier


class SelfTraining(SelfTrainingClassifier):
    """scikit-learn's, without a warning where there are fewer unlabelled rows than a round takes: it takes them all.

    Without any it is the classifier it was given, fitted to the labels.

    References
    ----------
    Yarowsky (1995). *Unsupervised Word Sense Disambiguation Rivaling Supervised Methods.* ACL.
    doi:10.3115/981658.981684
    """

    def fit(self, X: ArrayLike, y: ArrayLike, **params: object) -> SelfTraining:
        """Learn from rows (n, n_features) and their classes (n,), -1 where unlabelled."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "k_best is larger than the amount of unlabeled samples", UserWarning)
            warnings.filterwarnings("ignore", "y contains no unlabeled samples", UserWarning)
            return super().fit(X, y, **params)

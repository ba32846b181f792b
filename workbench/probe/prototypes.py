"""The nearest class by angle: the spectral angle mapper on spectra, prototypes on embeddings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.preprocessing import normalize
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from workbench.probe.columnwise import WIDTH, Asker, Columnwise, softmax


class NearestAngle(Columnwise):
    """Assign each row to the class whose mean direction makes the smallest angle with it.

    One label a class is enough. On spectra it does not see brightness, only shape.

    Parameters
    ----------
    softness : float
        Angle [rad] over which the confidence falls from one class to the next; must be positive.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    prototypes_ : ndarray of shape (n_classes, n_features)
        Unit vectors.

    References
    ----------
    Kruse et al. (1993). *The Spectral Image Processing System (SIPS).* Remote Sensing of Environment 44.
    doi:10.1016/0034-4257(93)90013-N

    Snell, Swersky, Zemel (2017). *Prototypical Networks for Few-shot Learning.* NeurIPS. arXiv:1703.05175

    Examples
    --------
    >>> probe = NearestAngle().fit([[1.0, 0.1], [0.0, 2.0]], ["water", "soil"])
    >>> probe.predict([[3.0, 0.0]]).item()
    'water'
    """

    def __init__(self, softness: float = 0.1) -> None:
        self.softness = softness

    def fit(self, X: ArrayLike, y: ArrayLike) -> NearestAngle:
        """Learn from rows (n, n_features) and their classes (n,)."""
        if self.softness <= 0:
            raise ValueError(f"softness is an angle and must be positive, got {self.softness}")
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        directions = normalize(X)
        sums = np.zeros((len(self.classes_), X.shape[1]))
        np.add.at(sums, codes, directions)
        self.prototypes_ = normalize(sums)
        return self

    def asker(self, dtype: np.dtype) -> Asker:
        """What gives the softmax of the angles."""
        prototypes, columns = self.prototypes_.astype(dtype), np.empty((self.n_features_in_, WIDTH), dtype)

        def ask(n: int) -> NDArray:
            length = np.linalg.norm(columns[:, :n], axis=0)
            cosine = prototypes @ columns[:, :n] / np.where(length > 0, length, 1)
            return softmax(np.arccos(np.clip(cosine, -1, 1)) / -self.softness)

        return columns, ask

"""The nearest class by angle: the spectral angle mapper on spectra, prototypes on embeddings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.probe.columnwise import Asker, Columnwise, Planes, room_for, softmax, sums_by_class


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

    def _learn(self, X: NDArray, codes: NDArray) -> None:
        if self.softness <= 0:
            raise ValueError(f"softness is an angle and must be positive, got {self.softness}")
        self.prototypes_ = _unit(sums_by_class(_unit(X), codes, len(self.classes_)))

    def asker(self, dtype: np.dtype) -> Asker:
        """What gives the softmax of the angles."""
        planes, columns = self.planes(dtype), room_for(self.prototypes_.shape[1], dtype)
        return columns, lambda n: planes.couple(planes.weights @ columns[:, :n], columns[:, :n])

    def planes(self, dtype: np.dtype) -> Planes:
        """A prototype each, through the origin."""
        return Planes(self.prototypes_.astype(dtype), np.zeros((len(self.prototypes_), 1), dtype), self._coupled)

    def _coupled(self, along: NDArray, columns: NDArray) -> NDArray:
        length = np.sqrt(np.einsum("ij,ij->j", columns, columns))
        along /= np.where(length > 0, length, 1)
        angles = np.arccos(np.clip(along, -1, 1, out=along), out=along)
        angles /= -self.softness
        return softmax(angles)


def _unit(rows: NDArray) -> NDArray:
    """Rows of length 1; those of length 0 stay."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)

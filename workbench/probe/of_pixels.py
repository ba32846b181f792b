"""Any classifier of scikit-learn's on cubes: fitted to the spectra of labelled pixels, it answers with a map."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone

from workbench.patches import Block
from workbench.probe.answers import chances_of
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.tables import block_side, features_of, labels_on_data, rows_at


class OfPixels(SceneClassifier):
    """A classifier of rows, as one of scenes.

    Parameters
    ----------
    classifier : ClassifierMixin
        One with chances, or a pipeline that ends in one. It is not changed: a clone of it is fitted.

    Attributes
    ----------
    classes_ : ndarray of int
        Codes of the classes that have labels.
    classifier_ : ClassifierMixin
        The fitted clone, on the good bands of a pixel.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from workbench.cubes import simulated_scene
    >>> cube, truth = simulated_scene(20, 24, seed=3, n_bands=40)
    >>> OfPixels(GaussianNB()).fit(cube, truth).predict(cube).dims
    ('y', 'x')
    """

    def __init__(self, classifier: ClassifierMixin) -> None:
        self.classifier = classifier

    def fit(self, cube: xr.DataArray, labels: xr.DataArray) -> OfPixels:
        """Learn from the spectra of the labelled pixels (labels > 0) of a cube.

        Raises
        ------
        ValueError
            If labels and cube differ in size, or fewer than two classes have labels where there is data.
        """
        codes = labels_on_data(cube, labels).values.ravel()
        known = np.flatnonzero(codes)
        self._told = rows_at(features_of(cube, None), known)
        self.classifier_ = clone(self.classifier).fit(self._told, codes[known].astype("int64"))
        self.classes_ = self.classifier_.classes_
        return self

    @property
    def halo(self) -> int:
        """None: a pixel is looked at alone."""
        return 0

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return block_side(self._told.shape[1])

    def learnt(self) -> list[NDArray]:
        """What it says of the pixels it was fitted to."""
        return [self.classes_, self.classifier_.predict_proba(self._told)]

    def predict_block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Probability of each of ``classes_`` in a block, (n_classes, height, width); NaN where there is no data."""
        return chances_of(self.classifier_, piece.read(features_of(cube, None)).values)

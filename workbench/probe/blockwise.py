"""What is done to one block of a scene: embed it, or say the class of each of its pixels.

Each is a value that can be sent to a thread or to another machine; called with the scene and a block, it gives the
block's arrays by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from workbench.patches import Block
from workbench.pretrain import Encoder
from workbench.probe.embed import embed_block, embedding_side
from workbench.probe.features import Features
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.tables import block_side, features_of, table_of

Arrays = dict[str, NDArray]
"""What came of a block, by name: (height, width) or (features, height, width)."""

Work = Callable[[xr.DataArray, Block], Arrays]


@dataclass(frozen=True)
class Embedding:
    """Embeds a block."""

    encoder: Encoder
    device: str = "auto"

    @property
    def halo(self) -> int:
        """Pixels round a block that must be read with it."""
        return self.encoder.footprint // 2

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return embedding_side(self.encoder)

    def __call__(self, cube: xr.DataArray, piece: Block) -> Arrays:
        """``embedding``, shape (dim, height, width)."""
        return {"embedding": embed_block(cube, self.encoder, piece, self.device)}


@dataclass(frozen=True)
class Classification:
    """Asks a fitted classifier about a block: of its spectra, its embedding, its features, or the scene itself."""

    classifier: ClassifierMixin | SceneClassifier
    n_bands: int
    encoder: Encoder | None = None
    features: Features | None = None
    device: str = "auto"

    @property
    def halo(self) -> int:
        """Pixels round a block that must be read with it."""
        if isinstance(self.classifier, SceneClassifier):
            return self.classifier.halo
        if self.features is not None:
            return self.features.halo
        return self.encoder.footprint // 2 if self.encoder is not None else 0

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        if isinstance(self.classifier, SceneClassifier):
            return self.classifier.side
        if self.features is not None:
            return self.features.side
        return embedding_side(self.encoder) if self.encoder is not None else block_side(self.n_bands)

    def __call__(self, cube: xr.DataArray, piece: Block) -> Arrays:
        """``codes`` and ``confidence``, shape (height, width)."""
        if isinstance(self.classifier, SceneClassifier):
            chances = self.classifier.predict_block(cube, piece)
        elif self.features is not None:
            chances = chances_of(self.classifier, self.features.block(cube, piece))
        elif self.encoder is not None:
            chances = chances_of(self.classifier, embed_block(cube, self.encoder, piece, self.device))
        else:
            chances = chances_of(self.classifier, piece.read(features_of(cube, None)).values)
        codes, confidence = decided(chances, self.classifier.classes_)
        return {"codes": codes, "confidence": confidence}


def chances_of(classifier: ClassifierMixin, values: NDArray) -> NDArray:
    """Chances of each class (n_classes, height, width) from features (n_features, height, width); NaN without data."""
    table = table_of(values)
    has_data = np.isfinite(table).all(axis=1)
    chances = np.full((len(classifier.classes_), len(table)), np.nan, "float32")
    if has_data.any():
        chances[:, has_data] = classifier.predict_proba(table if has_data.all() else table[has_data]).T
    return chances.reshape(-1, *values.shape[1:])


def decided(chances: NDArray, classes: NDArray) -> tuple[NDArray, NDArray]:
    """Codes int16, 0 without data, and the confidence in them float32, NaN without data, both (height, width)."""
    has_data = np.isfinite(chances[0])
    best = np.where(has_data, chances.argmax(axis=0), 0)
    codes = np.where(has_data, classes[best], 0).astype("int16")
    return codes, np.take_along_axis(chances, best[None], axis=0)[0].astype("float32", copy=False)


def lead(chances: NDArray) -> NDArray:
    """By how much the likeliest class leads the next one, (height, width), 0 to 1; NaN without data."""
    best, second = -np.inf, -np.inf
    for chance in chances:  # two passes less than a partition, and no copy of all chances
        second = np.maximum(second, np.minimum(best, chance))
        best = np.maximum(best, chance)
    return (best - second).astype("float32", copy=False)

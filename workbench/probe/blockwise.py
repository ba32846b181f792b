"""What is done to one block of a scene: embed it, or say the class of each of its pixels.

Each is a value that can be sent to a thread or to another machine; called with the scene and a block, it gives the
block's arrays by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from workbench.patches import Block
from workbench.pretrain import Encoder
from workbench.probe.answers import answers, decided
from workbench.probe.descriptions import Embedded
from workbench.probe.embed import embed_block, embedding_side
from workbench.probe.features import Features
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.tables import block_side, features_of

Arrays = dict[str, NDArray]
"""What came of a block, by name: (height, width) or (features, height, width)."""

Work = Callable[[xr.DataArray, Block], Arrays]


@dataclass(frozen=True, eq=False)
class Embedding(Embedded):
    """Embeds a block."""

    def __call__(self, cube: xr.DataArray, piece: Block) -> Arrays:
        """``embedding``, shape (dim, height, width)."""
        return {"embedding": self.block(cube, piece)}


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
            codes, confidence = decided(self.classifier.predict_block(cube, piece), self.classifier.classes_)
            return {"codes": codes, "confidence": confidence}
        if self.features is not None:
            values = self.features.block(cube, piece)
        elif self.encoder is not None:
            values = embed_block(cube, self.encoder, piece, self.device)
        else:
            values = piece.read(features_of(cube, None)).values
        codes, confidence, _ = answers(self.classifier, values)
        return {"codes": codes, "confidence": confidence}

"""One row of the table of models: what a model is, what it is fitted to, and how far it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sklearn.base import ClassifierMixin

from workbench.pretrain import find_encoder
from workbench.probe.features import FEATURES
from workbench.probe.scene_classifier import SceneClassifier

Family = Literal["baseline", "supervised", "semi-supervised", "self-supervised"]


@dataclass(frozen=True, slots=True)
class Model:
    """One model, as the user may choose it."""

    name: str
    """As typed on the command line."""

    family: Family
    """What it learns from."""

    title: str
    """What it is, in a few words."""

    paper: str
    """Where it comes from."""

    features: str
    """What it is fitted to: ``"spectra"``, ``"embedding"``, ``"scene"``, a name in ``FEATURES``, or ``"descriptions"``:
    several of them at once."""

    build: Callable[[int], ClassifierMixin | SceneClassifier]
    """Makes a fresh one from a seed."""

    unlabelled: bool = False
    """Whether its fit takes unlabelled pixels beside the labels."""

    objective: str = ""
    """The objective its embedding comes from; empty for models of spectra."""

    encoder: str = ""
    """The encoder it has, if it makes its own."""

    context: int = 1
    """Pixels across that it looks at by itself, without an encoder."""

    @property
    def transductive(self) -> bool:
        """Whether it saw, in learning, pixels that it is tested on (without their labels)."""
        learns = self.features in FEATURES and FEATURES[self.features].learns
        return self.unlabelled or learns or self.embeds

    @property
    def embeds(self) -> bool:
        """Whether it looks at an embedding."""
        return self.features in ("embedding", "descriptions")

    @property
    def footprint(self) -> int:
        """Pixels of context across, by itself or of its encoder or features; an embedding brings its own."""
        if self.features in FEATURES:
            return FEATURES[self.features].footprint
        return find_encoder(self.encoder).footprint if self.encoder else self.context

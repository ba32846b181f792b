"""What a pretraining is made with, as one value that can be stored and replayed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import xarray as xr

from workbench.pretrain.encoders import find_encoder
from workbench.pretrain.likeness import likeness
from workbench.pretrain.objectives import find_objective
from workbench.pretrain.optimizers import find_optimizer
from workbench.pretrain.views import AUGMENTATIONS

AUTO = "auto"
"""Stands for the encoder that suits the scene."""

CHOSEN_FROM = ("context", "pixel")
"""The encoders that ``"auto"`` chooses from, the one that sees farthest first: both take a laptop seconds."""

ALIKE = 0.4
"""Two pixels are taken for the same cover where their spectra correlate at least this much (see ``likeness``)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an encoder learns from a scene's unlabelled pixels. Defaults are those of a first try on a laptop."""

    objective: str = "barlow_twins"
    """Name in ``OBJECTIVES``."""

    encoder: str = AUTO
    """Name in ``ENCODERS``; ``"auto"`` takes the context encoder where spectra stay alike as far as it reaches."""

    steps: int = 800
    """Optimiser steps."""

    pairs: int = 512
    """Pairs of pixels a step."""

    learning_rate: float = 1e-3
    """Peak rate."""

    reach: int | None = None
    """The second view is a neighbour up to this many pixels away; None goes as far as spectra stay alike."""

    dim: int = 64
    """Length of an embedding; a published architecture has its own."""

    patience: int = 0
    """Steps after which a loss that no longer falls ends the training; 0 never does."""

    accumulate: int = 1
    """Batches of so many pairs that make one step together: one batch, part by part, where it would not fit at once."""

    optimizer: str = "adamw"
    """Name in ``OPTIMIZERS``; each has another rate that suits it."""

    without: tuple[str, ...] = ()
    """Names in ``AUGMENTATIONS`` that the two views of a place do without."""

    seed: int = 0
    """Seeds the weights, the pixels drawn and the views."""

    precision: str = "32-true"
    """Lightning Fabric's name for the arithmetic; ``bf16-mixed`` is quicker on recent GPUs."""

    compiled: bool = False
    """Whether PyTorch compiles the encoder first: up to minutes, which long runs of transformers pay back."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        find_objective(self.objective)
        find_optimizer(self.optimizer)
        if self.encoder != AUTO:
            find_encoder(self.encoder)
        object.__setattr__(self, "without", tuple(self.without))  # JSON knows lists alone
        if unknown := [name for name in self.without if name not in AUGMENTATIONS]:
            raise ValueError(f"no augmentation is named {unknown[0]!r}; choose from {', '.join(AUGMENTATIONS)}")
        if self.without and not find_objective(self.objective).has_views:
            raise ValueError(
                f"{self.objective} hides bands instead of drawing views, so none can do without {self.without[0]}; "
                "study an objective of views, as barlow_twins"
            )
        for name, least in (("steps", 2), ("pairs", 2), ("dim", 1), ("accumulate", 1), ("patience", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ValueError(f"the learning rate must be positive, got {self.learning_rate:g}; try 0.001")
        if self.reach is not None and self.reach < 0:
            raise ValueError(f"reach is a distance in pixels, got {self.reach}; use 0 or more")


def settle(recipe: Recipe, cube: xr.DataArray) -> Recipe:
    """The recipe with what it leaves to the scene decided, from its spectra alone, without a label.

    Parameters
    ----------
    recipe : Recipe
        With ``encoder="auto"`` or ``reach=None``, or nothing left open.
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.

    Returns
    -------
    Recipe
        The first encoder of ``CHOSEN_FROM`` as far as whose reach spectra stay alike, the last one if none; the largest
        reach up to that encoder's own at which they do, at least 1; and the length of its embeddings where that cannot
        be chosen.
    """
    if "neighbour" in recipe.without:
        recipe = replace(recipe, reach=0)
    kinds = [find_encoder(name) for name in (CHOSEN_FROM if recipe.encoder == AUTO else (recipe.encoder,))]
    if recipe.encoder != AUTO:
        recipe = replace(recipe, dim=kinds[0].dim or recipe.dim)
        if recipe.reach is not None:
            return recipe
    distances = range(1, max(kind.reach for kind in kinds) + 1)
    alike = {reach for reach, found in zip(distances, likeness(cube, distances), strict=True) if found >= ALIKE}
    kind = next((kind for kind in kinds if kind.reach in alike), kinds[-1])
    far = max((reach for reach in alike if reach <= kind.reach), default=1)
    return replace(recipe, encoder=kind.name, reach=far if recipe.reach is None else recipe.reach)

"""What a pretraining was made with, as one value that can be stored and replayed; and the two ways to carry it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
import xarray as xr

from workbench.cubes import good_bands
from workbench.patches import PatchPairs, ScenePairs, pick_device
from workbench.pretrain.encoders import Encoder, EncoderKind, find_encoder
from workbench.pretrain.likeness import likeness
from workbench.pretrain.loop import Progress, train
from workbench.pretrain.objectives import find_objective

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

    seed: int = 0
    """Seeds the weights, the pixels drawn and the views."""

    precision: str = "32-true"
    """Lightning Fabric's name for the arithmetic; ``bf16-mixed`` is quicker on recent GPUs."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        find_objective(self.objective)
        if self.encoder != AUTO:
            find_encoder(self.encoder)
        for name, least in (("steps", 2), ("pairs", 2), ("dim", 1), ("patience", 0)):
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


def begin(
    cube: xr.DataArray, recipe: Recipe, *, device: str = "auto", every: int = 10
) -> tuple[Encoder, Iterator[Progress]]:
    """Make a fresh encoder for a scene, and the steps that will train it. Nothing is trained until they are asked for.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; its pixels are read here.
    recipe : Recipe
        What to do.
    device : str
        ``"auto"``, or torch's name of one.
    every : int
        Steps from one report to the next.

    Returns
    -------
    encoder : Encoder
        With its scaler fitted, ``wavelength`` [nm] of the bands it takes (NaN where unknown), and ``recipe``: the one
        given, with what it left to the scene decided.
    steps : iterator of Progress
    """
    place, recipe = pick_device(device), settle(recipe, cube)
    encoder_row, objective_row = find_encoder(recipe.encoder), find_objective(recipe.objective)
    wavelength = np.asarray(cube["wavelength"].values, dtype="float64")[good_bands(cube)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        encoder = encoder_row.make(len(wavelength), recipe.dim, wavelength)
        batches = pairs_for(encoder_row, cube, recipe, place)
        views = torch.Generator(place).manual_seed(recipe.seed)
        objective = objective_row.module(encoder.dim, generator=views)
    encoder.scaler, encoder.recipe, encoder.quantity = batches.scaler, recipe, cube.attrs.get("quantity", "")
    encoder.wavelength = wavelength
    encoder.to(place), objective.to(place)
    return encoder, train(
        encoder,
        objective,
        batches,
        steps=recipe.steps,
        every=every,
        learning_rate=recipe.learning_rate,
        patience=recipe.patience,
        precision=recipe.precision,
        device=place,
    )


def pairs_for(kind: EncoderKind, cube: xr.DataArray, recipe: Recipe, device: torch.device) -> ScenePairs | PatchPairs:
    """What a kind of encoder learns from: window means of neighbouring pixels, or the patches round them."""
    how = {"n": recipe.pairs, "reach": recipe.reach, "seed": recipe.seed, "device": device}
    return PatchPairs(cube, kind.footprint, **how) if kind.size else ScenePairs(cube, kind.windows, **how)


def pretrain(
    cube: xr.DataArray, objective: str = "barlow_twins", *, device: str = "auto", **choices: object
) -> Encoder:
    """Let an encoder learn from a scene's unlabelled pixels, to the end.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    objective : str
        What to learn by; see :data:`workbench.pretrain.OBJECTIVES`.
    device : str
        ``"auto"`` or torch's name of a device.
    **choices
        Fields of :class:`Recipe`.

    Returns
    -------
    Encoder
        In evaluation mode; its ``recipe`` is what it was made with.

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> cube, _ = simulated_scene(24, 32, seed=1)
    >>> encoder = pretrain(cube, encoder="context", steps=2, device="cpu")
    >>> encoder.dim, encoder.footprint
    (64, 11)
    """
    recipe = Recipe(objective=objective, **choices)
    encoder, steps = begin(cube, recipe, device=device, every=recipe.steps)
    for _ in steps:
        continue
    return encoder

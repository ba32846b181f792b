"""Three ways to carry a recipe out: as a run that can be put away, as steps to watch, or at once to the end.

And ``train``, for encoders, objectives and batches of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr
from torch import nn

from workbench.cubes import good_bands
from workbench.patches import PatchPairs, ScenePairs, pick_device
from workbench.pretrain.encoders import Encoder, EncoderKind, find_encoder
from workbench.pretrain.loop import Run
from workbench.pretrain.objectives import find_objective
from workbench.pretrain.processes import rank, world
from workbench.pretrain.progress import Progress
from workbench.pretrain.recipe import Recipe, settle
from workbench.pretrain.stepping import Batch

if TYPE_CHECKING:
    from workbench.pretrain.pair import PairRecipe


def begin_run(cube: xr.DataArray, recipe: Recipe, *, device: str = "auto") -> Run:
    """Make a fresh encoder for a scene, and the run that will train it. Nothing is trained until it is asked for.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; its pixels are read here.
    recipe : Recipe
        What to do.
    device : str
        ``"auto"``, or torch's name of one.

    Returns
    -------
    Run
        Its ``encoder`` has its scaler fitted, ``wavelength`` [nm] of the bands it takes (NaN where unknown), and
        ``recipe``: the one given, with what it left to the scene decided. Put away by
        :func:`workbench.pretrain.keep_checkpoint`.
    """
    place, recipe = pick_device(device), settle(recipe, cube)
    encoder_row = find_encoder(recipe.encoder)
    wavelength = np.asarray(cube["wavelength"].values, dtype="float64")[good_bands(cube)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        encoder = encoder_row.make(len(wavelength), recipe.dim, wavelength)
        batches = pairs_for(encoder_row, cube, recipe, place)
        views = torch.Generator(place).manual_seed(recipe.seed)
        objective = objective_of(recipe, encoder.dim, views)
    encoder.scaler, encoder.recipe, encoder.quantity = batches.scaler, recipe, cube.attrs.get("quantity", "")
    encoder.wavelength = wavelength
    return run_of(recipe, encoder, objective, batches, place, (batches.draws.generator, views))


def objective_of(recipe: Recipe, dim: int, generator: torch.Generator) -> nn.Module:
    """The recipe's objective for embeddings of length `dim`, its views without what the recipe leaves out."""
    objective = find_objective(recipe.objective).module(dim, generator=generator)
    if recipe.without:
        objective.views = objective.views.without(recipe.without)
    return objective


def run_of(
    recipe: Recipe | PairRecipe,
    encoder: nn.Module,
    objective: nn.Module,
    batches: Iterable[Batch],
    device: torch.device,
    sources: Sequence[object],
) -> Run:
    """The run of a recipe; `sources` are what batches and views are drawn from."""
    return Run(
        encoder.to(device),
        objective.to(device),
        batches,
        steps=recipe.steps,
        accumulate=recipe.accumulate,
        optimizer=recipe.optimizer,
        learning_rate=recipe.learning_rate,
        patience=recipe.patience,
        precision=recipe.precision,
        compiled=recipe.compiled,
        device=device,
        sources=sources,
    )


def begin(
    cube: xr.DataArray, recipe: Recipe, *, device: str = "auto", every: int = 10
) -> tuple[Encoder, Iterator[Progress]]:
    """Make a fresh encoder for a scene, and the steps that will train it. Nothing is trained until they are asked for.

    Parameters
    ----------
    cube, recipe, device
        As :func:`begin_run` takes them.
    every : int
        Steps from one report to the next.

    Returns
    -------
    encoder : Encoder
        As of :func:`begin_run`.
    steps : iterator of Progress
    """
    run = begin_run(cube, recipe, device=device)
    return run.encoder, run.reports(every)


def pairs_for(kind: EncoderKind, cube: xr.DataArray, recipe: Recipe, device: torch.device) -> ScenePairs | PatchPairs:
    """What a kind of encoder learns from: window means of neighbouring pixels, or the patches round them."""
    how = {"n": recipe.pairs, "reach": recipe.reach, "seed": recipe.seed, "device": device}
    how["share"] = (rank(), world())
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


def train(
    encoder: nn.Module,
    objective: nn.Module,
    batches: Iterable[Batch],
    *,
    steps: int,
    every: int = 10,
    **how: object,
) -> Iterator[Progress]:
    """Train `encoder` in place, reporting now and then.

    Stop early by not asking for the next report; the encoder keeps what it has learnt. Whenever a report is handed
    out the encoder is in evaluation mode, so that a map may be made of it there and then.

    Parameters
    ----------
    encoder, objective, batches, steps
        As :class:`Run` takes them.
    every : int
        Steps from one report to the next. A report makes the host wait for the GPU.
    **how
        What else :class:`Run` takes.

    Yields
    ------
    Progress
        At least one, at the last step.

    Raises
    ------
    FloatingPointError
        If a term is not finite when it is reported: training past it would hide where it began.
    """
    yield from Run(encoder, objective, batches, steps=steps, **how).reports(every)

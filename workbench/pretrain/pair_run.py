"""The run of two encoders that learn together, whatever their batches come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.patches import JointPairs, TwoScenes
from workbench.pretrain.agreement import Agreement
from workbench.pretrain.encoders import EncoderKind
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.pretrain.loop import Run
from workbench.pretrain.objectives.decur import DeCUR, alone
from workbench.pretrain.pair_recipe import PairRecipe
from workbench.pretrain.processes import gathered, world
from workbench.pretrain.running import run_of

SUNLIGHT = 0.1
"""Standard deviation of the logarithm of the light in views of what the sun lights."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What an encoder keeps of the kind of data that it is for."""

    wavelength: NDArray[np.float64]
    """Of its bands [nm]; NaN where there is none, as radar and elevation have."""

    quantity: str
    """What a scene must hold."""

    is_lit: bool
    """Whether it is of the sun's light."""

    units: str | None = None
    """Of a scene's values, where the quantity leaves them open."""


def run_of_pair(
    recipe: PairRecipe,
    encoder_kind: EncoderKind,
    kinds: tuple[Kind, Kind],
    batches: TwoScenes | JointPairs,
    device: torch.device,
    sources: Sequence[object],
    watched: int,
) -> Run:
    """Fresh encoders and the run that will train them.

    Parameters
    ----------
    recipe : PairRecipe
        With nothing left open.
    encoder_kind : EncoderKind
        Of both encoders.
    kinds : tuple of two Kind
        What they are for.
    batches : TwoScenes or JointPairs
        What they learn from; its two ``sides`` have the scalers.
    device : torch.device
        Where they learn.
    sources : sequence of torch.Generator
        What the batches are drawn from; that of the views is added.
    watched : int
        Places, drawn once, on which one sees how far the two agree.

    Returns
    -------
    Run
        With ``agreement()``.
    """
    views = torch.Generator(device).manual_seed(recipe.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        halves = [encoder_kind.make(len(kind.wavelength), recipe.dim, kind.wavelength) for kind in kinds]
        light = tuple(SUNLIGHT if kind.is_lit else 0.0 for kind in kinds)
        objective = DeCUR(recipe.dim, common=recipe.common, brightness=light, generator=views)
    for half, side, kind in zip(halves, batches.sides, kinds, strict=True):
        half.scaler, half.quantity, half.wavelength = side.scaler, kind.quantity, kind.wavelength
        if kind.units is not None:
            half.units = kind.units
    encoder = PairEncoder(*halves)
    encoder.recipe, encoder.heads, encoder.n_common = recipe, tuple(objective.heads), objective.n_common
    seen = _first(batches, -(-watched // (recipe.pairs * world())))

    def agreement() -> Agreement:
        diagonal = objective.diagonal(encoder, seen).cpu()
        return Agreement(diagonal, objective.n_common, alone(encoder, seen))

    run = run_of(recipe, encoder, objective, batches, device, (*sources, views))
    run.agreement = agreement
    return run


def _first(batches: TwoScenes | JointPairs, n: int) -> tuple[torch.Tensor, ...]:
    """Some batches as one, of all processes; kept, so of each kind only the view that is compared with the other's.

    Pixels of a scene are drawn before training, whose own draws go on from there; an archive begins again.
    """
    state = batches.get_state() if isinstance(batches, JointPairs) else None
    stream = iter(batches)
    several = [(one, other) for one, _, other, _ in islice(stream, n)]
    stream.close()
    if state is not None:
        batches.set_state(state)
    first, second = (gathered(torch.cat(parts)) for parts in zip(*several, strict=True))
    return first, first, second, second

"""Two encoders that learn together from two cubes of one place: how, and the two ways to carry it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import islice

import numpy as np
import torch
import xarray as xr

from workbench.cubes import good_bands
from workbench.patches import TwoScenes, pick_device
from workbench.pretrain.agreement import Agreement
from workbench.pretrain.encoders import find_encoder
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.pretrain.loop import Run
from workbench.pretrain.objectives.decur import DeCUR, alone
from workbench.pretrain.processes import gathered, rank, world
from workbench.pretrain.progress import Progress
from workbench.pretrain.recipe import AUTO, Recipe, settle
from workbench.pretrain.running import run_of

WATCHED = 2048
"""Pixels, drawn once, on which one sees how far the two agree."""

WATCHED_PATCHES = 512
"""The same for encoders of patches, to which a pixel is dearer."""

SUNLIGHT = 0.1
"""Standard deviation of the logarithm of the light in views of what the sun lights."""


@dataclass(frozen=True, slots=True)
class PairRecipe:
    """How two encoders learn from two cubes of one place, by DeCUR. Fields not said here are those of ``Recipe``."""

    common: float = 0.875
    """Share of the features that shall agree in both, 0 to 1; the others are each one's own."""

    encoder: str = AUTO
    """Kind of both encoders."""

    steps: int = 800

    pairs: int = 512

    learning_rate: float = 1e-3

    reach: int | None = None

    dim: int = 64
    """Length of each embedding."""

    patience: int = 0

    seed: int = 0

    precision: str = "32-true"

    accumulate: int = 1

    optimizer: str = "adamw"

    compiled: bool = False

    crop: int | None = None
    """Side of the patches that encoders of patches see [pixels]; None takes the encoder's own."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        self.half()
        if not 0 <= self.common <= 1:
            raise ValueError(f"common is a share of the features, 0 to 1, got {self.common:g}; try 0.875")
        if self.crop is not None and self.crop < 1:
            raise ValueError(f"crop is the side of a patch in pixels, at least 1, got {self.crop}; try 64")

    def half(self) -> Recipe:
        """The same choices for one encoder."""
        names = (field.name for field in fields(self) if field.name not in ("common", "crop"))
        return Recipe(**{name: getattr(self, name) for name in names})


def begin_pair_run(first: xr.DataArray, second: xr.DataArray, recipe: PairRecipe, *, device: str = "auto") -> Run:
    """Make fresh encoders for two cubes, and the run that will train them. Nothing is trained until it is asked for.

    Parameters
    ----------
    first, second : xarray.DataArray of shape (n_bands, height, width)
        Two kinds of data on one grid, or two parts of a spectrum; their pixels are read here.
    recipe : PairRecipe
        What to do. What it leaves open suits the cube whose spectra stay alike less far.
    device : str
        ``"auto"``, or torch's name of one.

    Returns
    -------
    Run
        Its ``encoder`` is a :class:`PairEncoder`, each half of it as :func:`workbench.pretrain.begin_run` makes one;
        ``recipe`` is the one given, with what it left open decided. Its ``agreement()`` says how far the two agree now;
        for a screen, whenever a report is out. Processes that learn as one share the pixels.

    Raises
    ------
    ValueError
        If the cubes are not on one grid, or one has too few bands for the encoder.
    """
    place, cubes = pick_device(device), (first, second)
    settled = min(
        (settle(recipe.half(), cube) for cube in cubes), key=lambda one: (find_encoder(one.encoder).reach, one.reach)
    )
    recipe = replace(recipe, encoder=settled.encoder, reach=settled.reach, dim=settled.dim)
    kind = find_encoder(recipe.encoder).seeing(recipe.crop)
    how = {"n": recipe.pairs, "reach": recipe.reach, "seed": recipe.seed, "share": (rank(), world()), "device": place}
    batches = TwoScenes(first, second, kind.windows, size=kind.footprint if kind.size else 0, **how)
    wavelengths = [np.asarray(cube["wavelength"].values, dtype="float64")[good_bands(cube)] for cube in cubes]
    views = torch.Generator(place).manual_seed(recipe.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        halves = [kind.make(len(wavelength), recipe.dim, wavelength) for wavelength in wavelengths]
        light = tuple(SUNLIGHT if is_lit(cube) else 0.0 for cube in cubes)
        objective = DeCUR(recipe.dim, common=recipe.common, brightness=light, generator=views)
    for half, side, cube, wavelength in zip(halves, batches.sides, cubes, wavelengths, strict=True):
        half.scaler, half.quantity, half.wavelength = side.scaler, cube.attrs.get("quantity", ""), wavelength
    encoder = PairEncoder(*halves)
    encoder.recipe, encoder.heads, encoder.n_common = recipe, tuple(objective.heads), objective.n_common
    # Drawn before training and kept; the training's own draws go on from there.
    wanted = WATCHED_PATCHES if kind.size else WATCHED
    several = list(islice(batches, -(-wanted // (recipe.pairs * world()))))
    watched = tuple(gathered(torch.cat(parts)) for parts in zip(*several, strict=True))

    def agreement() -> Agreement:
        diagonal = objective.diagonal(encoder, watched).cpu()
        return Agreement(diagonal, objective.n_common, alone(encoder, watched))

    sources = (*(side.draws.generator for side in batches.sides), views)
    run = run_of(recipe, encoder, objective, batches, place, sources)
    run.agreement = agreement
    return run


def begin_pair(
    first: xr.DataArray, second: xr.DataArray, recipe: PairRecipe, *, device: str = "auto", every: int = 10
) -> tuple[PairEncoder, Iterator[Progress], Callable[[], Agreement]]:
    """The encoders of :func:`begin_pair_run`, the steps that will train them, and how far they agree.

    Parameters
    ----------
    first, second, recipe, device
        As :func:`begin_pair_run` takes them.
    every : int
        Steps from one report to the next.

    Returns
    -------
    encoder : PairEncoder
    steps : iterator of Progress
    agreement : callable
    """
    run = begin_pair_run(first, second, recipe, device=device)
    return run.encoder, run.reports(every), run.agreement


def pretrain_pair(first: xr.DataArray, second: xr.DataArray, *, device: str = "auto", **choices: object) -> PairEncoder:
    """Let two encoders learn together from two cubes of one place, to the end.

    Parameters
    ----------
    first, second : xarray.DataArray of shape (n_bands, height, width)
        Two kinds of data on one grid.
    device : str
        ``"auto"`` or torch's name of a device.
    **choices
        Fields of :class:`PairRecipe`.

    Returns
    -------
    PairEncoder
        In evaluation mode.

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> cube, _ = simulated_scene(24, 32, n_bands=40, seed=1)
    >>> encoder = pretrain_pair(cube[:20], cube[20:], encoder="pixel", steps=2, device="cpu")
    >>> encoder.dim, encoder.first.dim
    (128, 64)
    """
    recipe = PairRecipe(**choices)
    encoder, steps, _ = begin_pair(first, second, recipe, device=device, every=recipe.steps)
    for _ in steps:
        continue
    return encoder


def is_lit(cube: xr.DataArray) -> bool:
    """Whether a cube is of the sun's light: radar and elevation have no wavelength."""
    return bool(np.isfinite(cube["wavelength"].values.astype("float64")).any())

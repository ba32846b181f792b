"""Two encoders that learn together from two cubes of one place: how, and the two ways to carry it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import good_bands
from workbench.patches import TwoScenes, pick_device
from workbench.pretrain.agreement import Agreement
from workbench.pretrain.encoders import find_encoder
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.pretrain.loop import Run
from workbench.pretrain.pair_recipe import PairRecipe
from workbench.pretrain.pair_run import Kind, run_of_pair
from workbench.pretrain.processes import rank, world
from workbench.pretrain.progress import Progress
from workbench.pretrain.recipe import settle

WATCHED = 2048
"""Pixels, drawn once, on which one sees how far the two agree."""

WATCHED_PATCHES = 512
"""The same for encoders of patches, to which a pixel is dearer."""


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
    kinds = tuple(Kind(_wavelength(cube), cube.attrs.get("quantity", ""), is_lit(cube)) for cube in cubes)
    sources = [side.draws.generator for side in batches.sides]
    watched = WATCHED_PATCHES if kind.size else WATCHED
    return run_of_pair(recipe, kind, kinds, batches, place, sources, watched)


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


def _wavelength(cube: xr.DataArray) -> NDArray[np.float64]:
    """Of the good bands [nm]."""
    return np.asarray(cube["wavelength"].values, dtype="float64")[good_bands(cube)]


def is_lit(cube: xr.DataArray) -> bool:
    """Whether a cube is of the sun's light: radar and elevation have no wavelength."""
    return bool(np.isfinite(cube["wavelength"].values.astype("float64")).any())

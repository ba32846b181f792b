"""Pretraining on an archive of very many patches: the same recipes and objectives as on a scene, streamed from disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from workbench.patches import ArchiveIndex, ArchivePairs, index_archive, pick_device
from workbench.pretrain.archive_card import facts, known, scale
from workbench.pretrain.encoders import Encoder, find_encoder
from workbench.pretrain.loop import Run
from workbench.pretrain.processes import rank, world
from workbench.pretrain.progress import Progress
from workbench.pretrain.recipe import AUTO, Recipe
from workbench.pretrain.running import objective_of, run_of

PAIRS = 64
"""Pairs a step, unless told: patches are larger than pixels."""

LEAST_FOR_ADAPTER = 75
"""Bands from which ``"auto"`` takes SpectralEarth's residual network, else a ResNet-18."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """How an archive's patches become batches."""

    crop: int | None = None
    """Side of the squares cut out of patches [pixels], and of the patches that the encoder sees from then on; None
    takes the encoder's own."""

    crops: int = 1
    """Pairs cut out of a location each time it is read."""

    workers: int = 2
    """Threads that read."""

    skip_bad: bool = False
    """Whether to leave out patches that cannot be read, and count them."""

    statistics: str | Path | None = None
    """Folder with ``mu.npy`` and ``sigma.npy``, for archives whose card has none; else they are taken from patches."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        for name in ("crop", "crops", "workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")


def begin_archive_run(
    archive: str | Path | ArchiveIndex,
    recipe: Recipe,
    streaming: Streaming | None = None,
    *,
    device: str = "auto",
) -> Run:
    """Make a fresh encoder for an archive, and the run that will train it. Nothing is trained until it is asked for.

    Parameters
    ----------
    archive : str, Path or ArchiveIndex
        Its folder, or the table of its patches.
    recipe : Recipe
        What to do. ``encoder="auto"`` takes a published backbone by the number of bands; ``reach=None`` cuts both
        squares of a pair at one place for encoders of patches, and up to the encoder's own reach apart for others.
        Without ``"neighbour"`` they lie at one place, and still are of two dates where there are two.
    streaming : Streaming, optional
        How patches become batches.
    device : str
        ``"auto"``, or torch's name of one.

    Returns
    -------
    Run
        Its ``encoder`` has ``scaler``, ``wavelength`` [nm], ``quantity`` and ``units`` of the archive's card,
        ``recipe``, and ``scene``: what it learnt from. Its ``batches`` are :class:`workbench.patches.ArchivePairs`,
        whose place is put away with the run; processes that learn as one share the locations.

    Raises
    ------
    ValueError
        If a patch is faulty (and none shall be skipped), smaller than the crop, or of no use to the encoder.
    """
    place, streaming = pick_device(device), streaming or Streaming()
    index = archive if isinstance(archive, ArchiveIndex) else index_archive(archive, workers=streaming.workers)
    index = index.sound(skip_bad=streaming.skip_bad)
    card, numbers = known(index)
    if recipe.encoder == AUTO:
        recipe = replace(recipe, encoder="spec_resnet50" if len(numbers.bands) >= LEAST_FOR_ADAPTER else "resnet18")
    kind = find_encoder(recipe.encoder).seeing(streaming.crop)
    reach = recipe.reach if recipe.reach is not None else 0 if kind.size else kind.reach
    reach = 0 if "neighbour" in recipe.without else reach
    recipe = replace(recipe, dim=kind.dim or recipe.dim, reach=reach)
    pairs = ArchivePairs(
        index,
        numbers,
        size=kind.size or kind.footprint,
        n=recipe.pairs,
        crops=streaming.crops,
        reach=reach,
        windows=kind.windows,
        seed=recipe.seed,
        workers=streaming.workers,
        skip_bad=streaming.skip_bad,
        share=(rank(), world()),
        device=place,
    )
    wavelength = np.array(card.wavelength)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        encoder = kind.make(len(wavelength), recipe.dim, wavelength)
        views = torch.Generator(place).manual_seed(recipe.seed)
        objective = objective_of(recipe, encoder.dim, views)
    scale(pairs, card, streaming.statistics)
    encoder.scaler, encoder.recipe, encoder.wavelength = pairs.scaler, recipe, wavelength
    encoder.quantity, encoder.units, encoder.scene = card.quantity, card.units, facts(index, card)
    return run_of(recipe, encoder, objective, pairs, place, (pairs, views))


def begin_archive(
    archive: str | Path | ArchiveIndex,
    recipe: Recipe,
    streaming: Streaming | None = None,
    *,
    device: str = "auto",
    every: int = 10,
) -> tuple[Encoder, Iterator[Progress], ArchivePairs]:
    """The encoder of :func:`begin_archive_run`, the steps that will train it, reported every so many, and its pairs."""
    run = begin_archive_run(archive, recipe, streaming, device=device)
    return run.encoder, run.reports(every), run.batches


def pretrain_archive(
    archive: str | Path,
    objective: str = "barlow_twins",
    *,
    streaming: Streaming | None = None,
    device: str = "auto",
    **choices: object,
) -> Encoder:
    """Let an encoder learn from an archive's patches, to the end.

    Parameters
    ----------
    archive : str or Path
        Its folder.
    objective : str
        What to learn by; see :data:`workbench.pretrain.OBJECTIVES`.
    streaming : Streaming, optional
        How patches become batches.
    device : str
        ``"auto"`` or torch's name of a device.
    **choices
        Fields of :class:`Recipe`; 64 ``pairs`` unless told.

    Returns
    -------
    Encoder
        In evaluation mode.
    """
    recipe = Recipe(**{"objective": objective, "pairs": PAIRS, **choices})
    encoder, steps, _ = begin_archive(archive, recipe, streaming, device=device, every=recipe.steps)
    for _ in steps:
        continue
    return encoder

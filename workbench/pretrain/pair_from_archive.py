"""Two encoders that learn together from two products of an archive, as DeCUR is published: streamed from disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from workbench.patches import JointIndex, JointPairs, index_archive, joined, pick_device
from workbench.pretrain.archive_card import facts, known, scale
from workbench.pretrain.encoders import find_encoder
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.pretrain.from_archive import PAIRS, Streaming
from workbench.pretrain.loop import Run
from workbench.pretrain.pair import WATCHED_PATCHES
from workbench.pretrain.pair_recipe import PairRecipe
from workbench.pretrain.pair_run import Kind, run_of_pair
from workbench.pretrain.processes import rank, world
from workbench.pretrain.recipe import AUTO

ENCODER = "resnet18_rda"
"""What ``"auto"`` takes: the smaller of the published kind."""

WATCHED_NUMBERS = 1 << 26
"""Numbers that may be held to see how far the two agree."""


def begin_pair_archive_run(
    archive: JointIndex, recipe: PairRecipe, streaming: Streaming | None = None, *, device: str = "auto"
) -> Run:
    """Make fresh encoders for two products of an archive, and the run that will train them.

    Parameters
    ----------
    archive : JointIndex
        Of both products, see :func:`workbench.patches.joined`.
    recipe : PairRecipe
        What to do. ``encoder="auto"`` takes ``ENCODER``; ``reach=None`` cuts both views at one place for encoders of
        patches, and up to the encoder's own reach apart for others. Its ``crop`` is what counts.
    streaming : Streaming, optional
        How patches become batches.
    device : str
        ``"auto"``, or torch's name of one.

    Returns
    -------
    Run
        As of :func:`workbench.pretrain.begin_pair_run`. Each half of its ``encoder`` has the units and the scaling of
        its product's card, and ``scenes`` says what they learnt from. Its ``batches`` are
        :class:`workbench.patches.JointPairs`, whose place is put away with the run; processes that learn as one share
        the locations.

    Raises
    ------
    ValueError
        If a patch is smaller than the crop, or of no use to the encoder.
    """
    place, streaming = pick_device(device), streaming or Streaming()
    recipe = replace(recipe, encoder=ENCODER if recipe.encoder == AUTO else recipe.encoder)
    kind = find_encoder(recipe.encoder).seeing(recipe.crop)
    reach = recipe.reach if recipe.reach is not None else 0 if kind.size else kind.reach
    recipe = replace(recipe, dim=kind.dim or recipe.dim, reach=reach)
    indexes = archive.first, archive.second
    cards, numbers = zip(*map(known, indexes), strict=True)
    pairs = JointPairs(
        archive,
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
    for side, card in zip(pairs.sides, cards, strict=True):
        scale(side, card, None)
    kinds = tuple(
        Kind(np.array(card.wavelength), card.quantity, bool(np.isfinite(card.wavelength).any()), card.units)
        for card in cards
    )
    a_pair = sum(pairs.cut.n_bands) * pairs.cut.size**2
    watched = min(WATCHED_PATCHES, archive.n_locations * streaming.crops, max(recipe.pairs, WATCHED_NUMBERS // a_pair))
    run = run_of_pair(recipe, kind, kinds, pairs, place, (pairs,), watched)
    run.encoder.scenes = [facts(index, card) for index, card in zip(indexes, cards, strict=True)]
    return run


def pretrain_pair_archive(
    archive: str | Path,
    products: tuple[str, str],
    *,
    streaming: Streaming | None = None,
    device: str = "auto",
    **choices: object,
) -> PairEncoder:
    """Let two encoders learn together from two products of an archive, to the end.

    Parameters
    ----------
    archive : str or Path
        The folder of both.
    products : (str, str)
        Their names, as ``("s1", "s2c")`` of SSL4EO-S12.
    streaming : Streaming, optional
        How patches become batches.
    device : str
        ``"auto"`` or torch's name of a device.
    **choices
        Fields of :class:`PairRecipe`; 64 ``pairs`` unless told.

    Returns
    -------
    PairEncoder
        In evaluation mode.
    """
    streaming = streaming or Streaming()
    indexes = [index_archive(archive, workers=streaming.workers, product=name) for name in products]
    recipe = PairRecipe(**{"pairs": PAIRS, **choices})
    run = begin_pair_archive_run(joined(*indexes, skip_bad=streaming.skip_bad), recipe, streaming, device=device)
    for _ in run.reports(recipe.steps):
        continue
    return run.encoder

"""What scores of three families are of, and how they are made: in the background, given up when others are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from workbench.session.at_hand import IN_MEMORY, AtHand
from workbench.session.commands import sentence
from workbench.session.family_points import Point
from workbench.session.kept_map import digest
from workbench.session.origin import conditions

SEED = 0
"""Of the splits and the models, whatever the labels are."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What scores are of."""

    scene: str
    """Its name."""

    cube: xr.DataArray
    """The scene (n_bands, height, width)."""

    labels: xr.DataArray
    """Those there are now (height, width)."""

    truth: xr.DataArray | None
    """The truth that is open."""

    embedding: xr.DataArray | None
    """Of the encoder in use (n_features, height, width)."""

    run: str
    """Whose encoder that is; empty without one."""

    encoder: Path | None
    """Its file."""

    def is_like(self, other: Basis | None) -> bool:
        """Whether it is of the very same things."""
        names = ("cube", "labels", "truth", "embedding")
        return other is not None and all(getattr(self, name) is getattr(other, name) for name in names)


def scored(basis: Basis, at_hand: AtHand, footprint: int, goes_on: Callable[[], bool]) -> Point | None:
    """Score a model of each family on the same splits.

    Parameters
    ----------
    basis : Basis
        Of what.
    at_hand : AtHand
        Keeps the spectra of a scene that fits in memory.
    footprint : int
        Pixels across that the widest model sees.
    goes_on : callable
        Asked before each fit; False ends the work.

    Returns
    -------
    dict or None
        A point, as ``family_points`` says; None if the work was ended.

    Raises
    ------
    ValueError
        If the labels are too few for a split, or too near each other.
    """
    from workbench.compare import contenders, live_rows, live_splits, live_summary, truth_of_labels
    from workbench.compare.few_labels import DRAWS, ON_LABELS, ON_TRUTH, check_enough, missing
    from workbench.probe import find_model

    check_enough(basis.labels)
    truth, note = None, ""
    if basis.truth is not None:
        try:
            truth = truth_of_labels(basis.labels, basis.truth)
        except ValueError as error:
            note = sentence(error)
    cube, _ = at_hand.seen(find_model("svm"), basis.cube, None)
    who = contenders(basis.embedding is not None, cube.chunks is None and cube.nbytes <= IN_MEMORY)
    given = {"embedding": basis.embedding, "seed": SEED}
    splits = live_splits(cube, basis.labels, footprint=footprint, truth=truth, draws=DRAWS, **given)
    rows = []
    if not goes_on():
        return None
    for row in live_rows(cube, splits, [(one.family, one.model) for one in who if one.model], **given):
        rows.append(row)
        if not goes_on():
            return None
    n = int((basis.labels.values > 0).sum())
    found = {row["family"]: row for row in live_summary(rows, n)}
    families = [
        found[one.family] | {"model": one.model.name} if one.model else {"family": one.family, "why": one.why}
        for one in who
    ]
    return {
        "scene": basis.scene,
        "labels": n,
        "tested": ON_LABELS if truth is None else ON_TRUTH,
        "footprint": footprint,
        "seed": SEED,
        "draws": DRAWS,
        "run": basis.run,
        "note": note,
        "untaught": missing(splits),
        "labels_sha256": digest(basis.labels.values),
        "made_with": conditions(),
        "families": families,
    }

"""Which augmentations matter: pretraining with all of them, without each, and with each alone, on one scene.

The study of the review of self-supervision for Earth observation, for spectra. Every condition pretrains afresh; the
embedding is then judged by a linear probe at several fractions of the labels. What keeps it honest: conditions of a
repeat share seed, weights to begin with, training and test pixels, so that they are compared pair by pair; training and
test pixels lie in separate blocks with a guard band as wide as the encoder sees; nothing is chosen on test labels.

References
----------
Wang, Albrecht, Ait Ali Braham, Mou, Zhu (2022). *Self-supervised learning in remote sensing: a review.* IEEE
GRSM 10(4). arXiv:2206.13188
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from workbench.compare import metrics
from workbench.compare.intervals import interval
from workbench.compare.prepared import IN_MEMORY
from workbench.compare.rows import row_seed
from workbench.cubes import valid_pixels
from workbench.labels import block_halves, check_trainable
from workbench.pretrain import AUGMENTATIONS, Recipe, begin, find_encoder, find_objective, settle
from workbench.probe import embed, find_model

ALL, NONE = "all", "none"
"""Conditions beside those named after an augmentation: every one of them, and none."""

PROBE = "barlow_twins_linear"
"""The model whose head is the probe; it draws nothing."""

FRACTIONS = (0.001, 0.01, 0.05, 0.1, 1.0)
"""Of the training half's labels, as the review takes them."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to draw views."""

    name: str
    """``all``, ``none``, ``without noise``, ``only noise``."""

    kind: str
    """``all``, ``none``, ``without`` or ``only``."""

    augmentation: str
    """The one left out or alone; empty for the first two kinds."""

    without: tuple[str, ...]
    """What the views do without."""


def conditions(encoder: str) -> list[Condition]:
    """All, without each, each alone, none: of the augmentations that an encoder's input has.

    Examples
    --------
    >>> [condition.name for condition in conditions("pixel")][:3]
    ['all', 'without neighbour', 'without brightness']
    """
    names = [row.name for row in AUGMENTATIONS.values() if find_encoder(encoder).size or not row.patches]
    others = {name: tuple(other for other in names if other != name) for name in names}
    return [
        Condition(ALL, ALL, "", ()),
        *(Condition(f"without {name}", "without", name, (name,)) for name in names),
        *(Condition(f"only {name}", "only", name, others[name]) for name in names),
        Condition(NONE, NONE, "", tuple(names)),
    ]


def study_rows(
    cube: xr.DataArray,
    truth: xr.DataArray,
    objectives: Sequence[str] = ("barlow_twins",),
    fractions: Sequence[float] = FRACTIONS,
    repeats: int = 3,
    *,
    encoder: str = "auto",
    steps: int = 400,
    seed: int = 0,
    device: str = "auto",
) -> Iterator[dict[str, object]]:
    """Do the study, a row at a time: repeats in the outermost loop, so that it may be stopped after any.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    truth : xarray.DataArray of shape (height, width)
        All labels there are; 0 = unlabelled.
    objectives : sequence of str
        Names in ``OBJECTIVES``, of those that draw views.
    fractions : sequence of float
        Shares of the training half's labels, 0 to 1, each class rounded up: no class goes without a label.
    repeats : int
        Times that all is done again, with other weights, views and pixels.
    encoder : str
        Name in ``ENCODERS``, or ``"auto"``; one for all conditions.
    steps : int
        Optimiser steps of each pretraining.
    seed : int
        Repeat i of all conditions has the seed ``row_seed(seed, i)``.
    device : str
        ``"auto"`` or torch's name of one.

    Yields
    ------
    dict
        ``objective, condition, kind, augmentation, fraction, repeat, seed, n_train, n_test, oa, aa, kappa, f1`` [0…1],
        ``loss`` (the last), ``seconds`` (of the pretraining), ``encoder``. Plain values.

    Raises
    ------
    ValueError
        If a choice is unknown or out of range, an objective draws no views, or no test pixel is left.
    """
    _check(objectives, fractions, repeats)
    cube = cube.compute() if cube.nbytes <= IN_MEMORY else cube
    truth = truth.copy(data=np.where(valid_pixels(cube).values, truth.values, 0).astype(np.int16))
    check_trainable(truth, "the truth where the scene has data")
    encoder = settle(Recipe(encoder=encoder), cube).encoder
    footprint = find_encoder(encoder).footprint
    for repeat in range(repeats):
        own = row_seed(seed, repeat)
        halves = block_halves(truth, own, footprint=footprint)
        taught = {share: fraction_of(truth.values, halves.train, share, own) for share in fractions}
        tested = np.flatnonzero(halves.test & (truth.values > 0))
        for objective in objectives:
            for condition in conditions(encoder):
                began = time.monotonic()
                recipe = Recipe(objective, encoder, steps=steps, seed=own % 2**31, without=condition.without)
                learnt, reports = begin(cube, recipe, device=device, every=steps)
                loss = [report.loss for report in reports][-1]
                took, embedding = time.monotonic() - began, embed(cube, learnt, device=device)
                for share, pixels in taught.items():
                    yield {
                        "objective": objective,
                        "condition": condition.name,
                        "kind": condition.kind,
                        "augmentation": condition.augmentation,
                        "fraction": float(share),
                        "repeat": repeat,
                        "seed": own,
                        "n_train": len(pixels),
                        "n_test": len(tested),
                        **probed(embedding, truth.values, pixels, tested),
                        "loss": loss,
                        "seconds": took,
                        "encoder": encoder,
                    }


def fraction_of(truth: NDArray[np.integer], part: NDArray[np.bool_], share: float, seed: int) -> NDArray[np.intp]:
    """A share of each class's pixels in a part of the scene, rounded up; those of a smaller share are among them.

    Returns
    -------
    ndarray of int
        Pixels, counted along the rows of the scene.
    """
    place = np.flatnonzero(part & (truth > 0))
    place = place[np.random.default_rng(seed).permutation(len(place))]
    codes = truth.flat[place]
    kept = [place[codes == code][: int(np.ceil(share * (codes == code).sum() - 1e-9))] for code in np.unique(codes)]
    return np.sort(np.concatenate(kept)) if kept else place


def probed(
    embedding: xr.DataArray, truth: NDArray[np.integer], taught: NDArray[np.intp], tested: NDArray[np.intp]
) -> dict[str, float]:
    """Accuracies [0…1] of a linear probe taught on some pixels of an embedding and tested on others."""
    features = embedding.values.reshape(len(embedding), -1)
    probe = find_model(PROBE).build(0).fit(features[:, taught].T, truth.flat[taught])
    predicted = probe.predict(features[:, tested].T)
    return metrics.accuracies(metrics.confusion_matrix(truth.flat[tested], predicted, int(truth.max())))


def study_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means over repeats, and how far each condition is from drawing views with all augmentations.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of ``study_rows``.

    Returns
    -------
    pandas.DataFrame
        ``objective, fraction, condition, kind, augmentation, repeats, oa_mean, oa_ci95, difference, ci95`` (of overall
        accuracy, paired by repeat; intervals NaN for one repeat), in the order of the study.
    """
    found = []
    keys = ["objective", "fraction", "condition"]
    for (objective, fraction), some in table.groupby(["objective", "fraction"], sort=False):
        whole = some[some["condition"] == ALL].set_index("repeat")["oa"]
        for (_, _, condition), rows in some.groupby(keys, sort=False):
            scores = rows.set_index("repeat")["oa"]
            apart = (scores - whole).dropna()
            found.append(
                {
                    "objective": objective,
                    "fraction": fraction,
                    "condition": condition,
                    "kind": rows["kind"].iloc[0],
                    "augmentation": rows["augmentation"].iloc[0],
                    "repeats": len(scores),
                    "oa_mean": float(scores.mean()),
                    "oa_ci95": list(interval(scores, bounds=(0, 1))),
                    "difference": float(apart.mean()),
                    "ci95": [0.0, 0.0] if condition == ALL else list(interval(apart)),
                }
            )
    return pd.DataFrame(found)


def _check(objectives: Sequence[str], fractions: Sequence[float], repeats: int) -> None:
    """Refuse what could only fail later."""
    for name in objectives:
        if not find_objective(name).has_views:
            raise ValueError(f"a study of augmentations needs an objective of views, and {name} hides bands instead")
    if not objectives or not fractions or repeats < 1:
        raise ValueError("a study has at least one objective, one fraction and one repeat; name them")
    if wrong := [share for share in fractions if not 0 < share <= 1]:
        raise ValueError(f"a fraction of the labels is above 0 and at most 1, got {wrong[0]:g}; use for example 0.01")

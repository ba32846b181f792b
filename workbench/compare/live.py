"""One model of each family on the same few labels and the same splits, quick enough to be scored after every label.

Every family is taught the same labels and tested on the same others (``live_splits``). Splits of so few labels overlap,
which the intervals allow for (``interval``). The semi-supervised and the self-supervised model have also seen the
scene's unlabelled spectra, those of test pixels among them, never their labels: tables call that transductive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from workbench.compare import metrics
from workbench.compare.differences import paired
from workbench.compare.intervals import interval
from workbench.compare.rows import row_seed
from workbench.labels import Split
from workbench.probe import Model, find_model
from workbench.probe.chances import fit_rows, seen_by


@dataclass(frozen=True, slots=True)
class Contender:
    """Who stands for a family."""

    family: str
    """``supervised``, ``semi-supervised`` or ``self-supervised``."""

    model: Model | None
    """A row like those of ``probe.MODELS``; None where there is none."""

    why: str = ""
    """Why there is none, and what to do."""


def contenders(has_encoder: bool, fits_in_memory: bool = True) -> list[Contender]:
    """A model of each family: a support vector machine on spectra, the same taught by itself, and on an embedding.

    Parameters
    ----------
    has_encoder : bool
        Whether there is an embedding of the scene.
    fits_in_memory : bool
        Whether the scene does: unlabelled pixels are drawn all over it.

    Returns
    -------
    list of Contender
        Always three, the supervised one first.
    """
    supervised = find_model("svm")
    head = replace(supervised, name="embedding_svm", title="the same on the embedding", features="embedding")
    taught = find_model("self_training")
    large = "unlabelled pixels lie all over a scene that does not fit in memory: compare by a click (R)"
    return [
        Contender("supervised", supervised),
        Contender("semi-supervised", taught) if fits_in_memory else Contender("semi-supervised", None, large),
        Contender("self-supervised", head)
        if has_encoder
        else Contender("self-supervised", None, "no encoder yet: Learn (T)"),
    ]


def live_rows(
    cube: xr.DataArray,
    splits: Sequence[Split],
    models: Sequence[tuple[str, Model]],
    *,
    embedding: xr.DataArray | None = None,
    seed: int = 0,
) -> Iterator[dict[str, object]]:
    """Score each family on each split, a row at a time, split by split.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    splits : sequence of Split
        As ``live_splits`` gives them for the same seed.
    models : sequence of (str, Model)
        Families and their models.
    embedding : xarray.DataArray of shape (n_features, height, width), optional
        For models on one.
    seed : int
        As of the splits: the models of split i have the seed ``row_seed(seed, i)``, too.

    Yields
    ------
    dict
        ``model`` (the family), ``budget`` (0), ``split`` (``"live"``), ``draw, seed, n_train, n_test, oa, aa, kappa,
        f1``, as in ``compare_rows``.
    """
    every = np.flatnonzero(np.any([(one.train.values > 0) | (one.test.values > 0) for one in splits], axis=0))
    looks = {family: _look(model, cube, embedding, every) for family, model in models}
    for i, split in enumerate(splits):
        own, tested = row_seed(seed, i), np.flatnonzero(split.test.values)
        truth, n_train = split.test.values.flat[tested], int((split.train.values > 0).sum())
        for family, model in models:
            classifier, _ = fit_rows(model, looks[family], split.train, own)
            predicted = classifier.predict(looks[family](tested))
            matrix = metrics.confusion_matrix(truth, predicted, len(split.test.attrs["classes"]))
            row = {"model": family, "budget": 0, "split": "live", "draw": i, "seed": own}
            yield {**row, "n_train": n_train, "n_test": len(tested), **metrics.accuracies(matrix)}


def live_summary(rows: Sequence[dict[str, object]], labels: int) -> list[dict[str, object]]:
    """Means over the splits, their intervals, and how far each family is from the first, split by split.

    Parameters
    ----------
    rows : sequence of dict
        All of ``live_rows``.
    labels : int
        How many there were, taught and held back.

    Returns
    -------
    list of dict
        ``family, draws, taught`` and ``tested`` (fewest and most pixels of a split), ``oa, oa_ci95, aa, aa_ci95,
        kappa``; ``difference`` (in ``oa``, from the first family) and ``difference_ci95``, None for the first. Plain
        values; an interval is [low, high].
    """
    table = pd.DataFrame(list(rows))
    overlap = float((labels / table["n_train"] - 1).mean())
    first, found = table["model"].iloc[0], []
    for family, own in table.groupby("model", sort=False):
        told: dict[str, object] = {"family": family, "draws": len(own)}
        for name, column in (("taught", own["n_train"]), ("tested", own["n_test"])):
            told[name] = [int(column.min()), int(column.max())]
        for score in ("oa", "aa"):
            told[score] = float(own[score].mean())
            told[f"{score}_ci95"] = list(interval(own[score], bounds=(0, 1), overlap=overlap))
        told |= {"kappa": float(own["kappa"].mean()), "difference": None, "difference_ci95": None}
        if family != first:
            (apart,) = paired(table, family, first, overlap=overlap).to_dict("records")
            told |= {"difference": apart["difference"], "difference_ci95": apart["ci95"]}
        found.append(told)
    return found


def _look(
    model: Model, cube: xr.DataArray, embedding: xr.DataArray | None, pixels: NDArray
) -> Callable[[NDArray], NDArray]:
    """How a model looks at pixels; those of all splits are read once, unless it draws others beside them."""
    look = seen_by(model, cube, embedding, None)[0]
    if model.unlabelled:
        return look
    rows = look(pixels)
    return lambda wanted: rows[np.searchsorted(pixels, wanted)]

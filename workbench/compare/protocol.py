"""Which model serves a scene best with few labels: draws × budgets × splits × models, one row of scores at a time.

What keeps the figures honest: every model gets the same training pixels and the same test pixels in a draw; nothing is
chosen on test labels, and no model is shown one; the real number of training pixels of each class stands in the row; a
model that learnt from the unlabelled pixels of the scene, the test pixels' spectra among them, is marked
``transductive``; every row can be done again from its seed. A random split flatters models that look at a pixel's
surroundings, so give the block split's figures beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from workbench.compare.asked import run_of
from workbench.compare.rows import SPLITS, row_seed, scores, split_truth
from workbench.compare.summary import score_table
from workbench.cubes import valid_pixels
from workbench.labels import block_halves, check_trainable, counts
from workbench.pretrain import Encoder, by_objective, pretrain
from workbench.probe import (
    FEATURES,
    ClassMap,
    Descriptions,
    Model,
    classify_scene,
    describe,
    embed,
    feature_map,
    find_model,
    fits_in_memory,
)

IN_MEMORY = 8 << 30
"""Scenes up to this size [bytes] are read once and kept."""


def compare(
    cube: xr.DataArray,
    truth: xr.DataArray,
    models: Sequence[str] = ("svm", "random_forest", "barlow_twins"),
    budgets: Sequence[int] = (5, 10, 20),
    draws: int = 10,
    splits: Sequence[str] = ("random",),
    *,
    encoder: Encoder | Mapping[str, Encoder] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Score table of several models on one scene, to the end; see ``compare_rows``.

    Parameters
    ----------
    cube, truth, models, budgets, draws, splits, encoder, seed
        As in ``compare_rows``.

    Returns
    -------
    pandas.DataFrame
        One row for each (model, budget, draw, split); ``summarise`` and ``paired`` say what it shows. ``attrs["run"]``
        are the choices made, for ``write_scores``.
    """
    rows = compare_rows(cube, truth, models, budgets, draws, splits, encoder=encoder, seed=seed)
    table = score_table(rows)
    run = run_of(cube, truth, models=models, budgets=budgets, draws=draws, splits=splits, seed=seed)
    table.attrs["run"] = {**run, "encoder": "given" if encoder is not None else "pretrained"}
    return table


def compare_rows(
    cube: xr.DataArray,
    truth: xr.DataArray,
    models: Sequence[str],
    budgets: Sequence[int],
    draws: int,
    splits: Sequence[str] = ("random",),
    *,
    encoder: Encoder | Mapping[str, Encoder] | None = None,
    seed: int = 0,
    classify: Callable[..., ClassMap] = classify_scene,
) -> Iterator[dict[str, object]]:
    """Score models, one row at a time, so that a screen can show them and stop.

    Draws come in the outermost loop: whenever one stops, every model has had as many draws. Encoders are trained
    before the first row, once for each objective, and their embeddings serve every draw; so do features of the scene.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    truth : xarray.DataArray of shape (height, width)
        All labels there are; 0 = unlabelled. Those on pixels without data are left out.
    models : sequence of str
        Names in ``probe.MODELS``.
    budgets : sequence of int
        Labels a class.
    draws : int
        Random choices of labels for each budget and split.
    splits : sequence of str
        ``"random"``, ``"blocks"`` or both.
    encoder : Encoder or dict from objective to Encoder, optional
        For models of an embedding, of the objective it learnt by. For any other one is pretrained on the scene.
    seed : int
        Draw i of every model, budget and split has the seed ``row_seed(seed, i)``.
    classify : callable
        What makes the class map; as ``probe.classify_scene``.

    Yields
    ------
    dict
        ``model, family, transductive, budget, draw, split, seed, counts`` (training pixels by class), ``n_train,
        n_test, oa, aa, kappa, f1, oa_area, oa_area_se`` (of the map by its classes' areas, see ``area``; NaN where a
        mapped class has no test pixel), ``ece`` (expected calibration error), ``confidence`` (mean on the test pixels)
        [0…1], ``seconds`` (fit and map), ``pretrain_seconds`` (of the encoder, or of the scene's features: once, shared
        by all draws; 0 for a given encoder), ``chosen`` (how hyper-parameters were), ``footprint`` and ``block``
        [pixels], ``note``, ``classes``, ``confusion`` (rows = truth, columns = predicted), ``mapped`` (pixels of each
        class in the whole map), ``reliability`` (of ten bins of confidence: pixels, sum of confidence, pixels that are
        right). Plain values, ready for JSON.

    Raises
    ------
    ValueError
        If a choice is unknown, truth and scene differ in size, or truth has fewer than two classes of 2 pixels.
    """
    rows = [find_model(name) for name in models]
    _check_choices(cube, truth, budgets, draws, splits)
    cube = cube.compute() if cube.nbytes <= IN_MEMORY else cube
    truth = truth.copy(data=np.where(valid_pixels(cube).values, truth.values, 0).astype(np.int16))
    _check_divisible(check_trainable(truth, "the truth where the scene has data"))
    encoders, took = _encoders(cube, rows, encoder, seed)
    embeddings = {objective: embed(cube, one) for objective, one in encoders.items()}
    features, waited = _features(cube, rows, embeddings)
    footprint = max([1, *(row.footprint for row in rows), *(one.footprint for one in encoders.values())])
    for draw in range(draws):
        drawn = row_seed(seed, draw)
        halves = block_halves(truth, drawn, footprint=footprint) if "blocks" in splits else None
        for split in splits:
            for budget in budgets:
                parts = split_truth(truth, split, budget, drawn, footprint=footprint, halves=halves)
                for row in rows:
                    embedding = embeddings[row.objective] if row.embeds else None
                    seen = {"features": features[row.features]} if row.features in features else {}
                    made = classify(row.name, cube, parts.train, embedding=embedding, seed=drawn, **seen)
                    yield {
                        "model": row.name,
                        "family": row.family,
                        "transductive": bool(row.transductive),
                        "budget": int(budget),
                        "draw": draw,
                        "split": split,
                        "seed": drawn,
                        **scores(made, parts),
                        "pretrain_seconds": took.get(row.objective, 0.0) + waited.get(row.features, 0.0),
                        "footprint": footprint,
                        "block": parts.block,
                        "note": parts.note,
                    }


def _check_choices(
    cube: xr.DataArray, truth: xr.DataArray, budgets: Sequence[int], draws: int, splits: Sequence[str]
) -> None:
    """Refuse what could only fail later."""
    if unknown := [split for split in splits if split not in SPLITS]:
        raise ValueError(f"no split is named {unknown[0]!r}; choose from {', '.join(SPLITS)}")
    if draws < 1 or not budgets or not splits or min(budgets) < 1:
        raise ValueError(f"a comparison needs budgets and draws of at least 1, got {list(budgets)} and {draws}")
    if truth.shape != cube.shape[1:]:
        raise ValueError(f"truth has the scene's size, {cube.shape[1:]}, got {truth.shape}; open it with open_labels")


def _check_divisible(truth: xr.DataArray) -> None:
    """Refuse a truth of which no two classes can be both trained and tested on."""
    found = counts(truth)
    if (found >= 2).sum() < 2:
        names = ", ".join(f"{name!r} {n}" for name, n in found[found > 0].items())
        raise ValueError(
            f"a comparison needs two classes of at least 2 pixels where the scene has data, one to train on and one "
            f"to test on, got {names}; give more truth"
        )


def _encoders(
    cube: xr.DataArray, rows: Sequence[Model], encoder: Encoder | Mapping[str, Encoder] | None, seed: int
) -> tuple[dict[str, Encoder], dict[str, float]]:
    """Encoder of each objective the models need, and the seconds its training took here."""
    found, took = {}, {}
    wanted = list(dict.fromkeys(row.objective for row in rows if row.embeds))
    if encoder is None or not wanted:
        encoder = {}
    elif not isinstance(encoder, Mapping):
        encoder = by_objective(encoder, wanted)
    for objective in wanted:
        given, began = encoder.get(objective), time.monotonic()
        found[objective] = given if given is not None else pretrain(cube, objective, seed=seed)
        took[objective] = 0.0 if given is not None else time.monotonic() - began
    return found, took


def _features(
    cube: xr.DataArray, rows: Sequence[Model], embeddings: Mapping[str, xr.DataArray]
) -> tuple[dict[str, xr.DataArray | Descriptions], dict[str, float]]:
    """Features of the scene that the models need, as far as they fit in memory, and the seconds each kind took."""
    found, took = {}, {}
    for name in dict.fromkeys(row.features for row in rows if row.features in FEATURES):
        began = time.monotonic()
        learnt = FEATURES[name].learn(cube)
        if fits_in_memory(cube, learnt):  # else each draw makes them by blocks, in its own time
            found[name] = feature_map(cube, learnt)
            took[name] = time.monotonic() - began
    for row in (row for row in rows if row.features == "descriptions"):
        began = time.monotonic()
        found[row.features] = describe(cube, embedding=embeddings[row.objective], keep=True)
        took[row.features] = time.monotonic() - began
    return found, took

"""What all draws of a comparison share: the scene, its truth, the models, and the embeddings and features they need."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from workbench.cubes import valid_pixels
from workbench.labels import check_trainable, counts
from workbench.pretrain import Encoder, by_objective, pretrain
from workbench.probe import (
    FEATURES,
    Descriptions,
    Model,
    describe,
    embed,
    feature_map,
    find_model,
    fits_in_memory,
)

IN_MEMORY = 8 << 30
"""Scenes up to this size [bytes] are read once and kept."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A comparison before its first draw; another process can be given it."""

    cube: xr.DataArray
    """The scene (n_bands, height, width), in memory where it fits."""

    truth: xr.DataArray
    """Labels (height, width), 0 where there is none or no data."""

    models: tuple[str, ...]
    """Names in ``probe.MODELS``."""

    embeddings: dict[str, xr.DataArray]
    """By objective."""

    features: dict[str, xr.DataArray | Descriptions]
    """By name, those of ``FEATURES`` as far as they fit in memory."""

    took: dict[str, float]
    """Seconds that the encoder of an objective, or the features of a name, took to be made here."""

    footprint: int
    """Pixels of context across of the widest model."""


def prepare(
    cube: xr.DataArray,
    truth: xr.DataArray,
    models: Sequence[str],
    encoder: Encoder | Mapping[str, Encoder] | None,
    seed: int,
) -> Prepared:
    """Read the scene, train the encoders that are not given, embed it and make its features, each once.

    Parameters
    ----------
    cube, truth, models, encoder, seed
        As in ``compare_rows``.

    Returns
    -------
    Prepared

    Raises
    ------
    ValueError
        If a model is unknown, or truth has fewer than two classes of 2 pixels where there is data.
    """
    rows = [find_model(name) for name in models]
    cube = cube.compute() if cube.nbytes <= IN_MEMORY else cube
    truth = truth.copy(data=np.where(valid_pixels(cube).values, truth.values, 0).astype(np.int16))
    _check_divisible(check_trainable(truth, "the truth where the scene has data"))
    encoders, took = _encoders(cube, rows, encoder, seed)
    embeddings = {objective: embed(cube, one) for objective, one in encoders.items()}
    features, waited = _features(cube, rows, embeddings)
    footprint = max([1, *(row.footprint for row in rows), *(one.footprint for one in encoders.values())])
    return Prepared(cube, truth, tuple(models), embeddings, features, took | waited, footprint)


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

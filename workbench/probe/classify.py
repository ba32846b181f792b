"""From labels to a class map: fit a model, ask it about every pixel, say how sure it is and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline

from workbench.pretrain import Encoder, pretrain
from workbench.probe.answers import answers, decided
from workbench.probe.descriptions import Descriptions, describe
from workbench.probe.embed import embed, embed_pixels, like_scene
from workbench.probe.features import FEATURES, Features, feature_blocks, feature_rows
from workbench.probe.model import Model
from workbench.probe.models import find_model
from workbench.probe.neighbours import UNLABELLED
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.tables import features_of, labels_on_data, rows_at, values_by_block
from workbench.probe.threads import CORES

POOL = 4000
"""Unlabelled pixels that a semi-supervised model is given, drawn at random."""


@dataclass(frozen=True, slots=True)
class ClassMap:
    """What a model says of a scene."""

    class_map: xr.DataArray
    """Class code (y, x), int16; 0 where there is no data. ``attrs`` as in the labels: classes, colors."""

    confidence: xr.DataArray
    """The model's own confidence in that class (y, x), float32, 0 to 1; NaN where there is no data."""

    seconds: float
    """Fit and prediction together [s]; pretraining is not in it."""

    chosen: str
    """How its hyper-parameters were chosen."""


def classify(
    cube: xr.DataArray,
    labels: xr.DataArray,
    model: str = "barlow_twins",
    *,
    encoder: Encoder | None = None,
    seed: int = 0,
) -> ClassMap:
    """Class map of a scene from a few labels.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    labels : xarray.DataArray of shape (height, width)
        0 where unlabelled, 1…K.
    model : str
        Name in ``MODELS``.
    encoder : Encoder, optional
        For models of an embedding. Without one, an encoder is pretrained on the scene first, by the default recipe.
    seed : int
        Seeds whatever is drawn.

    Returns
    -------
    ClassMap

    Raises
    ------
    ValueError
        If there is no such model, or fewer than two classes have labels where there is data.
    """
    row, labels = find_model(model), labels_on_data(cube, labels)
    embedding = None
    if row.embeds:
        embedding = embed(cube, encoder or pretrain(cube, row.objective, seed=seed))
    return classify_scene(model, cube, labels, embedding=embedding, seed=seed)


def classify_scene(
    name: str,
    cube: xr.DataArray,
    labels: xr.DataArray,
    *,
    embedding: xr.DataArray | None = None,
    features: xr.DataArray | Descriptions | None = None,
    seed: int = 0,
) -> ClassMap:
    """Like :func:`classify`, on an embedding (feature, y, x) that is there already: the quick way, for live maps.

    `features` are the model's row of ``FEATURES`` as a map (feature, y, x), where they are there already, too, or its
    descriptions, made by ``describe``.
    """
    row = find_model(name)
    if row.embeds and embedding is None:
        raise ValueError(f"model {name!r} works on an embedding; pretrain an encoder on the scene first")
    began = time.monotonic()
    labels = labels_on_data(cube, labels, embedding if row.features == "embedding" else None)
    if row.features in ("scene", "descriptions"):
        seen = () if row.features == "scene" else (features or describe(cube, embedding=embedding),)
        classifier = row.build(seed).fit(cube, labels, *seen)
        blocks = ((place, decided(chances, classifier.classes_)) for place, chances in classifier.predict_blocks(cube))
    else:
        if row.features in FEATURES and features is None:
            learnt = FEATURES[row.features].learn(cube)
            rows, values = partial(feature_rows, cube, learnt), feature_blocks(cube, learnt)
        else:
            seen = features if row.features in FEATURES else embedding if row.features == "embedding" else None
            seen = features_of(cube, seen)
            rows, values = partial(rows_at, seen), values_by_block(seen)
        classifier, _ = _fit(row, rows, labels, seed)
        blocks = ((place, answers(classifier, block, CORES)) for place, block in values)
    codes, confidence = np.zeros(labels.shape, "int16"), np.full(labels.shape, np.nan, "float32")
    for place, answer in blocks:
        codes[place], confidence[place] = answer
    attrs = {"classes": labels.attrs["classes"], "colors": labels.attrs["colors"]}
    return ClassMap(
        like_scene(codes, cube).assign_attrs(attrs),
        like_scene(confidence, cube),
        time.monotonic() - began,
        getattr(classifier[-1] if isinstance(classifier, Pipeline) else classifier, "chosen_", "fixed"),
    )


def fit_model(
    row: Model,
    cube: xr.DataArray,
    labels: xr.DataArray,
    encoder: Encoder | None,
    features: Features | None,
    seed: int,
    device: str = "auto",
) -> tuple[ClassifierMixin | SceneClassifier, NDArray]:
    """Fit a model in bounded memory, only the pixels that it learns from being read or embedded.

    Parameters
    ----------
    row : Model
        The model.
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    labels : xarray.DataArray of shape (height, width)
        0 where unlabelled, 1…K; all of them where there is data.
    encoder : Encoder, optional
        For models of an embedding.
    features : Features, optional
        For models of a row of ``FEATURES``: what it learnt from the scene.
    seed, device : int, str
        As in :func:`classify`.

    Returns
    -------
    classifier, ndarray of shape (n, n_features)
        The fitted model and the rows it was fitted to; no rows for a model of scenes.
    """
    if row.features == "scene":
        return row.build(seed).fit(cube, labels), np.empty((0, 0))
    if row.features == "descriptions":
        return row.build(seed).fit(cube, labels, describe(cube, encoder=encoder, device=device)), np.empty((0, 0))
    if row.features == "embedding":
        return _fit(row, partial(embed_pixels, cube, encoder, device=device), labels, seed)
    if features is not None:
        return _fit(row, partial(feature_rows, cube, features), labels, seed)
    return _fit(row, partial(rows_at, features_of(cube, None)), labels, seed)


def _fit(
    row: Model, look: Callable[[NDArray], NDArray], labels: xr.DataArray, seed: int
) -> tuple[ClassifierMixin, NDArray]:
    """Fit a classifier of pixel rows to the labelled pixels, and to unlabelled ones if it takes them.

    `look` finds the rows of some pixels.
    """
    codes = labels.values.ravel()
    known = np.flatnonzero(codes)
    inputs, targets = look(known), codes[known].astype("int64")
    if row.unlabelled:
        order = np.random.default_rng(seed).permutation(np.flatnonzero(codes == 0))
        pool = look(order[: 2 * POOL])
        pool = pool[np.isfinite(pool).all(axis=1)][:POOL]
        inputs = np.concatenate([inputs, pool])
        targets = np.concatenate([targets, np.full(len(pool), UNLABELLED)])
    return row.build(seed).fit(inputs, targets), inputs

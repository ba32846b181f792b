"""From labels to a class map: fit a model, ask it about every pixel, say how sure it is and how long it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline

from workbench.patches import Place
from workbench.pretrain import Encoder, pretrain
from workbench.probe.embed import embed, like_scene
from workbench.probe.models import Model, find_model
from workbench.probe.neighbours import UNLABELLED
from workbench.probe.tables import features_of, labels_on_data, rows_at, tables

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
    if row.features == "embedding":
        embedding = embed(cube, encoder or pretrain(cube, row.objective, seed=seed))
    return classify_scene(model, cube, labels, embedding=embedding, seed=seed)


def classify_scene(
    name: str, cube: xr.DataArray, labels: xr.DataArray, *, embedding: xr.DataArray | None = None, seed: int = 0
) -> ClassMap:
    """Like :func:`classify`, on an embedding (feature, y, x) that is there already: the quick way, for live maps."""
    row = find_model(name)
    if row.features == "embedding" and embedding is None:
        raise ValueError(f"model {name!r} works on an embedding; pretrain an encoder on the scene first")
    began = time.monotonic()
    labels = labels_on_data(cube, labels)
    classifier = row.build(seed)
    if row.features == "scene":
        blocks = classifier.fit(cube, labels).predict_blocks(cube)
    else:
        features = features_of(cube, embedding if row.features == "embedding" else None)
        blocks = _predict(_fit(row, classifier, features, labels, seed), features)
    codes, confidence = np.zeros(labels.shape, "int16"), np.full(labels.shape, np.nan, "float32")
    for place, chances in blocks:
        has_data = np.isfinite(chances[0])
        best = np.where(has_data, chances.argmax(axis=0), 0)
        codes[place] = np.where(has_data, classifier.classes_[best], 0)
        confidence[place] = np.take_along_axis(chances, best[None], axis=0)[0]
    attrs = {"classes": labels.attrs["classes"], "colors": labels.attrs["colors"]}
    return ClassMap(
        like_scene(codes, cube).assign_attrs(attrs),
        like_scene(confidence, cube),
        time.monotonic() - began,
        getattr(classifier[-1] if isinstance(classifier, Pipeline) else classifier, "chosen_", "fixed"),
    )


def _fit(
    row: Model, classifier: ClassifierMixin, features: xr.DataArray, labels: xr.DataArray, seed: int
) -> ClassifierMixin:
    """Fit a classifier of pixel rows to the labelled pixels, and to unlabelled ones if it takes them."""
    codes = labels.values.ravel()
    known = np.flatnonzero(codes)
    inputs, targets = rows_at(features, known), codes[known].astype("int64")
    if row.unlabelled:
        order = np.random.default_rng(seed).permutation(np.flatnonzero(codes == 0))
        pool = rows_at(features, order[: 2 * POOL])
        pool = pool[np.isfinite(pool).all(axis=1)][:POOL]
        inputs = np.concatenate([inputs, pool])
        targets = np.concatenate([targets, np.full(len(pool), UNLABELLED)])
    return classifier.fit(inputs, targets)


def _predict(classifier: ClassifierMixin, features: xr.DataArray) -> Iterator[tuple[Place, NDArray]]:
    """Chances of each class block by block, (n_classes, height, width); NaN where there is no data."""
    for place, table in tables(features):
        has_data = np.isfinite(table).all(axis=1)
        chances = np.full((len(classifier.classes_), len(table)), np.nan, "float32")
        if has_data.any():
            chances[:, has_data] = classifier.predict_proba(table if has_data.all() else table[has_data]).T
        yield place, chances.reshape(-1, *(part.stop - part.start for part in place))

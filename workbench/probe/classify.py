"""From labels to a class map: fit a model, ask it about every pixel, say how sure it is and how long it took."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline

from workbench.cubes import good_bands
from workbench.pretrain import Encoder, Recipe, begin
from workbench.probe.embed import embed, like_scene
from workbench.probe.models import Model, find_model
from workbench.probe.neighbours import UNLABELLED

POOL = 4000
"""Unlabelled pixels that a semi-supervised model is given, drawn at random."""

CHUNK = 1 << 17
"""Pixels asked about at a time."""


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
    row = find_model(model)
    check_two_classes(labels)
    embedding = None
    if row.features == "embedding":
        embedding = embed(cube, encoder or _pretrained(cube, row, seed))
    return classify_scene(model, cube, labels, embedding=embedding, seed=seed)


def classify_scene(
    name: str, cube: xr.DataArray, labels: xr.DataArray, *, embedding: xr.DataArray | None = None, seed: int = 0
) -> ClassMap:
    """Like :func:`classify`, on an embedding (feature, y, x) that is there already: the quick way, for live maps."""
    row = find_model(name)
    check_two_classes(labels)
    if row.features == "embedding" and embedding is None:
        raise ValueError(f"model {name!r} works on an embedding; pretrain an encoder on the scene first")
    began = time.monotonic()
    classifier = row.build(seed)
    if row.features == "scene":
        chances, classes = _of_scene(classifier, cube, labels)
    else:
        chances, classes = _of_table(row, classifier, cube if row.features == "spectra" else embedding, labels, seed)
    has_data = np.isfinite(chances[0])
    best = np.where(has_data, chances.argmax(axis=0), 0)
    codes = np.where(has_data, classes[best], 0).astype("int16")
    class_map = like_scene(codes, cube).assign_attrs(classes=labels.attrs["classes"], colors=labels.attrs["colors"])
    confidence = like_scene(np.take_along_axis(chances, best[None], axis=0)[0], cube)
    chosen = getattr(_last(classifier), "chosen_", "fixed")
    return ClassMap(class_map, confidence, time.monotonic() - began, chosen)


def check_two_classes(labels: xr.DataArray) -> None:
    """Refuse labels of fewer than two classes."""
    there = np.unique(labels.values[labels.values > 0])
    if len(there) < 2:
        names = ", ".join(str(labels.attrs["classes"][code - 1]) for code in there) or "none"
        raise ValueError(
            f"a class map needs labels of at least 2 classes, got {len(there)} ({names}); label another class"
        )


def _of_scene(classifier: object, cube: xr.DataArray, labels: xr.DataArray) -> tuple[NDArray, NDArray]:
    classifier.fit(cube, labels)
    return classifier.predict_proba(cube).values, classifier.classes_


def _of_table(
    row: Model, classifier: ClassifierMixin, features: xr.DataArray, labels: xr.DataArray, seed: int
) -> tuple[NDArray, NDArray]:
    """Chances (n_classes, height, width) from a classifier of pixel rows, and the codes of its classes."""
    table, codes = _rows(features), labels.values.ravel()
    has_data = np.isfinite(table).all(axis=1)
    known = np.flatnonzero(has_data & (codes > 0))
    if len(np.unique(codes[known])) < 2:
        raise ValueError("labels of at least 2 classes must lie where the scene has data; label pixels inside it")
    inputs, targets = table[known], codes[known].astype("int64")
    if row.unlabelled:
        others = np.flatnonzero(has_data & (codes == 0))
        others = np.random.default_rng(seed).permutation(others)[:POOL]
        inputs = np.concatenate([inputs, table[others]])
        targets = np.concatenate([targets, np.full(len(others), UNLABELLED)])
    classifier.fit(inputs, targets)
    chances = np.full((len(classifier.classes_), len(table)), np.nan, "float32")
    asked = np.flatnonzero(has_data)
    for start in range(0, len(asked), CHUNK):
        some = asked[start : start + CHUNK]
        chances[:, some] = classifier.predict_proba(table[some]).T
    return chances.reshape(-1, *labels.shape), classifier.classes_


def _rows(features: xr.DataArray) -> NDArray:
    """A row a pixel: the good bands of a cube, or an embedding's features."""
    values = features.values if "feature" in features.dims else features.isel(band=good_bands(features)).values
    return np.ascontiguousarray(values.reshape(len(values), -1).T)


def _last(classifier: object) -> object:
    """The end of a pipeline, or the classifier itself."""
    return classifier[-1] if isinstance(classifier, Pipeline) else classifier


def _pretrained(cube: xr.DataArray, row: Model, seed: int) -> Encoder:
    recipe = Recipe(objective=row.objective, seed=seed)
    encoder, steps = begin(cube, recipe, every=recipe.steps)
    for _ in steps:
        continue
    return encoder

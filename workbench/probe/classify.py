"""From labels to a class map: fit a model, ask it about every pixel, say how sure it is and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline

from workbench.patches import Place
from workbench.pretrain import Encoder, pretrain
from workbench.probe.answers import answers, decided, lead
from workbench.probe.chances import fit_rows, fit_scene, seen_by
from workbench.probe.descriptions import Descriptions, describe
from workbench.probe.embed import embed, embed_pixels, like_scene
from workbench.probe.features import Features, feature_rows
from workbench.probe.model import Model
from workbench.probe.models import find_model
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.tables import features_of, labels_on_data, rows_at
from workbench.probe.threads import CORES


@dataclass(frozen=True, slots=True)
class ClassMap:
    """What a model says of a scene."""

    class_map: xr.DataArray
    """Class code (y, x), int16; 0 where there is no data. ``attrs`` as in the labels: classes, colors."""

    confidence: xr.DataArray
    """The model's own confidence in that class (y, x), float32, 0 to 1; NaN where there is no data."""

    margin: xr.DataArray
    """By how much that class leads the next likely one (y, x), float32, 0 to 1; NaN where there is no data."""

    seconds: float
    """Fit and prediction together [s]; pretraining is not in it."""

    chosen: str
    """How its hyper-parameters were chosen."""


def classify(
    cube: xr.DataArray,
    labels: xr.DataArray,
    model: str = "auto",
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
    sight: Place | None = None,
    each: Callable[[Place, NDArray, NDArray], None] = lambda place, codes, confidence: None,
) -> ClassMap:
    """Like :func:`classify`, on an embedding (feature, y, x) that is there already: the quick way, for live maps.

    Parameters
    ----------
    name, cube, labels, seed
        As ``model`` and so on of :func:`classify`.
    embedding : xarray.DataArray of shape (n_features, height, width), optional
        For models that work on one.
    features : xarray.DataArray of shape (n_features, height, width) or Descriptions, optional
        The model's row of ``FEATURES`` where it is there already, or its descriptions, made by ``describe``.
    sight : (rows, columns), optional
        Part of the scene that somebody looks at: its blocks come first.
    each : callable
        Takes every block as it comes: its place, class codes and confidence, (height, width). What it raises ends the
        work.

    Returns
    -------
    ClassMap

    Raises
    ------
    ValueError
        As :func:`classify`, and if the model works on an embedding and there is none.
    """
    row, began = find_model(name), time.monotonic()
    if row.embeds and embedding is None:
        raise ValueError(f"model {name!r} works on an embedding; pretrain an encoder on the scene first")
    labels = labels_on_data(cube, labels, embedding if row.features == "embedding" else None)
    if row.features in ("scene", "descriptions"):
        classifier = fit_scene(row, cube, labels, embedding, features, seed)
        blocks = classifier.each_block(cube, lambda found: (*decided(found, classifier.classes_), lead(found)), sight)
    else:
        rows, values = seen_by(row, cube, embedding, features, sight)
        classifier, _ = fit_rows(row, rows, labels, seed)
        blocks = ((place, answers(classifier, block, CORES)) for place, block in values)
    codes, (confidence, margin) = np.zeros(labels.shape, "int16"), np.full((2, *labels.shape), np.nan, "float32")
    with closing(blocks):
        for place, answer in blocks:
            codes[place], confidence[place], margin[place] = answer
            each(place, *answer[:2])
    attrs = {"classes": labels.attrs["classes"], "colors": labels.attrs["colors"]}
    return ClassMap(
        like_scene(codes, cube).assign_attrs(attrs),
        like_scene(confidence, cube),
        like_scene(margin, cube),
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
        return fit_rows(row, partial(embed_pixels, cube, encoder, device=device), labels, seed)
    if features is not None:
        return fit_rows(row, partial(feature_rows, cube, features), labels, seed)
    return fit_rows(row, partial(rows_at, features_of(cube, None)), labels, seed)

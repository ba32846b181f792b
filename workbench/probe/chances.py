"""From labels to the chances of every class at every pixel: the fit and the questions behind a class map.

A class map keeps the best of the chances alone; who asks which pixel to label next wants all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from workbench.patches import Place
from workbench.probe.answers import chances_of
from workbench.probe.descriptions import Descriptions, describe
from workbench.probe.embed import like_scene
from workbench.probe.features import FEATURES, feature_blocks, feature_rows
from workbench.probe.model import Model
from workbench.probe.models import find_model
from workbench.probe.neighbours import UNLABELLED
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.tables import features_of, labels_on_data, rows_at, values_by_block

POOL = 4000
"""Unlabelled pixels that a semi-supervised model is given, drawn at random."""


def class_chances(
    name: str,
    cube: xr.DataArray,
    labels: xr.DataArray,
    *,
    embedding: xr.DataArray | None = None,
    features: xr.DataArray | Descriptions | None = None,
    seed: int = 0,
) -> xr.DataArray:
    """Chances of each class at every pixel, by a model that learnt from a few labels.

    Parameters
    ----------
    name : str
        Name in ``MODELS``.
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    labels : xarray.DataArray of shape (height, width)
        0 where unlabelled, 1…K.
    embedding, features : xarray.DataArray of shape (n_features, height, width), optional
        As for :func:`workbench.probe.classify_scene`.
    seed : int
        Seeds whatever is drawn.

    Returns
    -------
    xarray.DataArray of shape (n_classes, height, width), float32
        Dims (``class``, ``y``, ``x``); ``class`` holds the codes that have labels. NaN where there is no data.

    Raises
    ------
    ValueError
        As :func:`workbench.probe.classify_scene`.
    """
    classifier, blocks = chance_blocks(name, cube, labels, embedding=embedding, features=features, seed=seed)
    codes = np.asarray(classifier.classes_).astype("int16")
    chances = np.empty((len(codes), *labels.shape), "float32")
    for (rows, columns), values in blocks:
        chances[:, rows, columns] = values
    attrs = {"classes": labels.attrs["classes"], "colors": labels.attrs["colors"]}
    return like_scene(chances, cube).rename(feature="class").assign_coords({"class": codes}).assign_attrs(attrs)


def chance_blocks(
    name: str,
    cube: xr.DataArray,
    labels: xr.DataArray,
    *,
    embedding: xr.DataArray | None = None,
    features: xr.DataArray | Descriptions | None = None,
    seed: int = 0,
) -> tuple[ClassifierMixin | SceneClassifier, Iterator[tuple[Place, NDArray]]]:
    """A model fitted to the labels, and what it says block by block: chances (n_classes, height, width).

    Parameters
    ----------
    name, cube, labels, embedding, features, seed
        As for :func:`class_chances`.

    Returns
    -------
    classifier, iterator of (Place, ndarray)
        NaN where there is no data.
    """
    row, labels = find_model(name), labels_on_data(cube, labels)
    if row.features in ("scene", "descriptions"):
        classifier = fit_scene(row, cube, labels, embedding, features, seed)
        return classifier, classifier.predict_blocks(cube)
    look, values = seen_by(row, cube, embedding, features)
    classifier, _ = fit_rows(row, look, labels, seed)
    return classifier, ((place, chances_of(classifier, block)) for place, block in values)


def fit_scene(
    row: Model,
    cube: xr.DataArray,
    labels: xr.DataArray,
    embedding: xr.DataArray | None,
    features: Descriptions | None,
    seed: int,
) -> SceneClassifier:
    """Fit a classifier of scenes, and show it their descriptions if it wants them; arguments as for `class_chances`."""
    if row.features == "scene":
        return row.build(seed).fit(cube, labels)
    return row.build(seed).fit(cube, labels, features or describe(cube, embedding=embedding))


def seen_by(
    row: Model,
    cube: xr.DataArray,
    embedding: xr.DataArray | None,
    features: xr.DataArray | None,
    sight: Place | None = None,
) -> tuple[Callable[[NDArray], NDArray], Iterator[tuple[Place, NDArray]]]:
    """What a model of pixels is fitted to: how to look at some pixels, and all of them block by block.

    Parameters
    ----------
    row : Model
        The model. One of scenes looks at cubes itself; for it, these are the spectra.
    cube, embedding, features
        As for :func:`class_chances`.
    sight : (rows, columns), optional
        Part of the scene whose blocks come first.

    Returns
    -------
    callable, iterator of (Place, ndarray)
        From pixels, counted along the rows of the scene, to their features (n, n_features); blocks (n_features,
        height, width). NaN where there is no data.

    Raises
    ------
    ValueError
        If the model works on an embedding and there is none.
    """
    if row.features == "embedding" and embedding is None:
        raise ValueError(f"model {row.name!r} works on an embedding; pretrain an encoder on the scene first")
    if row.features in FEATURES and features is None:
        learnt = FEATURES[row.features].learn(cube)
        return partial(feature_rows, cube, learnt), feature_blocks(cube, learnt, sight)
    seen = features if row.features in FEATURES else embedding if row.features == "embedding" else None
    seen = features_of(cube, seen)
    return partial(rows_at, seen), values_by_block(seen, sight)


def fit_rows(
    row: Model, look: Callable[[NDArray], NDArray], labels: xr.DataArray, seed: int
) -> tuple[ClassifierMixin, NDArray]:
    """Fit a classifier of pixel rows to the labelled pixels, and to unlabelled ones if it takes them.

    Parameters
    ----------
    row : Model
        The model.
    look : callable
        Finds the rows (n, n_features) of some pixels, counted along the rows of the scene.
    labels : xarray.DataArray of shape (height, width)
        0 where unlabelled, 1…K; all of them where there is data.
    seed : int
        Seeds the classifier, and the choice of unlabelled pixels.

    Returns
    -------
    classifier, ndarray of shape (n, n_features)
        The fitted one and the rows it was fitted to.
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

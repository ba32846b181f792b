"""How soon a map follows a label, beside a random forest fitted and asked anew, in the same run.

The scene has the size of Pavia University: 610 x 340 pixels, 103 bands, 9 classes, and 128 features as an encoder gives
them. What is timed is what the session's thread does between a label and its map. Each is timed between runs of the
other, so that what else this machine does meets both. The figures are in the table's extra information.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
import xarray as xr
from sklearn.ensemble import RandomForestClassifier

from workbench.cubes import good_bands, simulated_scene
from workbench.patches import Block
from workbench.probe import FEATURES, classify_scene, describe, feature_map, find_model
from workbench.probe.embed import like_scene

N_CLASSES, N_FEATURES, ROUNDS = 9, 128, 7


@pytest.fixture(scope="module")
def scene() -> tuple[xr.DataArray, xr.DataArray, dict[str, xr.DataArray]]:
    """A cube in memory, its truth, and what models of each kind of features are asked about."""
    cube, truth = simulated_scene(610, 340, seed=0, n_bands=110)
    cube = cube.isel(band=np.flatnonzero(good_bands(cube))).compute()
    truth = truth.copy(data=np.where(truth.values <= N_CLASSES, truth.values, 0))
    truth.attrs = {name: truth.attrs[name][:N_CLASSES] for name in ("classes", "colors")}
    spectra = cube.values.reshape(len(cube), -1)
    spectra = (spectra - spectra.mean(axis=1, keepdims=True)) / spectra.std(axis=1, keepdims=True)
    mixed = np.random.default_rng(0).normal(0, 0.1, (N_FEATURES, len(cube))).astype("float32") @ spectra
    embedding = like_scene(np.tanh(mixed).reshape(N_FEATURES, *cube.shape[1:]), cube)
    components = feature_map(cube, FEATURES["components"].learn(cube))
    told = describe(cube, embedding=embedding, keep=True)
    return cube, truth, {"embedding": embedding, "spectra": cube, "components": components, "descriptions": told}


def with_one_more(truth: xr.DataArray, n: int) -> xr.DataArray:
    """15 labels a class, and `n` more of the first."""
    rng, kept = np.random.default_rng(0), np.zeros_like(truth.values)
    for code in range(1, N_CLASSES + 1):
        where = rng.permutation(np.flatnonzero(truth.values == code))
        kept.flat[where[: 15 + n * (code == 1)]] = code
    return truth.copy(data=kept)


def plain_answer(name: str, features: np.ndarray, labels: xr.DataArray) -> np.ndarray:
    """Class of every pixel, by the model as scikit-learn would use it."""
    rows, known = np.ascontiguousarray(features.reshape(len(features), -1).T), np.flatnonzero(labels.values)
    return find_model(name).build(0).fit(rows[known], labels.values.flat[known]).predict(rows)


# The aim is 10 for each, and 60 ms. Those that have not reached it keep what they have as their least.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least"),
    [("barlow_twins", 10), ("barlow_twins_svm", 5), ("auto", 2), ("svm", 3), ("lda_components", 10)],
)
def test_a_map_follows_a_label_faster_than_a_forest_is_fitted_and_asked(scene, name, least, benchmark):
    cube, truth, seen = scene
    kind = find_model(name).features
    given = {"features": None} if kind == "spectra" else {"features": seen[kind]} if kind != "embedding" else {}
    given |= {"embedding": seen["embedding"]} if find_model(name).embeds else {}
    table = np.ascontiguousarray(cube.values.reshape(len(cube), -1).T)
    seconds, made = [], []

    def one_more_label() -> tuple[tuple, dict]:
        labels = with_one_more(truth, len(seconds))
        known = np.flatnonzero(labels.values)
        began = time.perf_counter()
        forest = RandomForestClassifier(100, n_jobs=-1, random_state=0).fit(table[known], labels.values.flat[known])
        assert forest.predict_proba(table).shape == (len(table), N_CLASSES)
        seconds.append(time.perf_counter() - began)
        return (labels,), {}

    def follow(labels: xr.DataArray) -> None:
        made[:] = labels, classify_scene(name, cube, labels, **given)

    benchmark.pedantic(follow, setup=one_more_label, rounds=ROUNDS, warmup_rounds=1)
    labels, live = made
    if name == "auto":
        fitted = find_model(name).build(0).fit(cube, labels, seen[kind])
        rows, columns = slice(301, 311), slice(100, 200)
        said = fitted.predict_block(cube, Block((rows, columns), (rows, columns)))
        wanted = fitted.classes_[said.argmax(axis=0)]
        found = live.class_map.values[rows, columns]
    else:
        found, wanted = live.class_map.values.ravel(), plain_answer(name, seen[kind].values, labels)
    assert (found == wanted).mean() > 0.9999
    ratio = np.median(seconds) / benchmark.stats.stats.median
    benchmark.extra_info |= {
        "milliseconds to a map": round(1000 * benchmark.stats.stats.median),
        "least milliseconds": round(1000 * benchmark.stats.stats.min),
        "times faster than a forest": round(ratio, 1),
    }
    assert ratio >= least

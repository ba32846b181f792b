"""The quick way from features of a scene to its map gives what the fitted classifier says of each pixel."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tests.scenes import few
from workbench.cubes import simulated_scene
from workbench.probe import find_model
from workbench.probe.answers import answers
from workbench.probe.svm import RBFSVM

NAMES = [
    "svm",
    "linear_svm",
    "barlow_twins",
    "barlow_twins_svm",
    "barlow_twins_prototypes",
    "spectral_angle",
    "lda_components",
    "knn",
]


@pytest.fixture(scope="module")
def scene():
    """Good bands (n, height, width) with two holes, and labels."""
    cube, truth = simulated_scene(50, 70, seed=1, n_bands=40)
    values = cube.values[cube.good.values]
    values[:, :7, 3] = np.nan
    values[4, 20, 20] = np.nan
    labels = few(truth, 8)
    return values, np.where(np.isnan(values).any(axis=0), 0, labels.values)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_a_map_is_what_the_classifier_says_of_each_pixel_in_double_precision(scene, name, workers):
    values, labels = scene
    classifier = find_model(name).build(0).fit(values[:, labels > 0].T, labels[labels > 0])
    codes, confidence, _ = answers(classifier, values, workers)
    has_data = np.isfinite(values).all(axis=0)
    chances = classifier.predict_proba(values[:, has_data].T.astype("float64"))
    ordered = np.sort(chances, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 1e-3
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(codes[has_data][clear], classifier.classes_[chances.argmax(axis=1)][clear])
    np.testing.assert_allclose(confidence[has_data], ordered[:, -1], atol=1e-3)
    assert (codes[~has_data] == 0).all()
    assert np.isnan(confidence[~has_data]).all()
    assert (codes.dtype, confidence.dtype) == ("int16", "float32")


def test_a_map_is_that_of_scikit_learns_own_machines_but_for_close_calls(scene):
    """Theirs vote, ours couple: what tells both apart is a pixel that two classes win equally often."""
    values, labels = scene
    told = values[:, labels > 0].T, labels[labels > 0]
    ours = find_model("barlow_twins_svm").build(0).fit(*told)
    theirs = make_pipeline(StandardScaler(), SVC(C=100, break_ties=False)).fit(*told)
    has_data = np.isfinite(values).all(axis=0)
    same = answers(ours, values, 2)[0][has_data] == theirs.predict(values[:, has_data].T)
    assert same.mean() > 0.95


@pytest.mark.parametrize("seed", range(4))
def test_the_cost_is_the_one_that_scikit_learns_search_finds(seed):
    X, y = make_blobs(60, n_features=12, centers=4, cluster_std=7, random_state=seed)
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    search = GridSearchCV(SVC(gamma="scale"), {"C": [1.0, 10.0, 100.0, 1000.0]}, cv=folds).fit(X, y)
    assert search.best_params_["C"] == RBFSVM(C=None, random_state=seed).fit(X, y).C_


def test_a_scene_without_any_data_has_no_class_anywhere(scene):
    values, labels = scene
    classifier = find_model("svm").build(0).fit(values[:, labels > 0].T, labels[labels > 0])
    codes, confidence, _ = answers(classifier, np.full((len(values), 3, 4), np.nan, "float32"))
    assert (codes == 0).all()
    assert np.isnan(confidence).all()

"""Classifiers of pixels are scikit-learn's: they keep its rules, and work in its pipelines, searches and files.

All of our own, and what every row of ``MODELS`` builds but those for scenes, which take cubes.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_blobs
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from workbench.probe import MODELS
from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.neighbours import FewNeighbours, GraphPropagation
from workbench.probe.prototypes import NearestAngle
from workbench.probe.self_training import SelfTraining
from workbench.probe.spectral_network import FixMatch, SpectralNetwork
from workbench.probe.svm import RBFSVM, LinearSVM
from workbench.probe.trusted import TRUSTED

OWN = [
    RBFSVM(),
    RBFSVM(C=None),
    LinearSVM(),
    LinearSVM(C=None),
    ShrunkLDA(),
    NearestAngle(),
    FewNeighbours(),
    GraphPropagation(),
]


def hurried(build: Callable[[int], BaseEstimator], steps: int) -> BaseEstimator:
    """What a row builds, with few epochs or trees."""
    made = build(0)
    if isinstance(made, SpectralNetwork):
        made.set_params(steps=steps)
    if isinstance(made, RandomForestClassifier):
        made.set_params(n_estimators=5, n_jobs=None)
    return made


OF_PIXELS = {
    name: partial(hurried, row.build) for name, row in MODELS.items() if row.features not in ("scene", "descriptions")
}
BUILT = list({repr(build(15)): build(15) for build in OF_PIXELS.values()}.values())
"""Once each; many objectives have one head."""


def exceptions(estimator: object) -> dict[str, str]:
    """Rules that an estimator breaks, each with the reason; scikit-learn's own tests name the same for its own."""
    found = {}
    if isinstance(estimator, Pipeline):
        found |= dict.fromkeys(
            ["check_estimators_overwrite_params", "check_dont_overwrite_parameters"],
            "a Pipeline fits its steps in place",
        )
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if isinstance(last, GraphPropagation | FixMatch | SelfTraining):
        found["check_classifiers_classes"] = "-1 is an unlabelled row, as in scikit-learn's own LabelSpreading"
    if isinstance(last, RandomForestClassifier):
        found |= dict.fromkeys(
            [
                "check_sample_weight_equivalence_on_dense_data",
                "check_sample_weight_equivalence_on_sparse_data",
            ],
            "weights do not change which rows a tree draws",
        )
    if isinstance(last, HistGradientBoostingClassifier):
        found["check_sample_weight_equivalence_on_dense_data"] = "weights do not change how features are binned"
    return found


@parametrize_with_checks([*OWN, *BUILT], expected_failed_checks=exceptions)
def test_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Three classes of 12 features that are easy to tell apart."""
    centres = 4 * np.random.default_rng(0).random((3, 12))
    return make_blobs(90, centers=centres, cluster_std=0.4, random_state=0)


def on_labels(estimator: ClassifierMixin, X: np.ndarray, y: np.ndarray) -> float:
    """Accuracy on the labelled rows alone."""
    return float((estimator.predict(X[y >= 0]) == y[y >= 0]).mean())


@pytest.mark.parametrize("name", OF_PIXELS)
def test_is_cross_validated_in_a_pipeline(name):
    """Beside unlabelled rows for those that take them: 15 of 30 in a class."""
    X, y = blobs()
    if MODELS[name].unlabelled:
        y = np.where(np.arange(len(y)) % 2, -1, y)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    made = make_pipeline(MinMaxScaler((0.1, 1)), OF_PIXELS[name](60))
    found = cross_validate(made, X, y, cv=folds, scoring=on_labels, error_score="raise")
    assert found["test_score"].mean() > 0.95
    assert repr(clone(made)) == repr(made)


def test_a_search_chooses_a_parameter_of_ours_inside_a_pipeline():
    X, y = blobs()
    asked = {"fewneighbours__n_neighbors": [60, 1]}
    search = GridSearchCV(make_pipeline(MinMaxScaler(), FewNeighbours()), asked, cv=3).fit(X, y)
    assert search.best_params_ == {"fewneighbours__n_neighbors": 1}


def fitted(name: str) -> tuple[BaseEstimator, np.ndarray]:
    """A model after learning, and rows to ask it about."""
    X, y = blobs()
    told = np.where(np.arange(len(y)) % 2, -1, y) if MODELS[name].unlabelled else y
    return OF_PIXELS[name](5).fit(X, told), X


@pytest.mark.parametrize("name", OF_PIXELS)
def test_survives_pickle_and_says_the_same(name):
    made, X = fitted(name)
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again.predict_proba(X), made.predict_proba(X))


@pytest.mark.parametrize("name", OF_PIXELS)
def test_survives_a_file_that_runs_no_code_and_says_the_same(name):
    io = pytest.importorskip("skops.io")
    made, X = fitted(name)
    packed = io.dumps(made)
    assert set(io.get_untrusted_types(data=packed)) <= set(TRUSTED)
    again = io.loads(packed, trusted=TRUSTED)
    np.testing.assert_array_equal(again.predict_proba(X), made.predict_proba(X))


@pytest.mark.parametrize("estimator", [SpectralNetwork(steps=3, random_state=0), FixMatch(steps=3, random_state=0)])
def test_a_network_is_kept_as_arrays(estimator):
    """So that a file of it needs no class of torch's to be trusted."""
    X, y = blobs()
    state = estimator.fit(X, y).__getstate__()
    assert all(isinstance(values, np.ndarray) for values in state["network_"].values())
    again = type(estimator).__new__(type(estimator))
    again.__setstate__(state)
    np.testing.assert_array_equal(again.predict_proba(X), estimator.predict_proba(X))

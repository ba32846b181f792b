"""Our own classifiers agree with slow formulas or other libraries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf
from sklearn.datasets import make_blobs
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.semi_supervised import LabelSpreading
from sklearn.svm import SVC

from workbench.probe import MODELS, find_model
from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.neighbours import FewNeighbours, GraphPropagation
from workbench.probe.prototypes import NearestAngle
from workbench.probe.svm import RBFSVM, LinearSVM


@pytest.mark.parametrize(("kind", "kernel"), [(RBFSVM, "rbf"), (LinearSVM, "linear")])
@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_the_quick_margins_are_scikit_learns(n_classes, kind, kernel):
    X, y = make_blobs(200, centers=n_classes, cluster_std=4, random_state=0)
    ours, theirs = kind(C=10).fit(X, y), SVC(C=10, kernel=kernel, decision_function_shape="ovo").fit(X, y)
    many, _ = make_blobs(3000, centers=n_classes, cluster_std=4, random_state=0)
    expected = theirs.decision_function(many)
    # Of two classes scikit-learn gives the margin of the second.
    expected = -expected[:, None] if n_classes == 2 else expected
    np.testing.assert_allclose(ours.duels(many), expected, atol=1e-6)
    assert (ours.predict(many) == theirs.predict(many)).mean() > (
        0.999 if n_classes == 2 else 0.95
    )  # votes against coupling


def test_a_pixel_between_the_classes_is_as_likely_in_each():
    square = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    np.testing.assert_allclose(RBFSVM().fit(square[:2], [0, 1]).predict_proba([[1.0, 0.0]]), [[0.5, 0.5]], atol=1e-6)
    np.testing.assert_allclose(RBFSVM().fit(square, [0, 1, 2, 3]).predict_proba([[0.0, 0.0]]), [[0.25] * 4], atol=1e-6)


def test_chances_couple_the_duels_as_in_the_paper():
    X, y = make_blobs(100, centers=4, cluster_std=5, random_state=2)
    machine = RBFSVM(C=1).fit(X, y)
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    for margins, chances in zip(machine.duels(X[:20]), machine.predict_proba(X[:20]), strict=True):
        won = np.zeros((4, 4))
        for (i, j), margin in zip(pairs, margins, strict=True):
            won[i, j], won[j, i] = 1 / (1 + np.exp(-2 * margin)), 1 / (1 + np.exp(2 * margin))
        price = np.array([1 / (sum(1 / won[i, j] for j in range(4) if j != i) - 2) for i in range(4)])
        np.testing.assert_allclose(chances, price / price.sum(), atol=1e-6)


def test_single_precision_makes_no_other_map():
    X, y = make_blobs(200, n_features=20, centers=5, cluster_std=5, random_state=1)
    machine = RBFSVM().fit(X, y)
    many = np.random.default_rng(0).normal(0, 8, (2000, 20))
    same = machine.predict(many) == machine.predict(many.astype("float32"))
    assert same.mean() > 0.998


def test_the_cost_is_chosen_on_the_labels_and_said():
    X, y = make_blobs(60, centers=3, cluster_std=3, random_state=0)
    machine = RBFSVM(C=None, random_state=0).fit(X, y)
    assert machine.C_ in {1, 10, 100, 1000}
    assert machine.chosen_ == "cross-validation on the labels"
    assert RBFSVM(C=None).fit(X[[0, 1, 2]], [0, 1, 2]).chosen_ == "fixed, a class has a single label"


def test_a_linear_machine_chooses_its_cost_as_scikit_learns_search_does():
    X, y = make_blobs(90, n_features=20, centers=3, cluster_std=9, random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=4)
    search = GridSearchCV(SVC(kernel="linear"), {"C": [0.001, 0.01, 0.1, 1.0, 10.0]}, cv=folds).fit(X, y)
    assert LinearSVM(C=None, random_state=4).fit(X, y).C_ == search.best_params_["C"] < 10
    assert LinearSVM(C=None).fit(X[:3], [0, 1, 2]).chosen_ == "fixed, a class has a single label"


def test_boosted_trees_split_five_labels_a_class():
    X, y = make_blobs(300, n_features=30, centers=3, cluster_std=3, random_state=0)
    few = np.concatenate([np.flatnonzero(y == code)[:5] for code in range(3)])
    usual = HistGradientBoostingClassifier(random_state=0).fit(X[few], y[few])
    assert len(np.unique(usual.predict(X))) == 1
    assert find_model("gradient_boosting").build(0).fit(X[few], y[few]).score(X, y) > 0.9


def test_many_labels_are_tuned_on_a_share_of_every_class():
    X, y = make_blobs([3000, 20], centers=[[0, 0], [4, 4]], random_state=0)
    assert RBFSVM(C=None, random_state=0).fit(X, y).score(X, y) > 0.98


def test_discriminants_without_shrinkage_are_scikit_learns():
    X, y = make_blobs([40, 40, 40], n_features=6, cluster_std=4, random_state=1)
    ours, theirs = ShrunkLDA(shrinkage=0.0).fit(X, y), LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    many, _ = make_blobs(2000, n_features=6, cluster_std=9, random_state=2)
    np.testing.assert_allclose(ours.predict_proba(many), theirs.predict_proba(many), atol=1e-9)


def test_discriminants_are_gaussians_of_the_labels_shrunk_covariance():
    X, y = make_blobs([3, 9, 5], n_features=8, cluster_std=4, random_state=1)
    means = np.array([X[y == code].mean(axis=0) for code in range(3)])
    covariance, share = ledoit_wolf(X - means[y], assume_centered=True)
    probe = ShrunkLDA().fit(X, y)
    density = np.stack([multivariate_normal(mean, covariance).pdf(X) for mean in means], axis=1)
    np.testing.assert_allclose(probe.predict_proba(X), density / density.sum(axis=1, keepdims=True), atol=1e-9)
    assert 0 < share == probe.shrinkage_ < 1


def test_one_label_a_class_leaves_discriminants_the_nearest_label():
    X = np.random.default_rng(0).normal(size=(30, 5))
    probe = ShrunkLDA().fit(X[:4], [0, 1, 2, 3])
    assert (probe.predict(X) == np.linalg.norm(X[:, None] - X[:4], axis=2).argmin(axis=1)).all()
    assert probe.chosen_.startswith("nearest mean")


def test_the_nearest_angle_is_the_smallest():
    rng = np.random.default_rng(0)
    X, y = rng.random((40, 7)), np.arange(40) % 4
    probe = NearestAngle().fit(X, y)
    for row in rng.random((50, 7)):
        means = [np.mean([x / np.linalg.norm(x) for x in X[y == k]], axis=0) for k in range(4)]
        angles = [np.arccos(row @ m / np.linalg.norm(row) / np.linalg.norm(m)) for m in means]
        assert probe.predict([row])[0] == np.argmin(angles)


def test_brightness_does_not_change_an_angle():
    probe = NearestAngle().fit([[1.0, 0.2], [0.3, 1.0]], [1, 2])
    np.testing.assert_allclose(probe.predict_proba([[0.4, 0.1]]), probe.predict_proba([[4.0, 1.0]]), atol=1e-6)


def test_labels_travel_along_a_moon_where_a_nearest_label_fails():
    from sklearn.datasets import make_moons

    X, truth = make_moons(400, noise=0.06, random_state=0)
    y = np.full(400, -1)
    y[[np.flatnonzero(truth == 0)[3], np.flatnonzero(truth == 1)[8]]] = 0, 1
    spread = GraphPropagation().fit(X, y)
    nearest = FewNeighbours(1).fit(X[y >= 0], y[y >= 0])
    assert (spread.predict(X) == truth).mean() > 0.97 > (nearest.predict(X) == truth).mean()


def test_propagation_agrees_with_scikit_learns_label_spreading():
    X, truth = make_blobs(300, centers=4, cluster_std=2.2, random_state=3)
    y = np.full(300, -1)
    y[:40] = truth[:40]
    ours = GraphPropagation(n_neighbors=10, alpha=0.8).fit(X, y).predict(X)
    theirs = LabelSpreading(kernel="knn", n_neighbors=10, alpha=0.8, max_iter=500).fit(X, y).predict(X)
    assert (ours == theirs).mean() > 0.95


def test_propagation_solves_the_equation_of_the_paper():
    X, truth = make_blobs(60, centers=2, cluster_std=3, random_state=3)
    y = np.where(np.arange(60) < 10, truth, -1)
    spread = GraphPropagation(n_neighbors=6, alpha=0.7, max_iter=1000).fit(X, y)
    distance = np.linalg.norm(X[:, None] - X[None], axis=2)
    near = np.sort(distance, axis=1)[:, 5:6]
    weight = np.where(distance <= near, np.exp(-((distance / np.median(near)) ** 2)), 0)
    np.fill_diagonal(weight, 0)
    weight = weight + weight.T
    root = 1 / np.sqrt(weight.sum(axis=1))
    told = np.zeros((60, 2))
    for code in (0, 1):
        told[y == code, code] = 1 / (y == code).sum()
    share = np.linalg.solve(np.eye(60) - 0.7 * root[:, None] * weight * root[None], 0.3 * told)
    np.testing.assert_allclose(spread.label_distributions_, share / share.sum(axis=1, keepdims=True), atol=1e-3)


def test_every_family_has_a_model_and_every_row_a_paper():
    assert {row.family for row in MODELS.values()} == {"baseline", "supervised", "semi-supervised", "self-supervised"}
    assert all(row.paper and row.title for row in MODELS.values())


def test_an_unknown_model_is_refused_with_the_names():
    with pytest.raises(ValueError, match="no model is named 'resnet'; choose one of: auto, svm, random_forest"):
        find_model("resnet")


def test_two_labels_of_many_classes_are_tuned_without_a_word():
    X, y = make_blobs([2] * 15, centers=np.eye(15) * 20, n_features=15, random_state=0)
    assert RBFSVM(C=None, random_state=0).fit(X, y).chosen_ == "cross-validation on the labels"

"""Families scored live: scikit-learn by hand gives the same numbers, and no test pixel is near a taught one."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score, balanced_accuracy_score, cohen_kappa_score, f1_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC

from tests.scenes import few, two_fields
from tests.test_splits import brute_distance
from workbench.compare import contenders, live_rows, live_splits, live_summary, row_seed, truth_of_labels
from workbench.labels import counts
from workbench.probe.chances import POOL
from workbench.probe.svm import RBFSVM

FAMILIES = ("supervised", "semi-supervised", "self-supervised")


@pytest.fixture(scope="module")
def scene() -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Noisy fields of two kinds, 30 labels of each, and what PCA makes of the spectra."""
    cube, truth = two_fields(seed=3)
    rng = np.random.default_rng(4)
    cube = cube.copy(data=(cube.values + rng.normal(0, 0.3, cube.shape)).astype("float32"))
    table = cube.values.reshape(len(cube), -1).T
    reduced = PCA(4, random_state=0).fit_transform(table).T.reshape(4, *cube.shape[1:]).astype("float32")
    return cube, few(truth, 30), xr.DataArray(reduced, dims=("feature", "y", "x"))


@pytest.fixture(scope="module")
def done(scene) -> tuple[list, list[dict]]:
    """Splits and rows of all families, an encoder seeing 3 pixels."""
    cube, labels, embedding = scene
    splits = live_splits(cube, labels, footprint=3, embedding=embedding, seed=7)
    models = [(one.family, one.model) for one in contenders(True)]
    return splits, list(live_rows(cube, splits, models, embedding=embedding, seed=7))


def by_hand(family: str, features: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """What scikit-learn's own machine, its cost chosen by its own search, says of the test pixels."""
    known = np.flatnonzero(train)
    X, y = features[known], train[known]
    if family == "semi-supervised":
        pool = features[np.random.default_rng(seed).permutation(np.flatnonzero(train == 0))[:POOL]]
        X, y = np.concatenate([X, pool]), np.concatenate([y, np.full(len(pool), -1)])
        scaler = StandardScaler().fit(X)
        model = SelfTrainingClassifier(RBFSVM(), criterion="k_best", k_best=100, max_iter=10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.fit(scaler.transform(X), y).predict(scaler.transform(features[test]))
    scaler = StandardScaler().fit(X)
    folds = StratifiedKFold(min(5, np.bincount(y)[1:].min()), shuffle=True, random_state=seed)
    search = GridSearchCV(SVC(gamma="scale"), {"C": [1.0, 10.0, 100.0, 1000.0]}, cv=folds)
    return search.fit(scaler.transform(X), y).predict(scaler.transform(features[test]))


@pytest.mark.parametrize("family", FAMILIES)
def test_scikit_learn_by_hand_gives_the_same_numbers(scene, done, family):
    cube, _, embedding = scene
    source = embedding if family == "self-supervised" else cube
    features = source.values.reshape(len(source), -1).T
    splits, rows = done
    own = [row for row in rows if row["model"] == family]
    assert len(own) == len(splits) == 10
    for i, (row, split) in enumerate(zip(own, splits, strict=True)):
        train, tested = split.train.values.ravel(), np.flatnonzero(split.test.values)
        said, truth = by_hand(family, features, train, tested, row_seed(7, i)), split.test.values.flat[tested]
        assert (row["seed"], row["n_train"], row["n_test"]) == (row_seed(7, i), (train > 0).sum(), len(tested))
        wanted = [accuracy_score(truth, said), balanced_accuracy_score(truth, said), cohen_kappa_score(truth, said)]
        assert [row["oa"], row["aa"], row["kappa"]] == pytest.approx(wanted)
        assert row["f1"] == pytest.approx(f1_score(truth, said, average="macro"))
    assert len({row["oa"] for row in own}) > 3


def test_every_family_has_the_same_splits_and_no_test_pixel_is_near_a_taught_one(scene, done):
    splits, rows = done
    assert [row["model"] for row in rows] == [*FAMILIES] * 10
    for split in splits:
        assert brute_distance(split.train.values, split.test.values) >= 3
        for part in (split.train, split.test):
            assert set(np.unique(part.values)) == {0, 1, 2}
            mine = part.values > 0
            assert (part.values[mine] == scene[1].values[mine]).all()


def test_the_same_again_gives_the_same(scene, done):
    cube, labels, embedding = scene
    splits = live_splits(cube, labels, footprint=3, embedding=embedding, seed=7)
    models = [(one.family, one.model) for one in contenders(True)]
    assert list(live_rows(cube, splits, models, embedding=embedding, seed=7)) == done[1]


def test_means_and_differences_are_paired_with_intervals_for_shared_labels(done):
    rows = done[1]
    oa = {family: np.array([row["oa"] for row in rows if row["model"] == family]) for family in FAMILIES}
    overlap = np.mean([60 / row["n_train"] - 1 for row in rows])
    half = stats.t.ppf(0.975, 9) * np.sqrt(1 / 10 + overlap)
    for told in live_summary(rows, 60):
        own = oa[told["family"]]
        ends = np.clip([own.mean() - half * own.std(ddof=1), own.mean() + half * own.std(ddof=1)], 0, 1)
        assert told["oa"] == pytest.approx(own.mean())
        assert told["oa_ci95"] == pytest.approx(list(ends))
        taught = [row["n_train"] for row in rows if row["model"] == told["family"]]
        assert told["taught"] == [min(taught), max(taught)]
        if told["family"] == "supervised":
            assert told["difference"] is told["difference_ci95"] is None
            continue
        apart = own - oa["supervised"]
        assert told["difference"] == pytest.approx(apart.mean())
        wide = half * apart.std(ddof=1)
        assert told["difference_ci95"] == pytest.approx([apart.mean() - wide, apart.mean() + wide])


def test_a_truth_is_tested_away_from_every_label_by_the_names_of_its_classes(scene):
    cube, labels, _ = scene
    _, whole = two_fields(seed=3)
    named = whole.copy(data=np.where(np.arange(30) > 27, 3, 3 - whole.values).astype("int16"))
    named.attrs["classes"] = ["Right", "left ", "lake"]  # numbered otherwise, and one that nobody labelled
    truth = truth_of_labels(labels, named)
    np.testing.assert_array_equal(truth.values, np.where(np.arange(30) > 27, 0, whole.values))
    labels = few(labels, 4)
    splits = live_splits(cube, labels, footprint=3, truth=truth, seed=1)
    for split in splits:
        assert counts(split.train).tolist() == [2, 2]
        far = [
            min(np.abs(np.argwhere(labels.values > 0) - place).max(axis=1)) >= 3 for place in np.ndindex(truth.shape)
        ]
        np.testing.assert_array_equal(split.test.values, np.where(np.reshape(far, truth.shape), truth.values, 0))
    assert len({split.train.values.tobytes() for split in splits}) > 5


def test_pixels_without_data_are_neither_taught_nor_tested(scene):
    cube, labels, embedding = scene
    spoiled = cube.copy(deep=True)
    spoiled.values[:, :, 0:4] = np.nan
    lacking = embedding.copy(deep=True)
    lacking.values[:, 0:3] = np.nan
    for split in live_splits(spoiled, labels, footprint=1, embedding=lacking):
        for part in (split.train, split.test):
            assert not part.values[:, 0:4].any()
            assert not part.values[0:3].any()
            assert part.values.any()


def crowded(labels: xr.DataArray) -> xr.DataArray:
    """Labels of each class side by side in one place."""
    values = np.zeros_like(labels.values)
    values[5:7, 2:5], values[5:7, 22:25] = 1, 2
    return labels.copy(data=values)


@pytest.mark.parametrize(("spoil", "footprint", "message"), [
    (lambda labels: labels.where(labels < 1, 0).assign_attrs(labels.attrs), 1, "got none; label two"),
    (lambda labels: labels.where(labels < 2, 0).assign_attrs(labels.attrs), 1, "got 'left' 30; label another class"),
    (lambda labels: few(labels, 3), 1, "scores need 4 labels of each class, and two classes at least, got 'left' 3, "
     "'right' 3; label 1 more of 'left', 1 more of 'right'"),
    (crowded, 11, r"at least 11 pixels apart, got that in 0 of 10 splits; label each class in more places"),
])  # fmt: skip
def test_labels_too_few_or_too_near_are_refused_in_a_sentence(scene, spoil, footprint, message):
    with pytest.raises(ValueError, match=message):
        live_splits(scene[0], spoil(scene[1]), footprint=footprint)


def test_a_truth_of_other_names_is_refused(scene):
    _, whole = two_fields()
    whole.attrs["classes"] = ["left", "lake"]
    with pytest.raises(ValueError, match=r"the truth's classes \('left', 'lake'\) have other names"):
        truth_of_labels(scene[1], whole)


def test_a_family_without_a_model_says_why():
    assert [one.family for one in contenders(True)] == [*FAMILIES]
    *_, last = contenders(False)
    assert (last.model, last.why) == (None, "no encoder yet: Learn (T)")
    assert "does not fit in memory" in contenders(False, False)[1].why

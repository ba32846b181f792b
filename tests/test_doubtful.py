"""Doubtful labels: the numbers are cross-validation's and confident learning's own, and flipped labels come first."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from tests.scenes import few, make_cube, two_fields
from workbench.cubes import open_cube, simulated_scene
from workbench.labels import draw, open_labels
from workbench.probe import classify_scene, doubtful, find_model, next_suspicious
from workbench.probe.confident import contradiction, out_of_fold, suspected
from workbench.probe.outliers import class_distance


def flipped(labels: xr.DataArray, seed: int) -> tuple[xr.DataArray, np.ndarray]:
    """A tenth of the labels given another class that is there; and which pixels these are."""
    rng, wrong = np.random.default_rng(seed), labels.copy(deep=True)
    known = np.argwhere(labels.values)
    there = np.unique(labels.values[labels.values > 0])
    chosen = rng.permutation(known)[: len(known) // 10]
    for row, column in chosen:
        wrong[row, column] = rng.choice(there[there != int(labels[row, column])])
    return wrong, chosen


def test_chances_are_those_of_scikit_learns_cross_validation():
    cube, truth = simulated_scene(40, 48, seed=5, n_bands=40)
    cube, labels = cube.isel(band=cube["good"].values), draw(truth, 6, seed=1)
    known = np.argwhere(labels.values)
    rows = np.array([cube.values[:, row, column] for row, column in known])
    codes = np.array([int(labels[row, column]) for row, column in known])
    enough = np.isin(codes, [code for code in np.unique(codes) if (codes == code).sum() >= 5])
    labels.values[tuple(known[~enough].T)] = 0
    parts = StratifiedKFold(5, shuffle=True, random_state=3)
    for name in ("knn", "svm"):
        wanted = cross_val_predict(
            find_model(name).build(3), rows[enough], codes[enough], cv=parts, method="predict_proba"
        )
        found = out_of_fold(name, cube, labels, seed=3)
        np.testing.assert_allclose(found[:, np.unique(codes[enough]) - 1], wanted, atol=1e-5)


def test_suspected_are_the_off_diagonal_of_the_confident_joint():
    rng = np.random.default_rng(0)
    chances, codes = rng.dirichlet(np.full(4, 0.6), 80), rng.integers(1, 5, 80)
    threshold = {}
    for j in range(1, 5):  # equation 2 of the paper, label by label
        own = [chances[i, j - 1] for i in range(80) if codes[i] == j]
        threshold[j] = sum(own) / len(own)
    wanted = []
    for i in range(80):  # equation 1: a pixel is counted once, in its likeliest class above the threshold
        above = [j for j in range(1, 5) if chances[i, j - 1] >= threshold[j]]
        wanted.append(bool(above) and max(above, key=lambda j: chances[i, j - 1]) != codes[i])
    assert 5 < sum(wanted) < 75
    np.testing.assert_array_equal(suspected(chances, codes), wanted)


def test_doubt_is_one_half_where_label_and_rival_are_even():
    chances = np.array([[0.4, 0.4, 0.2], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [np.nan] * 3])
    doubt, guess = contradiction(chances, np.array([1, 1, 1, 2]))
    np.testing.assert_allclose(doubt, [0.5, 1, 0, np.nan])
    assert guess.tolist() == [1, 3, 1, 2]


def test_distance_is_a_robust_z_score_and_a_wrong_label_does_not_hide_itself():
    rng = np.random.default_rng(0)
    rows, codes = rng.normal(0, 2, (4000, 1)), np.repeat([1, 2], 2000)
    rows[codes == 2] += 50
    found = class_distance(rows, codes)
    np.testing.assert_allclose(np.median(found), 0.6745, rtol=0.05)  # of |z| of a Gaussian
    few_rows, few_codes = rng.normal(0, 1, (30, 4)), np.repeat(np.arange(1, 11), 3)
    few_rows += 20 * few_codes[:, None]
    few_rows[4] += 60  # one of three
    far = class_distance(few_rows, few_codes)
    assert far.argmax() == 4
    assert far[4] > 10 * np.median(far)


def test_distance_takes_three_labels_a_class_and_features_without_spread():
    rows = np.array([[1.0, 5], [1, 5], [1, 5], [2, 5], [9, 5]])
    found = class_distance(rows, np.array([1, 1, 1, 2, 2]))
    np.testing.assert_array_equal(found, [0, 0, 0, np.nan, np.nan])
    assert np.isnan(class_distance(rows, np.arange(1, 6))).all()


def test_the_table_is_of_the_labels_and_begins_with_the_wrong_one():
    cube, truth = two_fields()
    labels = few(truth, 8)
    row, column = np.argwhere(labels.values == 1)[3]
    labels[row, column] = 2
    table = doubtful("knn", cube, labels)
    assert (table["row"][0], table["column"][0]) == (row, column)
    assert (table["class_name"][0], table["guess_name"][0]) == ("right", "left")
    assert table["suspected"][0]
    assert table["outlier"][0]
    assert table["reason"][0].startswith("looks like left, ")
    assert table["reason"].iloc[-1].startswith("agrees with the other labels of ")
    assert table["doubt"].is_monotonic_decreasing
    assert {(r, c): k for r, c, k in zip(table["row"], table["column"], table["code"], strict=True)} == {
        (r, c): int(labels[r, c]) for r, c in np.argwhere(labels.values)
    }


def test_the_next_suspicious_pixel_is_one_that_was_not_looked_at():
    cube, truth = two_fields()
    labels = few(truth, 8)
    wrong = [tuple(place) for place in np.argwhere(labels.values == 1)[:2].tolist()]
    for place in wrong:
        labels[place] = 2
    table = doubtful("knn", cube, labels)
    first = next_suspicious(table)
    second = next_suspicious(table, {first})
    assert {first, second} <= set(zip(table["row"][:3].tolist(), table["column"][:3].tolist(), strict=True))
    seen = set()
    for _ in range(int((table["suspected"] | table["outlier"]).sum())):
        seen.add(next_suspicious(table, seen))
    assert set(wrong) <= seen
    assert next_suspicious(table, seen) is None


def test_the_only_label_of_a_class_is_neither_judged_nor_in_the_way():
    cube, truth = two_fields()
    labels = few(truth, 5).assign_attrs(classes=["left", "right", "lone"], colors=["#000000"] * 3)
    labels[0, 0] = 3
    table = doubtful("svm", cube, labels)
    last = table.iloc[-1]
    assert (last["row"], last["column"], last["reason"]) == (0, 0, "the only label of lone")
    assert np.isnan(last["doubt"])
    assert not last["suspected"]
    assert table["doubt"][:-1].notna().all()


@pytest.mark.parametrize("name", ["scene_propagation", "label_propagation"])
def test_models_of_scenes_and_those_that_see_unlabelled_pixels_judge_too(name):
    cube, truth = two_fields()
    labels = few(truth, 8)
    row, column = np.argwhere(labels.values == 1)[0]
    labels[row, column] = 2
    table = doubtful(name, cube, labels, embedding=cube.rename(band="feature"))
    assert (table["row"][0], table["column"][0]) == (row, column)


def test_no_label_is_judged_by_itself():
    values = np.random.default_rng(0).normal(size=(6, 10, 10))  # nothing to learn: knowing a label shows at once
    cube = make_cube(values)
    labels = xr.DataArray(
        np.zeros((10, 10), "int16"), dims=("y", "x"), attrs={"classes": ["a", "b"], "colors": ["#000000", "#ffffff"]}
    )
    labels[:, :5], labels[:, 5:] = 1, 2
    learnt = classify_scene("knn", cube, labels).class_map.values == labels.values
    doubt = doubtful("knn", cube, labels)["doubt"]
    assert learnt.mean() > 0.95
    assert 0.35 < (doubt < 0.5).mean() < 0.65


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ({"folds": 1}, "judged in at least 2 folds, got 1"),
        ({"budget": 1}, "but no class has two; label a second pixel of one"),
        ({"name": "barlow_twins"}, "'barlow_twins' works on an embedding"),
        ({"name": "none"}, "no model is named 'none'"),
    ],
)
def test_what_cannot_be_judged_is_refused(spoil, message):
    cube, truth = two_fields()
    asked = {"name": "knn", "budget": 4, "folds": 5} | spoil
    with pytest.raises(ValueError, match=message):
        doubtful(asked["name"], cube, few(truth, asked["budget"]), folds=asked["folds"])


def check_flips_come_first(cube: xr.DataArray, truth: xr.DataArray, name: str) -> None:
    doubts, distances = [], []
    for seed in range(3):
        labels, wrong = flipped(draw(truth, 20, seed), seed)
        table = doubtful(name, cube, labels, seed=seed)
        places = {tuple(place) for place in wrong.tolist()}
        is_wrong = [place in places for place in zip(table["row"].tolist(), table["column"].tolist(), strict=True)]
        doubts.append(roc_auc_score(is_wrong, table["doubt"].fillna(0)))
        distances.append(roc_auc_score(is_wrong, table["distance"].fillna(0)))
    assert np.mean(doubts) >= 0.9
    assert np.mean(distances) >= 0.9


@pytest.mark.parametrize("name", ["lda_noise_fractions", "knn"])
def test_flipped_labels_come_first_on_the_simulated_scene(name):
    check_flips_come_first(*simulated_scene(80, 120, seed=3), name)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["lda_noise_fractions", "knn"])
def test_flipped_labels_come_first_on_salinas_a(real_data, name):
    cube = open_cube(real_data / "salinas_a" / "SalinasA_corrected.mat")
    check_flips_come_first(cube, open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", cube), name)


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("name", ["svm", "superpixel_svm"])
def test_flipped_labels_come_first_by_slower_models_too(real_data, name):
    check_flips_come_first(*simulated_scene(80, 120, seed=3), name)
    cube = open_cube(real_data / "salinas_a" / "SalinasA_corrected.mat")
    check_flips_come_first(cube, open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", cube), name)

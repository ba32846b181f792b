"""Labels and scenes that a model would rather not have: one clear sentence, or a result that is right.

One model of each way to be fitted, networks in a hurry: what is held here is not how well they do.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tests.hurry import hurry
from tests.scenes import few, two_fields
from workbench.compare import compare
from workbench.pretrain import Encoder, Recipe, begin
from workbench.probe import classify, find_model

MODELS = [
    "svm",
    "superpixel_svm",
    "lda_components",
    "cnn_1d",
    "supervised_context",
    "self_training",
    "fixmatch",
    "scene_propagation",
    "label_propagation",
    "barlow_twins",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """After 2 steps."""
    encoder, steps = begin(two_fields()[0], Recipe(steps=2, pairs=16), device="cpu")
    assert list(steps)
    return encoder


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model, its network in a hurry."""
    hurry(monkeypatch, steps=40)
    return request.param


@pytest.fixture
def given(name: str, encoder: Encoder) -> dict[str, object]:
    """What the model wants besides a scene and labels."""
    return {"encoder": encoder} if find_model(name).features == "embedding" else {}


def with_only(truth: xr.DataArray, code: int, n: int) -> xr.DataArray:
    """The truth with but `n` pixels of a class, the last ones: away from the border between the fields."""
    values = truth.values.copy()
    where = np.flatnonzero(values == code)
    values.flat[where[: len(where) - n]] = 0
    return truth.copy(data=values)


def with_a_hole(cube: xr.DataArray) -> xr.DataArray:
    """A block of 10 × 10 pixels in which every band is NaN."""
    cube = cube.copy(deep=True)
    cube[:, 8:18, 10:20] = np.nan
    return cube


def test_a_class_of_one_label_is_on_the_map(name, given):
    cube, truth = two_fields()
    made = classify(cube, with_only(few(truth, 5), 2, 1), name, **given).class_map
    assert (made.values == truth.values).mean() > 0.8  # half without it; the encoder has seen 2 batches


def test_a_scene_that_is_labelled_all_over_is_mapped(name, given):
    cube, truth = two_fields()
    assert (classify(cube, truth, name, **given).class_map.values == truth.values).mean() > 0.9


def test_a_block_without_data_has_no_class_and_harms_no_other_pixel(name, given):
    cube, truth = with_a_hole(two_fields()[0]), two_fields()[1]
    made, known = classify(cube, few(truth, 8), name, **given), np.isfinite(cube.values[0])
    assert (made.class_map.values[~known] == 0).all()
    assert np.isnan(made.confidence.values[~known]).all()
    assert (made.class_map.values == truth.values)[known].mean() > 0.9


def test_labels_of_another_size_are_refused(name, given):
    cube, _ = two_fields()
    for labels in (few(two_fields(10, 12)[1], 3), few(two_fields(30, 24)[1], 3)):
        with pytest.raises(ValueError, match=rf"the scene's size, \(24, 30\), got \({labels.sizes['y']}, "):
            classify(cube, labels, name, **given)


def test_labels_of_one_class_are_refused(name, given):
    cube, truth = two_fields()
    with pytest.raises(ValueError, match="at least two classes, got only 'left' in the labels; label a second class"):
        classify(cube, with_only(few(truth, 5), 2, 0), name, **given)


def test_labels_that_leave_one_class_where_there_is_data_are_refused(name, given):
    cube, truth = with_a_hole(two_fields()[0]), few(two_fields()[1], 5)
    hidden = np.where((truth.values == 1) | (np.isnan(cube.values[0]) & (two_fields()[1].values == 2)), 1, 0)
    labels = truth.copy(data=(hidden * two_fields()[1].values).astype("int16"))
    with pytest.raises(ValueError, match="got only 'left' in the labels where the scene has data"):
        classify(cube, labels, name, **given)


def test_a_budget_above_a_classs_size_takes_half_of_it_and_says_so(name, given):
    cube, truth = two_fields()
    row = compare(cube, with_only(truth, 2, 5), [name], [50], 1, **given).iloc[0]
    assert row["counts"] == {"left": 50, "right": 2}
    assert row["n_test"] == 360 - 50 + 3
    assert row["oa"] > 0.9


def test_a_class_of_one_pixel_is_tested_and_counts_as_wrong(name, given):
    cube, truth = two_fields()
    third = truth.copy(data=np.where(np.arange(30) == 29, 0, truth.values).astype("int16"))
    third[0, 29] = 3
    third.attrs = {"classes": ["left", "right", "rare"], "colors": ["#0072b2", "#d55e00", "#009e73"]}
    row = compare(cube, third, [name], [20], 1, **given).iloc[0]
    assert row["counts"] == {"left": 20, "right": 20, "rare": 0}
    assert row["note"] == "no training pixel of rare: its test pixels count as wrong"
    assert sum(row["confusion"][2]) == 1 > row["confusion"][2][2]


def test_a_truth_of_which_one_class_has_one_pixel_is_refused(name, given):
    cube, truth = two_fields()
    with pytest.raises(ValueError, match=r"two classes of at least 2 pixels .*, got 'left' 360, 'right' 1; give more"):
        compare(cube, with_only(truth, 2, 1), [name], [5], 1, **given)


def test_a_truth_of_one_class_or_of_another_size_is_refused(name, given):
    cube, truth = two_fields()
    with pytest.raises(ValueError, match="got only 'left' in the truth where the scene has data"):
        compare(cube, with_only(truth, 2, 0), [name], [5], 1, **given)
    with pytest.raises(ValueError, match=r"truth has the scene's size, \(24, 30\), got \(10, 12\)"):
        compare(cube, two_fields(10, 12)[1], [name], [5], 1, **given)


def test_no_pixel_without_data_is_drawn_or_tested(name, given):
    cube, truth = with_a_hole(two_fields()[0]), two_fields()[1]
    row = compare(cube, truth, [name], [8], 1, **given).iloc[0]
    assert row["n_train"] + row["n_test"] == 24 * 30 - 100
    assert row["oa"] > 0.9

"""What a comparison must not let through: places known by heart, unlabelled pixels counted, a matrix turned over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import distance_transform_edt
from sklearn.metrics import confusion_matrix, f1_score

from tests.scenes import make_cube
from workbench.compare import compare_rows, split_truth
from workbench.labels import block_split
from workbench.probe import MODELS, ClassMap

PATCH = 12
"""Side of the patches of ground, and what the planted model looks at [pixels]."""


@pytest.fixture(scope="module")
def quilt() -> tuple[xr.DataArray, xr.DataArray]:
    """Square patches of four classes in any order, under spectra that are noise: only places tell a class."""
    rng = np.random.default_rng(0)
    codes = rng.integers(1, 5, (12, 12)).repeat(PATCH, axis=0).repeat(PATCH, axis=1).astype("int16")
    cube = make_cube(rng.uniform(0.1, 0.5, (6, *codes.shape)))
    attrs = {"classes": list("abcd"), "colors": ["#000000", "#ff0000", "#00ff00", "#0000ff"]}
    return cube, xr.DataArray(codes, dims=("y", "x"), coords={"y": cube.y, "x": cube.x}, attrs=attrs)


def by_heart(name: str, cube: xr.DataArray, labels: xr.DataArray, **_: object) -> ClassMap:
    """Class of the nearest label, whatever the spectrum."""
    row, column = distance_transform_edt(labels.values == 0, return_distances=False, return_indices=True)
    codes = labels.copy(data=labels.values[row, column])
    return sure(codes)


def sure(codes: xr.DataArray) -> ClassMap:
    certain = codes.astype("float32") * 0 + 1
    return ClassMap(codes, certain, certain, 0.0, "fixed")


def test_a_model_that_knows_places_by_heart_is_found_out_by_blocks_alone(quilt, monkeypatch):
    monkeypatch.setitem(MODELS, "by_heart", replace(MODELS["knn"], name="by_heart", context=PATCH))
    rows = list(compare_rows(*quilt, ["by_heart"], [1200], 5, ("random", "blocks"), classify=by_heart))
    oa = {split: np.array([row["oa"] for row in rows if row["split"] == split]) for split in ("random", "blocks")}
    assert oa["random"].min() > 0.9
    assert oa["blocks"].mean() == pytest.approx(0.25, abs=0.07)
    assert oa["blocks"].max() < 0.4


def test_blocks_smaller_than_what_a_model_sees_are_refused(quilt):
    message = "blocks are at least as wide as what a model sees at once, 12 pixels, got 11; choose larger blocks or a"
    with pytest.raises(ValueError, match=message):
        block_split(quilt[1], 5, 0, footprint=PATCH, block=11)
    assert block_split(quilt[1], 5, 0, footprint=PATCH, block=12).block == 12


def test_a_row_counts_labelled_pixels_alone_and_its_matrix_has_truth_in_rows(quilt):
    cube, truth = quilt
    values = truth.values.copy()
    values[:70] = 0  # half the scene has no label
    truth = truth.copy(data=values)
    made = []

    def uneven(name, cube, labels, **_):
        """Everything of b called a, half of c called d."""
        codes = np.where(values == 2, 1, values)
        codes[::2][codes[::2] == 3] = 4
        codes[values == 0] = 2
        made.append(codes)
        return sure(labels.copy(data=codes))

    row = next(compare_rows(cube, truth, ["knn"], [5], 1, classify=uneven))
    tested = split_truth(truth, "random", 5, row["seed"]).test.values > 0
    assert row["n_test"] == tested.sum() < (values > 0).sum()
    expected = confusion_matrix(values[tested], made[0][tested], labels=[1, 2, 3, 4])
    np.testing.assert_array_equal(row["confusion"], expected)
    assert row["confusion"][1][0] > 0 == row["confusion"][0][1], "b was called a; no a was called b"
    macro = f1_score(values[tested], made[0][tested], labels=[1, 2, 3, 4], average="macro", zero_division=0)
    assert row["f1"] == pytest.approx(macro)
    np.testing.assert_array_equal(row["mapped"], np.bincount(made[0].ravel(), minlength=5)[1:])

"""Features of a scene are what slow formulas and other programs say, whatever the blocks, and never of a label."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from sklearn.decomposition import PCA

from tests.scenes import few, two_fields
from workbench.compare import compare_rows
from workbench.cubes import good_bands, mnf, simulated_scene
from workbench.probe import FEATURES, MODELS, classify_scene, feature_map
from workbench.probe.features import FeatureKind, feature_rows

HEIGHT, WIDTH = 26, 31


@pytest.fixture(scope="module")
def cube() -> xr.DataArray:
    """A simulated scene with a hole, and a pixel that lacks one band."""
    cube = simulated_scene(HEIGHT, WIDTH, seed=3, n_bands=20)[0].compute().copy()
    cube[:, 5:11, 8:14] = np.nan
    cube[4, 20, 3] = np.nan
    return cube


@pytest.fixture
def small_blocks(monkeypatch):
    """Memory for 16 × 16 pixels."""
    monkeypatch.setattr("workbench.probe.tables.BLOCK_BYTES", 2**10)


def spectra_of(cube: xr.DataArray) -> np.ndarray:
    """Complete spectra of the good bands, shape (pixels, bands)."""
    table = cube.values[good_bands(cube)].reshape(good_bands(cube).sum(), -1).T.astype(float)
    return table[np.isfinite(table).all(axis=1)]


@pytest.mark.parametrize("name", FEATURES)
def test_blocks_do_not_change_features(cube, name, monkeypatch):
    whole = feature_map(cube, FEATURES[name].learn(cube))
    monkeypatch.setattr("workbench.probe.tables.BLOCK_BYTES", 2**10)
    lazy = cube.chunk({"y": 7, "x": 9})
    learnt = FEATURES[name].learn(lazy)
    assert learnt.side < HEIGHT
    in_blocks = feature_map(lazy, learnt)
    scale = np.nanstd(whole.values, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(in_blocks.values / scale, whole.values / scale, atol=2e-4)
    wanted = np.random.default_rng(0).permutation(HEIGHT * WIDTH)[:50]
    rows = feature_rows(lazy, learnt, wanted)
    np.testing.assert_allclose(
        rows / scale.ravel(), whole.values.reshape(len(whole), -1).T[wanted] / scale.ravel(), atol=2e-4
    )


@pytest.mark.parametrize("name", FEATURES)
def test_features_are_missing_exactly_where_a_band_is(cube, name):
    values = feature_map(cube, FEATURES[name].learn(cube)).values
    has_data = np.isfinite(cube.values[good_bands(cube)]).all(axis=0)
    assert values.dtype == np.float32
    assert np.isfinite(values[:, has_data]).all()
    assert np.isnan(values[:, ~has_data]).all()


@pytest.mark.parametrize("name", FEATURES)
def test_a_pixel_s_features_look_no_farther_than_the_footprint(cube, name):
    """What was learnt being the same, values farther away than half a footprint change nothing, nearer ones do."""
    kind = FEATURES[name]
    learnt = kind.learn(cube)
    before = feature_map(cube, learnt).values
    changed = cube.copy(deep=True)
    changed[:, 15, 15] *= 3
    differs = (feature_map(changed, learnt).values != before) & np.isfinite(before)
    rows, columns = np.nonzero(differs.any(axis=0))
    reach = max(np.abs(rows - 15).max(), np.abs(columns - 15).max())
    assert reach <= kind.footprint // 2
    assert differs[:, 15, 15].any()


def test_components_are_those_of_scikit_learn(cube):
    theirs = PCA(15).fit_transform(spectra_of(cube))
    ours = feature_map(cube, FEATURES["components"].learn(cube)).values
    ours = ours[:, np.isfinite(ours[0])].T
    sign = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours, theirs * sign, atol=1e-4)


def test_noise_fractions_are_those_of_the_cubes_room(cube):
    ours = feature_map(cube, FEATURES["noise_fractions"].learn(cube)).values
    np.testing.assert_allclose(ours, mnf(cube, n=15).values, atol=1e-2)


def test_features_are_made_once_for_all_draws_and_models(monkeypatch):
    cube, truth = two_fields()
    learnt, asked = FEATURES["components"].learn, []

    def counted(cube):
        asked.append(cube)
        return learnt(cube)

    kind = FEATURES["components"]
    monkeypatch.setitem(
        FEATURES, "components", FeatureKind(kind.name, kind.title, kind.footprint, kind.learns, counted)
    )
    rows = list(compare_rows(cube, truth, ["lda_components", "knn"], [3], 4))
    assert len(asked) == 1
    assert [row["pretrain_seconds"] > 0 for row in rows] == [True, False] * 4
    assert [row["transductive"] for row in rows] == [True, False] * 4
    alone = classify_scene("lda_components", cube, few(truth, 4), seed=1)
    given = classify_scene("lda_components", cube, few(truth, 4), seed=1, features=feature_map(cube, learnt(cube)))
    np.testing.assert_array_equal(alone.class_map.values, given.class_map.values)


def test_features_too_many_for_memory_are_made_block_by_block(monkeypatch, small_blocks):
    cube, truth = two_fields()
    expected = [row["oa"] for row in compare_rows(cube, truth, ["lda_components"], [3], 2)]
    monkeypatch.setattr("workbench.probe.features.IN_MEMORY", 100)
    rows = list(compare_rows(cube, truth, ["lda_components"], [3], 2))
    assert [row["oa"] for row in rows] == expected
    assert [row["pretrain_seconds"] for row in rows] == [0.0, 0.0]


def test_a_model_has_the_footprint_and_the_learning_of_its_features():
    for row in MODELS.values():
        if row.features in FEATURES:
            assert row.footprint == FEATURES[row.features].footprint
            assert row.transductive >= FEATURES[row.features].learns

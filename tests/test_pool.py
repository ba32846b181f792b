"""The recommended model: what it pools, by what, and that nothing but labels and spectra is looked at."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from tests.long import LONG
from workbench.compare import compare, paired
from workbench.cubes import open_cube, simulated_scene
from workbench.labels import draw, open_labels
from workbench.patches import blocks_of
from workbench.pretrain import Encoder, Recipe, begin
from workbench.probe import classify_scene, classify_to, describe, doubtful, embed
from workbench.probe.edge_features import EDGE_FOOTPRINT, averaged, edge_features
from workbench.probe.features import feature_blocks, feature_map
from workbench.probe.opinions import OPINIONS, add_what_is_said, tempered
from workbench.probe.pool import NEGLIGIBLE, OpinionPool, held_back, stripes


@pytest.fixture(scope="module")
def scene() -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """A scene, its truth, and an embedding of it: random directions of its spectra."""
    cube, truth = simulated_scene(60, 70, seed=4, n_bands=40)
    turn = np.random.default_rng(0).normal(size=(8, len(cube))) / 6
    values = np.einsum("fb,byx->fyx", turn, np.nan_to_num(cube.values)).astype("float32")
    embedding = xr.DataArray(np.where(np.isfinite(cube.values[:1]), values, np.nan), dims=("feature", "y", "x"))
    return cube, truth, embedding


def quick_encoder(cube: xr.DataArray) -> Encoder:
    """One that learnt nothing yet."""
    encoder, steps = begin(cube, Recipe(encoder="context", steps=2, pairs=8), device="cpu")
    list(steps)
    return encoder


def test_an_edge_mean_is_the_slow_formula():
    rng = np.random.default_rng(0)
    pictures, guide = rng.normal(size=(2, 7, 9)).astype("float32"), rng.normal(size=(3, 7, 9)).astype("float32")
    pictures[:, 2, 3] = guide[:, 2, 3] = np.nan
    made = averaged(pictures, guide, 2, 3.0)
    assert np.isnan(made[:, 2, 3]).all()
    for row, column in ((0, 0), (3, 4), (6, 8), (2, 2)):
        total, weights = np.zeros(2), 0.0
        for y in range(max(0, row - 2), min(7, row + 3)):
            for x in range(max(0, column - 2), min(9, column + 3)):
                if np.isfinite(guide[0, y, x]):
                    weight = np.exp(-np.square(guide[:, y, x] - guide[:, row, column]).sum() / 3.0)
                    total, weights = total + weight * pictures[:, y, x], weights + weight
        np.testing.assert_allclose(made[:, row, column], total / weights, rtol=1e-5)


def test_edge_means_are_the_same_whatever_the_blocks(scene):
    learnt = edge_features(scene[0])
    whole = feature_map(scene[0], learnt).values
    for piece in blocks_of(60, 70, (17, 23), learnt.halo):
        np.testing.assert_allclose(learnt.block(scene[0], piece), whole[:, *piece.place], rtol=1e-3, atol=1e-3)


def test_edge_means_look_no_farther_than_their_footprint(scene):
    cube, half = scene[0].copy(deep=True), EDGE_FOOTPRINT // 2
    learnt = edge_features(cube)
    before = next(feature_blocks(cube, learnt))[1][:, 30, 30]
    cube.values[:, 30 + half + 1 :], cube.values[:, :, : 30 - half] = 0.9, 0.1
    np.testing.assert_array_equal(next(feature_blocks(cube, learnt))[1][:, 30, 30], before)
    cube.values[:, 30, 30 - half : 30 + half + 1] *= 1.1
    assert (next(feature_blocks(cube, learnt))[1][:, 30, 30] != before).all()


def test_edge_means_keep_a_border_and_lose_the_noise():
    rng = np.random.default_rng(1)
    truth = np.where(np.arange(40) < 20, 0.0, 10.0)[None, None].repeat(30, axis=1)
    noisy = (truth + rng.normal(size=(1, 30, 40))).astype("float32")
    made = averaged(noisy, noisy, 4, 8.0)
    assert np.abs(made - truth)[:, 5:-5, 5:-5].mean() < 0.4 * np.abs(noisy - truth)[:, 5:-5, 5:-5].mean()
    assert made[0, :, 19].max() < 2 < 8 < made[0, :, 20].min()


def test_labels_are_held_back_stripe_by_stripe():
    along, codes = np.random.default_rng(0).permutation(24), np.repeat([0, 1, 2], (12, 10, 2))
    folds = stripes(codes, along)
    for code, sizes in ((0, [3, 2, 3, 2, 2]), (1, [2] * 5), (2, [1, 1])):
        mine = codes == code
        assert np.bincount(folds[mine]).tolist() == sizes
        assert (np.diff(folds[mine][np.argsort(along[mine])]) >= 0).all()


def test_what_was_held_back_was_not_learnt_from():
    """A table that names each label's own row would be known by heart by whoever saw it."""
    codes = np.repeat([0, 1], 10)
    table = np.eye(20) * 100
    chances = held_back(OPINIONS[-1], table, codes, [stripes(codes, np.arange(20))], 0)
    np.testing.assert_allclose(chances, 0.5, atol=0.02)
    known = OPINIONS[-1].build(0).fit(table, codes).predict(table)
    assert (known == codes).all()


def test_a_temperature_divides_the_logarithms():
    chances = LinearDiscriminantAnalysis().fit([[0.0], [1.0], [2.0], [3.5], [4.0]], [0, 0, 0, 1, 1])
    given = chances.predict_proba([[1.7]]).T
    odds = np.log(given[1] / given[0])
    cooled = tempered(given, 4.0)
    np.testing.assert_allclose(cooled[1] - cooled[0], odds / 4, rtol=1e-2)


@pytest.mark.parametrize("description", ["spectra", "embedding"])
def test_what_is_said_is_the_slow_sum(description):
    """Opinion by opinion and pixel by pixel, in double precision."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(4), 6)
    means = rng.normal(2, 1, (4, 30))
    table, pixels = means[codes] + rng.normal(0, 0.5, (24, 30)), means[rng.integers(0, 4, 2500)]
    pixels = pixels + rng.normal(0, 0.5, pixels.shape)
    opinions = [
        replace(one.formed(table, codes, 0), temperature=heat, share=share)
        for one, heat, share in zip(OPINIONS, np.linspace(0.5, 3, 8), np.linspace(0.1, 0.3, 8), strict=True)
        if one.description == description
    ]
    slow = 0.0
    for one in opinions:
        cooled = (one.chances(pixels) + 1e-5) ** (1 / one.temperature)
        slow = slow + one.share * np.log(np.maximum(cooled / cooled.sum(axis=1, keepdims=True), 1e-3))
    columns, total = pixels.T.astype("float32"), np.zeros((4, 2500), "float32")
    columns[3, [0, 1500]] = np.nan
    add_what_is_said(total, columns, opinions)
    assert np.flatnonzero(np.isnan(total).any(axis=0)).tolist() == [0, 1500]
    has_data = np.isfinite(total[0])
    np.testing.assert_allclose(total.T[has_data], slow[has_data], atol=2e-3)


def test_one_that_weighs_next_to_nothing_is_not_asked(scene):
    descriptions = describe(scene[0], embedding=scene[2])
    pool = OpinionPool().fit(scene[0], draw(scene[1], 20, seed=0), descriptions)
    asked = [one.opinion.title for one in pool.opinions_]
    assert asked == [one.title for one, share in zip(OPINIONS, pool.weights_, strict=True) if share > 0]
    assert 0 < len(asked) < len(OPINIONS)
    assert pool.weights_[pool.weights_ > 0].min() > NEGLIGIBLE
    assert pool.weights_.sum() == pytest.approx(1)


def test_what_is_kept_gives_the_map_of_what_is_made_anew(scene):
    """Stripes of whole rows on all cores, against blocks one after another."""
    cube, labels = scene[0], draw(scene[1], 5, seed=0)
    kept, anew = (describe(cube, embedding=scene[2], keep=keep) for keep in (True, False))
    assert (kept.kept, anew.kept) == (True, False)
    chances = [OpinionPool().fit(cube, labels, told).predict_proba(cube).values for told in (kept, anew)]
    np.testing.assert_allclose(*chances, atol=1e-3)


def test_an_opinion_that_knows_outweighs_those_that_guess(scene):
    """The embedding is the truth itself, then noise: all weight, then next to none."""
    cube, truth, _ = scene
    labels = draw(truth, 10, seed=0)
    rng, n_classes, shares = np.random.default_rng(0), int(truth.max()), []
    told = np.eye(n_classes + 1)[truth.values].transpose(2, 0, 1) + rng.normal(0, 0.01, (n_classes + 1, 60, 70))
    for values in (told, rng.normal(size=told.shape)):
        embedding = xr.DataArray(values.astype("float32"), dims=("feature", "y", "x"))
        pool = OpinionPool().fit(cube, labels, describe(cube, embedding=embedding))
        shares.append(dict(zip([one.title for one in OPINIONS], pool.weights_, strict=True))["embedding"])
    assert shares[0] > 0.5
    assert shares[1] < 0.01


def test_where_labels_tell_no_opinion_apart_the_simplest_weigh_most(scene, monkeypatch):
    monkeypatch.setattr("workbench.probe.pool.best_temperature", lambda held, codes: (1.0, -0.2))
    pool = OpinionPool().fit(scene[0], draw(scene[1], 5, seed=0), describe(scene[0], embedding=scene[2]))
    shares = dict(zip([one.title for one in OPINIONS], pool.weights_, strict=True))
    others = len(OPINIONS) - 2
    assert shares.pop("angles") == pytest.approx(5 / (8 + others))
    assert shares.pop("wide margins") == pytest.approx(3 / (8 + others))
    np.testing.assert_allclose(list(shares.values()), 1 / (8 + others))


@pytest.mark.parametrize("budget", [1, 2])
def test_one_or_two_labels_a_class_are_enough(scene, budget):
    made = classify_scene("auto", scene[0], draw(scene[1], budget, seed=0), embedding=scene[2])
    assert np.isfinite(made.confidence.values[made.class_map.values > 0]).all()
    assert (made.class_map.values == scene[1].values).mean() > 0.5


def test_a_map_in_memory_is_the_map_by_blocks(scene, tmp_path):
    cube, truth, _ = scene
    encoder = quick_encoder(cube)
    labels = draw(truth, 5, seed=0)
    quick = classify_scene("auto", cube, labels, embedding=embed(cube, encoder, device="cpu"))
    list(classify_to(cube, labels, tmp_path / "map.tif", "auto", encoder=encoder, device="cpu"))
    written = open_labels(tmp_path / "map.tif", cube).values
    assert (written == quick.class_map.values).mean() > 0.999


def test_a_block_is_read_once_for_all_descriptions(scene):
    cube, reads = scene[0], []

    def noted(values: np.ndarray) -> np.ndarray:
        reads.append(values.shape)
        return values

    described = describe(cube, encoder=quick_encoder(cube), device="cpu")
    lazy = cube.copy(data=da.from_array(cube.values, chunks=-1).map_blocks(noted, meta=cube.values[:0, :0, :0]))
    piece = next(blocks_of(60, 70, (20, 30), described.halo))
    seen = dict(described.each(lazy, piece))
    assert len(reads) == 1
    for name, kind in described.kinds.items():
        np.testing.assert_array_equal(seen[name], kind.block(cube, piece))


def test_the_same_labels_and_scene_give_the_same_map(scene):
    labels = draw(scene[1], 5, seed=0)
    one, two = (classify_scene("auto", scene[0], labels, embedding=scene[2], seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.confidence.values, two.confidence.values)


def test_pixels_without_data_have_no_class_and_change_nothing_far_away(scene):
    cube, truth, embedding = scene
    holed = cube.copy(deep=True)
    holed.values[:, :9, :9] = np.nan
    told = embedding.where(np.isfinite(holed.values[0]))
    labels = draw(truth.copy(data=np.where(np.isfinite(holed.values[0]), truth.values, 0).astype("int16")), 5, seed=0)
    made = classify_scene("auto", holed, labels, embedding=told)
    assert (made.class_map.values[:9, :9] == 0).all()
    assert (made.class_map.values[9:] > 0).all()


def test_its_time_to_learn_and_to_describe_the_scene_is_told(scene):
    table = compare(*scene[:2], ["auto", "lda_components"], [5], 1, encoder=quick_encoder(scene[0]))
    told = dict(zip(table["model"], table["pretrain_seconds"], strict=True))
    assert told["auto"] > told["lda_components"] > 0


@pytest.mark.parametrize("model", ["auto", "scene_propagation"])
def test_labels_are_doubted_by_models_of_whole_scenes(scene, model):
    cube, truth, embedding = scene
    labels = draw(truth, 8, seed=0)
    row, column = np.argwhere(labels.values == 2)[0]
    labels[row, column] = 1
    table = doubtful(model, cube, labels, embedding=embedding, folds=3)
    assert (row, column) in set(zip(table["row"][:8].tolist(), table["column"][:8].tolist(), strict=True))
    assert len(table) == (labels.values > 0).sum()


@LONG
@pytest.mark.slow
@pytest.mark.realdata
def test_it_is_no_worse_than_baselines_on_scenes_of_opposite_needs(real_data):
    """Wide fields, and a town; its opinions were chosen with a look at both, on other draws."""
    where = {
        "salinas_a": ("SalinasA_corrected.mat", "SalinasA_gt.mat", {}),
        "hymap_berlin": (
            "HyMap02_Berlin_Urban_Gradient_2009.bsq",
            "LandCov_Vec_Berlin_Urban_Gradient_2009.shp",
            {"column": "Level_2"},
        ),
    }
    for folder, (scene, truth, options) in where.items():
        cube = open_cube(real_data / folder / scene)
        labels = open_labels(real_data / folder / truth, cube, **options)
        models = ["svm", "superpixel_svm", "lda_noise_fractions", "auto"]
        table = compare(cube, labels, models, [10], 5, ("random", "blocks"), seed=7)
        for other in models[:-1]:
            assert all(high >= 0 for _, high in paired(table, "auto", other)["ci95"]), (folder, other)

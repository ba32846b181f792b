"""A comparison is fair, streams, and can be done again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

import workbench
from tests.scenes import two_fields
from workbench.compare import compare_rows, read_scores, replay, row_seed, score_table, split_truth, write_scores
from workbench.cubes import open_cube, save_cube, simulated_scene
from workbench.labels import counts, open_labels, write_labels
from workbench.pretrain import Recipe, begin, load_encoder, save_encoder
from workbench.probe import classify_scene


@pytest.fixture(scope="module")
def scene():
    return simulated_scene(40, 50, seed=2, n_bands=30)


@pytest.fixture(scope="module")
def encoder(scene):
    encoder, steps = begin(scene[0], Recipe(encoder="context", steps=2, pairs=8), device="cpu")
    assert list(steps)
    return encoder


def test_rows_are_one_for_each_model_budget_draw_and_split_draws_outermost(scene):
    rows = list(compare_rows(*scene, ["knn", "spectral_angle"], [3, 5], 2, ("random", "blocks")))
    keys = [(r["draw"], r["split"], r["budget"], r["model"]) for r in rows]
    wanted = [
        (draw, split, budget, model)
        for draw in (0, 1)
        for split in ("random", "blocks")
        for budget in (3, 5)
        for model in ("knn", "spectral_angle")
    ]
    assert keys == wanted
    assert json.loads(json.dumps(rows)) == rows


def test_no_model_sees_a_test_label_and_all_see_the_same(scene):
    cube, truth = scene
    shown = []

    def spy(name, cube, labels, **rest):
        shown.append(labels.values.copy())
        return classify_scene(name, cube, labels, **rest)

    rows = list(compare_rows(cube, truth, ["knn", "spectral_angle"], [4], 2, ("random", "blocks"), classify=spy))
    for row, seen in zip(rows, shown, strict=True):
        parts = split_truth(truth, row["split"], row["budget"], row["seed"], footprint=row["footprint"])
        np.testing.assert_array_equal(seen, parts.train)
        assert not seen[parts.test.values > 0].any()
        assert row["counts"] == counts(parts.train).to_dict()
        assert (row["n_train"], row["n_test"]) == (int((seen > 0).sum()), int((parts.test > 0).sum()))
    np.testing.assert_array_equal(shown[0], shown[1])


def test_a_row_can_be_done_again_from_what_it_says(scene):
    cube, truth = scene
    rows = list(compare_rows(cube, truth, ["random_forest", "svm"], [8], 2, ("random", "blocks"), seed=7))
    for row in (rows[1], rows[-2]):
        parts = split_truth(truth, row["split"], row["budget"], row["seed"], footprint=row["footprint"])
        made = classify_scene(row["model"], cube, parts.train, seed=row["seed"])
        tested = parts.test.values > 0
        assert row["oa"] == pytest.approx(accuracy_score(truth.values[tested], made.class_map.values[tested]))
    assert [row["seed"] for row in rows] == [row_seed(7, row["draw"]) for row in rows]


def test_a_row_says_how_hyper_parameters_were_chosen(scene):
    models = ["window_svm", "lda_components", "scene_propagation", "knn"]
    assert [row["chosen"] for row in compare_rows(*scene, models, [4], 1)] == [
        "cross-validation on the labels",
        "shrinkage by Ledoit & Wolf's formula",
        "fixed, 10 neighbours, alpha 0.95",
        "fixed",
    ]


def test_an_encoder_given_serves_every_draw_and_sets_the_guard_band(scene, encoder):
    rows = list(compare_rows(*scene, ["svm", "barlow_twins"], [8], 2, ("blocks",), encoder=encoder))
    assert {row["footprint"] for row in rows} == {encoder.footprint}
    assert [row["transductive"] for row in rows[:2]] == [False, True]
    assert [row["pretrain_seconds"] for row in rows] == [0.0] * 4
    assert rows[0]["counts"] == rows[1]["counts"]


def test_an_encoder_is_trained_once_for_all_models_of_its_objective(scene, monkeypatch):
    asked = []

    def quick(cube, objective, *, seed):
        asked.append((objective, seed))
        encoder, steps = begin(cube, Recipe(objective=objective, steps=2, pairs=8, seed=seed), device="cpu")
        assert list(steps)
        return encoder

    monkeypatch.setattr("workbench.compare.prepared.pretrain", quick)
    rows = list(compare_rows(*scene, ["barlow_twins", "barlow_twins_prototypes", "knn"], [4], 2, seed=5))
    assert asked == [("barlow_twins", 5)]
    assert [row["pretrain_seconds"] > 0 for row in rows] == [True, True, False] * 2


def test_nothing_is_computed_before_a_row_is_asked_for_and_one_may_stop(scene):
    made = []

    def spy(name, cube, labels, **rest):
        made.append(name)
        return classify_scene(name, cube, labels, **rest)

    rows = compare_rows(*scene, ["spectral_angle"], [3], 50, classify=spy)
    assert made == []
    next(rows)
    rows.close()
    assert len(made) == 1


def test_labels_without_data_under_them_are_left_out(scene):
    cube, truth = scene
    holed = cube.copy(data=cube.values.copy())
    holed[:, :10] = np.nan
    row = next(compare_rows(holed, truth, ["spectral_angle"], [3], 1))
    labelled = int((truth.values[10:] > 0).sum())
    assert row["n_train"] + row["n_test"] == labelled
    assert sum(map(sum, row["confusion"])) == row["n_test"]


def test_a_class_without_test_pixels_is_noted_not_fatal(scene, encoder):
    cube, truth = scene
    values = np.where(truth.values == 1, 0, truth.values)
    values[:3, :3] = 1
    row = next(compare_rows(cube, truth.copy(data=values), ["barlow_twins"], [8], 1, ("blocks",), encoder=encoder))
    assert "no test pixel of water" in row["note"]
    assert row["counts"]["water"] == 4
    confusion = np.array(row["confusion"])
    tested = confusion.sum(axis=1) > 0
    assert row["aa"] == pytest.approx((confusion.diagonal()[tested] / confusion.sum(axis=1)[tested]).mean())
    assert 0 <= row["f1"] <= 1


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"models": ["svn"]}, "no model is named 'svn'; choose one of: auto, svm, "),
        ({"splits": ["block"]}, "no split is named 'block'; choose from random, blocks"),
        ({"draws": 0}, r"budgets and draws of at least 1, got \[5\] and 0"),
        ({"budgets": [5, 0]}, r"budgets and draws of at least 1, got \[5, 0\] and 2"),
        ({"budgets": []}, r"budgets and draws of at least 1, got \[\] and 2"),
        (
            {"truth": "one class"},
            "labels of at least two classes, got only 'left' in the truth where the scene has data",
        ),
        ({"truth": "small"}, r"truth has the scene's size, \(24, 30\), got \(24, 20\); open it with open_labels"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(choices, message):
    cube, truth = two_fields()
    spoilt = {"one class": truth.copy(data=truth.values * (truth.values == 1)), "small": truth[:, :20]}
    asked = {"models": ["svm"], "budgets": [5], "draws": 2, "splits": ["random"], **choices}
    asked["truth"] = spoilt.get(asked.get("truth"), truth)
    with pytest.raises(ValueError, match=message):
        next(compare_rows(cube, **asked))


def test_a_model_that_leaves_pixels_out_is_an_error_not_a_good_score(scene):
    def lazy(name, cube, labels, **rest):
        made = classify_scene(name, cube, labels, **rest)
        return replace(made, class_map=made.class_map.where(made.class_map == 1, 0))

    with pytest.raises(RuntimeError, match=r"left \d+ test pixels with data without a class"):
        next(compare_rows(*scene, ["spectral_angle"], [3], 1, classify=lazy))


def test_scores_read_back_as_they_were_and_replay_to_the_same(scene, encoder, tmp_path):
    cube, truth = scene
    save_cube(cube, tmp_path / "scene.zarr")
    write_labels(truth, tmp_path / "truth.tif")
    save_encoder(encoder, tmp_path / "e.safetensors", cube=cube)
    cube = open_cube(tmp_path / "scene.zarr")
    truth = open_labels(tmp_path / "truth.tif", cube)
    known = load_encoder(tmp_path / "e.safetensors")
    table = workbench.compare(cube, truth, ["svm", "barlow_twins"], [8], 2, ("random", "blocks"), encoder=known, seed=3)
    write_scores(table, tmp_path / "out", encoder=tmp_path / "e.safetensors")
    written = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert written == ["run.json", "scores.csv", "scores.parquet", "timings.csv"]
    again = read_scores(tmp_path / "out")
    pd.testing.assert_frame_equal(again, table)
    text = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert [json.loads(counts) for counts in text["counts"]] == list(table["counts"])
    repeated = replay(tmp_path / "out")
    timing = ["seconds", "pretrain_seconds"]
    pd.testing.assert_frame_equal(repeated.drop(columns=timing), table.drop(columns=timing))


def test_another_scene_in_its_place_is_not_replayed(scene, tmp_path):
    cube, truth = scene
    save_cube(cube, tmp_path / "scene.zarr")
    write_labels(truth, tmp_path / "truth.tif")
    cube = open_cube(tmp_path / "scene.zarr")
    table = workbench.compare(cube, open_labels(tmp_path / "truth.tif", cube), ["spectral_angle"], [4], 1)
    write_scores(table, tmp_path / "out")
    save_cube(simulated_scene(40, 50, seed=9, n_bands=30)[0], tmp_path / "scene.zarr", overwrite=True)
    with pytest.raises(ValueError, match=r"the scene at .*scene.zarr has changed since it was compared"):
        replay(tmp_path / "out")


@pytest.mark.parametrize("changed", ["truth", "encoder"])
def test_another_truth_or_encoder_in_its_place_is_not_replayed(scene, encoder, tmp_path, changed):
    cube, truth = scene
    files = {"truth": tmp_path / "truth.tif", "encoder": tmp_path / "e.safetensors"}
    save_cube(cube, tmp_path / "scene.zarr")
    write_labels(truth, files["truth"])
    save_encoder(encoder, files["encoder"], cube=cube)
    cube = open_cube(tmp_path / "scene.zarr")
    known = load_encoder(files["encoder"])
    table = workbench.compare(cube, open_labels(files["truth"], cube), ["spectral_angle"], [4], 1, encoder=known)
    write_scores(table, tmp_path / "out", encoder=files["encoder"])
    if changed == "truth":
        write_labels(truth[::-1].assign_coords(y=truth["y"]), files["truth"])
    else:
        weights, _ = begin(scene[0], Recipe(encoder="context", steps=2, pairs=8, seed=1), device="cpu")
        save_encoder(weights, files["encoder"], cube=cube)
    with pytest.raises(ValueError, match=rf"the {changed} at .* has changed since it was compared; put the old file"):
        replay(tmp_path / "out")


def test_a_scene_in_memory_is_compared_but_not_replayed(scene, tmp_path):
    write_scores(workbench.compare(*scene, ["spectral_angle"], [4], 1), tmp_path / "out")
    with pytest.raises(ValueError, match="the scene was made in memory, which no file can do again"):
        replay(tmp_path / "out")


def test_the_room_answers_as_the_verb(scene):
    table = workbench.compare(*scene, models=["spectral_angle"], budgets=[3], draws=1)
    assert list(table["model"]) == ["spectral_angle"]
    assert table.attrs["run"]["seed"] == 0


def test_scores_that_are_not_there_are_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no scores at .*; name a folder that compare wrote"):
        read_scores(tmp_path)


@pytest.mark.realdata
def test_salinas_a_svm_is_where_a_trial_had_it(real_data):
    cube = open_cube(real_data / "salinas_a" / "SalinasA_corrected.mat")
    truth = open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", cube)
    table = score_table(compare_rows(cube, truth, ["svm"], [5, 20], 10))
    mean = table.groupby("budget")["oa"].mean()
    assert mean[5] == pytest.approx(0.957, abs=0.03)
    assert mean[20] == pytest.approx(0.981, abs=0.01)


@pytest.mark.realdata
def test_surroundings_and_noise_fractions_serve_the_fields_of_salinas_a_better_than_spectra(real_data):
    cube = open_cube(real_data / "salinas_a" / "SalinasA_corrected.mat")
    truth = open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", cube)
    table = score_table(compare_rows(cube, truth, ["svm", "lda_noise_fractions", "superpixel_svm"], [20], 5))
    mean = table.groupby("model")["oa"].mean()
    assert mean["svm"] == pytest.approx(0.976, abs=0.01)
    assert mean["lda_noise_fractions"] == pytest.approx(0.991, abs=0.005)
    assert mean["superpixel_svm"] == pytest.approx(0.992, abs=0.007)


def test_an_encoder_serves_only_the_models_of_what_it_learnt_by(scene, monkeypatch):
    """One encoder under several names would compare it with itself."""
    given, steps = begin(scene[0], Recipe(objective="simclr", encoder="pixel", steps=2, pairs=8), device="cpu")
    list(steps)
    asked = []
    monkeypatch.setattr(
        "workbench.compare.prepared.pretrain",
        lambda cube, objective, seed: asked.append(objective) or begin(cube, Recipe(steps=2, pairs=8), device="cpu")[0],
    )
    rows = list(compare_rows(*scene, ["simclr", "barlow_twins"], [4], 1, encoder=given))
    assert asked == ["barlow_twins"]
    assert {row["model"]: row["pretrain_seconds"] > 0 for row in rows} == {"simclr": False, "barlow_twins": True}
    with pytest.raises(ValueError, match="the encoder given learnt by simclr, but the models asked for are of mae;"):
        list(compare_rows(*scene, ["mae"], [4], 1, encoder=given))
    given.recipe = None
    with pytest.raises(ValueError, match=r"but the encoder given holds released weights; make an embedding"):
        list(compare_rows(*scene, ["mae"], [4], 1, encoder=given))

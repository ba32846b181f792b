"""Official splits: what is trained and tested on is what their makers laid down, in figures, on disk and replayed."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from workbench.cli import main
from workbench.compare import read_scores, replay
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import counts, draw, official_split, open_labels, with_official, write_labels


@pytest.fixture(scope="module")
def scene() -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """A scene, its truth, and official training labels: 7 of each class."""
    cube, truth = simulated_scene(40, 48, seed=5, n_bands=30)
    return cube, truth, draw(truth, 7, seed=9)


@pytest.mark.parametrize("rest", [False, True], ids=["all labels", "test labels alone"])
def test_the_halves_are_those_of_the_makers(scene, rest):
    _, truth, train = scene
    given = truth.where(train == 0, 0).astype("int16").assign_attrs(truth.attrs) if rest else truth
    official = with_official(given, train)
    np.testing.assert_array_equal(official, truth)
    for seed in (0, 1):
        parts = official_split(official, 1000, seed)
        np.testing.assert_array_equal(parts.train, train)
        np.testing.assert_array_equal(parts.test, np.where(train > 0, 0, truth))
    few = [official_split(official, 3, seed).train.values for seed in (0, 1)]
    assert (few[0] != few[1]).any()
    for each in few:
        np.testing.assert_array_equal(counts(truth.copy(data=each)), np.minimum(counts(train), 3))
        assert (train.values[each > 0] == each[each > 0]).all()


def test_classes_are_matched_by_name(scene):
    _, truth, train = scene
    order = np.random.default_rng(0).permutation(len(truth.attrs["classes"]))
    codes = np.array([0, *(np.argsort(order) + 1)])[train.values].astype("int16")
    mixed = train.copy(data=codes).assign_attrs(classes=[truth.attrs["classes"][i] for i in order])
    np.testing.assert_array_equal(official_split(with_official(truth, mixed), 99, 0).train, train)


def test_one_command_scores_and_repeats_an_official_split(scene, tmp_path, capsys):
    cube, truth, train = scene
    save_cube(cube, tmp_path / "scene.zarr")
    write_labels(truth, tmp_path / "truth.tif")
    write_labels(train, tmp_path / "train.gpkg")
    words = [
        "compare",
        tmp_path / "scene.zarr",
        "--truth",
        tmp_path / "truth.tif",
        "--official",
        tmp_path / "train.gpkg",
    ]
    words += ["--models", "lda_components,knn", "--budgets", "5,50", "--draws", "2", "--only-split", "--out"]
    assert main([*map(str, words), str(tmp_path / "scores")]) == 0
    assert "official" in capsys.readouterr().out
    table = read_scores(tmp_path / "scores")
    assert set(table["split"]) == {"official"}
    assert set(table["n_test"]) == {int((truth > 0).sum() - (train > 0).sum())}
    full = table[table["budget"] == 50]
    assert set(full["n_train"]) == {int((train > 0).sum())}
    assert full.groupby("model")["oa"].nunique().max() == 1  # all draws have all the pixels
    again = replay(tmp_path / "scores")
    timed = ["seconds", "pretrain_seconds"]
    pd.testing.assert_frame_equal(again.drop(columns=timed), table.drop(columns=timed))
    assert main(["report", str(tmp_path / "scores"), "--no-maps"]) == 0
    assert "the official split" in (tmp_path / "scores" / "report.html").read_text(encoding="utf-8")
    record = json.loads((tmp_path / "scores" / "run.json").read_text(encoding="utf-8"))
    assert record["files"]["official"]["sha256"]
    write_labels(draw(truth, 6, seed=1), tmp_path / "train.gpkg")
    with pytest.raises(ValueError, match=r"the official at .* has changed since it was compared"):
        replay(tmp_path / "scores")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda truth, train: (truth, train[1:]), "training labels have the truth's size"),
        (lambda truth, train: (truth, train.assign_attrs(classes=["moon", *train.attrs["classes"][1:]])), "'moon'"),
        (lambda truth, train: (truth, xr.where(train > 0, 1 + train % 3, 0, keep_attrs=True)), "one class in the"),
        (lambda truth, train: (truth, truth), "got none to test on"),
        (lambda truth, train: (truth, train * 0), "got none to train on"),
    ],
)
def test_halves_that_cannot_be_are_refused_in_a_sentence(scene, spoil, message):
    truth, train = spoil(*scene[1:])
    with pytest.raises(ValueError, match=message) as refused:
        with_official(truth, train.assign_attrs({**scene[2].attrs, **train.attrs}))
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="needs the official training labels"):
        official_split(scene[1], 5, 0)


def test_the_command_line_asks_for_the_labels(tmp_path, scene, capsys):
    save_cube(scene[0], tmp_path / "scene.npz")
    write_labels(scene[1], tmp_path / "truth.tif")
    words = ["compare", str(tmp_path / "scene.npz"), "--truth", str(tmp_path / "truth.tif"), "--split", "official"]
    assert main(words) == 2
    assert "give them with --official FILE" in capsys.readouterr().err


def test_labels_read_back_are_the_same_halves(scene, tmp_path):
    cube, truth, train = scene
    save_cube(cube, tmp_path / "scene.npz")
    write_labels(truth, tmp_path / "truth.tif")
    write_labels(train, tmp_path / "train.tif")
    official = with_official(open_labels(tmp_path / "truth.tif", cube), open_labels(tmp_path / "train.tif", cube))
    np.testing.assert_array_equal(official_split(official, 99, 0).train, train)

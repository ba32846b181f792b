"""``suggest`` and ``doubt``: the same pixels as in Python, as JSON, as points in the right place, or as a table."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import geopandas
import numpy as np
import pandas
import pytest
import xarray as xr

from workbench.cli import main
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import draw, open_labels, write_labels
from workbench.probe import FEATURES, class_chances, doubtful, feature_map, suggest


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> tuple[Path, xr.DataArray, xr.DataArray]:
    """A folder with a scene and six labels a class."""
    place = tmp_path_factory.mktemp("cli")
    cube, truth = simulated_scene(40, 48, seed=5, n_bands=40)
    save_cube(cube, place / "scene.zarr")
    write_labels(draw(truth, 6, seed=0), place / "labels.gpkg")
    return place, cube, open_labels(place / "labels.gpkg", cube)


def ask(folder: Path, line: str) -> int:
    return main(shlex.split(line.format(folder)))


def test_suggest_asks_for_the_pixels_that_python_asks_for(scene, capsys):
    folder, cube, labels = scene
    assert ask(folder, "suggest {0}/scene.zarr --labels {0}/labels.gpkg --count 7 --seed 2 --json") == 0
    said = json.loads(capsys.readouterr().out)
    features = feature_map(cube, FEATURES["noise_fractions"].learn(cube))
    chances = class_chances("lda_noise_fractions", cube, labels, seed=2)
    wanted = suggest(chances, labels, 7, features=features, seed=2)
    assert [(one["row"], one["column"], one["reason"]) for one in said["suggestions"]] == [
        (one.row, one.column, one.reason) for one in wanted
    ]
    assert said["suggestions"][0]["guess"] == labels.attrs["classes"][wanted[0].guess - 1]
    assert (said["model"], said["by"]) == (["lda_noise_fractions"], "margin")


@pytest.mark.parametrize("verb", ["suggest", "doubt"])
def test_models_of_an_embedding_take_one_encoder_between_them(scene, verb, tmp_path, capsys):
    folder, _, labels = scene
    assert ask(folder, f"pretrain {{0}}/scene.zarr --steps 2 --pairs 16 --out {tmp_path}/e.safetensors") == 0
    models = "auto,barlow_twins,svm" if verb == "suggest" else "auto"
    line = f"{verb} {{0}}/scene.zarr --labels {{0}}/labels.gpkg --encoder {tmp_path}/e.safetensors --json"
    assert ask(folder, f"{line} --model {models}") == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["suggestions" if verb == "suggest" else "doubtful"]) == (10 if verb == "suggest" else 20)
    assert said.get("labels") in (None, int((labels.values > 0).sum()))


def test_points_lie_in_the_middle_of_their_pixels(scene, tmp_path):
    folder, cube, labels = scene
    assert (
        ask(folder, f"suggest {{0}}/scene.zarr --labels {{0}}/labels.gpkg --model svm,knn --out {tmp_path}/s.gpkg") == 0
    )
    points = geopandas.read_file(tmp_path / "s.gpkg")
    assert len(points) == 10
    assert points.crs == cube.rio.crs
    np.testing.assert_allclose(points.geometry.x, cube["x"].values[points["column"]])
    np.testing.assert_allclose(points.geometry.y, cube["y"].values[points["row"]])
    assert points["reason"].str.contains(" by svm").all()
    assert (labels.values[points["row"], points["column"]] == 0).all()
    run = json.loads((tmp_path / "s.run.json").read_text())
    assert (run["verb"], run["arguments"]["by"], run["arguments"]["model"]) == (
        "suggest",
        "disagreement",
        ["svm", "knn"],
    )


def test_doubt_is_pythons_table_and_the_file_has_every_label(scene, tmp_path, capsys):
    folder, cube, labels = scene
    line = f"doubt {{0}}/scene.zarr --labels {{0}}/labels.gpkg --model knn --count 4 --out {tmp_path}/d.csv --json"
    assert ask(folder, line) == 0
    said, table = json.loads(capsys.readouterr().out), pandas.read_csv(tmp_path / "d.csv")
    wanted = doubtful("knn", cube, labels)
    for column in ("row", "column", "class_name", "guess_name", "suspected", "outlier", "reason"):
        assert table[column].tolist() == wanted[column].tolist()
    np.testing.assert_allclose(table["x"], cube["x"].values[table["column"]])
    assert [one["row"] for one in said["doubtful"]] == wanted["row"][:4].tolist()
    assert (said["labels"], said["suspected"]) == (len(wanted), int(wanted["suspected"].sum()))


def test_people_are_shown_a_table(scene, capsys):
    assert ask(scene[0], "doubt {0}/scene.zarr --labels {0}/labels.gpkg --model knn --count 3") == 0
    said = capsys.readouterr()
    assert "labels, " in said.err
    assert " suspected, " in said.err
    assert len(said.out.splitlines()) == 4
    assert ask(scene[0], "suggest {0}/scene.zarr --labels {0}/labels.gpkg --model knn --by entropy --count 2") == 0
    said = capsys.readouterr()
    assert said.err.strip() == "2 pixels to label next"
    assert len(said.out.splitlines()) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("suggest {0}/scene.zarr --labels {0}/labels.gpkg --model none", "no model is named 'none'"),
        ("suggest {0}/scene.zarr --labels {0}/none.gpkg", "no file at "),
        ("suggest {0}/scene.zarr --labels {0}/labels.gpkg --by disagreement", "is of two models or more"),
        ("suggest {0}/scene.zarr --labels {0}/labels.gpkg --model svm,knn --by margin", "is of one model, got"),
        ("suggest {0}/scene.zarr --labels {0}/labels.gpkg --encoder {0}/e.safetensors", "would be ignored"),
        ("doubt {0}/scene.zarr --labels {0}/labels.gpkg --folds 1", "at least 2 folds, got 1"),
        ("doubt {0}/scene.zarr --labels {0}/labels.gpkg --out {0}/labels.gpkg", "would overwrite labels.gpkg"),
    ],
)
def test_bad_input_is_one_sentence(scene, line, message, capsys):
    assert ask(scene[0], line) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


@pytest.mark.parametrize("words", ["--count 0", "--spacing 0", "--by luck", "--out s.tif"])
def test_slips_are_found_before_anything_is_read(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["suggest", "scene.zarr", "--labels", "labels.gpkg", *words.split()])
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1

"""Two encoders through the command line: what is written, what is told on the way, and that it repeats."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pandas as pd
import pytest
import rasterio
import torch

from tests.scenes import make_cube
from workbench.cli import main
from workbench.cubes import CubeError, save_cube, simulated_scene, split_at
from workbench.labels import write_labels
from workbench.pretrain import PairRecipe, load_pair
from workbench.probe import embed, embed_pair

QUICK = ["--encoder", "pixel", "--steps", "24", "--pairs", "64", "--dim", "8", "--device", "cpu"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("pair")
    cube, truth = simulated_scene(24, 30, n_bands=40, seed=1)
    save_cube(cube, place / "scene.npz")
    save_cube(cube[:, :10, :12], place / "small.npz")
    write_labels(truth, place / "truth.tif")
    for name, part in zip(("short", "long"), split_at(cube, 1000), strict=True):
        save_cube(part, place / f"{name}.npz")
    return place


def test_a_spectrum_is_split_where_asked_and_nothing_is_lost():
    cube = make_cube(np.arange(5 * 6, dtype="float32").reshape(5, 2, 3), np.array([400.0, 900, 1000, 1100, 2200]))
    short, long = split_at(cube, 1000)
    assert short.wavelength.values.tolist() == [400, 900]
    assert long.wavelength.values.tolist() == [1000, 1100, 2200]
    np.testing.assert_array_equal(np.concatenate([short, long]), cube)
    for at, message in (
        (300, "no good band lies below 300 nm, the scene has 400 to 2200 nm"),
        (2300, "lies from 2300"),
    ):
        with pytest.raises(CubeError, match=message):
            split_at(cube, at)
    with pytest.raises(CubeError, match="has bands without one; give two scenes"):
        split_at(make_cube(cube.values[:2], np.full(2, np.nan)), 1000)


def test_two_files_and_one_that_is_split_give_the_same_pair_and_the_record_repeats_it(folder, tmp_path, capsys):
    two, split, again = (tmp_path / f"{name}.safetensors" for name in ("two", "split", "again"))
    assert main(["pair", str(folder / "short.npz"), str(folder / "long.npz"), *QUICK, "--out", str(two)]) == 0
    assert "correlation common" in capsys.readouterr().err
    words = ["pair", str(folder / "scene.npz"), "--split-at", "1000", *QUICK, "--json", "--out", str(split)]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out)
    assert two.read_bytes() == split.read_bytes()
    for written in (two, split):
        record = json.loads(written.with_suffix(".run.json").read_text(encoding="utf-8"))
        assert main(shlex.split(record["command"].replace(str(written), str(again)))[1:]) == 0
        assert again.read_bytes() == two.read_bytes()
    rows = [json.loads(line) for line in (tmp_path / "two.steps.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["step"] for row in rows] == list(range(1, 25))
    assert [row["step"] for row in rows if "common" in row] == [10, 20, 24]
    assert set(rows[0]["terms"]) == {"first", "second", "common", "unique"}
    assert {name: rows[-1][name] for name in ("common", "unique", "first_alone")} == {
        name: result[name] for name in ("common", "unique", "first_alone")
    }
    assert not list(tmp_path.glob("*.under_way"))


def test_every_choice_of_a_pair_can_be_made(folder, tmp_path):
    chosen = {"common": 0.5, "encoder": "context", "steps": 3, "pairs": 20, "learning_rate": 0.002, "reach": 1}
    chosen |= {"dim": 6, "patience": 2, "seed": 4, "precision": "bf16-mixed", "accumulate": 2}
    chosen |= {"optimizer": "sgd"}
    words = [word for name, value in chosen.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    asked = ["pair", str(folder / "scene.npz"), "--split-at", "1000", *words, "--device", "cpu"]
    assert main([*asked, "--out", str(tmp_path / "p.safetensors")]) == 0
    encoder = load_pair(tmp_path / "p.safetensors")
    assert encoder.recipe == PairRecipe(**chosen)
    assert encoder.n_common == 128


def test_embed_takes_the_half_that_the_scene_fits(folder, tmp_path, capsys):
    file = tmp_path / "p.safetensors"
    assert main(["pair", str(folder / "short.npz"), str(folder / "long.npz"), *QUICK, "--out", str(file)]) == 0
    encoder = load_pair(file)
    from workbench.cubes import open_cube

    cubes = [open_cube(folder / f"{name}.npz") for name in ("short", "long")]
    whole = embed_pair(*cubes, encoder, device="cpu").values
    asked = ["embed", "--encoder", str(file), "--device", "cpu", "--workers", "1", "--out", str(tmp_path / "e.tif")]
    for name, expected in (("short", whole[:8]), ("long", whole[8:])):
        assert main([*asked, str(folder / f"{name}.npz")]) == 0
        with rasterio.open(tmp_path / "e.tif") as made:
            np.testing.assert_allclose(made.read(), expected, atol=1e-6)
    assert main([*asked, str(folder / "scene.npz"), "--half", "second"]) == 0
    with rasterio.open(tmp_path / "e.tif") as made:
        np.testing.assert_allclose(made.read(), embed(cubes[1], encoder.second, device="cpu"), atol=1e-6)
    capsys.readouterr()
    assert main([*asked, str(folder / "scene.npz")]) == 2
    assert "fits both halves of the pair; say which, pass --half first or second" in capsys.readouterr().err
    assert main([*asked, str(folder / "long.npz"), "--half", "first"]) == 2
    assert "the encoder needs a good band at" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scene.npz"], "two scenes or one that is split, got neither; give SECOND or --split-at NM"),
        (["short.npz", "long.npz", "--split-at", "1000"], "got both; give SECOND or --split-at NM"),
        (["short.npz", "long.npz", "--format", "numpy"], "are for one scene, got them for two"),
        (["scene.npz", "--split-at", "100"], "no good band lies below 100 nm"),
        (["scene.npz", "--split-at", "1000", "--common", "2"], "common is a share of the features, 0 to 1, got 2"),
        (["scene.npz", "--split-at", "1000", "--encoder", "pixel", "--crop", "9"], "leave crop out"),
        (["scene.npz", "--split-at", "1000", "--encoder", "cnn", "--crop", "12"], "see 9 × 9 pixels, got size 12"),
        (["scene.npz", "--split-at", "1000", "--encoder", "adapter"], "takes 75 bands or more, got 1"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_leaves_nothing(folder, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(folder)
    assert main(["pair", *words, "--out", str(tmp_path / "p.safetensors")]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_residual_networks_with_deformable_attention_learn_together_and_embed(folder, tmp_path):
    """DeCUR as published, but smaller."""
    file, scene = tmp_path / "p.safetensors", folder / "small.npz"
    words = ["--encoder", "resnet18_rda", "--crop", "17", "--steps", "3", "--pairs", "16", "--reach", "1"]
    assert main(["pair", str(scene), "--split-at", "1000", *words, "--out", str(file)]) == 0
    encoder = load_pair(file)
    assert (encoder.recipe.crop, encoder.footprint, encoder.dim) == (17, 17, 1024)
    attends = [half.backbone.da1_l3.proj_v.weight for half in (encoder.first, encoder.second)]
    assert not torch.equal(*attends)
    made = ["embed", str(scene), "--half", "second", "--encoder", str(file), "--device", "cpu", "--workers", "1"]
    assert main([*made, "--out", str(tmp_path / "e.tif")]) == 0
    with rasterio.open(tmp_path / "e.tif") as features:
        assert features.count == 512
        assert np.isfinite(features.read()).all()


def test_encoders_of_patches_are_explained_and_probed(folder, tmp_path):
    file, out, scene = tmp_path / "p.safetensors", tmp_path / "told", folder / "scene.npz"
    words = ["--encoder", "cnn", "--steps", "20", "--pairs", "32", "--reach", "1"]
    assert main(["pair", str(scene), "--split-at", "1000", *words, "--out", str(file)]) == 0
    asked = ["explain", str(file), str(scene), "--split-at", "1000", "--pixels", "64", "--draws", "2"]
    asked += ["--labels", str(folder / "truth.tif"), "--budget", "3", "--split", "random", "--device", "cpu"]
    assert main([*asked, "--out", str(out)]) == 0
    bands = pd.read_csv(out / "bands.csv")
    np.testing.assert_allclose(bands.groupby(["side", "group"])["contribution"].sum(), 1, atol=0.05)
    probes = pd.read_csv(out / "probes.csv")
    assert set(probes["features"]) == {"first", "second", "both", "common", "unique"}
    assert probes["oa"].between(0.3, 1).all()


@pytest.mark.realdata
def test_a_real_enmap_tile_is_split_by_detector(real_data, tmp_path, capsys):
    tile = real_data / "enmap_potsdam/images/enmap_potsdam_tile_160_96.tif"
    words = ["pair", str(tile), "--split-at", "1000", "--encoder", "pixel", "--steps", "60", "--pairs", "256"]
    assert main([*words, "--device", "cpu", "--json", "--out", str(tmp_path / "p.safetensors")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["common"] > 0.3 > result["unique"]
    encoder = load_pair(tmp_path / "p.safetensors")
    assert encoder.first.wavelength.max() < 1000 <= encoder.second.wavelength.min()
    assert min(encoder.first.n_bands, encoder.second.n_bands) > 50

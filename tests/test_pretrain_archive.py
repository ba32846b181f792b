"""Pretraining on an archive: from the command line and in Python, with encoders that then serve for scenes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests import archives
from tests.long import LONG
from workbench.cli import main
from workbench.cubes import open_cube
from workbench.pretrain import (
    ARCHIVES,
    Recipe,
    Streaming,
    begin_archive,
    begin_archive_run,
    load_encoder,
    matching_bands,
    pretrain_archive,
    save_encoder,
)
from workbench.probe import embed

pytestmark = pytest.mark.realdata


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


def pretrain(archive: Path, out: Path, *words: str) -> dict:
    """Run the verb; its result."""
    assert main(["pretrain", str(archive), "--out", str(out), "--device", "cpu", *words]) == 0
    return json.loads(out.with_suffix(".run.json").read_text())


def test_the_command_line_learns_from_spectralearths_layout_and_the_encoder_serves_for_a_scene(tmp_path, real_data):
    archive, out = archives.spectral_earth(tmp_path / "a", real_data), tmp_path / "e.safetensors"
    run = pretrain(archive, out, "--encoder", "cnn", "--steps", "12", "--pairs", "16", "--crops", "4")
    losses = [sum(value for name, value in row.items() if name != "step") for row in run["loss"]]
    assert losses[-1] < losses[0]
    assert (run["scene"]["patches"], run["scene"]["locations"], run["result"]["skipped"]) == (6, 4, 0)
    assert (run["scene"]["archive"], run["scene"]["source"]) == ("spectral_earth", "a")
    encoder = load_encoder(out)
    assert (encoder.n_bands, encoder.quantity, encoder.recipe.encoder) == (202, "reflectance", "cnn")
    np.testing.assert_array_equal(encoder.wavelength, ARCHIVES["spectral_earth"].wavelength)
    scene = open_cube(archive / "enmap" / "0000824" / "04139.tif")
    assert matching_bands(encoder, scene).tolist() == list(range(202))
    made = embed(scene[:, :12, :10], encoder, device="cpu")
    assert made.shape == (64, 12, 10)
    assert np.isfinite(made.values).all()
    # The scaler is that of the pixels in the files.
    pixels = np.concatenate([open_cube(path).values.reshape(202, -1) for path in archive.rglob("*.tif")], axis=1)
    np.testing.assert_allclose(encoder.scaler.mean, np.nanmean(pixels, axis=1), rtol=0.02)


def test_the_run_json_repeats_the_run_with_any_number_of_workers(tmp_path, real_data):
    archive, out = archives.ssl4eo_l(tmp_path / "a", real_data), tmp_path / "e.safetensors"
    run = pretrain(archive, out, "--encoder", "cnn", "--epochs", "4", "--pairs", "4", "--workers", "3")
    assert run["arguments"]["steps"] == 3
    weights = load_file(out)
    assert main([*shlex.split(run["command"])[1:], "--workers", "1"]) == 0
    again = load_file(out)
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    # Scaled as published: bytes of 0 to 0.3 reflectance become 0 to 1.
    assert torch.equal(weights["scaler.scale"], torch.full((6,), 0.3))


@pytest.mark.parametrize("encoder", ["pixel", "context", "transformer"])
def test_encoders_of_pixels_learn_from_archives_too(tmp_path, real_data, encoder):
    archive = archives.ssl4eo_s12_zarr(tmp_path / "a", real_data, "S2L2A", stores=1)
    recipe = Recipe(encoder=encoder, steps=3, pairs=32)
    made, steps, _ = begin_archive(archive, recipe, Streaming(crops=16), device="cpu", every=1)
    assert all(np.isfinite(report.loss) for report in steps)
    save_encoder(made, tmp_path / "e.safetensors")
    scene = open_cube(sorted((real_data / "terramind" / "S2L2A").glob("*.tif"))[0])[:, :20, :20]
    wide = load_encoder(tmp_path / "e.safetensors")
    assert embed(scene, wide, device="cpu").shape == (64, 20, 20)


def test_an_archives_views_do_without_what_the_recipe_leaves_out(tmp_path, real_data):
    archive = archives.ssl4eo_l(tmp_path / "a", real_data)
    recipe = Recipe(encoder="pixel", steps=2, pairs=4, without=("neighbour", "brightness", "bands"))
    run = begin_archive_run(archive, recipe, device="cpu")
    views = run.objective.views
    assert (views.brightness, views.lost_bands, run.encoder.recipe.reach) == (0.0, 0.0, 0)
    assert views.noise > 0


@pytest.mark.parametrize("objective", ["simclr", "moco_v2", "moco_v3", "simsiam", "swav", "dino", "mae", "data2vec"])
def test_every_objective_takes_an_archives_patches(tmp_path, real_data, objective):
    archive = archives.spectral_earth(tmp_path / "a", real_data, 3)
    name = "transformer" if objective == "data2vec" else "cnn"  # whose blocks it averages
    encoder = pretrain_archive(
        archive, objective, encoder=name, steps=2, pairs=8, device="cpu", streaming=Streaming(crops=4)
    )
    assert all(weights.isfinite().all() for weights in encoder.state_dict().values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "encoder", "crop", "dim"),
    [
        pytest.param(archives.spectral_earth, "spec_resnet50", 16, 2048, marks=LONG),
        pytest.param(archives.spectral_earth, "spec_vit_small", 16, 384, marks=LONG),
        pytest.param(archives.ssl4eo_s12, "resnet18", 64, 512, marks=LONG),
        pytest.param(archives.ssl4eo_s12, "resnet50", 64, 2048, marks=LONG),
        (archives.ssl4eo_l, "vit_small", 32, 384),
        (archives.ssl4eo_s12, "vit_tiny", 32, 192),
        (lambda root, data: archives.ssl4eo_s12(root, data, "s1"), "auto", 32, 512),
    ],
)
def test_published_backbones_learn_from_published_archives_with_a_crop_of_ones_own(
    tmp_path, real_data, make, encoder, crop, dim
):
    archive, out = make(tmp_path / "a", real_data), tmp_path / "e.safetensors"
    pretrain(archive, out, "--encoder", encoder, "--steps", "2", "--pairs", "4", "--crop", str(crop))
    made = load_encoder(out)
    assert (made.dim, made.size) == (dim, crop)
    batch = torch.zeros(2, made.n_bands, crop, crop)
    with torch.inference_mode():
        assert made(batch).shape == (2, dim)


def test_an_encoder_of_radar_in_decibels_refuses_what_is_not(tmp_path, real_data):
    archive = archives.ssl4eo_s12(tmp_path / "a", real_data, "s1")
    encoder = pretrain_archive(archive, encoder="pixel", steps=2, pairs=8, device="cpu", streaming=Streaming(crops=8))
    save_encoder(encoder, tmp_path / "e.safetensors")
    again = load_encoder(tmp_path / "e.safetensors")
    radar = open_cube(sorted((real_data / "terramind" / "S1RTC").glob("*.tif"))[0])
    assert matching_bands(again, radar).tolist() == [0, 1]
    with pytest.raises(ValueError, match="learnt from values in dB"):
        matching_bands(again, radar.assign_attrs(units="1"))


def test_tiles_that_could_be_a_mosaic_are_an_archive_only_when_they_are_called_one(tmp_path, real_data, capsys):
    tiles, how = real_data / "enmap_potsdam" / "images", ["--steps", "2", "--pairs", "8", "--encoder", "pixel"]
    run = pretrain(tiles, tmp_path / "m.safetensors", *how)
    assert "archive" not in run["scene"]
    run = pretrain(tiles, tmp_path / "p.safetensors", *how, "--archive")
    assert (run["scene"]["archive"], run["scene"]["patches"]) == ("folder", 18)
    assert load_encoder(tmp_path / "p.safetensors").n_bands == 218


def test_a_folder_of_folders_of_geotiffs_is_an_archive_unasked(tmp_path, real_data):
    run = pretrain(archives.folder(tmp_path / "a"), tmp_path / "e.safetensors", "--encoder", "pixel", "--steps", "2")
    assert run["scene"]["patches"] == 5
    assert run["arguments"]["pairs"] == 64


def spoilt(root: Path, data: Path) -> Path:
    archives.spectral_earth(root, data)
    (root / "enmap" / "0000824" / "04139.tif").write_bytes(b"")
    return root


REFUSED = [
    (spoilt, (), r"enmap/0000824/04139.tif is no GeoTIFF or is damaged; copy it again, or leave bad patches out"),
    (archives.spectral_earth, ("--crop", "64"), r"04138.tif has 32 × 32; use a crop of 32"),
    (archives.spectral_earth, ("--encoder", "pixel", "--crop", "5"), r"pixel sees 1 pixels across, got a crop of 5"),
    (archives.spectral_earth, ("--pairs", "9", "--crops", "2"), r"9 pairs are no multiple of 2 crops"),
    (archives.ssl4eo_l, ("--statistics", "."), r"ssl4eo_l_etm_sr comes with its own scaling; leave statistics out"),
    (archives.ssl4eo_l, ("--encoder", "spec_resnet50"), r"75"),
    (lambda root, _: root.mkdir() or root, ("--archive",), r"holds GeoTIFF patches or Zarr stores, but .* has none"),
]


@pytest.mark.parametrize(("make", "words", "message"), REFUSED)
def test_the_command_line_refuses_in_one_line_and_leaves_what_was_there(
    tmp_path, real_data, capsys, make, words, message
):
    root, out = make(tmp_path / "a", real_data), tmp_path / "e.safetensors"
    out.write_bytes(b"an older encoder")
    how = ["--steps", "2", "--pairs", "4", "--encoder", "cnn", "--device", "cpu", "--out", str(out)]
    assert main(["pretrain", str(root), *how, *words]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith("workbench pretrain: ")
    assert re.search(message, said[0]), said[0]
    assert out.read_bytes() == b"an older encoder"


def test_bad_patches_are_left_out_and_counted_when_asked(tmp_path, real_data, capsys):
    root = spoilt(tmp_path / "a", real_data)
    how = ("--encoder", "pixel", "--steps", "4", "--pairs", "4", "--skip-bad")
    run = pretrain(root, tmp_path / "e.safetensors", *how)
    assert run["scene"]["patches"] == 5
    # Damaged where no header tells, it is met while it is read.
    path = root / "enmap" / "0000823" / "04138.tif"
    content = bytearray(path.read_bytes())
    content[200_000:200_400] = b"\xff" * 400
    path.write_bytes(content)
    run = pretrain(root, tmp_path / "e.safetensors", *how)
    assert run["scene"]["patches"] == 5
    assert run["result"]["skipped"] > 0
    assert "bad patches left out" in capsys.readouterr().err


def test_nothing_is_written_into_the_archive(tmp_path, real_data, capsys):
    root = archives.spectral_earth(tmp_path / "a", real_data, 3)
    assert main(["pretrain", str(root), "--steps", "2", "--out", str(root / "e.safetensors")]) == 2
    assert "would overwrite" in capsys.readouterr().err
    assert not (root / "e.safetensors").exists()

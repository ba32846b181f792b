"""Two encoders learn together from two products of an archive, by the command line: stopped, spoilt, shared, used."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from safetensors.torch import load_file

from tests import archives
from workbench.cli import main
from workbench.cubes import open_cube, save_cube
from workbench.labels import open_labels, write_labels
from workbench.pretrain import PairRecipe, Streaming, load_pair, loop, pretrain_pair_archive
from workbench.probe import embed

pytestmark = pytest.mark.realdata

STEPS = 6
HOW = f"--encoder context --steps {STEPS} --pairs 4 --crops 2 --checkpoint-every 2 --device cpu --seed 3"
PUBLISHED = ["--encoder", "resnet18_rda", "--crop", "32", "--steps", "2"]
"""What costs seconds a step is done once."""

SCENE = "433D_629L_3_1.tif"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    """Four places of both, and one more of s1."""
    root = tmp_path_factory.mktemp("archive") / "ssl4eo"
    archives.ssl4eo_s12(root, real_data, "s1", 5)
    return archives.ssl4eo_s12(root, real_data, "s2c", 4)


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


def words(archive: Path, out: Path, *more: str) -> list[str]:
    return ["pair", str(archive), "--archive", "--products", "s1,s2c", *HOW.split(), "--out", str(out), *more]


@pytest.fixture(scope="module")
def published(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(archive, tmp_path_factory.mktemp("published") / "pair.safetensors", *PUBLISHED)


@pytest.fixture(scope="module")
def learnt(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(archive, tmp_path_factory.mktemp("learnt") / "pair.safetensors")


def made(archive: Path, out: Path, *more: str) -> Path:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("WORKBENCH_CACHE", str(out.parent / "cache"))
        assert main(words(archive, out, *more)) == 0
    return out


def same_weights(one: Path, other: Path) -> bool:
    first, second = (load_file(file) for file in (one, other))
    return first.keys() == second.keys() and all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def rows(out: Path) -> list[dict]:
    return [json.loads(line) for line in out.with_suffix(".steps.jsonl").read_text(encoding="utf-8").splitlines()]


def test_what_is_written_says_what_it_learnt_from(published):
    card = json.loads(published.with_suffix(".json").read_text(encoding="utf-8"))
    assert [one["archive"] for one in card["scenes"]] == ["ssl4eo_s12_s1", "ssl4eo_s12_l1c"]
    assert [(one["locations"], one["patches"]) for one in card["scenes"]] == [(4, 16)] * 2
    assert (card["quantity"], card["units"]) == (["dn", "reflectance"], ["dB", "1"])
    pair = load_pair(published)
    assert pair.recipe == PairRecipe(encoder="resnet18_rda", crop=32, steps=2, pairs=4, dim=512, seed=3, reach=0)
    assert (pair.first.units, pair.second.units) == ("dB", "1")
    assert pair.first.scaler.mean.tolist() == pytest.approx([-12.59, -20.26])
    assert pair.second.scaler.scale.tolist() == [1] * 13
    assert [row["step"] for row in rows(published)] == list((1, 2))
    assert set(rows(published)[0]["terms"]) == {"first", "second", "common", "unique"}
    record = json.loads(published.with_suffix(".run.json").read_text(encoding="utf-8"))
    assert (record["result"]["left_out"], record["result"]["skipped"]) == (1, 0)


def test_what_is_left_out_is_told_and_the_record_repeats_it_as_python_does(archive, learnt, tmp_path, capsys):
    record = json.loads(learnt.with_suffix(".run.json").read_text(encoding="utf-8"))
    again = tmp_path / "again.safetensors"
    assert main(shlex.split(record["command"].replace(str(learnt), str(again)))[1:]) == 0
    assert "1 of 5 places have no s2c, left out: 0000016" in capsys.readouterr().err
    assert same_weights(learnt, again)
    how = {"encoder": "context", "steps": STEPS, "pairs": 4, "seed": 3}
    pair = pretrain_pair_archive(archive, ("s1", "s2c"), streaming=Streaming(crops=2), device="cpu", **how)
    back = load_pair(learnt)
    assert all(torch.equal(tensor, back.state_dict()[name]) for name, tensor in pair.state_dict().items())


def stop_at(patched: pytest.MonkeyPatch, step: int, what: object) -> None:
    """Something happens after so many steps."""
    real = loop.Run._one_step

    def one_step(run: loop.Run, batch: object) -> object:
        if run.done == step:
            what()
        return real(run, batch)

    patched.setattr(loop.Run, "_one_step", one_step)


def interrupt() -> None:
    raise KeyboardInterrupt


def test_stopped_and_gone_on_with_other_workers_the_weights_are_the_same(
    archive, learnt, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "p.safetensors"
    with monkeypatch.context() as patched:
        stop_at(patched, 5, interrupt)
        assert main(words(archive, out)) == 130
    going_on = ["pair", str(archive), "--resume", str(out), "--device", "cpu"]
    assert main([*going_on, "--products", "s1,s2a"]) == 2
    assert "a run goes on with --products ['s1', 's2c'], got ['s1', 's2a']" in capsys.readouterr().err
    assert main([*going_on, "--workers", "3"]) == 0
    assert same_weights(learnt, out)
    assert [row["loss"] for row in rows(out)] == [row["loss"] for row in rows(learnt)]


def test_a_patch_that_goes_bad_ends_the_run_in_one_line(archive, tmp_path, monkeypatch, capsys):
    out, band = tmp_path / "p.safetensors", sorted((archive / "s2c" / "0000013").iterdir())[0] / "B4.tif"
    content, seasons = band.read_bytes(), sorted((archive / "s2c" / "0000013").iterdir())
    files = {season / "B4.tif": (season / "B4.tif").read_bytes() for season in seasons}
    with monkeypatch.context() as patched:
        stop_at(patched, 3, lambda: [file.write_bytes(content[:300]) for file in files])
        try:
            assert main(words(archive, out, "--log", f"tensorboard:{tmp_path / 'board'}")) == 2
        finally:
            for file, was in files.items():
                file.write_bytes(was)
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("workbench pair: s2c/0000013/")
    assert "could not be read and may be damaged; copy it again, or leave bad patches out (--skip-bad)" in said
    assert not out.exists()


def test_either_half_embeds_scenes_in_the_archives_units(published, real_data, tmp_path, capsys):
    pair, out, small = load_pair(published), tmp_path / "e.tif", tmp_path / "small.tif"
    asked = ["--encoder", str(published), "--device", "cpu", "--workers", "1", "--out", str(out)]
    for kind, half in (("S1RTC", pair.first), ("S2L1C", pair.second)):
        cube = open_cube(real_data / "terramind" / kind / SCENE)[:, 40:43, 50:54]
        save_cube(cube, small, overwrite=True)
        assert main(["embed", str(small), *asked]) == 0
        with rasterio.open(out) as file:
            np.testing.assert_allclose(file.read(), embed(cube, half, device="cpu"), atol=1e-4)
            assert file.count == 512
    capsys.readouterr()
    assert main(["embed", str(real_data / "terramind" / "S2L2A" / SCENE), *asked]) == 2
    assert "the scene fits neither half of the pair" in capsys.readouterr().err


def test_what_it_learnt_is_explained_and_probed_on_scenes_in_the_archives_units(learnt, real_data, tmp_path):
    places = [tmp_path / f"{kind}.tif" for kind in ("S1RTC", "S2L1C")]
    for place in places:
        save_cube(open_cube(real_data / "terramind" / place.stem / SCENE)[:, :64, :64], place)
    truth = real_data / "terramind" / "LULC" / SCENE
    labels = open_labels(truth, open_cube(real_data / "terramind" / "S1RTC" / SCENE))[:64, :64]
    write_labels(labels, tmp_path / "truth.tif")
    asked = ["explain", str(learnt), *map(str, places), "--labels", str(tmp_path / "truth.tif"), "--budget", "5"]
    asked += ["--split", "random", "--draws", "2", "--pixels", "64", "--device", "cpu"]
    assert main([*asked, "--out", str(tmp_path / "told")]) == 0
    page = (tmp_path / "told" / "pair.html").read_text(encoding="utf-8")
    assert "ssl4eo" in page
    assert (tmp_path / "told" / "probes.csv").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--products", "s1,S1"], "two products of an archive learn together, got s1; give --products A,B"),
        (["--products", "s1,s2c,s2a"], "got s1, s2c, s2a; give --products A,B"),
        (["--products", "s1,s2a"], "has no patch of s2a; name the folder of both"),
        (["--products", "s1,s9"], "no archive has a product 's9'; choose from"),
        (["--split-at", "1000"], "got a second scene or --split-at; leave it away"),
        ([*PUBLISHED, "--crop", "80"], "squares of 80 pixels are cut out, but s1/0000012/"),
        (["--crops", "3"], "4 pairs are no multiple of 3 crops"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(archive, tmp_path, capsys, more, message):
    (tmp_path / "out").mkdir()
    assert main(words(archive, tmp_path / "out" / "p.safetensors", *more)) == 2
    said = capsys.readouterr().err.splitlines()
    assert message in said[-1]
    assert all("left out" in line for line in said[:-1])
    assert not list((tmp_path / "out").iterdir())


def test_an_archive_without_products_is_refused(archive, tmp_path, capsys):
    assert main(["pair", str(archive), "--archive", "--out", str(tmp_path / "p.safetensors")]) == 2
    assert "got none; give --products A,B, as s1,s2c" in capsys.readouterr().err

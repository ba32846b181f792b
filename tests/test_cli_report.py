"""``workbench report`` writes its page from a folder, and refuses in one sentence what is none."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.reports import Page, compared
from workbench.cli import main
from workbench.cubes import open_cube, save_cube


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    return compared(tmp_path_factory.mktemp("kept"), "knn,spectral_angle", "--budgets 3 --split blocks")


@pytest.fixture
def folder(kept, tmp_path) -> Path:
    """A comparison of its own, with scene and truth where the record says."""
    return Path(shutil.copytree(kept, tmp_path / "scores"))


@pytest.fixture
def moved(folder, kept) -> Path:
    """One whose record names a place that is gone; scene and truth lie beside it."""
    for name in ("scene.zarr", "truth.tif", "truth.tif.aux.xml"):
        source = kept.parent / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, folder.parent / name)
    text = (folder / "run.json").read_text().replace(str(kept.parent), "/nowhere/at/all")
    (folder / "run.json").write_text(text)
    return folder


def test_the_page_and_the_item_are_written_and_their_record_repeats_them(folder, capsys):
    item = folder.parent / "item.json"
    assert main(["report", str(folder), "--stac", str(item), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["maps"] == ["knn", "spectral_angle"]
    assert Path(said["report"]) == folder / "report.html"
    assert said["answer"] in Page((folder / "report.html").read_text()).section("Question and answer").text
    assert json.loads(item.read_text())["properties"]["mlm:name"] == said["model"]
    first = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    program, *again = shlex.split(json.loads((folder / "report.run.json").read_text())["command"])
    assert program == "workbench"
    assert main(again) == 0
    assert (folder / "report.html").read_bytes() == first


def test_a_scene_that_moved_is_named_or_done_without(moved, tmp_path, capsys):
    assert main(["report", str(moved)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "the scene at /nowhere/at/all/scene.zarr is no longer there; give it where it lies now with --scene" in said
    assert "--no-maps" in said
    assert not (moved / "report.html").exists()

    assert main(["report", str(moved), "--no-maps"]) == 0
    assert "has no picture" in capsys.readouterr().err
    assert not Page((moved / "report.html").read_text()).root.all("img")

    there = ["--scene", str(moved.parent / "scene.zarr"), "--truth", str(moved.parent / "truth.tif")]
    assert main(["report", str(moved), *there, "--out", str(tmp_path / "r.html")]) == 0
    assert len(Page((tmp_path / "r.html").read_text()).section("Maps").all("img")) == 1 + 2 + 1


def test_a_converted_scene_is_the_same_and_another_is_refused(moved, tmp_path, capsys):
    cube = open_cube(moved.parent / "scene.zarr")
    save_cube(cube, tmp_path / "same.npz")
    truth = ["--truth", str(moved.parent / "truth.tif")]
    assert main(["report", str(moved), "--scene", str(tmp_path / "same.npz"), *truth, "--no-maps"]) == 0
    save_cube(cube.copy(data=np.asarray(cube) + np.float32(0.01)), tmp_path / "other.zarr")
    capsys.readouterr()
    assert main(["report", str(moved), "--scene", str(tmp_path / "other.zarr"), *truth]) == 2
    assert "has changed since it was compared" in capsys.readouterr().err


def test_a_truth_that_lost_the_names_of_its_classes_is_refused(moved, capsys):
    (moved.parent / "truth.tif.aux.xml").unlink()
    there = ["--scene", str(moved.parent / "scene.zarr"), "--truth", str(moved.parent / "truth.tif")]
    assert main(["report", str(moved), *there]) == 2
    assert "give the same file, with the one that names its classes" in capsys.readouterr().err


def spoilt(folder: Path, how: str) -> Path:
    if how == "nowhere":
        return folder / "none"
    if how == "a file":
        return folder / "run.json"
    if how == "empty":
        (folder.parent / "empty").mkdir()
        return folder.parent / "empty"
    if how == "unfinished":
        (folder / "progress.jsonl").write_text('{"asked": {}}\n')
    elif how == "no scores":
        (folder / "scores.parquet").unlink()
    elif how == "another verb":
        (folder / "run.json").write_text('{"verb": "classify", "arguments": {}}')
    elif how == "no json":
        (folder / "run.json").write_text("{")
    elif how == "a list":
        (folder / "run.json").write_text("[]")
    elif how == "damaged":
        (folder / "scores.parquet").write_bytes(b"PAR1 no more PAR1")
    elif how == "old":
        table = pd.read_parquet(folder / "scores.parquet")
        table.drop(columns="reliability").to_parquet(folder / "scores.parquet")
    elif how == "no rows":
        table = pd.read_parquet(folder / "scores.parquet")
        table.iloc[:0].to_parquet(folder / "scores.parquet")
    return folder


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("nowhere", "no folder at"),
        ("a file", "a report is made of a folder, got the file"),
        ("empty", "no comparison is in"),
        ("unfinished", "is not finished, its rows so far are in progress.jsonl; give its command again"),
        ("no scores", "has no scores.parquet; name a folder that `workbench compare … --out` wrote"),
        ("another verb", "run.json in .* is not that of a comparison"),
        ("no json", "run.json in .* is not that of a comparison"),
        ("a list", "run.json in .* is not that of a comparison"),
        ("damaged", "scores.parquet in .* is damaged"),
        ("old", "scores.parquet in .* has no column 'reliability'"),
        ("no rows", "scores.parquet in .* has no row"),
    ],
)
def test_what_is_no_comparison_is_refused_in_one_sentence(folder, how, message, capsys):
    assert main(["report", str(spoilt(folder, how)), "--out", str(folder.parent / "r.html")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert re.search(message, said)
    assert not (folder.parent / "r.html").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--model knn", "without --stac ITEM.json"),
        (
            "--stac {0}/i.json --model svm",
            "--model is one of those compared, got 'svm'; choose from knn, ",
        ),
        ("--stac {0}/scores/run.json", "would overwrite run.json, which is read"),
    ],
)
def test_slips_of_the_pen_are_refused_before_any_work(folder, words, message, capsys):
    assert main(["report", str(folder), *words.format(folder.parent).split()]) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "report.html").exists()


def test_every_file_that_is_written_was_held_against_what_is_read(folder, tmp_path, monkeypatch):
    held = []
    monkeypatch.setattr("workbench.cli.reporting.refuse_inputs", lambda outputs, inputs: held.extend(outputs))
    (tmp_path / "out").mkdir()
    line = ["--out", str(tmp_path / "out" / "r.html"), "--stac", str(tmp_path / "out" / "i.json"), "--no-maps"]
    assert main(["report", str(folder), *line]) == 0
    assert set((tmp_path / "out").iterdir()) == set(held)


@pytest.mark.realdata
def test_a_real_scene_has_its_published_labels_on_the_page(real_data, tmp_path):
    scene, truth = (real_data / "salinas_a" / name for name in ("SalinasA_corrected.mat", "SalinasA_gt.mat"))
    line = f"compare {scene} --truth {truth} --models spectral_angle --budgets 5 --draws 1 --only-split"
    assert main([*line.split(), "--out", str(tmp_path / "scores")]) == 0
    assert main(["report", str(tmp_path / "scores")]) == 0
    page = Page((tmp_path / "scores" / "report.html").read_text())
    counts = [int(row[1].replace(",", "")) for row in page.table("Labels")[1:]]
    assert counts == [391, 1343, 616, 1525, 674, 799]  # https://www.ehu.eus/ccwintco, Salinas-A: 5,348 in all
    assert sum(counts) == 5348
    assert "83 × 86 pixels" in page.section("Scene").text
    assert "cannot be held against that order" in page.section("Order of families").text
    assert "no other model was compared" in page.section("Question and answer").text

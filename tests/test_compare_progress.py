"""A comparison that was stopped goes on to the same bytes; one of another question is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.cli import main
from workbench.compare import compare_rows, read_scores, replay, write_scores
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import write_labels


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("scene")
    cube, truth = simulated_scene(30, 36, seed=5, n_bands=20)
    save_cube(cube, place / "scene.zarr")
    write_labels(truth, place / "truth.tif")
    return place


def words(scene: Path, out: Path, more: str = "") -> list[str]:
    line = f"compare {scene}/scene.zarr --truth {scene}/truth.tif --models knn,spectral_angle --budgets 2,3 --draws 3"
    return [*line.split(), "--out", str(out), *more.split()]


@pytest.fixture
def stopped(scene, tmp_path, monkeypatch) -> Path:
    """A folder in which a comparison was stopped after five of 24 rows, in the middle of writing the sixth."""

    def interrupted(*args, **options):
        rows = compare_rows(*args, **options)
        yield from (next(rows) for _ in range(5))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("workbench.compare.compare_rows", interrupted)
        assert main(words(scene, tmp_path / "c")) == 130
    file = tmp_path / "c" / "progress.jsonl"
    assert len(file.read_text().splitlines()) == 1 + 5
    file.write_text(file.read_text() + '{"model": "knn", "fam')
    return tmp_path / "c"


def test_a_stopped_comparison_goes_on_to_the_same_bytes(scene, stopped, tmp_path, monkeypatch, capsys):
    made = []
    whole = compare_rows

    def counted(*args, **options):
        made.append(24 - len(options["known"]))
        return whole(*args, **options)

    monkeypatch.setattr("workbench.compare.compare_rows", counted)
    assert main(words(scene, tmp_path / "whole")) == 0
    assert main(words(scene, stopped)) == 0
    assert made == [24, 19]
    assert "going on from the 5 rows in" in capsys.readouterr().err
    assert (stopped / "scores.csv").read_bytes() == (tmp_path / "whole" / "scores.csv").read_bytes()
    assert not (stopped / "progress.jsonl").exists()
    assert len(pd.read_csv(stopped / "timings.csv")) == 24


def test_stopped_again_while_it_goes_on_nothing_is_lost(scene, stopped, monkeypatch):
    def at_once(*args, known, **options):
        yield from known
        raise KeyboardInterrupt

    before = (stopped / "progress.jsonl").read_text().splitlines()[:6]
    monkeypatch.setattr("workbench.compare.compare_rows", at_once)
    assert main(words(scene, stopped)) == 130
    assert (stopped / "progress.jsonl").read_text().splitlines() == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "--budgets 2,4",
            "which differs in budgets ([2, 3] there, [2, 4] here); name another folder or remove it",
        ),
        ("--seed 7", "which differs in seed (0 there, 7 here); name another folder or remove it"),
        ("--models knn", 'which differs in models (["knn", "spectral_angle"] there, ["knn"] here); name another'),
    ],
)
def test_another_question_is_refused_and_leaves_the_rows(scene, stopped, more, message, capsys):
    before = (stopped / "progress.jsonl").read_bytes()
    assert main(words(scene, stopped, more)) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert (stopped / "progress.jsonl").read_bytes() == before


def test_another_truth_scene_or_version_is_another_question(scene, stopped, tmp_path, capsys, monkeypatch):
    cube, truth = simulated_scene(30, 36, seed=6, n_bands=20)
    for name in ("scene", "truth"):
        other = tmp_path / name
        other.mkdir()
        write_labels(truth, other / "truth.tif")
        save_cube(cube, other / "scene.zarr")
        line = words(scene, stopped)
        line[1 if name == "scene" else 3] = str(other / ("scene.zarr" if name == "scene" else "truth.tif"))
        assert main(line) == 2
        assert "differs in " + {"scene": "fingerprint", "truth": "files"}[name] in capsys.readouterr().err
    monkeypatch.setattr("workbench.compare.progress.versions", lambda: {"numpy": "0.1"})
    assert main(words(scene, stopped)) == 2
    assert "differs in versions" in capsys.readouterr().err


def test_rows_without_a_question_are_another_one(scene, tmp_path, capsys):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "progress.jsonl").write_text('{"model": "knn"}\n')
    assert main(words(scene, tmp_path / "c")) == 2
    assert "is of another comparison" in capsys.readouterr().err


def test_a_replay_gives_the_scores_again_byte_for_byte(scene, tmp_path):
    more = "--models svm,random_forest,lda_noise_fractions,superpixel_svm,self_training --draws 1 --budgets 3"
    assert main(words(scene, tmp_path / "c", more)) == 0
    again = replay(tmp_path / "c")
    write_scores(again, tmp_path / "again")
    assert (tmp_path / "again" / "scores.csv").read_bytes() == (tmp_path / "c" / "scores.csv").read_bytes()
    times = pd.read_csv(tmp_path / "c" / "timings.csv")
    table = read_scores(tmp_path / "c")
    assert times.columns.tolist() == ["model", "budget", "draw", "split", "seconds", "pretrain_seconds"]
    np.testing.assert_allclose(times["seconds"], table["seconds"])
    assert not {"seconds", "pretrain_seconds"} & set(pd.read_csv(tmp_path / "c" / "scores.csv").columns)


def test_the_recorded_command_gives_the_scores_again_byte_for_byte(scene, tmp_path):
    assert main(words(scene, tmp_path / "c")) == 0
    first = (tmp_path / "c" / "scores.csv").read_bytes()
    again = json.loads((tmp_path / "c" / "run.json").read_text())["command"].split()[1:]
    assert main(again) == 0
    assert (tmp_path / "c" / "scores.csv").read_bytes() == first

"""Each step of a pretraining is written down: what its loss was made of, how fast it went, what memory it took."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from workbench.cli import main
from workbench.cli.outputs import Meter
from workbench.cubes import save_cube, simulated_scene
from workbench.pretrain import Recipe, begin, memory


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("steps")
    save_cube(simulated_scene(24, 30, seed=5, n_bands=40)[0], place / "scene.zarr")
    choices = "--encoder context --steps 23 --pairs 48 --device cpu --out"
    assert main([*f"pretrain {place}/scene.zarr {choices} {place}/e.safetensors".split()]) == 0
    return place


def rows_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "e.steps.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_step_has_the_terms_that_the_loop_reports_of_it(run):
    cube = simulated_scene(24, 30, seed=5, n_bands=40)[0]
    recipe = Recipe(encoder="context", steps=23, pairs=48)
    told = [report.terms for report in begin(cube, recipe, device="cpu", every=1)[1]]
    assert [row["step"] for row in rows_of(run)] == list(range(1, 24))
    for row, terms in zip(rows_of(run), told, strict=True):
        assert row["terms"] == pytest.approx(terms, rel=1e-5)
        assert row["loss"] == pytest.approx(sum(terms.values()), rel=1e-5)


def test_a_report_is_the_mean_of_its_steps(run):
    reports = json.loads((run / "e.run.json").read_text(encoding="utf-8"))["loss"]
    assert [report["step"] for report in reports] == [10, 20, 23]
    rows = rows_of(run)
    for start, report in zip((0, 10, 20), reports, strict=True):
        few = [row["terms"]["invariance"] for row in rows[start : report["step"]]]
        assert report["invariance"] == pytest.approx(sum(few) / len(few))


def test_speed_and_memory_are_those_of_the_process(run):
    *_, last = rows_of(run)
    assert last["pixels_per_second"] == pytest.approx(23 * 48 / last["seconds"], rel=0.01)
    assert 0.3 < last["memory_bytes"] / psutil.Process().memory_info().rss < 3
    before = memory()["memory_bytes"]
    filled = bytearray(b"1") * 200_000_000
    assert memory()["memory_bytes"] - before > 150_000_000
    del filled


def test_nothing_of_the_run_under_way_is_left(run):
    assert sorted(path.name for path in run.iterdir()) == [
        "e.json",
        "e.run.json",
        "e.safetensors",
        "e.steps.jsonl",
        "scene.zarr",
    ]


def test_the_terminal_is_told_loss_speed_and_memory(run, monkeypatch, capsys):
    monkeypatch.setattr(Meter, "__init__", lambda self, what: vars(self).update(ready(what)))

    def ready(what: str) -> dict[str, object]:
        return {"what": what, "terminal": False, "every": 0.0, "shown": 0.0, "began": 0.0}

    choices = "--encoder context --steps 10 --pairs 48 --device cpu --out"
    assert main([*f"pretrain {run}/scene.zarr {choices} {run}/again.safetensors".split()]) == 0
    line = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("pretraining: 10/10"))
    assert " pairs/s, " in line
    assert line.endswith(" MB")

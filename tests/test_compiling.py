"""A compiled encoder learns what an uncompiled one does, under the same names; what that takes is said."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from tests.long import LONG
from workbench.cli import main
from workbench.cubes import save_cube, simulated_scene
from workbench.pretrain import Recipe, begin_run
from workbench.pretrain.compiling import check_compiler


def compiler() -> bool:
    try:
        check_compiler(torch.device("cpu"))
    except ValueError:
        return False
    return True


needs_compiler = pytest.mark.skipif(not compiler(), reason="there is no C++ compiler")


@needs_compiler
@LONG
@pytest.mark.slow
def test_a_compiled_encoder_takes_the_same_steps(tmp_path, capsys):
    scene = save_cube(simulated_scene(24, 30, n_bands=40, seed=1)[0], tmp_path / "scene.npz")
    words = ["pretrain", str(scene), "--encoder", "pixel", "--steps", "6", "--pairs", "32", "--device", "cpu"]
    assert main([*words, "--out", str(tmp_path / "plain.safetensors")]) == 0, capsys.readouterr().err
    assert main([*words, "--compiled", "--out", str(tmp_path / "quick.safetensors")]) == 0, capsys.readouterr().err
    plain, quick = (load_file(tmp_path / f"{name}.safetensors") for name in ("plain", "quick"))
    assert {name: one.shape for name, one in plain.items()} == {name: one.shape for name, one in quick.items()}
    losses = [
        [json.loads(line)["loss"] for line in (tmp_path / f"{name}.steps.jsonl").read_text().splitlines()]
        for name in ("plain", "quick")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert "--compiled" in json.loads((tmp_path / "quick.run.json").read_text())["command"]


@needs_compiler
@pytest.mark.slow
def test_the_encoder_is_compiled_when_it_is_asked_for_and_not_before():
    cube, _ = simulated_scene(16, 18, n_bands=20, seed=1)
    run = begin_run(cube, Recipe(encoder="pixel", steps=2, pairs=8, compiled=True), device="cpu")
    assert run.encoder._compiled_call_impl is None
    run._set_up()
    assert run.encoder._compiled_call_impl is not None
    batch = torch.randn(8, *next(iter(run.batches))[0].shape[1:])
    torch.testing.assert_close(run.encoder(batch), run.encoder.forward(batch), rtol=1e-4, atol=1e-5)


def test_a_machine_without_a_compiler_says_so_before_the_scene_is_learnt_from(monkeypatch):
    monkeypatch.setattr("workbench.pretrain.compiling.shutil.which", lambda name: None)
    cube, _ = simulated_scene(16, 18, n_bands=20, seed=1)
    with pytest.raises(ValueError, match=r"takes a C\+\+ compiler, and there is none here; install"):
        begin_run(cube, Recipe(encoder="pixel", steps=2, compiled=True), device="cpu")

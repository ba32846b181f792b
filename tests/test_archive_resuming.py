"""A run on an archive that was killed, or met a bad patch, goes on where it was, as if nothing had been."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests import archives
from workbench.cli import main
from workbench.pretrain import last_checkpoint, read_checkpoint

pytestmark = pytest.mark.realdata

CHILD = """
import os, signal, sys
from workbench.cli import main
from workbench.pretrain import loop
real = loop.Run._one_step
def step(self, batch):
    if self.done == 14:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, batch)
loop.Run._one_step = step
main(sys.argv[1:])
"""


@pytest.fixture
def archive(tmp_path, real_data, monkeypatch) -> Path:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    return archives.spectral_earth(tmp_path / "a", real_data)


def words(archive: Path, out: Path, *more: str) -> list[str]:
    how = "--encoder pixel --steps 20 --pairs 6 --crops 2 --checkpoint-every 4 --device cpu --seed 3"
    return ["pretrain", str(archive), *how.split(), "--out", str(out), *more]


def going_on(archive: Path, out: Path, *more: str) -> list[str]:
    return ["pretrain", str(archive), "--device", "cpu", "--resume", str(out), *more]


def same_weights(one: Path, other: Path) -> bool:
    first, second = (load_file(folder / "encoder.safetensors") for folder in (one, other))
    return first.keys() == second.keys() and all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_killed_and_gone_on_with_other_workers_the_weights_are_the_same(archive, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir(), killed.mkdir()
    assert main(words(archive, whole)) == 0
    child = subprocess.run([sys.executable, "-c", CHILD, *words(archive, killed)], capture_output=True)
    assert child.returncode == -9
    assert not (killed / "encoder.safetensors").exists()
    state, _ = read_checkpoint(last_checkpoint(killed / "encoder.under_way"))
    # 12 steps of 3 locations each, of 4 there are: 9 epochs.
    assert state.tensors["source.0"].tolist() == [9, 0, 0]
    assert main(going_on(archive, killed, "--workers", "3")) == 0
    assert same_weights(whole, killed)


def test_a_patch_that_goes_bad_ends_the_run_in_one_line_and_mended_it_goes_on(archive, tmp_path, capsys, monkeypatch):
    from workbench.pretrain import loop

    whole, met = tmp_path / "whole", tmp_path / "met"
    whole.mkdir(), met.mkdir()
    assert main(words(archive, whole)) == 0
    path, real = archive / "enmap" / "0000825" / "04141.tif", loop.Run._one_step
    content = path.read_bytes()

    def step(run: loop.Run, batch: object) -> object:
        if run.done == 9:
            path.write_bytes(content[: len(content) // 2])
        return real(run, batch)

    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr(loop.Run, "_one_step", step)
        assert main(words(archive, met)) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert said[-1].startswith("workbench pretrain: enmap/0000825/04141.tif could not be read and may be damaged")
    assert read_checkpoint(last_checkpoint(met / "encoder.under_way"))[0].numbers["done"] == 8
    path.write_bytes(content)
    assert main(going_on(archive, met)) == 0
    assert same_weights(whole, met)


def test_another_archive_or_other_crops_are_refused(archive, tmp_path, real_data, capsys, monkeypatch):
    from workbench.pretrain import loop

    out, real = tmp_path / "out", loop.Run._one_step
    out.mkdir()

    def step(run: loop.Run, batch: object) -> object:
        if run.done == 9:
            raise KeyboardInterrupt
        return real(run, batch)

    with monkeypatch.context() as patched:
        patched.setattr(loop.Run, "_one_step", step)
        assert main(words(archive, out)) == 130
    other = archives.spectral_earth(tmp_path / "b", real_data, 4)
    assert main(going_on(other, out)) == 2
    assert "is not the scene that the run of" in capsys.readouterr().err
    assert main(going_on(archive, out, "--crops", "3")) == 2
    assert "a run goes on with --crops 2, got 3; leave --crops away" in capsys.readouterr().err

"""Two processes learn what one learns with the doubled batch; one alone does not go on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from tests.archives import write_tiff
from tests.long import LONG
from workbench.cli import main
from workbench.cubes import save_cube, simulated_scene
from workbench.patches.tiles import Neighbours
from workbench.pretrain import OBJECTIVES, last_checkpoint, load_encoder, processes, read_checkpoint
from workbench.pretrain.synced_norm import SyncedNorm, sync_norms
from workbench.pretrain.views import SpectralViews

STEPS = 20
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
QUICK = ("mae", "simclr", "barlow_twins", "dino")
"""Masked, contrastive, redundancy-reducing, of teacher and student."""

SCRIPT = """
import os, runpy, signal, sys
from workbench.pretrain import loop

def lose_one(k):
    real = loop.Run._one_step
    def step(self, parts):
        if self.done == k and os.environ["RANK"] == "1":
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, parts)
    loop.Run._one_step = step

for job in sys.argv[1:]:
    k, *words = job.split("|")
    if int(k):
        lose_one(int(k))
    sys.argv = ["workbench", *words]
    try:
        runpy.run_module("workbench", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise
"""


def words(place: Path, run: str, objective: str, pairs: int, *more: str) -> list[str]:
    line = f"pretrain {place}/scene.zarr --objective {objective} --encoder context --steps {STEPS} --pairs {pairs}"
    # Adam takes steps of one size from slopes of any, also from mere rounding: with it, two threads instead of one
    # already move the loss of simclr by 1e-4 in 20 steps.
    if objective == "pair":
        line = line.replace("pretrain", "pair", 1).replace("--objective pair", "--split-at 1000")
    if objective == "products":
        line = line.replace("pretrain", "pair", 1).replace(
            "--objective products", "--products etm_sr,etm_toa --crops 8 --learning-rate 0.005"
        )
        line = line.replace("scene.zarr", "archive")
    return [*line.split(), "--optimizer", "sgd", "--device", "cpu", "--out", f"{place}/{run}", *more]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("processes")
    save_cube(simulated_scene(24, 30, seed=5, n_bands=40)[0], place / "scene.zarr")
    two_products(place / "archive")
    (place / "jobs.py").write_text(SCRIPT)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("WORKBENCH_CACHE", str(place / "cache"))
        yield place


def two_products(root: Path) -> None:
    """Nine places of two of SSL4EO-L's products, two dates each; both depend on the same ground."""
    rng = np.random.default_rng(0)
    for location in range(9):
        ground = rng.normal(120, 30, (3, 20, 20))
        for product, n_bands in (("etm_sr", 6), ("etm_toa", 9)):
            for date in range(2):
                values = np.tensordot(rng.uniform(0, 0.5, (n_bands, 3)), ground, 1).clip(0, 255).astype("uint8")
                write_tiff(root / product / f"{location:07d}" / f"{date}" / "all_bands.tif", values)


@pytest.fixture(scope="module")
def two(place: Path) -> tuple[int, str]:
    """Runs of two processes; the exit code and the words of the last, which lost one of its two."""
    jobs = ["|".join(["0", *words(place, f"two_{name}", name, 32)]) for name in (*QUICK, "pair", "products")]
    jobs.append("|".join(["12", *words(place, "lost", "moco_v2", 32, "--checkpoint-every", "5")]))
    end = subprocess.run(
        [*TORCHRUN, place / "jobs.py", *jobs], capture_output=True, text=True, check=False, timeout=150
    )
    assert end.stderr.count("wrote ") == len(QUICK) + 2, end.stderr
    return end.returncode, end.stderr


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "encoder.steps.jsonl").read_text().splitlines()]


def same_as_one(place: Path, objective: str, *more: str) -> None:
    assert main(words(place, f"one_{objective}", objective, 64, *more)) == 0
    one, both = losses(place / f"one_{objective}"), losses(place / f"two_{objective}")
    assert len(both) == STEPS
    assert both == pytest.approx(one, rel=1e-4)
    assert max(one) - min(one) > 1e-3 * max(one)  # it moves, so that agreement says something
    first, second = (load_file(place / f"{run}_{objective}" / "encoder.safetensors") for run in ("one", "two"))
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert float((second[name] - tensor).float().norm()) <= 2e-2 * float(tensor.float().norm()) + 1e-6, name


@pytest.mark.parametrize("objective", QUICK)
def test_two_processes_have_the_losses_of_one_with_the_doubled_batch(two, place, objective):
    same_as_one(place, objective)
    run = json.loads((place / f"two_{objective}" / "encoder.run.json").read_text())
    assert run["processes"] == 2
    assert load_encoder(place / f"two_{objective}" / "encoder.safetensors").dim == 64


def test_a_lost_process_ends_all_with_one_sentence_and_the_last_checkpoint_intact(two, place, capsys):
    code, said = two
    assert code != 0
    (line,) = [line for line in said.splitlines() if line.startswith("workbench pretrain: ")]
    assert "lost one of its processes" in line
    assert "--resume" in line
    assert not (place / "lost" / "encoder.safetensors").exists()
    state, card = read_checkpoint(last_checkpoint(place / "lost" / "encoder.under_way"))
    assert state.numbers["done"] == 10
    assert card["processes"] == 2
    assert main(["pretrain", f"{place}/scene.zarr", "--resume", f"{place}/lost"]) == 2
    assert "goes on in as many processes as it began, 2, got 1" in capsys.readouterr().err


def test_two_encoders_in_two_processes_have_the_losses_of_one_with_the_doubled_batch(two, place):
    same_as_one(place, "pair")
    steps = [(place / f"{run}_pair" / "encoder.steps.jsonl").read_text().splitlines() for run in ("one", "two")]
    rows = [json.loads(lines[-1]) for lines in steps]
    for name in ("common", "unique"):  # of the same pixels, drawn in two parts
        assert rows[0][name] == pytest.approx(rows[1][name], abs=2e-3)


def test_two_encoders_of_an_archive_in_two_processes_have_the_losses_of_one_with_the_doubled_batch(two, place):
    """Over several epochs of an odd number of places."""
    same_as_one(place, "products")


@LONG
@pytest.mark.parametrize("objective", [name for name in OBJECTIVES if name not in QUICK])
def test_every_objective_has_the_losses_of_one(place, objective):
    subprocess.run([*TORCHRUN, "-m", "workbench", *words(place, f"two_{objective}", objective, 32)], check=True)
    same_as_one(place, objective)


@LONG
def test_what_lost_a_process_goes_on_with_two(two, place):
    asked = ["pretrain", f"{place}/scene.zarr", "--device", "cpu", "--resume", f"{place}/lost"]
    subprocess.run([*TORCHRUN, "-m", "workbench", *asked], check=True)
    whole = words(place, "whole", "moco_v2", 32, "--checkpoint-every", "5")
    subprocess.run([*TORCHRUN, "-m", "workbench", *whole], check=True)
    one, other = (load_file(place / run / "encoder.safetensors") for run in ("lost", "whole"))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize(
    ("norm", "shape"), [(nn.BatchNorm1d, (16, 5)), (nn.BatchNorm2d, (4, 5, 3, 3)), (nn.BatchNorm3d, (4, 5, 2, 3, 3))]
)
@pytest.mark.parametrize("affine", [True, False])
def test_a_synced_norm_alone_is_a_batch_norm(norm, shape, affine):
    torch.manual_seed(0)
    theirs = nn.Sequential(norm(5, affine=affine))
    ours = nn.Sequential(norm(5, affine=affine))
    if affine:
        for one in (theirs, ours):
            nn.init.constant_(one[0].weight, 1.7)
            nn.init.constant_(one[0].bias, -0.3)
    sync_norms(ours)
    assert isinstance(ours[0], SyncedNorm)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for _ in range(3):
        batch = torch.randn(shape) * 3 + 2
        inputs = [batch.clone().requires_grad_() for _ in range(2)]
        outputs = [module(one) for module, one in zip((theirs, ours), inputs, strict=True)]
        torch.testing.assert_close(*outputs, rtol=1e-5, atol=1e-5)
        slope = torch.randn(shape)
        for output in outputs:
            output.backward(slope)
        torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-4, atol=1e-5)
    for one, other in zip(theirs.state_dict().values(), ours.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(theirs.eval()(batch), ours.eval()(batch))


def in_turn(monkeypatch: pytest.MonkeyPatch, make: object) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """What one process makes for 12 rows, and what each of three makes for its 4."""
    one = make(12)
    monkeypatch.setattr(processes, "world", lambda: 3)
    parts = []
    for number in range(3):
        monkeypatch.setattr(processes, "rank", lambda number=number: number)
        parts.append(make(4, number))
    return one, parts


def test_views_of_three_processes_are_those_of_one(monkeypatch):
    patches = torch.randn(12, 20, 7, 7, generator=torch.Generator().manual_seed(3))

    def make(n: int, number: int = 0) -> torch.Tensor:
        views, mine = SpectralViews(generator=torch.Generator().manual_seed(1)), patches[number * n : (number + 1) * n]
        return torch.cat([views(mine, torch.zeros(20)), views.small(mine, torch.zeros(20))], dim=1)

    one, parts = in_turn(monkeypatch, make)
    torch.testing.assert_close(torch.cat(parts), one)


def test_pixels_of_three_processes_are_those_of_one():
    def make(n: int, share: tuple[int, int] = (0, 1)) -> torch.Tensor:
        source = torch.Generator().manual_seed(1)
        return torch.stack(Neighbours((10, 10), torch.ones(100, dtype=torch.bool), n, 2, source, share).draw(), dim=1)

    assert torch.equal(torch.cat([make(4, (number, 3)) for number in range(3)]), make(12))

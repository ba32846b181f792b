"""A run that was killed, or whose disk failed it, goes on from its last checkpoint as if nothing had been."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from workbench.cli import main
from workbench.cubes import save_cube, simulated_scene
from workbench.pretrain import OBJECTIVES, Run, last_checkpoint, read_checkpoint
from workbench.pretrain.objectives.barlow_twins import BarlowTwins

STEPS, EVERY = 24, 5
KILLED = ("barlow_twins", "moco_v2", "dino", "mae")
"""A plain loss, a queue with a teacher, a centre with a teacher, masks."""

CHILD = """
import os, resource, signal, sys
import dask.array, lightning_fabric, rioxarray, torch._dynamo, zarr
from workbench.cli import main
from workbench.pretrain import keeping, loop, running

torch.set_num_threads(1)
real_step, real_save = loop.Run._one_step, keeping.save_file

def die_at(k):
    def step(self, batch):
        if self.done == k:
            os.kill(os.getpid(), signal.SIGKILL)
        return real_step(self, batch)
    loop.Run._one_step = step

def die_writing(k):
    def save(tensors, draft, metadata):
        real_save(tensors, draft, metadata)
        if tensors and f"step-{k:09d}" in draft.name:
            os.truncate(draft, draft.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
    keeping.save_file = save

def full_at(k):
    def step(self, batch):
        if self.done == k:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        return real_step(self, batch)
    loop.Run._one_step = step

for job in sys.argv[1:]:
    trouble, k, *words = job.split("|")
    if not (child := os.fork()):
        globals()[trouble](int(k))
        os._exit(main(words))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Imports once, and lets each job end as told in a process of its own."""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums of two threads round otherwise than those of one: all runs have one, whatever earlier tests left."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    """A scene; for each objective a run to the end and one killed at a random step; two that the disk ended."""
    place = tmp_path_factory.mktemp("runs")
    save_cube(simulated_scene(24, 30, seed=5, n_bands=40)[0], place / "scene.zarr")
    save_cube(simulated_scene(24, 30, seed=6, n_bands=40)[0], place / "other.zarr")
    rng = np.random.default_rng(0)
    jobs = [f"die_at|{rng.integers(EVERY + 1, STEPS)}|{asked(place, 'killed', name)}" for name in KILLED]
    jobs.insert(0, f"die_at|13|{asked_of_two(place, 'killed')}")
    jobs += [
        f"die_writing|15|{asked(place, 'cut', 'barlow_twins')}",
        f"full_at|12|{asked(place, 'full', 'barlow_twins')}",
    ]
    child = subprocess.run(
        [sys.executable, "-c", CHILD, *(job.replace(" ", "|") for job in jobs)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.split() == ["-9"] * (len(KILLED) + 2) + ["2"]
    (place / "said.txt").write_text(child.stderr)
    for name in KILLED:
        assert main(asked(place, "whole", name).split()) == 0
    assert main(asked_of_two(place, "whole").split()) == 0
    return place


def asked(place: Path, kind: str, objective: str) -> str:
    choices = (
        f"--objective {objective} --encoder context --steps {STEPS} --pairs 48 --device cpu --checkpoint-every {EVERY}"
    )
    return f"pretrain {place}/scene.zarr {choices} --out {place}/{kind}_{objective}"


def asked_of_two(place: Path, kind: str) -> str:
    words = asked(place, kind, "pair").replace("--objective pair", "--split-at 1000 --dim 8 --encoder context")
    return words.replace("pretrain", "pair", 1)


def going_on(place: Path, run: str, *more: str, verb: str = "pretrain") -> list[str]:
    return shlex.split(f"{verb} {place}/scene.zarr --device cpu --resume {place}/{run}") + list(more)


def same_weights(one: Path, other: Path) -> bool:
    first, second = (load_file(folder / "encoder.safetensors") for folder in (one, other))
    return first.keys() == second.keys() and all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_the_killed_are_objectives_that_exist():
    assert set(KILLED) <= set(OBJECTIVES)


@pytest.mark.parametrize("objective", [*KILLED, "pair"])
def test_killed_at_a_random_step_and_gone_on_with_the_weights_are_the_same(place, objective):
    killed, whole = place / f"killed_{objective}", place / f"whole_{objective}"
    assert not (killed / "encoder.safetensors").exists()
    assert main(going_on(place, killed.name, verb="pair" if objective == "pair" else "pretrain")) == 0
    assert same_weights(killed, whole)
    losses = [
        [(row["step"], row["loss"]) for row in map(json.loads, (run / "encoder.steps.jsonl").read_text().splitlines())]
        for run in (killed, whole)
    ]
    assert losses[0] == losses[1]
    assert [step for step, _ in losses[0]] == list(range(1, STEPS + 1))
    runs = [json.loads((run / "encoder.run.json").read_text(encoding="utf-8")) for run in (killed, whole)]
    assert runs[0].get("loss") == runs[1].get("loss")
    if objective == "pair":
        assert {**runs[0]["result"], "seconds": 0, "encoder": ""} == {**runs[1]["result"], "seconds": 0, "encoder": ""}
    assert "--resume" not in runs[0]["command"]
    assert not (killed / "encoder.under_way").exists()


def test_without_its_generators_a_run_would_not_end_the_same(place, monkeypatch):
    """That the test above can fail: the order of the pixels and the views are part of a checkpoint."""
    copy_of(place, "cut_barlow_twins", "astray")
    real = Run.restore
    monkeypatch.setattr(Run, "restore", lambda self, state: setattr(self, "sources", ()) or real(self, state))
    assert main(going_on(place, "astray")) == 0
    assert not same_weights(place / "astray", place / "whole_barlow_twins")


def copy_of(place: Path, run: str, name: str) -> Path:
    subprocess.run(["cp", "-r", place / run, place / name], check=True)
    return place / name / "encoder.under_way"


def test_a_write_cut_short_leaves_the_checkpoint_before(place):
    kept = copy_of(place, "cut_barlow_twins", "cut_again")
    assert last_checkpoint(kept).name == "step-000000010.safetensors"
    assert main(going_on(place, "cut_again")) == 0
    assert same_weights(place / "cut_again", place / "whole_barlow_twins")


def test_a_full_disk_ends_in_one_sentence_with_the_last_checkpoint_intact(place):
    said = [line for line in (place / "said.txt").read_text().splitlines() if not line.startswith("pretraining:")]
    assert len(said) == 1
    assert "file too large" in said[0].lower()
    assert "what was there before is untouched" in said[0]
    kept = place / "full_barlow_twins" / "encoder.under_way"
    assert sorted(file.name for file in kept.iterdir()) == [
        "step-000000005.safetensors",
        "step-000000010.safetensors",
        "steps.jsonl",
    ]
    assert main(going_on(place, "full_barlow_twins")) == 0
    assert same_weights(place / "full_barlow_twins", place / "whole_barlow_twins")


@pytest.mark.parametrize("spoil", ["flip a bit", "cut its end", "empty it"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_serves(place, spoil, capsys):
    name = f"spoilt {spoil}".replace(" ", "_")
    path = last_checkpoint(copy_of(place, "cut_barlow_twins", name))
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes({"flip a bit": content, "cut its end": content[:-1000], "empty it": b""}[spoil])
    assert main(going_on(place, name)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is damaged" in line
    assert line.endswith("delete it to go on from step-000000005.safetensors")
    path.unlink()
    assert main(going_on(place, name)) == 0
    assert same_weights(place / name, place / "whole_barlow_twins")


def test_a_loss_that_is_not_finite_leaves_the_last_checkpoint_intact(place, monkeypatch, capsys):
    seen, real = [], BarlowTwins.terms

    def spoilt(self, *features):
        seen.append(1)
        terms = real(self, *features)
        return {**terms, "invariance": terms["invariance"] * (torch.nan if len(seen) == 13 else 1)}

    monkeypatch.setattr(BarlowTwins, "terms", spoilt)
    words = asked(place, "nan", "barlow_twins").split()
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "the loss at step 15 is not finite" in line
    assert "since step 13" in line
    kept = place / "nan_barlow_twins" / "encoder.under_way"
    state, card = read_checkpoint(last_checkpoint(kept))
    assert state.numbers["done"] == 10
    assert card["told"][-1]["step"] == 10
    monkeypatch.undo()
    assert main(going_on(place, "nan_barlow_twins")) == 0
    assert same_weights(place / "nan_barlow_twins", place / "whole_barlow_twins")


def test_weights_that_are_not_finite_are_never_put_away(place, monkeypatch, capsys):
    real = torch.optim.AdamW.step

    def spoilt(self, *args, **kwargs):
        real(self, *args, **kwargs)
        if self.state[self.param_groups[0]["params"][0]]["step"] == 10:
            self.param_groups[0]["params"][0].data[0] = torch.inf

    monkeypatch.setattr(torch.optim.AdamW, "step", spoilt)
    assert main(asked(place, "inf", "barlow_twins").split()) == 2
    assert "is not finite after step 10" in capsys.readouterr().err
    assert last_checkpoint(place / "inf_barlow_twins" / "encoder.under_way").name == "step-000000005.safetensors"


def refusals(place: Path) -> dict[str, tuple[list[str], str]]:
    on = f"--resume {place}/cut_barlow_twins"
    return {
        "no run": (f"{place}/scene.zarr --resume {place}/nothing", "there is no run in"),
        "no checkpoint": (f"{place}/scene.zarr --resume {place}/whole_mae", "there is no checkpoint in"),
        "another scene": (f"{place}/other.zarr {on}", "other.zarr is not the scene that the run of"),
        "another length": (f"{place}/scene.zarr {on} --steps 99", "a run goes on with --steps 24, got 99"),
        "another seed": (f"{place}/scene.zarr {on} --seed 3", "a run goes on with --seed 0, got 3"),
        "another place": (f"{place}/scene.zarr {on} --out {place}/e.safetensors", "leave --out away"),
        "another verb": (
            f"{place}/scene.zarr {on}",
            "is of a run of another verb than workbench pair",
        ),
        "no place": (f"{place}/scene.zarr", "name it with --out, or a run to go on with by --resume"),
    }


@pytest.mark.parametrize("case", refusals(Path()))
def test_what_cannot_be_gone_on_with_is_refused_in_one_line(place, case, capsys):
    words, message = refusals(place)[case]
    assert main(["pair" if case == "another verb" else "pretrain", *shlex.split(words)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line

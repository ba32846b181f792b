"""The work of a pretraining: train, put away now and then what there is, and go on from there when asked to.

Imported in the worker process only: the learning rooms take seconds and much memory.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from workbench.cubes import open_cube
from workbench.cubes.remote import is_remote
from workbench.files import replacing
from workbench.pretrain import (
    Encoder,
    Progress,
    Recipe,
    begin_run,
    keep_checkpoint,
    memory,
    read_checkpoint,
    save_encoder,
)
from workbench.pretrain import Run as Training
from workbench.probe import embed_blocks
from workbench.session.origin import note_origin
from workbench.session.runs import CHECKPOINTS, EMBEDDING, ENCODER, Run

if TYPE_CHECKING:
    from workbench.session.work import Line

SAY_EVERY = 0.2
"""Least time between two reports of progress [s]."""

KEEP_FIRST, KEEP_EVERY, KEEP_PART = 2.0, 10.0, 0.1
"""A run under way is put away, and its encoder and embedding, when so much time [s] (the first time, later) or so much
of the steps has passed …"""

KEEP_COST = 4.0
"""… and this many times as long as it took the last time."""

QUICK = 0.5
"""A stop waits for an embedding that takes at most so long [s]; else the last one put away stays."""


def pretraining(run: Run, line: Line) -> None:
    """Train an encoder, putting all that it takes to go on and to show it away now and then, and at the end."""
    line.tell(keep=False, note="reading the scene")
    cube, recipe = open_scene(run), Recipe(**run.settings["recipe"])
    training = begin_run(cube, recipe)
    told = go_on(training, run.folder / CHECKPOINTS)
    chosen = training.encoder.recipe
    note = f"{told}{chosen.encoder} encoder, neighbours up to {chosen.reach} px"
    said, kept = time.monotonic(), Kept(time.monotonic(), training.done)
    for progress in training.reports(max(1, min(10, recipe.steps // 50))):
        now, fraction = time.monotonic(), progress.step / recipe.steps
        if now - said >= SAY_EVERY or fraction == 1 or progress.step == 1:
            said = now
            line.tell(progress=as_told(progress), fraction=fraction, seconds=progress.seconds, note=note)
        if line.stopped or progress.step >= run.settings.get("until", recipe.steps):
            break
        if fraction < 1 and kept.is_old(progress, recipe.steps):
            kept = _keep_all(run, line, training, cube)
    if line.stopped:
        keep_checkpoint(run.folder / CHECKPOINTS, training.state(), {})
        if kept.cost > QUICK:
            return
    line.tell(keep=False, note="embedding the scene")
    keep(run, line, training.encoder, cube, training.done)
    if not line.stopped:
        shutil.rmtree(run.folder / CHECKPOINTS, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """When a run was last put away."""

    at: float
    """By the monotonic clock [s]."""

    step: int
    """Steps that were done."""

    cost: float = 0.0
    """How long it took [s]; 0 before the first time."""

    def is_old(self, progress: Progress, steps: int) -> bool:
        """Whether it should be done again."""
        passed = time.monotonic() - self.at
        patience = KEEP_EVERY if self.cost else KEEP_FIRST
        return passed >= KEEP_COST * self.cost and (
            passed >= patience or progress.step - self.step >= KEEP_PART * steps
        )


def go_on(training: Training, checkpoints: Path) -> str:
    """Put a training where its last sound checkpoint stands; what to tell of it, nothing if there is none."""
    damaged = 0
    for path in sorted(checkpoints.glob("step-*.safetensors"), reverse=True):
        try:
            state, _ = read_checkpoint(path)
        except ValueError:  # said on the screen, and the one before it is tried
            damaged += 1
            path.unlink()
            continue
        training.restore(state)
        return f"from step {training.done}{', the last checkpoint was damaged' if damaged else ''} · "
    return "from the beginning, the checkpoints were damaged · " if damaged else ""


def as_told(progress: Progress) -> dict[str, float]:
    """A report as the screen takes it."""
    return {
        "step": progress.step,
        "seconds": progress.seconds,
        "loss": progress.loss,
        **progress.terms,
        "samples_per_second": progress.rate,
        **memory(),
    }


def open_scene(run: Run) -> xr.DataArray:
    """The scene that a run is of; which file it is, and its truth's and its encoder's, is noted in the run's folder."""
    cube = open_cube(path_of(run, run.settings["scene"]), **run.settings["options"])
    asked = [name for name in ("scene", "truth", "encoder") if run.settings.get(name)]
    note_origin(run, cube, {name: path_of(run, run.settings[name]) for name in asked})
    return cube


def path_of(run: Run, path: str) -> Path | str:
    """Paths inside the session's folder are relative to it, so that it can be moved; an address stays one."""
    return path if is_remote(path) else run.folder.parents[1] / path


def keep(run: Run, line: Line, encoder: Encoder, cube: xr.DataArray, step: int) -> None:
    """Put an encoder and its embedding away."""
    place = next(encoder.parameters()).device
    save_encoder(encoder, run.folder / ENCODER, cube=cube, steps=step)
    keep_embedding(run, line, encoder, cube)
    encoder.to(place)


def keep_embedding(run: Run, line: Line, encoder: Encoder, cube: xr.DataArray) -> None:
    """Block by block into a file, so that no scene is too large; it takes its place when it is whole."""
    with replacing(run.folder / EMBEDDING) as draft:
        shape = (encoder.dim, *cube.shape[1:])
        out = np.lib.format.open_memmap(draft, mode="w+", dtype="float32", shape=shape)
        for (rows, columns), values in embed_blocks(cube, encoder):
            out[:, rows, columns] = values
        out.flush()
        with draft.open("rb") as file:
            os.fsync(file.fileno())
    line.tell(embedding=True)


def _keep_all(run: Run, line: Line, training: Training, cube: xr.DataArray) -> Kept:
    began = time.monotonic()
    keep_checkpoint(run.folder / CHECKPOINTS, training.state(), {})
    keep(run, line, training.encoder, cube, training.done)
    return Kept(time.monotonic(), training.done, time.monotonic() - began)

"""The kinds of work there are: pretraining, comparison, and an embedding by an encoder that is there already.

Imported in the worker process only: the learning rooms take seconds and much memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from workbench.cubes import open_cube
from workbench.cubes.remote import is_remote
from workbench.files import replacing
from workbench.labels import open_labels
from workbench.pretrain import Encoder, Recipe, begin, load_encoder, save_encoder
from workbench.probe import embed_blocks, find_model
from workbench.session.exports import export_scores
from workbench.session.runs import EMBEDDING, ENCODER, SCORES, TRUTH, Run

if TYPE_CHECKING:
    from workbench.session.work import Line

SAY_EVERY = 0.2
"""Least time between two reports of progress [s]."""

KEEP_FIRST, KEEP_EVERY, KEEP_PART = 2.0, 10.0, 0.1
"""An encoder under way and its embedding are put away when so much time [s] (the first time, later) or so much of the
steps has passed …"""

KEEP_COST = 4.0
"""… and this many times as long as it took the last time."""

LEARNING_PART = 0.3
"""Share of a comparison that is told to be done when its encoders have learnt."""

QUICK = 0.5
"""A stop waits for an embedding that takes at most so long [s]; else the last one put away stays."""


def pretraining(run: Run, line: Line) -> None:
    """Train an encoder, putting encoder and embedding away now and then, and at the end."""
    line.tell(keep=False, note="reading the scene")
    cube, recipe = _scene(run), Recipe(**run.settings["recipe"])
    encoder, steps = begin(cube, recipe, every=max(1, min(10, recipe.steps // 50)))
    chosen = f"{encoder.recipe.encoder} encoder, neighbours up to {encoder.recipe.reach} px"
    said = kept_at = time.monotonic()
    kept_step, cost = 0, 0.0
    for progress in steps:
        now, fraction = time.monotonic(), progress.step / recipe.steps
        if now - said >= SAY_EVERY or fraction == 1 or progress.step == 1:
            said = now
            row = {"step": progress.step, "seconds": progress.seconds, "loss": progress.loss, **progress.terms}
            line.tell(progress=row, fraction=fraction, seconds=progress.seconds, note=chosen)
        if line.stopped:
            break
        patience = KEEP_EVERY if kept_step else KEEP_FIRST
        due = now - kept_at >= patience or progress.step - kept_step >= KEEP_PART * recipe.steps
        if due and now - kept_at >= KEEP_COST * cost and fraction < 1:
            cost = _keep(run, line, encoder, cube, progress.step)
            kept_at, kept_step = time.monotonic(), progress.step
    if line.stopped and kept_step and cost > QUICK:
        return
    line.tell(keep=False, note="embedding the scene")
    _keep(run, line, encoder, cube, progress.step)


def embedding(run: Run, line: Line) -> None:
    """Embed the scene with the encoder in the run's folder."""
    cube, encoder = _scene(run), load_encoder(run.folder / ENCODER)
    _embed(run, line, encoder, cube)


def comparison(run: Run, line: Line) -> None:
    """Score the models, one row at a time."""
    from workbench.compare import score_table

    cube, asked = _scene(run), run.settings
    file = _path(run, asked["truth"]) if asked["truth"] else run.folder / TRUTH
    truth = open_labels(file, cube, **asked["truth_options"])
    given = [load_encoder(_path(run, asked["encoder"]))] if asked["encoder"] else []
    encoders, took = {encoder.recipe.objective: encoder for encoder in given if encoder.recipe}, {}
    objectives = {name: find_model(name).objective for name in asked["models"]}
    missing = [name for name in dict.fromkeys(objectives.values()) if name and name not in encoders]
    total = len(asked["models"]) * len(asked["budgets"]) * asked["draws"] * len(asked["splits"])
    began, rows = time.monotonic(), []
    for objective in missing:
        encoders[objective], took[objective] = _learn_first(run, line, cube, objective)
        if line.stopped:
            return
    line.tell(keep=False, note="comparing")
    learnt = LEARNING_PART if missing else 0.0
    for row in _rows(cube, truth, asked, encoders):
        waited = row["pretrain_seconds"] + took.get(objectives[row["model"]], 0.0)
        rows.append({**row, "pretrain_seconds": waited})
        fraction = min(1.0, learnt + (1 - learnt) * len(rows) / total)
        line.tell(row=rows[-1], fraction=fraction, seconds=time.monotonic() - began)
        if line.stopped:
            break
    if rows:
        export_scores(score_table(rows), run.folder / SCORES)


def _learn_first(run: Run, line: Line, cube: xr.DataArray, objective: str) -> tuple[Encoder, float]:
    """An encoder for models that need one, and the seconds it took; the session keeps it for the class map, too."""
    recipe, seconds = Recipe(objective=objective, seed=run.settings["seed"]), 0.0
    encoder, steps = begin(cube, recipe, every=max(1, recipe.steps // 50))
    for progress in steps:
        seconds, fraction = progress.seconds, LEARNING_PART * progress.step / recipe.steps
        line.tell(keep=False, fraction=fraction, seconds=seconds, note=f"learning by {objective.replace('_', ' ')}")
        if line.stopped:
            break
    if not (line.stopped or run.encoder):
        _keep(run, line, encoder, cube, progress.step)
    return encoder, seconds


def _rows(cube: xr.DataArray, truth: xr.DataArray, asked: dict, encoders: dict[str, Encoder]) -> Iterator[dict]:
    from workbench.compare import compare_rows

    return compare_rows(
        cube,
        truth,
        asked["models"],
        asked["budgets"],
        asked["draws"],
        tuple(asked["splits"]),
        encoder=encoders,
        seed=asked["seed"],
    )


def _path(run: Run, path: str) -> Path | str:
    """Paths inside the session's folder are relative to it, so that it can be moved; an address stays one."""
    return path if is_remote(path) else run.folder.parents[1] / path


def _scene(run: Run) -> xr.DataArray:
    return open_cube(_path(run, run.settings["scene"]), **run.settings["options"])


def _keep(run: Run, line: Line, encoder: Encoder, cube: xr.DataArray, step: int) -> float:
    """Put the encoder and its embedding away; the seconds that took."""
    began = time.monotonic()
    place = next(encoder.parameters()).device
    save_encoder(encoder, run.folder / ENCODER, cube=cube, steps=step)
    _embed(run, line, encoder, cube)
    encoder.to(place)
    return time.monotonic() - began


def _embed(run: Run, line: Line, encoder: Encoder, cube: xr.DataArray) -> None:
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


TASKS: dict[str, Callable[[Run, Line], None]] = {
    "pretraining": pretraining,
    "comparison": comparison,
    "embedding": embedding,
}

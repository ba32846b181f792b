"""The kinds of work there are: pretraining, comparison, and an embedding by an encoder that is there already.

Imported in the worker process only: the learning rooms take seconds and much memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import xarray as xr

from workbench.labels import open_labels
from workbench.pretrain import Encoder, Recipe, begin, load_encoder
from workbench.probe import find_model
from workbench.session.exports import export_scores
from workbench.session.predicted import Predicted
from workbench.session.runs import ENCODER, SCORES, TRUTH, Run
from workbench.session.training import keep, keep_embedding, open_scene, path_of, pretraining

if TYPE_CHECKING:
    from workbench.session.work import Line

LEARNING_PART = 0.3
"""Share of a comparison that is told to be done when its encoders have learnt."""


def embedding(run: Run, line: Line) -> None:
    """Embed the scene with the encoder in the run's folder."""
    cube, encoder = open_scene(run), load_encoder(run.folder / ENCODER)
    keep_embedding(run, line, encoder, cube)


def comparison(run: Run, line: Line) -> None:
    """Score the models, one row at a time."""
    from workbench.compare import score_table

    cube, asked = open_scene(run), run.settings
    file = path_of(run, asked["truth"]) if asked["truth"] else run.folder / TRUTH
    truth = open_labels(file, cube, **asked["truth_options"])
    given = [load_encoder(path_of(run, asked["encoder"]))] if asked["encoder"] else []
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
    for row in _rows(cube, truth, asked, encoders, Predicted(run.folder, truth)):
        waited = row["pretrain_seconds"] + took.get(objectives[row["model"]], 0.0)
        rows.append({**row, "pretrain_seconds": waited})
        fraction = min(1.0, learnt + (1 - learnt) * len(rows) / total)
        line.tell(row=rows[-1], fraction=fraction, seconds=time.monotonic() - began)
        if line.stopped or len(rows) == asked.get("until", total):
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
        keep(run, line, encoder, cube, progress.step)
    return encoder, seconds


def _rows(
    cube: xr.DataArray, truth: xr.DataArray, asked: dict, encoders: dict[str, Encoder], see: Predicted
) -> Iterator[dict]:
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
        see=see,
    )


TASKS: dict[str, Callable[[Run, Line], None]] = {
    "pretraining": pretraining,
    "comparison": comparison,
    "embedding": embedding,
    "encoder": embedding,
}

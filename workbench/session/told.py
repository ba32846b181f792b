"""What the worker of a run said, as its folder has it: reports, and a training's steps in order."""

from __future__ import annotations

import json
from contextlib import suppress

from workbench.session.runs import PROGRESS, Run


def reports(run: Run) -> list[dict]:
    """What the worker of a run said; a line cut short by a crash is passed over."""
    found = []
    with suppress(OSError):
        for line in (run.folder / PROGRESS).read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, RecursionError):
                found.append(json.loads(line))
    return [report for report in found if isinstance(report, dict)]


def steps_told(run: Run) -> tuple[dict, ...]:
    """The steps of a training, each once: one that went on from a checkpoint has done some again."""
    history: tuple[dict, ...] = ()
    for report in reports(run):
        if _is_progress(report):
            history = in_order(history, report["progress"])
    return history


def in_order(history: tuple[dict, ...], row: dict) -> tuple[dict, ...]:
    """A step after those before it; what was told of it and of later ones is forgotten."""
    end = len(history)
    while end and history[end - 1]["step"] >= row["step"]:
        end -= 1
    return (*history[:end], row)


def _is_progress(report: dict) -> bool:
    """Whether it is a step of a training."""
    told = report.get("progress")
    return isinstance(told, dict) and all(isinstance(told.get(name), int | float) for name in ("step", "loss"))


def part_done(history: tuple[dict, ...], run: Run) -> float:
    """Share of a training that is done; 0 where its card does not say of how many steps."""
    recipe = run.settings.get("recipe")
    steps = recipe.get("steps") if isinstance(recipe, dict) else None
    return min(1.0, history[-1]["step"] / steps) if history and isinstance(steps, int) and steps > 0 else 0.0

"""Runs of hours: where they keep checkpoints and write their steps down."""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.outputs import plain
from workbench.cli.places import output, output_folder
from workbench.files import replacing

if TYPE_CHECKING:
    from workbench.pretrain import Progress, Run

NAME = "encoder.safetensors"
"""What an encoder is called where only its folder is named."""

BEGUN_WITH = (
    *("objective", "encoder", "steps", "epochs", "pairs", "dim", "reach", "learning_rate", "patience", "precision"),
    *("seed", "accumulate", "optimizer", "checkpoint_every", "format", "variable", "options"),
    *("archive", "crop", "crops", "skip_bad", "statistics"),
    *("common", "split_at"),
)
"""Arguments that are settled when a run begins, of all verbs that train."""


def encoder_file(text: str) -> Path:
    """Where the encoder goes: a .safetensors file, or a folder for it and all that belongs to it."""
    if Path(text).suffix and not Path(text).expanduser().is_dir():
        return output(".safetensors")(text)
    return output_folder(text) / NAME


def under_way(encoder: Path) -> Path:
    """The folder of what its run has come to: checkpoints and steps; it goes when the encoder is there."""
    return encoder.with_suffix(".under_way")


def steps_of(encoder: Path) -> Path:
    """The file of its steps, JSON a line, when it is done."""
    return encoder.with_suffix(".steps.jsonl")


def settled(args: argparse.Namespace) -> dict[str, object]:
    """The arguments of a verb that are settled when a run begins, as JSON has them."""
    return {name: plain(getattr(args, name)) for name in BEGUN_WITH if name in args}


class Keeper:
    """Writes down what happens to a run: each step, and every so many a checkpoint.

    Parameters
    ----------
    args : argparse.Namespace
        Of the verb.
    run : Run
        Standing where it begins or goes on.
    scene : dict
        Name and fingerprint of the scene.
    told : list of dict
        Reports so far; those to come are added.
    """

    def __init__(self, args: argparse.Namespace, run: Run, scene: dict[str, str], told: list[dict]) -> None:
        from workbench.pretrain import world

        self.out, self.every, self.run, self.told = args.out, args.checkpoint_every, run, told
        self.card = {
            "arguments": settled(args),
            "recipe": plain({name: getattr(run.encoder.recipe, name) for name in run.encoder.recipe.__slots__}),
            "scene": scene,
            "processes": world(),
        }
        self.folder, self.steps = under_way(self.out), under_way(self.out) / "steps.jsonl"
        kept = _rows_until(self.steps, run.done) if run.done else []
        if not run.done and self.folder.is_dir():
            shutil.rmtree(self.folder)  # of a run that this one takes the place of
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.steps) as draft:
            draft.write_text("".join(f"{row}\n" for row in kept), encoding="utf-8")

    def __enter__(self) -> Keeper:
        """The run begins."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Leave nothing behind of a run that failed before its first checkpoint."""
        if failure[0] and not list(self.folder.glob("step-*.safetensors")):
            shutil.rmtree(self.folder)

    def note(self, report: Progress, **last: object) -> None:
        """Write down what came since the last report; `last` is of the latest step alone."""
        from workbench.pretrain import keep_checkpoint

        self.told.append({"step": report.step, **report.terms})
        write_down(self.steps, report, **last)
        if self.every and report.step % self.every == 0 and report.step < report.steps:
            keep_checkpoint(self.folder, self.run.state(), {**self.card, "told": self.told})

    def done(self) -> None:
        """The encoder is written: put the steps beside it and drop the checkpoints."""
        os.replace(self.steps, steps_of(self.out))
        shutil.rmtree(self.folder)


def write_down(file: Path, report: Progress, **last: object) -> None:
    """Add each step since the last report to a file, JSON a line; `last` is of the latest step alone."""
    from workbench.pretrain import memory

    first = report.step - len(report.each) + 1
    also = {"pixels_per_second": round(report.rate, 1), "seconds": round(report.seconds, 3), **memory()}
    rows = [
        {"step": first + k, "loss": sum(terms.values()), "terms": terms, **also} for k, terms in enumerate(report.each)
    ]
    rows[-1] |= last
    with file.open("a", encoding="utf-8") as lines:
        lines.write("".join(f"{json.dumps(row)}\n" for row in rows))


def _rows_until(path: Path, step: int) -> Iterable[str]:
    """The whole lines of a file of steps up to a step; a kill may have cut the last one."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            if json.loads(line)["step"] > step:
                break
        except ValueError:
            break
        rows.append(line)
    return rows


def steps_for(args: argparse.Namespace, pixels: int, usual: int) -> int:
    """Steps that --steps or --epochs asks for."""
    if args.epochs:
        return math.ceil(args.epochs * pixels / (args.pairs * args.accumulate))
    return args.steps or usual

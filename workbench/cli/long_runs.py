"""Runs of hours: where they keep checkpoints and write their steps down."""

from __future__ import annotations

import argparse
import math
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.logging_to import Logs, check_logs, places_of
from workbench.cli.outputs import plain
from workbench.cli.places import output, output_folder
from workbench.cli.steps_file import rows_until, steps_of, write_down
from workbench.files import replacing

if TYPE_CHECKING:
    from workbench.pretrain import Progress, Run

NAME = "encoder.safetensors"
"""What an encoder is called where only its folder is named."""

BEGUN_WITH = (
    *("objective", "encoder", "steps", "epochs", "pairs", "dim", "reach", "learning_rate", "patience", "precision"),
    "compiled",
    *("seed", "accumulate", "optimizer", "checkpoint_every", "format", "variable", "options"),
    *("archive", "crop", "crops", "skip_bad", "statistics"),
    *("common", "split_at", "products"),
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


def written_by(args: argparse.Namespace) -> list[Path]:
    """Every file and folder that a training writes, its logs among them; refused where one of these cannot be."""
    check_logs(args.log)
    card, record = (args.out.with_suffix(ending) for ending in (".json", ".run.json"))
    return [args.out, card, record, steps_of(args.out), *places_of(args.log, args.out)]


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
        kept = rows_until(self.steps, run.done) if run.done else []
        if not run.done and self.folder.is_dir():
            shutil.rmtree(self.folder)  # of a run that this one takes the place of
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.steps) as draft:
            draft.write_text("".join(f"{row}\n" for row in kept), encoding="utf-8")

        self.logs = Logs(args.log, self.out, self.card["recipe"] | {"scene": scene["source"]}, run.done)

    def __enter__(self) -> Keeper:
        """The run begins."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Leave nothing behind of a run that failed before its first checkpoint; say in the logs how it ended."""
        self.logs.close(failed=bool(failure[0]))
        if failure[0] and not list(self.folder.glob("step-*.safetensors")):
            shutil.rmtree(self.folder)

    def note(self, report: Progress, **last: object) -> None:
        """Write down what came since the last report; `last` is of the latest step alone."""
        from workbench.pretrain import keep_checkpoint

        self.told.append({"step": report.step, **report.terms})
        self.logs.note(write_down(self.steps, report, **last))
        if self.every and report.step % self.every == 0 and report.step < report.steps:
            keep_checkpoint(self.folder, self.run.state(), {**self.card, "told": self.told})

    def done(self) -> None:
        """The encoder is written: put the steps beside it and drop the checkpoints."""
        os.replace(self.steps, steps_of(self.out))
        shutil.rmtree(self.folder)


def steps_for(args: argparse.Namespace, pixels: int, usual: int) -> int:
    """Steps that --steps or --epochs asks for."""
    if args.epochs:
        return math.ceil(args.epochs * pixels / (args.pairs * args.accumulate))
    return args.steps or usual

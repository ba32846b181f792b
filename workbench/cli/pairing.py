"""``pair``: let two encoders learn together from two cubes of one place, by DeCUR."""

from __future__ import annotations

import argparse
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, is_scene, open_scene, place, reader_options, repeats, trains
from workbench.cli.logging_to import Logs, logs_to
from workbench.cli.long_runs import encoder_file, under_way, written_by
from workbench.cli.outputs import Meter, tell, write_run
from workbench.cli.places import refuse_inputs
from workbench.cli.steps_file import steps_of, write_down

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

PAIR = """\
Let two encoders learn together from two kinds of data of one place: radar and reflectance on one grid (FIRST SECOND),
or the short and the long waves of one scene (FIRST --split-at 1000, in nm). By DeCUR, some features are to agree in
both (common: their correlation goes to 1) and the others are each one's own (unique: to 0); both are shown on the way.

Writes FILE.safetensors (weights), FILE.json (what they are), FILE.steps.jsonl (each step: the terms of the loss, and
every tenth how far the two agree and how much each alone predicts of the other) and FILE.run.json (how to repeat it).
`workbench embed` takes it for scenes of either kind; `workbench explain` shows what each has of its own.
"""
EVERY = 10
"""Steps from one look at how far the two agree to the next."""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``pair``."""
    verb = verbs.add_parser(
        "pair",
        help="let two encoders learn together from two kinds of data",
        description=PAIR,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    are_two_scenes(verb)
    verb.add_argument(
        "--common",
        type=float,
        default=0.875,
        metavar="X",
        help="share of the features that shall agree in both, 0…1 (default: %(default)s)",
    )
    verb.add_argument(
        "--encoder",
        default="auto",
        metavar="NAME",
        help="context, pixel, or auto, the default, which takes context where spectra of both stay alike over 8 pixels",
    )
    verb.add_argument("--steps", type=count, default=800, metavar="N", help="optimiser steps (default: %(default)s)")
    verb.add_argument(
        "--pairs", type=count, default=512, metavar="N", help="pairs of pixels a step (default: %(default)s)"
    )
    verb.add_argument(
        "--dim", type=count, default=64, metavar="N", help="length of each embedding (default: %(default)s)"
    )
    verb.add_argument(
        "--learning-rate", type=float, default=0.001, metavar="X", help="peak rate (default: %(default)s)"
    )
    trains(verb)
    logs_to(verb)
    verb.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        type=encoder_file,
        help="file to write (.safetensors), replaced if it exists; or a folder for encoder.safetensors",
    )
    repeats(verb)
    verb.set_defaults(do=pair)


def are_two_scenes(verb: argparse.ArgumentParser) -> None:
    """Add SCENE and SECOND, or SCENE and --split-at."""
    is_scene(verb)
    verb.add_argument(
        "second", metavar="SECOND", nargs="?", type=place, help="another kind of data on the grid of SCENE"
    )
    verb.add_argument(
        "--split-at",
        type=float,
        metavar="NM",
        help="without SECOND: the bands of SCENE below this wavelength [nm] are the first, the others the second",
    )


def open_both(args: argparse.Namespace) -> tuple[xr.DataArray, xr.DataArray]:
    """The two cubes that :func:`are_two_scenes`'s arguments name."""
    from workbench.cubes import open_cube, split_at

    if (args.second is None) == (args.split_at is None):
        got = "both" if args.second else "neither"
        raise ValueError(f"two cubes are two scenes or one that is split, got {got}; give SECOND or --split-at NM")
    if args.second is None:
        return split_at(open_scene(args), args.split_at)
    if args.format or reader_options(args):
        raise ValueError(
            "--format, --variable and --option are for one scene, got them for two; convert those that need them first"
        )
    return open_scene(args), open_cube(args.second)


def pair(args: argparse.Namespace) -> None:
    """Write two encoders that have learnt from the two cubes that `args` names."""
    from dataclasses import asdict, fields

    from workbench import pretrain as room

    recipe = room.PairRecipe(**{field.name: getattr(args, field.name) for field in fields(room.PairRecipe)})
    record = args.out.with_suffix(".run.json")
    refuse_inputs(written_by(args), [args.scene, args.second])
    cubes, meter = open_both(args), Meter("pretraining")
    encoder, reports, agreement = room.begin_pair(*cubes, recipe, device=args.device, every=EVERY)
    args.out.parent.mkdir(exist_ok=True)
    with steps_beside(args.out) as steps, Logs(args.log, args.out, asdict(encoder.recipe)) as logs:
        for report in reports:
            told = agreement().told()
            logs.note(write_down(steps, report, **told))
            meter.show(report.step, report.steps, f"loss {report.loss:.4g}, {in_words(told)}")
        card = room.save_pair(encoder, args.out, cubes=cubes, steps=report.step)
        result = {"encoder": args.out, "steps": report.step, "seconds": report.seconds, "loss": report.loss, **told}
        files = {"scene": args.scene, "second": args.second}
        write_run(record, args, files, scenes=card["scenes"], recipe=card["recipe"], result=result)
    said = f"wrote {args.out} after {report.step} steps in {report.seconds:.0f} s, loss {report.loss:.4g}"
    tell(args, result, f"{said}; {in_words(told)}")


def in_words(told: dict[str, float | None]) -> str:
    """How far two encoders agree, in a line.

    Examples
    --------
    >>> in_words({"common": 0.9, "unique": None, "first_alone": 0.5, "second_alone": 0.25})
    'correlation common 0.90, alone 50 % | 25 % of the other'
    """
    words = [f"{name} {told[name]:.2f}" for name in ("common", "unique") if told[name] is not None]
    shares = " | ".join(f"{100 * told[name]:.0f} %" for name in ("first_alone", "second_alone"))
    return f"correlation {', '.join(words)}, alone {shares} of the other"


@contextmanager
def steps_beside(encoder: Path) -> Iterator[Path]:
    """A file for the steps while they come; at the end it lies beside the encoder, and nothing does after a failure."""
    folder = under_way(encoder)
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.mkdir()
    try:
        steps = folder / "steps.jsonl"
        yield steps
        os.replace(steps, steps_of(encoder))
    finally:
        shutil.rmtree(folder)

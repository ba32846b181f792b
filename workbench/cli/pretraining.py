"""``pretrain``: let an encoder learn from a scene's unlabelled pixels, or from an archive of patches."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.archive_pretraining import is_archive, pretrain_on_archive, takes_archives
from workbench.cli.arguments import count, is_scene, none_or_more, on_device, open_scene, repeats
from workbench.cli.outputs import Meter, tell, write_run
from workbench.cli.places import output, refuse_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import xarray as xr
    from torch import nn

    from workbench.pretrain import Progress

PRETRAIN = """\
Let an encoder learn from the unlabelled pixels of a scene, or of an archive of patches. Writes FILE.safetensors
(weights), FILE.json (what they are) and FILE.run.json (how to repeat it). The same seed gives the same encoder on the
same machine.
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``pretrain``."""
    verb = verbs.add_parser("pretrain", help="let an encoder learn from unlabelled pixels", description=PRETRAIN)
    is_scene(verb)
    verb.add_argument(
        "--objective", default="barlow_twins", metavar="NAME", help="see `workbench objectives` (default: %(default)s)"
    )
    verb.add_argument(
        "--encoder",
        default="auto",
        metavar="NAME",
        help="see `workbench encoders`; auto, the default, takes context where the scene's spectra stay alike over 8 "
        "pixels, else pixel",
    )
    length = verb.add_mutually_exclusive_group()
    length.add_argument("--steps", type=count, metavar="N", help="optimiser steps (default: 800)")
    length.add_argument(
        "--epochs", type=count, metavar="N", help="passes over as many pixels as the scene has, instead of --steps"
    )
    verb.add_argument(
        "--pairs", type=count, metavar="N", help="pairs of pixels a step (default: 512; of patches of an archive 64)"
    )
    verb.add_argument(
        "--dim", type=count, default=64, metavar="N", help="length of an embedding (default: %(default)s)"
    )
    verb.add_argument(
        "--reach",
        type=int,
        metavar="N",
        help="the second view is a neighbour up to N pixels away (default: as far as spectra stay alike)",
    )
    verb.add_argument(
        "--learning-rate",
        type=float,
        default=1e-3,
        metavar="X",
        help="peak rate of the optimiser (default: %(default)s)",
    )
    verb.add_argument(
        "--patience",
        type=none_or_more,
        default=0,
        metavar="N",
        help="stop after N steps in which the loss fell no more; 0, the default, never does",
    )
    verb.add_argument(
        "--precision",
        choices=("32-true", "bf16-mixed", "16-mixed"),
        default="32-true",
        help="arithmetic; bf16-mixed is quicker on recent GPUs (default: %(default)s)",
    )
    takes_archives(verb)
    on_device(verb)
    verb.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        type=output(".safetensors"),
        help="encoder to write (.safetensors); replaced if it exists",
    )
    repeats(verb)
    verb.set_defaults(do=pretrain)


def pretrain(args: argparse.Namespace) -> None:
    """Write an encoder that has learnt from `args.scene`."""
    from workbench import pretrain as room

    room.Recipe(args.objective, args.encoder)  # refused before the scene is read
    record = args.out.with_suffix(".run.json")
    refuse_inputs([args.out, args.out.with_suffix(".json"), record], [args.scene])
    if is_archive(args):
        return pretrain_on_archive(args, record)
    cube = open_scene(args)
    args.pairs = args.pairs or room.Recipe().pairs
    if args.epochs:
        args.steps, args.epochs = math.ceil(args.epochs * cube.sizes["y"] * cube.sizes["x"] / args.pairs), None
    args.steps = args.steps or room.Recipe().steps  # the run.json names what was really done
    recipe = room.Recipe(
        objective=args.objective,
        encoder=args.encoder,
        steps=args.steps,
        pairs=args.pairs,
        dim=args.dim,
        reach=args.reach,
        learning_rate=args.learning_rate,
        patience=args.patience,
        precision=args.precision,
        seed=args.seed,
    )
    encoder, reports = room.begin(cube, recipe, device=args.device)
    terms = []
    for report in shown(reports):
        terms.append({"step": report.step, **report.terms})
    card = room.save_encoder(encoder, args.out, cube=cube, steps=report.step)
    result = {"encoder": args.out, "steps": report.step, "seconds": report.seconds, "loss": report.loss}
    write_run(record, args, {"scene": args.scene}, scene=card["scene"], result=result, loss=terms)
    tell(args, result, f"wrote {args.out} after {report.step} steps in {report.seconds:.0f} s, loss {report.loss:.4g}")


def shown(reports: Iterable[Progress]) -> Iterator[Progress]:
    """The same reports, each shown on the way."""
    meter = Meter("pretraining")
    for report in reports:
        meter.show(report.step, report.steps, f"loss {report.loss:.4g}, {report.rate:,.0f} pairs/s")
        yield report


def encoders_for(
    cube: xr.DataArray, file: Path | None, objectives: Iterable[str], seed: int
) -> tuple[dict[str, nn.Module], dict[str, float]]:
    """An encoder of each objective: that of `file` for its own, a fresh one for any other; and the seconds it took."""
    from workbench import pretrain as room

    wanted = [name for name in dict.fromkeys(objectives) if name]
    if file and not wanted:
        raise ValueError(
            f"none of the models asked for looks at an embedding, so {file} would be ignored; leave --encoder out, or "
            "ask for a model that does, see `workbench models`"
        )
    found, took = {}, {}
    if file:
        encoder = room.load_encoder(file)
        room.matching_bands(encoder, cube)
        found = room.by_objective(encoder, wanted, str(file))
    for name in (one for one in wanted if one not in found):
        found[name], reports = room.begin(cube, room.Recipe(objective=name, seed=seed))
        for report in shown(reports):
            took[name] = report.seconds
    return found, took

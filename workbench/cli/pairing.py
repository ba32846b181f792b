"""``pair``: let two encoders learn together from two cubes of one place, or two products of an archive, by DeCUR."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from workbench.cli.archive_pairing import begin_on, both_products, is_of_archive, scenes_of, takes_products
from workbench.cli.arguments import count, is_scene, open_scene, place, reader_options, repeats, trains
from workbench.cli.going_on import goes_on, pick_up, taken_up
from workbench.cli.long_runs import Keeper, written_by
from workbench.cli.outputs import Meter, tell, write_run
from workbench.cli.places import refuse_inputs

if TYPE_CHECKING:
    import xarray as xr

    from workbench.pretrain import Run

PAIR = """\
Let two encoders learn together from two kinds of data of one place: radar and reflectance on one grid (FIRST SECOND),
the short and the long waves of one scene (FIRST --split-at 1000, in nm), or two products of the same places in an
archive of patches (ARCHIVE --archive --products s1,s2c: the two views of each are of two dates where there are two).
By DeCUR, some features are to agree in both (common: their correlation goes to 1) and the others are each one's own
(unique: to 0); both are shown on the way.

Writes FILE.safetensors (weights), FILE.json (what they are), FILE.steps.jsonl (each step: the terms of the loss, and
every tenth how far the two agree and how much each alone predicts of the other) and FILE.run.json (how to repeat it).
`workbench embed` takes it for scenes of either kind; `workbench explain` shows what each has of its own. Several
processes learn as one, each with --pairs of the batch, by `torchrun --nproc-per-node N -m workbench pair …`.
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
        help="see `workbench encoders`; auto, the default, takes context where spectra of both stay alike over 8 "
        "pixels, else pixel; of archives resnet18_rda; resnet50_rda is the published one",
    )
    verb.add_argument(
        "--crop",
        type=count,
        metavar="N",
        help="of an encoder of patches: side of the patch round a pixel [pixels] (default: its own)",
    )
    verb.add_argument("--steps", type=count, default=800, metavar="N", help="optimiser steps (default: %(default)s)")
    verb.add_argument(
        "--pairs",
        type=count,
        metavar="N",
        help="pairs of pixels a step, in each process (default: 512; of an encoder of patches, and of archives, 64)",
    )
    verb.add_argument(
        "--dim", type=count, default=64, metavar="N", help="length of each embedding (default: %(default)s)"
    )
    trains(verb)
    takes_products(verb)
    goes_on(verb)
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
    """Write two encoders that have learnt from the two cubes that `args` names, in one process or several."""
    from workbench import pretrain as room

    with room.together(args.device) as device:
        _pair(args, device)


def _pair(args: argparse.Namespace, device: str) -> None:
    from workbench import pretrain as room
    from workbench.pretrain.from_archive import PAIRS

    checkpoint = pick_up(args)
    if args.learning_rate is None:
        args.learning_rate = room.find_optimizer(args.optimizer).rate
    streamed = is_of_archive(args)
    if args.pairs is None:
        sees_patches = streamed or (args.encoder != room.AUTO and room.find_encoder(args.encoder).size)
        args.pairs = PAIRS if sees_patches else room.PairRecipe().pairs
    recipe = room.PairRecipe(**{field.name: getattr(args, field.name) for field in fields(room.PairRecipe)})
    record = args.out.with_suffix(".run.json")
    refuse_inputs(written_by(args), [args.scene, args.second])
    learnt_from = both_products(args) if streamed else open_both(args)
    scenes = scenes_of(learnt_from) if streamed else [room.scene_of(cube) for cube in learnt_from]
    scene = {name: " and ".join(one[name] for one in scenes) for name in ("source", "fingerprint")}

    def begin(told: dict[str, object]) -> Run:
        recipe = room.PairRecipe(**told)
        if streamed:
            return begin_on(args, learnt_from, recipe, device)
        return room.begin_pair_run(*learnt_from, recipe, device=device)

    run, told = taken_up(args, scene, begin, checkpoint) if checkpoint else (begin(asdict(recipe)), [])
    reports = run.reports(EVERY, args.checkpoint_every)
    if room.rank():  # only the first process writes and speaks
        for _ in reports:
            continue
        return
    meter = Meter("pretraining")
    with Keeper(args, run, scene, told) as keeper:
        for report in reports:
            seen = run.agreement().told()
            keeper.note(report, **seen)
            meter.show(report.step, report.steps, f"loss {report.loss:.4g}, {in_words(seen)}")
        run.encoder.scenes = scenes
        card = room.save_pair(run.encoder, args.out, steps=report.step)
        result = {"encoder": args.out, "steps": report.step, "seconds": report.seconds, "loss": report.loss, **seen}
        if streamed:
            left_out = sum(map(len, learnt_from.lacking))
            result |= {"pairs_per_second": report.rate, "skipped": run.batches.skipped, "left_out": left_out}
        args.resume = None
        also = {"scenes": card["scenes"], "recipe": card["recipe"], "processes": room.world(), "result": result}
        write_run(record, args, {} if streamed else {"scene": args.scene, "second": args.second}, **also)
        keeper.done()
    said = f"wrote {args.out} after {report.step} steps in {report.seconds:.0f} s, loss {report.loss:.4g}"
    if streamed and run.batches.skipped:
        said += f", {run.batches.skipped} bad patches left out"
    tell(args, result, f"{said}; {in_words(seen)}")


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

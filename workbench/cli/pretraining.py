"""``pretrain``: let an encoder learn from a scene's unlabelled pixels, or from an archive of patches."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.archive_pretraining import is_archive, pretrain_on_archive, takes_archives
from workbench.cli.arguments import count, is_scene, open_scene, repeats, trains
from workbench.cli.going_on import goes_on, pick_up, taken_up
from workbench.cli.long_runs import Keeper, steps_for, written_by
from workbench.cli.outputs import Meter, tell, write_run
from workbench.cli.places import refuse_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import xarray as xr
    from torch import nn

    from workbench.pretrain import Progress, Recipe, Run

PRETRAIN = """\
Let an encoder learn from the unlabelled pixels of a scene, or of an archive of patches. Writes FILE.safetensors
(weights), FILE.json (what they are), FILE.steps.jsonl (each step: the terms of its loss, learning rate, pixels a
second, memory) and FILE.run.json (how to repeat it). The same seed gives the same encoder on the same machine. Several
processes learn as one, each with --pairs of the batch, when started by `torchrun --nproc-per-node N -m workbench
pretrain …`.
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
        "--pairs",
        type=count,
        metavar="N",
        help="pairs of pixels a step, in each process (default: 512; of patches of an archive 64)",
    )
    verb.add_argument(
        "--dim", type=count, default=64, metavar="N", help="length of an embedding (default: %(default)s)"
    )
    trains(verb)
    takes_archives(verb)
    goes_on(verb)
    repeats(verb)
    verb.set_defaults(do=pretrain)


def pretrain(args: argparse.Namespace) -> None:
    """Write an encoder that has learnt from `args.scene`, together with other processes if ``torchrun`` started any."""
    from workbench import pretrain as room

    with room.together(args.device) as device:
        _pretrain(args, device)


def _pretrain(args: argparse.Namespace, device: str) -> None:
    from workbench import pretrain as room

    checkpoint = pick_up(args)
    room.Recipe(args.objective, args.encoder)  # refused before the scene is read
    record = args.out.with_suffix(".run.json")
    refuse_inputs(written_by(args), [args.scene])
    if is_archive(args):
        return pretrain_on_archive(args, record, checkpoint, device)
    cube = open_scene(args)
    args.pairs = args.pairs or room.Recipe().pairs
    args.steps = steps_for(args, cube.sizes["y"] * cube.sizes["x"] // room.world(), room.Recipe().steps)
    scene = room.scene_of(cube)
    run, told = begun(args, scene, lambda recipe: room.begin_run(cube, recipe, device=device), checkpoint)
    run.encoder.scene = scene
    if result := carry_out(args, run, told, record, {"scene": args.scene}):
        steps, took, loss = (result[name] for name in ("steps", "seconds", "loss"))
        tell(args, result, f"wrote {args.out} after {steps} steps in {took:.0f} s, loss {loss:.4g}")


def begun(
    args: argparse.Namespace, scene: dict[str, object], begin: Callable[[Recipe], Run], checkpoint: Path | None
) -> tuple[Run, list[dict]]:
    """A fresh run by `begin`, or one that stands where `checkpoint` was kept; and its reports so far."""
    from workbench import pretrain as room

    if args.learning_rate is None:
        args.learning_rate = room.find_optimizer(args.optimizer).rate
    args.epochs = None  # the run.json names what was really done
    if not checkpoint:
        recipe = room.Recipe(
            objective=args.objective,
            encoder=args.encoder,
            steps=args.steps,
            pairs=args.pairs,
            dim=args.dim,
            reach=args.reach,
            learning_rate=args.learning_rate,
            accumulate=args.accumulate,
            optimizer=args.optimizer,
            patience=args.patience,
            precision=args.precision,
            compiled=args.compiled,
            seed=args.seed,
        )
        return begin(recipe), []
    return taken_up(args, scene, lambda recipe: begin(room.Recipe(**recipe)), checkpoint)


def carry_out(
    args: argparse.Namespace, run: Run, told: list[dict], record: Path, files: dict[str, Path]
) -> dict[str, object]:
    """Train to the end, keep checkpoints, write the encoder and the record; nothing from any but the first process."""
    from workbench import pretrain as room

    if room.rank():  # only the first process writes and speaks
        for _ in run.reports(also_every=args.checkpoint_every):
            continue
        return {}
    with Keeper(args, run, run.encoder.scene, told) as keeper:
        for report in shown(run.reports(also_every=args.checkpoint_every)):
            keeper.note(report)
        card = room.save_encoder(run.encoder, args.out, steps=report.step)
        result = {"encoder": args.out, "steps": report.step, "seconds": report.seconds, "loss": report.loss}
        if hasattr(run.batches, "skipped"):
            result |= {"pairs_per_second": report.rate, "skipped": run.batches.skipped}
        args.resume = None
        also = {"scene": card["scene"], "processes": room.world(), "result": result, "loss": told}
        write_run(record, args, files, **also)
        keeper.done()
    return result


def shown(reports: Iterable[Progress]) -> Iterator[Progress]:
    """The same reports, each shown on the way."""
    from workbench.pretrain import memory

    meter = Meter("pretraining")
    for report in reports:
        held = " + ".join(f"{size / 1e6:,.0f}" for size in memory().values())  # and that of a GPU
        meter.show(report.step, report.steps, f"loss {report.loss:.4g}, {report.rate:,.0f} pairs/s, {held} MB")
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

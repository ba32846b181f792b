"""``compare``: which model serves this scene best with few labels, and how far a random split flatters it."""

from __future__ import annotations

import argparse
import json
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, counts, is_scene, names, open_scene, repeats, takes_labels
from workbench.cli.outputs import Meter, command, plain, print_json, say, tell_dropped
from workbench.cli.places import output_folder, refuse_inputs
from workbench.cli.pretraining import encoders_for
from workbench.cli.score_tables import all_tables

if TYPE_CHECKING:
    import pandas as pd

FILES = ("scores.parquet", "scores.csv", "timings.csv", "run.json", "progress.jsonl")
"""What a comparison writes in its folder."""

COMPARE = """\
Train each model on a few labels a class, test it on the rest, and repeat with other draws. Accuracies are 0…1, with the
95 % interval over draws. Nothing is chosen on test labels, so the model that the others are held against is named by
you, or the first, and never the best.

Two splits: random tests on pixels anywhere, often right beside the training ones, and flatters; blocks keeps training
and test apart by the model's footprint. The blocks figures are always computed and shown beside those asked for, with
the gap between the two; --only-split leaves them out (and halves the time).

In DIR, progress.jsonl holds the rows so far, should the comparison be stopped; the same command goes on with those
that are missing. A whole comparison leaves none. Times stand in timings.csv, so that scores.csv repeats byte for byte.
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``compare``."""
    verb = verbs.add_parser(
        "compare",
        help="which model serves this scene best with few labels",
        description=COMPARE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    is_scene(verb)
    takes_labels(verb, "--truth", "full reference: a raster on the scene's grid, or polygons in any CRS")
    verb.add_argument(
        "--models",
        type=names,
        default="auto,svm,random_forest,barlow_twins",
        metavar="A,B,C",
        help="see `workbench models` (default: %(default)s)",
    )
    verb.add_argument(
        "--against",
        metavar="NAME",
        help="the model the others are held against, draw by draw (default: the first of --models)",
    )
    verb.add_argument(
        "--budgets", type=counts, default="5,10,20", metavar="N,N", help="labels a class (default: %(default)s)"
    )
    verb.add_argument(
        "--draws", type=count, default=10, metavar="N", help="random choices of labels a budget (default: %(default)s)"
    )
    verb.add_argument(
        "--split",
        type=splits,
        metavar="NAMES",
        help="random, blocks, official (default: random, or official where given)",
    )
    verb.add_argument(
        "--official",
        metavar="FILE",
        type=Path,
        help="labels to train on, as a benchmark lays them down; all others of --truth are tested on",
    )
    verb.add_argument("--only-split", action="store_true", help="compute only the splits named by --split")
    verb.add_argument(
        "--encoder",
        metavar="FILE",
        type=Path,
        help="encoder from `workbench pretrain`; by default one is pretrained on the scene, without labels",
    )
    verb.add_argument(
        "--out",
        type=output_folder,
        metavar="DIR",
        help="folder for scores.parquet, scores.csv, timings.csv and run.json; without it, nothing is written",
    )
    verb.add_argument(
        "--jobs",
        type=count,
        default=1,
        metavar="N",
        help="draws at a time, each in a process; the scores stay the same (default: %(default)s)",
    )
    repeats(verb)
    verb.set_defaults(do=compare)


def splits(text: str) -> list[str]:
    """Names of splits, commas between."""
    from workbench.compare import OFFICIAL, SPLITS

    found, known = names(text), (*SPLITS, OFFICIAL)
    if unknown := [name for name in found if name not in known]:
        raise argparse.ArgumentTypeError(f"no split is named {unknown[0]!r}; choose from {', '.join(known)}")
    return found


def compare(args: argparse.Namespace) -> None:
    """Print the scores of the models, and keep them where asked."""
    from workbench import compare as room
    from workbench.labels import open_labels, with_official
    from workbench.probe import find_model

    models = {name: find_model(name) for name in args.models}
    against = args.against or args.models[0]
    if against not in models:
        raise ValueError(f"--against names one of --models, got {against!r}; choose from {', '.join(models)}")
    args.split = args.split or [room.OFFICIAL if args.official else "random"]
    if room.OFFICIAL in args.split and not args.official:
        raise ValueError("the official split needs the official training labels; give them with --official FILE")
    asked = args.split if args.only_split else list(dict.fromkeys([*args.split, *room.SPLITS]))
    if args.out:
        refuse_inputs([args.out / name for name in FILES], [args.scene, args.truth, args.official, args.encoder])
    cube = open_scene(args)
    truth = open_labels(args.truth, cube, column=args.column, layer=args.layer)
    tell_dropped(args.truth, truth.attrs)
    if args.official:
        truth = with_official(truth, open_labels(args.official, cube, column=args.column, layer=args.layer))
    run = room.run_of(
        cube, truth, models=args.models, budgets=args.budgets, draws=args.draws, splits=asked, seed=args.seed
    )
    with ExitStack() as stack:
        known, kept = [], None
        if args.out:  # a folder that takes nothing, or holds another comparison: known now
            files = {"truth": args.truth, "official": args.official, "encoder": args.encoder}
            question = room.question_of(run, files, column=args.column, layer=args.layer)
            known = room.rows_so_far(args.out, question)
            kept = stack.enter_context(room.write_rows(args.out, question, known))
        encoders, took = encoders_for(cube, args.encoder, [row.objective for row in models.values()], args.seed)
        if known:
            say(f"going on from the {len(known)} rows in {args.out / 'progress.jsonl'}")
        meter, found = Meter("comparing"), []
        total = len(models) * len(args.budgets) * args.draws * len(asked)
        choices = {"encoder": encoders, "seed": args.seed, "jobs": args.jobs, "known": known}
        for row in room.compare_rows(cube, truth, args.models, args.budgets, args.draws, asked, **choices):
            is_new = len(found) >= len(known)  # those known come first
            waited = row["pretrain_seconds"] + took.get(models[row["model"]].objective, 0.0)
            found.append({**row, "pretrain_seconds": waited} if is_new else row)
            if kept and is_new:
                room.write_row(kept, found[-1])
            meter.show(len(found), total, f"{row['model']}, {row['budget']} labels a class, {row['split']}")
    table = room.score_table(found)
    table.attrs["run"] = run
    found = room.answers(table, against)
    if args.out:
        keep(args, table, found)
    if args.json:
        print_json(found)
    else:
        print(all_tables(table, room.summarise(table), asked, against))


def keep(args: argparse.Namespace, table: pd.DataFrame, found: list[dict]) -> None:
    """Write the rows and how to repeat them into the folder, each file whole or not at all."""
    from workbench.compare import write_scores
    from workbench.files import write_json

    write_scores(table, args.out, encoder=args.encoder, column=args.column, layer=args.layer)
    record = json.loads((args.out / "run.json").read_text(encoding="utf-8"))
    words = shlex.join(command(args))
    write_json(args.out / "run.json", {**record, "command": words, "summary": plain(found)})
    (args.out / "progress.jsonl").unlink()
    say(f"wrote scores.parquet, scores.csv, timings.csv and run.json into {args.out}")

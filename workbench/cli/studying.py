"""``study``: which augmentations matter, by leaving each out of the pretraining and by leaving each alone."""

from __future__ import annotations

import argparse
from pathlib import PurePath
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, is_scene, names, on_device, open_scene, repeats, takes_labels
from workbench.cli.outputs import Meter, tell, tell_dropped, write_run
from workbench.cli.pages import takes_pdf, write_page, written
from workbench.cli.places import output_folder, refuse_inputs

if TYPE_CHECKING:
    import pandas as pd

FILES = ("study.parquet", "study.csv", "summary.csv", "study.html", "study.run.json")
"""What a study writes in its folder."""

STUDY = """\
Which augmentations does an objective need on this scene? Pretrains with all of them, without each, with each alone and
with none, each time afresh, and teaches a linear probe several fractions of the labels. Training and test pixels lie in
separate blocks. Accuracies are 0…1; differences from "all" are paired by repeat, with 95 % intervals.

Writes in DIR study.parquet and study.csv (a row each), summary.csv (means and intervals), study.html (table and plot;
with --pdf study.pdf, too) and study.run.json (how to repeat it).
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``study``."""
    verb = verbs.add_parser(
        "study",
        help="which augmentations matter for pretraining on this scene",
        description=STUDY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    is_scene(verb)
    takes_labels(verb, "--truth", "full reference: a raster on the scene's grid, or polygons in any CRS")
    verb.add_argument(
        "--objectives",
        type=names,
        default="barlow_twins",
        metavar="A,B",
        help="those of views, see `workbench objectives` (default: %(default)s)",
    )
    verb.add_argument(
        "--encoder", default="auto", metavar="NAME", help="see `workbench encoders` (default: what suits the scene)"
    )
    verb.add_argument(
        "--fractions",
        type=percents,
        default="0.1,1,5,10,100",
        metavar="P,P",
        help="labels of the training half [%%], each class rounded up (default: %(default)s)",
    )
    verb.add_argument(
        "--repeats", type=count, default=3, metavar="N", help="times that all is done again (default: %(default)s)"
    )
    verb.add_argument(
        "--steps", type=count, default=400, metavar="N", help="optimiser steps of each pretraining (default: 400)"
    )
    on_device(verb)
    verb.add_argument("--out", required=True, type=output_folder, metavar="DIR", help="folder for the files above")
    takes_pdf(verb, "study.html")
    repeats(verb)
    verb.set_defaults(do=study)


def percents(text: str) -> list[float]:
    """Per cent, commas between.

    Examples
    --------
    >>> percents("0.1,100")
    [0.1, 100.0]
    """
    try:
        found = [float(word) for word in names(text)]
    except ValueError:
        found = []
    if not found or not all(0 < part <= 100 for part in found):
        raise argparse.ArgumentTypeError(f"fractions are per cent above 0 and up to 100, as 1,10,100; got {text!r}")
    return found


def study(args: argparse.Namespace) -> None:
    """Do the study of `args.scene` and write it."""
    import pandas as pd

    from workbench import compare as room
    from workbench.compare.report import study_page, told_in_words
    from workbench.compare.study import conditions
    from workbench.labels import open_labels
    from workbench.pretrain import Recipe, settle

    refuse_inputs(written(args, FILES), [args.scene, args.truth])
    cube, shares = open_scene(args), [part / 100 for part in args.fractions]
    truth = open_labels(args.truth, cube, column=args.column, layer=args.layer)
    tell_dropped(args.truth, truth.attrs)
    args.encoder = settle(Recipe(encoder=args.encoder), cube).encoder
    args.out.mkdir(parents=True, exist_ok=True)
    how = {"encoder": args.encoder, "steps": args.steps, "seed": args.seed, "device": args.device}
    total = args.repeats * len(args.objectives) * len(conditions(args.encoder)) * len(shares)
    meter, rows = Meter("studying"), []
    for row in room.study_rows(cube, truth, args.objectives, shares, args.repeats, **how):
        rows.append(row)
        meter.show(len(rows), total, f"{row['objective']}, {row['condition']}, {100 * row['fraction']:g} %")
    table = pd.DataFrame(rows)
    summary = room.study_summary(table)
    _keep(table, args.out / "study.parquet", args.out / "study.csv")
    _keep(summary, args.out / "summary.csv")
    pages = write_page(args, args.out / "study.html", study_page(table, PurePath(str(args.scene)).stem))
    said = {name: told_in_words(summary[summary["objective"] == name]) for name in args.objectives}
    result = {"study": args.out / "study.csv", **pages, "answer": said}
    write_run(args.out / "study.run.json", args, {"scene": args.scene, "truth": args.truth}, result=result)
    tell(args, result, "\n".join([f"wrote {args.out / 'study.html'}", *(f"{k}: {v}" for k, v in said.items())]))


def _keep(table: pd.DataFrame, *paths: object) -> None:
    from workbench.compare import write_table

    for path in paths:
        write_table(table, path)

"""``suggest`` and ``doubt``: which pixels to label next, and which labels to look at again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, is_scene, names, open_scene, repeats, takes_labels
from workbench.cli.outputs import print_json, say, tell_dropped, write_run
from workbench.cli.places import output, refuse_inputs
from workbench.cli.pretraining import encoders_for

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from workbench.probe import Model

SUGGEST = """\
Which pixels to label next: those the model wavers at, unlike each other and some pixels apart; never one without data
or with a label. A row each: row and column (pixels from the upper left, 0 first), uncertainty (0…1), the class it would
get now, and between which classes the model wavers. With several models, by commas, those they disagree on.
"""
DOUBT = """\
Which labels look wrong, the most doubtful first. Each is judged by models that were not told it: doubt 0…1, over one
half where another class is likelier; suspected by the rule of confident learning (Northcutt et al. 2021); an outlier
if it lies more than 3 times as far from its class as is usual there. Right but rare labels look doubtful, too.
"""
SHOWN = ("row", "column", "uncertainty", "doubt", "class_name", "reason")
"""Columns that people are shown."""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``suggest`` and ``doubt``."""
    verb = verbs.add_parser("suggest", help="the pixels that are most worth a label", description=SUGGEST)
    _asks(verb, names, ["lda_noise_fractions"], "NAME[,NAME]", "model that wavers, or several that disagree")
    verb.add_argument(
        "--by",
        choices=("margin", "entropy", "disagreement"),
        help="what counts as wavering (default: margin of one model, disagreement of several)",
    )
    verb.add_argument(
        "--count", type=count, default=10, metavar="N", help="pixels wanted; fewer where there is no room (default: 10)"
    )
    verb.add_argument(
        "--spacing",
        type=count,
        default=3,
        metavar="N",
        help="least distance from each other and from a label, along rows or columns [pixels] (default: %(default)s)",
    )
    repeats(verb)
    verb.set_defaults(do=suggest)

    verb = verbs.add_parser("doubt", help="the labels that look wrong", description=DOUBT)
    _asks(verb, str, "lda_noise_fractions", "NAME", "model that judges")
    verb.add_argument(
        "--folds", type=count, default=5, metavar="N", help="parts that labels are judged in (default: %(default)s)"
    )
    verb.add_argument(
        "--count", type=count, default=20, metavar="N", help="labels shown; --out gets all (default: %(default)s)"
    )
    repeats(verb)
    verb.set_defaults(do=doubt)


def _asks(verb: argparse.ArgumentParser, kind: object, default: object, metavar: str, text: str) -> None:
    """Add what both verbs take."""
    is_scene(verb)
    takes_labels(
        verb,
        "--labels",
        "labels: polygons or points in any CRS (.gpkg .geojson .shp), or a raster on the scene's grid (.mat .tif)",
    )
    said = f"{text}, see `workbench models` (default: lda_noise_fractions)"
    verb.add_argument("--model", type=kind, default=default, metavar=metavar, help=said)
    verb.add_argument(
        "--encoder",
        metavar="FILE",
        type=Path,
        help="encoder from `workbench pretrain`; models that need one pretrain it first if none is given",
    )
    verb.add_argument(
        "--out",
        metavar="FILE",
        type=output(".gpkg", ".geojson", ".csv"),
        help="write them as points (.gpkg .geojson) or a table (.csv), too; replaced if it exists",
    )


def suggest(args: argparse.Namespace) -> None:
    """Show and write the pixels of `args.scene` that are worth a label."""
    import pandas as pd

    from workbench import probe

    rows = [probe.find_model(name) for name in args.model]
    args.by = args.by or ("margin" if len(rows) == 1 else "disagreement")
    if (args.by == "disagreement") != (len(rows) > 1):
        wants = "two models or more" if args.by == "disagreement" else "one model"
        raise ValueError(f"--by {args.by} is of {wants}, got --model {','.join(args.model)}; name others, or leave it")
    cube, labels = _opened(args)
    seen = _seen(args, cube, rows)
    if len(rows) > 1:
        source = {name: probe.classify_scene(name, cube, labels, seed=args.seed, **seen[name]) for name in args.model}
    else:
        source = probe.class_chances(args.model[0], cube, labels, seed=args.seed, **seen[args.model[0]])
    space = next((found["embedding"] for found in seen.values() if "embedding" in found), None)
    if space is None:
        space = probe.feature_map(cube, probe.FEATURES["noise_fractions"].learn(cube))
    found = probe.suggest(source, labels, args.count, by=args.by, features=space, spacing=args.spacing, seed=args.seed)
    names = labels.attrs["classes"]
    table = pd.DataFrame(
        [
            {
                "rank": rank,
                "row": one.row,
                "column": one.column,
                "uncertainty": round(one.uncertainty, 4),
                "guess": names[one.guess - 1],
                "reason": one.reason,
            }
            for rank, one in enumerate(found, start=1)
        ],
        columns=["rank", "row", "column", "uncertainty", "guess", "reason"],
    )
    _hand_out(args, cube, table, {"by": args.by}, f"{len(table)} pixels to label next", "suggestions")


def doubt(args: argparse.Namespace) -> None:
    """Show the labels of `args.labels` that look wrong, and write all in order of doubt."""
    from workbench import probe

    row = probe.find_model(args.model)
    cube, labels = _opened(args)
    seen = _seen(args, cube, [row])[row.name]
    table = probe.doubtful(args.model, cube, labels, folds=args.folds, seed=args.seed, **seen)
    table = table.round({"doubt": 4, "distance": 2})
    facts = {"labels": len(table), "suspected": int(table["suspected"].sum()), "outliers": int(table["outlier"].sum())}
    sentence = "{labels} labels, {suspected} suspected, {outliers} outliers".format(**facts)
    _hand_out(args, cube, table, facts, sentence, "doubtful")


def _opened(args: argparse.Namespace) -> tuple[xr.DataArray, xr.DataArray]:
    """Scene and labels, once nothing that is read can be written over."""
    from workbench.labels import check_trainable, open_labels

    if args.out:
        refuse_inputs([args.out, args.out.with_suffix(".run.json")], [args.scene, args.labels, args.encoder])
    cube = open_scene(args)
    labels = open_labels(args.labels, cube, column=args.column, layer=args.layer)
    tell_dropped(args.labels, labels.attrs)
    return cube, check_trainable(labels)


def _seen(args: argparse.Namespace, cube: xr.DataArray, rows: list[Model]) -> dict[str, dict[str, xr.DataArray]]:
    """The embedding that each model looks at, if it does, by the model's name; one of each objective."""
    from workbench.probe import embed

    encoders, _ = encoders_for(cube, args.encoder, [row.objective for row in rows if row.embeds], args.seed)
    embeddings = {objective: embed(cube, encoder) for objective, encoder in encoders.items()}
    return {row.name: {"embedding": embeddings[row.objective]} if row.embeds else {} for row in rows}


def _hand_out(
    args: argparse.Namespace, cube: xr.DataArray, table: pd.DataFrame, facts: dict, sentence: str, what: str
) -> None:
    """Write the table, keep how it was made, and show its head."""
    from workbench.labels import write_places

    head = table.head(args.count)
    result = {"model": args.model, **facts, what: head.to_dict("records")}
    if args.out:
        result["file"] = write_places(table, cube, args.out)
        files = {"scene": args.scene, "labels": args.labels, "encoder": args.encoder}
        write_run(args.out.with_suffix(".run.json"), args, files, result=result)
        sentence = f"wrote {args.out}: {sentence}"
    if args.json:
        print_json(result)
        return
    say(sentence)
    if not args.out and len(head):
        print(head[[name for name in SHOWN if name in head]].to_string(index=False))

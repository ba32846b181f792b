"""``transfer``: what encoders are worth on labelled patches, by shares of their labels."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, names, none_or_more, on_device, option, repeats
from workbench.cli.named_patches import TorchgeoPlace, folder_or_set, opened
from workbench.cli.outputs import Meter, say, tell, write_run
from workbench.cli.pages import takes_pdf, write_page, written
from workbench.cli.places import output_folder, refuse_inputs
from workbench.cli.studying import percents

if TYPE_CHECKING:
    from workbench.probe import PatchSet, TorchgeoPatches

FILES = ("transfer.parquet", "transfer.csv", "summary.csv", "transfer.html", "transfer.run.json")
"""What a transfer writes in its folder."""

TRANSFER = """\
What is an encoder worth on labelled patches? Teaches a head on it with shares of the training patches, with the encoder
frozen or learning too, and tests on patches of other places. Masks make it segmentation; a table of labels, or a
folder a class, make it classification, of several classes at once, or of numbers. Scores are 0…1 (RMSE in the number's
units); with --random-weights, differences from the same encoder at random weights are paired by repeat, with 95 %
intervals.

Writes in DIR transfer.parquet and transfer.csv (a row each), summary.csv (means, differences and intervals),
transfer.html (learning curves and table; with --pdf transfer.pdf, too) and transfer.run.json (how to repeat it).

torchgeo:NAME@DIR takes a data set from where torchgeo would download it to, with its labels and its published split:
EuroSAT, EuroSATSpatial, EuroSAT100, BigEarthNet, So2Sat, SSL4EOLBenchmark; or L7Irish and L8Biome, whose scenes are cut
into patches (--option size=224) and drawn as wholes. Nothing is downloaded.
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``transfer``."""
    verb = verbs.add_parser(
        "transfer",
        help="what encoders are worth on labelled patches",
        description=TRANSFER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument(
        "patches",
        metavar="PATCHES",
        type=folder_or_set,
        help="folder of patches, as for `workbench pretrain`; or torchgeo:NAME@DIR, a data set that torchgeo reads",
    )
    verb.add_argument(
        "--option",
        dest="options",
        metavar="NAME=VALUE",
        type=option,
        action="append",
        default=[],
        help="what torchgeo's class takes, such as sensor=oli_sr; repeat for several",
    )
    truth = verb.add_mutually_exclusive_group()
    truth.add_argument(
        "--masks", type=Path, metavar="DIR", help="folder of rasters of class codes, named as the patches"
    )
    truth.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help=".csv, .parquet or .json of labels (default, without masks: those in BigEarthNet's folders, or a patch's "
        "folder is its class)",
    )
    verb.add_argument("--column", metavar="NAME", help="column of the labels; A,B,C are columns of 0 and 1")
    verb.add_argument(
        "--task",
        choices=("classes", "several", "number"),
        help="what a table holds (default: as it looks); several, of masks: the classes in each",
    )
    verb.add_argument(
        "--unlabelled", type=none_or_more, default=0, metavar="CODE", help="code of pixels without a class (default: 0)"
    )
    verb.add_argument(
        "--nomenclature",
        type=int,
        choices=(19, 43),
        help="classes of CORINE: BigEarthNet's 19 (its default), or all 43; masks hold CORINE's codes then",
    )
    verb.add_argument(
        "--split",
        type=Path,
        metavar="DIR",
        help="folder of train.txt, test.txt and maybe val.txt, a patch a line, or a table with a column split "
        "(default: 60, 20, 20 %% of the places)",
    )
    verb.add_argument(
        "--encoder", required=True, type=files, metavar="FILE,FILE", help="from `workbench pretrain` (.safetensors)"
    )
    verb.add_argument("--random-weights", action="store_true", help="each encoder also at random weights")
    verb.add_argument(
        "--mode",
        type=names,
        default="frozen",
        metavar="A,B",
        help="what learns beside the head: frozen, adapter (SpectralEarth's), first:N (layers), full (default: frozen)",
    )
    verb.add_argument("--head", choices=("linear", "fcn", "conv"), default="linear", help="default: %(default)s")
    verb.add_argument(
        "--fractions",
        type=percents,
        default="1,10,100",
        metavar="P,P",
        help="of the training patches [%%], rounded up, of each class where a patch has one (default: %(default)s)",
    )
    verb.add_argument(
        "--repeats", type=count, default=3, metavar="N", help="times that all is done again (default: %(default)s)"
    )
    verb.add_argument("--steps", type=count, default=300, metavar="N", help="optimiser steps at most (default: 300)")
    verb.add_argument("--batch", type=count, default=8, metavar="N", help="patches a step (default: %(default)s)")
    on_device(verb)
    verb.add_argument("--out", required=True, type=output_folder, metavar="DIR", help="folder for the files above")
    takes_pdf(verb, "transfer.html")
    repeats(verb)
    verb.set_defaults(do=transfer)


def files(text: str) -> list[Path]:
    """Comma-separated files, as absolute paths, each once."""
    return [Path(name).expanduser().absolute() for name in names(text)]


def transfer(args: argparse.Namespace) -> None:
    """Teach and test as `args` say, and write it."""
    import pandas as pd

    from workbench import compare as room
    from workbench.compare.report import gains_in_words, transfer_page
    from workbench.pretrain import load_encoder
    from workbench.probe import Teaching

    folder = args.patches.root if isinstance(args.patches, TorchgeoPlace) else args.patches
    refuse_inputs(written(args, FILES), [folder, args.masks, args.labels, args.split, *args.encoder])
    encoders = {name: load_encoder(path) for name, path in named(args.encoder).items()}
    teaching = Teaching(head=args.head, steps=args.steps, batch=args.batch)
    patches = opened(args)
    tell_left_out(patches)
    shares = [part / 100 for part in args.fractions]
    how = {"random_weights": args.random_weights, "teaching": teaching, "lists": args.split, "seed": args.seed}
    total = args.repeats * len(encoders) * len(args.mode) * len(shares) * (1 + args.random_weights)
    meter, rows = Meter("teaching"), []
    for row in room.transfer_rows(patches, encoders, args.mode, shares, args.repeats, **how, device=args.device):
        rows.append(row)
        meter.show(len(rows), total, f"{row['encoder']}, {row['mode']}, {100 * row['fraction']:g} %")
    name = args.patches.name if isinstance(args.patches, TorchgeoPlace) else args.patches.resolve().name
    table, facts = pd.DataFrame(rows), patch_facts(name, patches)
    summary = room.transfer_summary(table)
    args.out.mkdir(exist_ok=True)
    for name, some in (("transfer.parquet", table), ("transfer.csv", table), ("summary.csv", summary)):
        room.write_table(some, args.out / name)
    pages = write_page(args, args.out / "transfer.html", transfer_page(table, facts))
    said = gains_in_words(summary)
    result = {"table": args.out / "transfer.csv", **pages, "answer": said}
    read = {"labels": args.labels, **{f"encoder {name}": path for name, path in named(args.encoder).items()}}
    known = facts | {"fingerprint": patches.fingerprint}
    write_run(args.out / "transfer.run.json", args, read, patches=known, result=result)
    tell(args, result | {"summary": summary.to_dict("records")}, f"wrote {args.out / 'transfer.html'}\n{said}")


def named(paths: list[Path]) -> dict[str, Path]:
    """Encoders' files by a short name: the file's, or that of its folder too where two have one."""
    stems = [path.stem for path in paths]
    return {path.stem if stems.count(path.stem) == 1 else f"{path.parent.name}/{path.stem}": path for path in paths}


def tell_left_out(patches: PatchSet | TorchgeoPatches) -> None:
    """Say how many patches have no truth, if any."""
    if missing := patches.n_patches - len(patches):
        say(f"{missing:,} of {patches.n_patches:,} patches have no truth and are left out")


def patch_facts(name: str, patches: PatchSet | TorchgeoPatches) -> dict[str, object]:
    """What the page and the record say of the patches."""
    known = patches.truth.names
    return {
        "name": name,
        "patches": f"{len(patches):,} of {len(set(patches.place.tolist())):,} places",
        "size": " × ".join(map(str, patches.side)) + " pixels",
        "classes" if patches.truth.task != "number" else "number": ", ".join(known[:30])
        + (f" and {len(known) - 30} more" if len(known) > 30 else ""),
    }

"""``explain``: what two encoders that learnt together have in common and each of its own, as a page and tables."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, on_device, repeats, takes_labels
from workbench.cli.outputs import Meter, tell, tell_dropped, write_run
from workbench.cli.pages import takes_pdf, write_page, written
from workbench.cli.pairing import are_two_scenes, open_both
from workbench.cli.places import output_folder, refuse_inputs

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from workbench.pretrain.encoders.pair import PairEncoder
    from workbench.probe import PairExplanation

FILES = ("pair.html", "bands.csv", "diagonal.csv", "probes.csv", "probe_summary.csv", "explain.run.json")
"""What may be written in the folder."""

EXPLAIN = """\
What do two encoders of `workbench pair` find in both kinds of data, and what in one alone? Shows the correlation of
each feature between the two, which bands [nm] the common and the unique features look at (integrated gradients, mean
over pixels), how far each pixel stands out in them, and how much each kind alone predicts of the other. With --labels a
linear probe tells what each kind, both, the common and the unique features say of the classes (accuracies 0…1, 95 %
intervals over draws).

Writes in DIR pair.html (one page; with --pdf pair.pdf, too), bands.csv, diagonal.csv, with --labels probes.csv and
probe_summary.csv, and explain.run.json (how to repeat it).
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``explain``."""
    verb = verbs.add_parser(
        "explain",
        help="what a pair of encoders has in common and each of its own",
        description=EXPLAIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("pair", metavar="PAIR", type=Path, help="file from `workbench pair` (.safetensors)")
    are_two_scenes(verb)
    takes_labels(
        verb,
        "--labels",
        "what is known of the classes: a raster on the scenes' grid, or polygons in any CRS",
        required=False,
    )
    verb.add_argument(
        "--budget", type=count, default=20, metavar="N", help="labels a class for the probe (default: %(default)s)"
    )
    verb.add_argument(
        "--draws", type=count, default=10, metavar="N", help="random choices of them (default: %(default)s)"
    )
    verb.add_argument(
        "--split",
        choices=("blocks", "random"),
        default="blocks",
        help="blocks keeps training and test pixels as far apart as the encoder sees (default: blocks)",
    )
    verb.add_argument(
        "--pixels",
        type=count,
        default=2048,
        metavar="N",
        help="pixels drawn for all but the maps (default: %(default)s)",
    )
    on_device(verb)
    verb.add_argument("--out", required=True, type=output_folder, metavar="DIR", help="folder for the files above")
    takes_pdf(verb, "pair.html")
    repeats(verb)
    verb.set_defaults(do=explain)


def explain(args: argparse.Namespace) -> None:
    """Write what is to be said of `args.pair`."""
    from workbench import probe
    from workbench.compare import pair_probe_summary
    from workbench.compare.report import pair_in_words, pair_page
    from workbench.pretrain import load_pair

    files = {"pair": args.pair, "scene": args.scene, "second": args.second, "labels": args.labels}
    refuse_inputs(written(args, FILES), files.values())
    encoder = load_pair(args.pair)
    cubes = open_both(args)
    found = probe.explain_pair(*cubes, encoder, pixels=args.pixels, seed=args.seed, device=args.device)
    rows = _probed(args, cubes, encoder) if args.labels else None
    args.out.mkdir(parents=True, exist_ok=True)
    _keep(found.bands, args.out / "bands.csv")
    _keep(_diagonal(found), args.out / "diagonal.csv")
    summary = None
    if rows is not None:
        summary = pair_probe_summary(rows)
        _keep(rows, args.out / "probes.csv")
        _keep(summary, args.out / "probe_summary.csv")
    names = _names(args, cubes)
    learnt_from = dict.fromkeys(one["source"] or "a scene without a file" for one in encoder.card["scenes"])
    told = {
        "files": ", ".join(Path(str(place)).name for place in (args.scene, args.second) if place),
        "encoders": f"{encoder.recipe.encoder}, {encoder.first.dim} and {encoder.second.dim} features",
        "learnt from": ", ".join(learnt_from),
        "steps": encoder.card["steps"],
        "pixels drawn": f"{found.n_pixels:,}",
    }
    pages = write_page(args, args.out / "pair.html", pair_page(found, cubes, names, told, rows))
    common, unique = found.diagonal[: found.n_common], abs(found.diagonal[found.n_common :])
    result = {
        **pages,
        "common": float(common.mean()) if len(common) else None,
        "unique": float(unique.mean()) if len(unique) else None,
        "alone": found.alone,
        "probes": summary.to_dict("records") if summary is not None else [],
    }
    write_run(args.out / "explain.run.json", args, files, result=result)
    tell(args, result, f"wrote {args.out / 'pair.html'}: {pair_in_words(found, names)}")


def _probed(args: argparse.Namespace, cubes: tuple[xr.DataArray, xr.DataArray], encoder: PairEncoder) -> pd.DataFrame:
    """Rows of the linear probe."""
    import pandas as pd

    from workbench.compare import pair_probe_rows
    from workbench.labels import open_labels

    truth = open_labels(args.labels, cubes[0], column=args.column, layer=args.layer)
    tell_dropped(args.labels, truth.attrs)
    how = {"budget": args.budget, "draws": args.draws, "split": args.split, "seed": args.seed, "device": args.device}
    meter, rows = Meter("probing"), []
    for row in pair_probe_rows(*cubes, truth, encoder, **how):
        rows.append(row)
        meter.show(row["draw"], args.draws, row["features"])
    return pd.DataFrame(rows)


def _names(args: argparse.Namespace, cubes: tuple[xr.DataArray, xr.DataArray]) -> tuple[str, str]:
    """What the two are called: by range if of one scene, else by their files, or by folders where those are alike."""
    if args.second is None:
        ends = [(float(cube["wavelength"].min()), float(cube["wavelength"].max())) for cube in cubes]
        return tuple(f"{low:.0f}–{high:.0f} nm" for low, high in ends)
    files = [Path(str(place)) for place in (args.scene, args.second)]
    if files[0].name != files[1].name:
        return tuple(file.name for file in files)
    return tuple(file.absolute().parent.name for file in files)


def _diagonal(found: PairExplanation) -> pd.DataFrame:
    """Correlations as a table."""
    import pandas as pd

    groups = ["common" if i < found.n_common else "unique" for i in range(len(found.diagonal))]
    return pd.DataFrame({"feature": range(len(groups)), "group": groups, "correlation": found.diagonal})


def _keep(table: pd.DataFrame, path: Path) -> None:
    from workbench.compare import write_table

    write_table(table, path)

"""``embed`` and ``classify``: what an encoder sees in every pixel, and what a few labels make of it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, is_scene, on_device, open_scene, prints_json, repeats, takes_labels
from workbench.cli.outputs import Meter, say, tell, tell_dropped, write_run
from workbench.cli.places import output, refuse_inputs
from workbench.cli.pretraining import encoders_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import xarray as xr

    from workbench.pretrain import Encoder
    from workbench.probe import Progress, Written

EMBED = """\
The embedding of every pixel, the scene read by blocks: float32, NaN where the scene has no data. The scene's bands
are matched to the encoder's by wavelength [nm]. Writes OUT and OUT's .run.json. If it is stopped or killed, the same
command goes on with the blocks that were finished.
"""
CLASSIFY = """\
A class map of the whole scene from a few labels: MAP.tif, a Cloud-Optimised GeoTIFF with colour table and category
names (0 = no data, 1…K = classes), MAP_confidence.tif (0…1) beside it, and MAP.run.json (how to repeat it). If it is
stopped or killed, the same command goes on with the blocks that were finished.
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``embed`` and ``classify``."""
    verb = verbs.add_parser("embed", help="the embedding of every pixel", description=EMBED)
    is_scene(verb)
    verb.add_argument(
        "--encoder",
        required=True,
        metavar="FILE",
        type=Path,
        help="encoder from `workbench pretrain`, `pair` or `released`",
    )
    verb.add_argument(
        "--half",
        choices=("first", "second"),
        help="of a pair of encoders, the one to use (default: the one whose bands the scene has)",
    )
    verb.add_argument(
        "--block",
        type=count,
        metavar="N",
        help="side of a block [pixels]; bounds the memory, not the result (default: what some 128 MB allow)",
    )
    on_device(verb)
    runs_blocks(verb)
    verb.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        type=output(".zarr", ".tif"),
        help="file to write (.zarr or .tif); replaced if it exists",
    )
    prints_json(verb)
    verb.set_defaults(do=embed)

    verb = verbs.add_parser("classify", help="a class map and its confidence from a few labels", description=CLASSIFY)
    is_scene(verb)
    takes_labels(
        verb,
        "--labels",
        "labels: polygons or points in any CRS (.gpkg .geojson .shp), or a raster on the scene's grid (.mat .tif)",
    )
    verb.add_argument("--model", default="auto", metavar="NAME", help="see `workbench models` (default: %(default)s)")
    verb.add_argument(
        "--encoder",
        metavar="FILE",
        type=Path,
        help="encoder from `workbench pretrain`; models that need one pretrain it first if none is given",
    )
    verb.add_argument(
        "--out", required=True, metavar="MAP.tif", type=output(".tif"), help="class map to write; replaced if it exists"
    )
    runs_blocks(verb)
    repeats(verb)
    verb.set_defaults(do=classify)


def runs_blocks(verb: argparse.ArgumentParser) -> None:
    """Add --workers and --cluster: who does the blocks."""
    verb.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="blocks at a time on this machine; each takes some memory (default: one a core, at most 4)",
    )
    verb.add_argument(
        "--cluster",
        metavar="ADDRESS",
        type=address,
        help="dask scheduler whose workers do the blocks instead, as tcp://10.0.0.5:8786; they read SCENE themselves",
    )


def address(text: str) -> str:
    """Where a dask scheduler listens.

    Examples
    --------
    >>> address("tcp://10.0.0.5:8786")
    'tcp://10.0.0.5:8786'
    """
    if not re.fullmatch(r"[a-z]+://[^/\s]+:\d+", text):
        raise argparse.ArgumentTypeError(f"a scheduler's address is like tcp://10.0.0.5:8786, got {text!r}")
    return text


def embed(args: argparse.Namespace) -> None:
    """Write the embedding of `args.scene`."""
    from workbench import pretrain as room
    from workbench.probe import embed_to, embedding_side

    record = args.out.with_suffix(".run.json")
    refuse_inputs([args.out, record], [args.scene, args.encoder])
    paired = room.is_pair(args.encoder)
    if args.half and not paired:
        raise ValueError(f"{args.encoder} is no pair of encoders; leave --half out")
    encoder = room.load_pair(args.encoder) if paired else room.load_encoder(args.encoder)
    cube = open_scene(args)
    if paired:
        encoder = room.fitting_half(encoder, cube, args.half or "")
    args.block = args.block or embedding_side(encoder)  # the run.json names what was really done
    asked = {"block": args.block, "device": args.device, "workers": args.workers, "cluster": args.cluster or ""}
    made = shown("embedding", embed_to(cube, encoder, args.out, **asked))
    result = {
        "embedding": args.out,
        "features": encoder.dim,
        "height": cube.sizes["y"],
        "width": cube.sizes["x"],
        "seconds": made.seconds,
        "blocks": made.blocks,
        "kept": made.kept,
    }
    write_run(record, args, {"scene": args.scene, "encoder": args.encoder}, result=result)
    tell(
        args,
        result,
        f"wrote {args.out}: {encoder.dim} features, {cube.sizes['y']} × {cube.sizes['x']} pixels",
    )


def classify(args: argparse.Namespace) -> None:
    """Write the class map of `args.scene` that `args.labels` ask for."""
    from workbench import probe
    from workbench.labels import check_trainable, open_labels

    row = probe.find_model(args.model)
    files = {"scene": args.scene, "labels": args.labels, "encoder": args.encoder}
    record = args.out.with_suffix(".run.json")
    names = (args.out.name, f"{args.out.name}.aux.xml", f"{args.out.stem}_confidence{args.out.suffix}")
    refuse_inputs([*map(args.out.with_name, names), record], files.values())
    cube = open_scene(args)
    labels = open_labels(args.labels, cube, column=args.column, layer=args.layer)
    tell_dropped(args.labels, labels.attrs)
    check_trainable(labels)
    asked = {"encoder": _encoder(args, cube, row.objective), "workers": args.workers, "cluster": args.cluster or ""}
    made = shown("classifying", probe.classify_to(cube, labels, args.out, args.model, seed=args.seed, **asked))
    pixels = dict(zip(labels.attrs["classes"], made.pixels[1:], strict=True))
    result = {
        "map": made.files[0],
        "confidence": made.files[-1],
        "model": args.model,
        "seconds": made.seconds,
        "pixels": pixels,
        "blocks": made.blocks,
        "kept": made.kept,
    }
    write_run(record, args, files, result=result)
    tell(args, result, f"wrote {args.out}: " + ", ".join(f"{name} {n:,}" for name, n in pixels.items()) + " pixels")


def _encoder(args: argparse.Namespace, cube: xr.DataArray, objective: str) -> Encoder | Callable[[], Encoder]:
    """That of `args.encoder`, or what makes one when it is needed."""
    if args.encoder:
        from workbench.pretrain import load_encoder

        encoder = load_encoder(args.encoder)
        if objective and encoder.recipe is None:
            say(f"{args.encoder.name} holds released weights: the model {args.model} is its head on their embedding")
            return encoder
        return encoders_for(cube, args.encoder, [objective], args.seed)[0][objective]
    return lambda: encoders_for(cube, None, [objective], args.seed)[0][objective]


def shown(what: str, steps: Generator[Progress, None, Written]) -> Written:
    """What comes of `steps`, each shown on the way."""
    meter = Meter(what)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        if step.note:
            say(step.note)
        meter.show(step.done, step.of, "pixels")

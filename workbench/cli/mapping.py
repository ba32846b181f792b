"""``embed`` and ``classify``: what an encoder sees in every pixel, and what a few labels make of it."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import (
    count,
    is_scene,
    on_device,
    open_scene,
    output,
    prints_json,
    refuse_inputs,
    repeats,
    takes_labels,
)
from workbench.cli.outputs import Meter, tell, tell_dropped, write_run
from workbench.cli.pretraining import encoders_for

if TYPE_CHECKING:
    import xarray as xr

EMBED = """\
The embedding of every pixel, the scene read by blocks: float32, NaN where the scene has no data. The scene's bands
are matched to the encoder's by wavelength [nm]. Writes OUT and OUT's .run.json.
"""
CLASSIFY = """\
A class map of the whole scene from a few labels: MAP.tif, a Cloud-Optimised GeoTIFF with colour table and category
names (0 = no data, 1…K = classes), MAP_confidence.tif (0…1) beside it, and MAP.run.json (how to repeat it).
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``embed`` and ``classify``."""
    verb = verbs.add_parser("embed", help="the embedding of every pixel", description=EMBED)
    is_scene(verb)
    verb.add_argument(
        "--encoder", required=True, metavar="FILE", type=Path, help="encoder from `workbench pretrain` (.safetensors)"
    )
    verb.add_argument(
        "--block",
        type=count,
        default=256,
        metavar="N",
        help="side of a block [pixels]; bounds the memory, not the result (default: %(default)s)",
    )
    on_device(verb)
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
    verb.add_argument(
        "--model", default="barlow_twins", metavar="NAME", help="see `workbench models` (default: %(default)s)"
    )
    verb.add_argument(
        "--encoder",
        metavar="FILE",
        type=Path,
        help="encoder from `workbench pretrain`; models that need one pretrain it first if none is given",
    )
    verb.add_argument(
        "--out", required=True, metavar="MAP.tif", type=output(".tif"), help="class map to write; replaced if it exists"
    )
    repeats(verb)
    verb.set_defaults(do=classify)


def embed(args: argparse.Namespace) -> None:
    """Write the embedding of `args.scene`."""
    import numpy as np

    from workbench.pretrain import load_encoder
    from workbench.probe.embed import embed_blocks, like_scene

    record = args.out.with_suffix(".run.json")
    refuse_inputs([args.out, record], [args.scene, args.encoder])
    encoder = load_encoder(args.encoder)
    cube = open_scene(args)
    meter, (height, width) = Meter("embedding"), cube.shape[1:]
    values = np.empty((encoder.dim, height, width), "float32")
    for (rows, columns), block in embed_blocks(cube, encoder, block=args.block, device=args.device):
        values[:, rows, columns] = block
        meter.show(rows.stop * width, height * width, "pixels")
    embedding = like_scene(values, cube)
    write_embedding(embedding, args.out)
    result = {
        "embedding": args.out,
        "features": embedding.sizes["feature"],
        "height": cube.sizes["y"],
        "width": cube.sizes["x"],
    }
    write_run(record, args, {"scene": args.scene, "encoder": args.encoder}, result=result)
    tell(
        args,
        result,
        f"wrote {args.out}: {embedding.sizes['feature']} features, {cube.sizes['y']} × {cube.sizes['x']} pixels",
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
    encoders, _ = encoders_for(cube, args.encoder, [row.objective], args.seed)
    made = probe.classify(cube, labels, model=args.model, encoder=encoders.get(row.objective), seed=args.seed)
    written = probe.write_class_map(made.class_map, made.confidence, args.out)
    classes = made.class_map.attrs["classes"]
    pixels = {name: int((made.class_map == code).sum()) for code, name in enumerate(classes, start=1)}
    result = {
        "map": written[0],
        "confidence": written[-1],
        "model": args.model,
        "seconds": made.seconds,
        "pixels": pixels,
    }
    write_run(record, args, files, result=result)
    tell(args, result, f"wrote {args.out}: " + ", ".join(f"{name} {n:,}" for name, n in pixels.items()) + " pixels")


def write_embedding(embedding: xr.DataArray, path: Path) -> None:
    """Write an embedding (feature, y, x) as Zarr or GeoTIFF, whole or not at all."""
    from workbench.files import replacing

    with replacing(path) as draft:
        if path.suffix.lower() == ".zarr":
            embedding.rename("embedding").to_dataset().to_zarr(draft, mode="w", consolidated=False)
        else:
            draft.write_bytes(_geotiff(embedding))


def _geotiff(embedding: xr.DataArray) -> bytes:
    """A GeoTIFF in memory: GDAL writing to a full disk cries on the terminal and may even be content."""
    import rasterio
    from rasterio.io import MemoryFile

    from workbench.cubes.grid import transform_of

    count, height, width = embedding.shape
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": count,
        "height": height,
        "width": width,
        "nodata": math.nan,
    }
    places = {"crs": embedding.rio.crs, "transform": transform_of(embedding)}
    packing = {"tiled": True, "compress": "deflate", "predictor": 3, "bigtiff": "if_safer"}
    with MemoryFile() as memory, rasterio.Env():
        with memory.open(**profile, **places, **packing) as file:
            file.write(embedding.values)
        return bytes(memory.getbuffer())

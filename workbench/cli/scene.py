"""``info`` and ``convert``: what a file is, and the same scene, or several of one place, in another format."""

from __future__ import annotations

import argparse

from workbench.cli.arguments import is_scene, open_scene, place, prints_json, reader_options
from workbench.cli.outputs import print_json, say, write_run
from workbench.cli.places import output, refuse_inputs

INFO = """\
What a file is: format, sensor, size, wavelengths [nm], CRS, pixel size [units of the CRS], bad bands (counted from 0),
no data [fraction 0…1] and bytes. Reads the header and a bounded sample, never the whole scene.
"""
CONVERT = """\
The same cube in another file: .zarr (chunked, for large scenes), .tif (Cloud-Optimised GeoTIFF, for other programs),
.nc (NetCDF by CF) or .npz (NumPy, for small ones). All of them read back as the very same cube.
Reflectance, radiance or digital numbers are kept as read, as float32; wavelengths in nm; the CRS and grid go along.
Several scenes of one place (radar, reflectance, elevation) become one cube with the bands of all, on the grid of the
first; others are resampled to it, bilinear or, where it is coarser than they are, averaged.
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``info`` and ``convert``."""
    verb = verbs.add_parser("info", help="what a file is: sensor, size, wavelengths, CRS, bad bands", description=INFO)
    is_scene(verb)
    prints_json(verb)
    verb.set_defaults(do=info)

    verb = verbs.add_parser(
        "convert", help="the same scene, or several as one, as .zarr, .tif, .nc or .npz", description=CONVERT
    )
    is_scene(verb)
    verb.add_argument(
        "more", metavar="SCENE", nargs="*", type=place, help="more scenes of the place, whose bands are stacked"
    )
    verb.add_argument(
        "out", metavar="OUT", type=output(".zarr", ".tif", ".nc", ".npz"), help="file to write; replaced if it exists"
    )
    prints_json(verb)
    verb.set_defaults(do=convert)


def info(args: argparse.Namespace) -> None:
    """Print what `args.scene` is."""
    from workbench.cubes import describe, facts_in_words

    facts = describe(open_scene(args))
    if args.json:
        print_json(facts)
        return
    words = facts_in_words(facts)
    width = max(map(len, words))
    for name, text in words.items():
        print(f"{name:<{width}}  {text}")


def convert(args: argparse.Namespace) -> None:
    """Write `args.scene`, or the stack of it and `args.more`, as `args.out`."""
    from workbench.cubes import open_cube, save_cube, stack

    record = args.out.with_suffix(".run.json")
    refuse_inputs([args.out, record], [args.scene, *args.more])
    if args.more and (args.format or reader_options(args)):
        raise ValueError(
            "--format, --variable and --option are for one scene, got them for several; convert those that need them "
            "first, then stack the results"
        )
    cube = stack([open_cube(scene) for scene in (args.scene, *args.more)]) if args.more else open_scene(args)
    save_cube(cube, args.out, overwrite=True)
    write_run(record, args, {"scene": args.scene} | {f"scene {i}": scene for i, scene in enumerate(args.more, 2)})
    if args.json:
        print_json({"out": args.out, "bands": cube.sizes["band"], "height": cube.sizes["y"], "width": cube.sizes["x"]})
    else:
        say(f"wrote {args.out}")

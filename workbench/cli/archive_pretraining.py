"""``pretrain`` on an archive of patches: what it is told, and how it is carried out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count
from workbench.cli.long_runs import steps_for
from workbench.cli.outputs import Meter, tell

if TYPE_CHECKING:
    from workbench.patches import ArchiveIndex


def takes_archives(verb: argparse.ArgumentParser) -> None:
    """Add what is said of an archive."""
    group = verb.add_argument_group(
        "archives", "SCENE may be the folder of SpectralEarth, HySpecNet-11k, SSL4EO-S12, SSL4EO-L, or of any GeoTIFFs"
    )
    group.add_argument(
        "--archive", action="store_true", help="SCENE is a folder of patches, even if it could be read as one mosaic"
    )
    group.add_argument(
        "--crop",
        type=count,
        metavar="N",
        help="side of the squares cut out of patches, which the encoder sees from then on [pixels] (default: its own)",
    )
    reads_patches(group)
    group.add_argument(
        "--statistics",
        type=Path,
        metavar="DIR",
        help="folder with mu.npy and sigma.npy of SpectralEarth (default: taken from some of the patches)",
    )


def reads_patches(group: argparse._ArgumentGroup) -> None:
    """Add how patches are read: --crops, --workers and --skip-bad."""
    group.add_argument(
        "--crops",
        type=count,
        default=1,
        metavar="N",
        help="pairs cut out of a location each time it is read (default: %(default)s)",
    )
    group.add_argument(
        "--workers", type=count, default=2, metavar="N", help="threads that read patches (default: %(default)s)"
    )
    group.add_argument("--skip-bad", action="store_true", help="leave out and count patches that cannot be read")


def is_archive(args: argparse.Namespace) -> bool:
    """Whether the scene is an archive: it is called one, has a published layout, or is a folder that is no scene."""
    if args.archive or not (isinstance(args.scene, Path) and args.scene.is_dir()):
        return args.archive
    from workbench.cubes import CubeError
    from workbench.cubes.opening import format_of
    from workbench.patches import is_packed, is_published

    if args.format:
        return False
    if is_published(args.scene):
        return True
    try:
        format_of(args.scene)
    except CubeError:
        return is_packed(args.scene) or any(args.scene.rglob("*.[tT][iI][fF]*"))
    return False


def pretrain_on_archive(args: argparse.Namespace, record: Path, checkpoint: Path | None, device: str) -> None:
    """Write an encoder that has learnt from the patches in `args.scene`, or go on with it from `checkpoint`."""
    from workbench import pretrain as room
    from workbench.cli.pretraining import begun, carry_out
    from workbench.pretrain.archive_card import facts, known
    from workbench.pretrain.from_archive import PAIRS

    args.pairs = args.pairs or PAIRS
    streaming = room.Streaming(args.crop, args.crops, args.workers, args.skip_bad, args.statistics)
    index = indexed(args).sound(skip_bad=args.skip_bad)
    args.steps = steps_for(args, index.n_locations * args.crops // room.world(), room.Recipe().steps)
    run, told = begun(
        args,
        facts(index, known(index)[0]),
        lambda recipe: room.begin_archive_run(index, recipe, streaming, device=device),
        checkpoint,
    )
    if result := carry_out(args, run, told, record, {}):
        left_out = f", {result['skipped']} bad patches left out" if result["skipped"] else ""
        tell(
            args,
            result,
            f"wrote {args.out} after {result['steps']} steps in {result['seconds']:.0f} s on {index.n_patches} patches "
            f"({result['pairs_per_second']:,.0f} pairs/s), loss {result['loss']:.4g}{left_out}",
        )


def indexed(args: argparse.Namespace, product: str = "") -> ArchiveIndex:
    """The table of the archive's patches, or of those of one product; its making is shown."""
    from workbench.patches import indexing

    meter = Meter("reading headers" + (f" of {product}" if product else ""))
    for report in indexing(args.scene, workers=args.workers, product=product):
        meter.show(report.done, report.of)
    return report.index

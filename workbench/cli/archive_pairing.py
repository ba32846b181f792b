"""``pair`` on two products of an archive: what it is told, and what it learns from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.archive_pretraining import indexed, reads_patches
from workbench.cli.arguments import names
from workbench.cli.outputs import say

if TYPE_CHECKING:
    from workbench.patches import JointIndex
    from workbench.pretrain import PairRecipe, Run

NAMED = 3
"""Places that are named where more are left out."""


def takes_products(verb: argparse.ArgumentParser) -> None:
    """Add what is said of an archive and two products of it."""
    group = verb.add_argument_group(
        "archives", "SCENE may be the folder of an archive that has several products of the same places"
    )
    group.add_argument("--archive", action="store_true", help="SCENE is such a folder; give --products")
    group.add_argument(
        "--products",
        type=names,
        metavar="A,B",
        help="the two that learn together, as its folders are called: s1,s2c or s1,s2a of SSL4EO-S12 (S1GRD,S2L1C of "
        "v1.1), etm_toa,etm_sr of SSL4EO-L",
    )
    reads_patches(group)


def is_of_archive(args: argparse.Namespace) -> bool:
    """Whether SCENE is an archive.

    Raises
    ------
    ValueError
        If it is, but what else is said does not go with that.
    """
    args.archive = args.archive or args.products is not None
    if not args.archive:
        return False
    if not isinstance(args.scene, Path):
        raise ValueError(f"an archive is a folder on this machine, got {args.scene}; copy it here first")
    if args.second is not None or args.split_at is not None:
        raise ValueError("two products of one archive learn together, got a second scene or --split-at; leave it away")
    args.products = list(dict.fromkeys(name.lower() for name in args.products or ()))
    if len(args.products) != 2:
        got = ", ".join(args.products) or "none"
        raise ValueError(f"two products of an archive learn together, got {got}; give --products A,B, as s1,s2c")
    return True


def both_products(args: argparse.Namespace) -> JointIndex:
    """The patches of both products at the places that both have; what is left out is told.

    Raises
    ------
    ValueError
        If one has no patches, or a patch is faulty (and none shall be skipped).
    """
    from workbench.patches import joined
    from workbench.pretrain import rank

    index = joined(*(indexed(args, name) for name in args.products), skip_bad=args.skip_bad)
    for product, places in zip(args.products, index.lacking, strict=True):
        if places and not rank():
            named = ", ".join(places[:NAMED]) + (", …" if len(places) > NAMED else "")
            say(f"{len(places)} of {index.n_locations + len(places)} places have no {product}, left out: {named}")
    return index


def begin_on(args: argparse.Namespace, index: JointIndex, recipe: PairRecipe, device: str) -> Run:
    """The run on both products."""
    from workbench import pretrain as room

    streaming = room.Streaming(args.crop, args.crops, args.workers, args.skip_bad)
    return room.begin_pair_archive_run(index, recipe, streaming, device=device)


def scenes_of(index: JointIndex) -> list[dict[str, object]]:
    """What each half learns from, for its file."""
    from workbench.pretrain.archive_card import facts, known

    return [facts(one, known(one)[0]) for one in (index.first, index.second)]

"""Going on with a run that was stopped: its options, its scenes and its processes are those it began with."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, none_or_more
from workbench.cli.logging_to import logs_to
from workbench.cli.long_runs import NAME, encoder_file, settled, under_way
from workbench.cli.outputs import plain

if TYPE_CHECKING:
    from workbench.pretrain import Run


def goes_on(verb: argparse.ArgumentParser) -> None:
    """Add --out, --learning-rate, --accumulate, --optimizer, --checkpoint-every, --log and --resume."""
    verb.add_argument(
        "--out",
        metavar="FILE",
        type=encoder_file,
        help="encoder to write (.safetensors), replaced if it exists; or a folder for encoder.safetensors; needed "
        "but with --resume",
    )
    verb.add_argument(
        "--learning-rate",
        type=float,
        metavar="X",
        help="peak rate of the optimiser (default: 0.001 of adamw, 0.05 of sgd, 0.2 of lars)",
    )
    verb.add_argument(
        "--accumulate",
        type=count,
        default=1,
        metavar="N",
        help="make a step of N times --pairs, a part at a time: the same gradient in a fraction of the memory, but for "
        "batch norms, which go by a part (default: %(default)s)",
    )
    verb.add_argument(
        "--optimizer",
        choices=("adamw", "sgd", "lars"),
        default="adamw",
        help="lars is for batches of thousands (default: %(default)s)",
    )
    verb.add_argument(
        "--checkpoint-every",
        type=none_or_more,
        default=0,
        metavar="N",
        help="keep a checkpoint every N steps, the last two, beside the encoder until it is done; 0, the default, none",
    )
    logs_to(verb)
    verb.add_argument(
        "--resume",
        type=Path,
        metavar="DIR",
        help="go on with the run of that folder (or encoder FILE) from its last checkpoint, with the options it began "
        "with; on a CPU the same weights come out as without the stop",
    )


def pick_up(args: argparse.Namespace) -> Path | None:
    """Give `args` what the run began with, if one is to be gone on with; returns its last checkpoint, or None.

    Raises
    ------
    FileNotFoundError
        If there is no run, or no checkpoint of it.
    ValueError
        If there is neither a file nor a run, an option says otherwise than the run, or the checkpoint is damaged.
    """
    if not (args.out or args.resume):
        raise ValueError("an encoder needs a file; name it with --out, or a run to go on with by --resume")
    if not args.resume:
        return None
    from workbench.cli.program import parser
    from workbench.pretrain import last_checkpoint, read_checkpoint

    place = args.resume.expanduser()
    if not place.is_dir() and place.suffix != ".safetensors":
        raise FileNotFoundError(f"there is no run in {place}; name the folder or the encoder file of one")
    out = place / NAME if place.is_dir() else place
    if args.out not in (None, out):
        raise ValueError(f"a run goes on where it began, in {out}, but --out is {args.out}; leave --out away")
    path = last_checkpoint(under_way(out))
    begun = read_checkpoint(path)[1]["arguments"]
    usual = vars(parser().parse_args([args.verb, "scene"]))
    if begun.keys() != settled(args).keys():
        raise ValueError(f"{out} is of a run of another verb than workbench {args.verb}; go on with it by its own")
    for name, given in settled(args).items():
        if given not in (plain(usual[name]), begun[name]):
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(f"a run goes on with {flag} {begun[name]}, got {given}; leave {flag} away")
        setattr(args, name, begun[name])
    args.options = [tuple(option) for option in args.options]
    args.out = out
    return path


def taken_up(
    args: argparse.Namespace, scene: dict[str, object], begin: Callable[[dict], Run], checkpoint: Path
) -> tuple[Run, list[dict]]:
    """A run that stands where `checkpoint` was kept, begun by `begin` from its recipe; and its reports so far.

    Raises
    ------
    ValueError
        If `scene` is not what it learns from, or there are more or fewer processes than it began with.
    """
    from workbench.pretrain import read_checkpoint, world

    state, card = read_checkpoint(checkpoint)
    if scene["fingerprint"] != card["scene"]["fingerprint"]:
        given = [str(one) for one in (args.scene, getattr(args, "second", None)) if one]
        are, those = ("is not the scene", "that one") if len(given) == 1 else ("are not the scenes", "those")
        raise ValueError(
            f"{' and '.join(given)} {are} that the run of {args.out} learns from, "
            f"{card['scene']['source'] or 'one without a file'}; give {those}"
        )
    if world() != card["processes"]:
        raise ValueError(
            f"the run of {args.out} goes on in as many processes as it began, {card['processes']}, got {world()}; "
            "start that many with torchrun --nproc-per-node"
        )
    run = begin(card["recipe"])
    run.restore(state)
    return run, card["told"]

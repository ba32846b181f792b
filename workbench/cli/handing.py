"""``replay``, ``pack`` and ``unpack``: a session done again, and a session as one file to hand on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, place, prints_json
from workbench.cli.outputs import Meter, print_json, say, tell, write_run
from workbench.cli.places import output, output_folder

if TYPE_CHECKING:
    from workbench.session import Verdict

REPLAY = """\
Do a session again from what its folder holds: open the scene, after making sure that it is the one that was used, take
the labels, carry out every pretraining and comparison in order with the settings and seeds they had, make the class map
by the model in use. A run that was stopped is repeated as far as it came.

FOLDER becomes a session (`workbench serve --session FOLDER`) with class_map.tif, labels.gpkg, runs/ID/ (encoder,
scores) and run.json in it. At the end it is said of each whether it came out the same as what the session holds: bit
for bit, as a CPU gives it on the same machine with the same versions, or by how much it differs. With --json, a list of
objects with what, title, same (true, false, or null where it was not repeated) and how.
"""
PACK = """\
A session as one file to hand on: labels, history, runs with their encoders, scores, class map, and the truth. The scene
is named by its size and SHA-256, or enclosed with --with-scene (default: only named). Where scene and truth lie on this
machine is left behind. The file is a plain zip; `workbench unpack` makes a session of it again, on any machine.
"""
UNPACK = """\
Make a session's folder of a file that `workbench pack` wrote. The file may come from anybody: what would be written
outside of FOLDER, links, damaged and absurdly large contents are refused before anything is kept. If the scene is not
enclosed, give it with --scene, or put it to FOLDER/scene later; it has to be the one that was used.
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``replay``, ``pack`` and ``unpack``."""
    verb = verbs.add_parser(
        "replay",
        help="do all of a session again, and say whether it came out the same",
        description=REPLAY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("session", metavar="SESSION", type=Path, help="session folder; nothing in it is written")
    verb.add_argument(
        "--out", required=True, metavar="FOLDER", type=output_folder, help="folder to make, or an empty one"
    )
    verb.add_argument(
        "--scene", type=place, metavar="PATH", help="where the scene is now (default: where the session says)"
    )
    verb.add_argument(
        "--truth", type=Path, metavar="FILE", help="where the truth is now (default: where the session says)"
    )
    prints_json(verb)
    verb.set_defaults(do=replay)

    verb = verbs.add_parser("pack", help="a session as one file to hand on", description=PACK)
    verb.add_argument("session", metavar="SESSION", type=Path, help="session folder; nothing in it is written")
    verb.add_argument("out", metavar="FILE.zip", type=output(".zip"), help="file to write; replaced if it exists")
    verb.add_argument("--with-scene", action="store_true", help="enclose the scene's files, too")
    verb.add_argument(
        "--scene", type=place, metavar="PATH", help="where the scene is now (default: where the session says)"
    )
    prints_json(verb)
    verb.set_defaults(do=pack)

    verb = verbs.add_parser("unpack", help="a session's folder of such a file", description=UNPACK)
    verb.add_argument("file", metavar="FILE.zip", type=Path, help="what `workbench pack` wrote")
    verb.add_argument("out", metavar="FOLDER", type=output_folder, help="folder to make, or an empty one")
    verb.add_argument("--scene", type=place, metavar="PATH", help="the scene, where it is not enclosed")
    verb.add_argument(
        "--most",
        type=count,
        default=32,
        metavar="GIB",
        help="refuse what takes more room than that, in GiB (default: %(default)s)",
    )
    prints_json(verb)
    verb.set_defaults(do=unpack)


def replay(args: argparse.Namespace) -> None:
    """Repeat `args.session` in `args.out`, and say of each thing whether it is the same."""
    from dataclasses import asdict

    from workbench.session import replay as replaying

    steps, meters = replaying(args.session, args.out, scene=args.scene, truth=args.truth), {}
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            verdicts: list[Verdict] = end.value
            break
        if step.what not in meters:
            say(printable(step.what))
            meters[step.what] = Meter(printable(step.what))
        meters[step.what].show(round(100 * step.fraction), 100)
    told = [asdict(verdict) for verdict in verdicts]
    files = {name: args.session / name for name in ("session.json", "labels.gpkg") if (args.session / name).exists()}
    write_run(args.out / "run.json", args, files, results=told)
    if args.json:
        print_json(told)
        return
    marks = {True: "same", False: "OTHER", None: "–"}
    width = max(len(printable(one.title)) for one in verdicts)
    for one in verdicts:
        print(f"{marks[one.same]:5}  {printable(one.title):{width}}  {printable(one.how)}")


def pack(args: argparse.Namespace) -> None:
    """Write `args.session` into one file."""
    from workbench.session import pack as packing

    packed = packing(args.session, args.out, with_scene=args.with_scene, scene=args.scene)
    result = {"file": args.out, "bytes": args.out.stat().st_size, "scene": packed["scene"]}
    where = "with its scene" if packed["scene"]["enclosed"] else f"without its scene {packed['scene']['name']}"
    tell(args, result, f"wrote {args.out}, {where}, {result['bytes'] / 1e6:,.1f} MB")


def unpack(args: argparse.Namespace) -> None:
    """Make a session's folder of `args.file`."""
    from workbench.session import unpack as unpacking

    result = unpacking(args.file, args.out, scene=args.scene, most=args.most * 2**30)
    tell(args, {"session": args.out, "scene": result}, f"session in {args.out}, {result}")


def printable(text: str) -> str:
    """Words out of somebody's file, for a terminal: on one line, without what moves its cursor.

    Examples
    --------
    >>> printable("svm\\x1b[2J")
    'svm?[2J'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)

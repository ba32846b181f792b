"""``scenes``: the public benchmark scenes, where they are, and how to get one."""

from __future__ import annotations

import argparse
import textwrap
from dataclasses import asdict

from workbench.cli.arguments import prints_json
from workbench.cli.outputs import print_json, say

SCENES = """\
The public benchmark scenes: sensor, size (rows × columns × bands), classes, citation, licence, the publisher's page.
With a NAME: where its files are on this machine, or what to download and where to put it. `scene:NAME` then opens it,
as in `workbench info scene:salinas`. Nothing is downloaded unless you say --fetch.
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``scenes``."""
    verb = verbs.add_parser("scenes", help="public benchmark scenes, and how to get one", description=SCENES)
    verb.add_argument("name", metavar="NAME", nargs="?", help="one scene (default: list them all)")
    verb.add_argument(
        "--fetch",
        action="store_true",
        help="download NAME into the user's cache (WORKBENCH_CACHE moves it)",
    )
    prints_json(verb)
    verb.set_defaults(do=scenes)


def scenes(args: argparse.Namespace) -> None:
    """List the scenes, or tell of one and fetch it."""
    from workbench.cubes.catalogue import SCENES as ALL
    from workbench.cubes.catalogue import find_scene
    from workbench.cubes.scene_files import by_hand, fetch, folder_of, found_file

    if args.fetch and not args.name:
        raise ValueError("one scene is fetched at a time; name it: workbench scenes NAME --fetch")
    chosen = [find_scene(args.name)] if args.name else ALL
    if args.fetch:
        got = fetch(chosen[0])
        say(f"{chosen[0].title} is in {got[0].parent}; open it as scene:{chosen[0].name}")
    rows = [{**asdict(scene), "folder": str(folder_of(scene)), "path": found_file(scene)} for scene in chosen]
    if args.json:
        print_json(rows[0] if args.name else rows)
        return
    width = max(len(row["name"]) for row in rows)
    for scene, row in zip(chosen, rows, strict=True):
        print(f"{row['name']:<{width}}  {row['title']}")
        where = f"on this machine: {row['path']}" if row["path"] else f"not on this machine: {by_hand(scene)}"
        lines = [
            f"{row['sensor']}; {' × '.join(map(str, row['size']))}; classes: {row['classes']}",
            f"citation: {row['citation']}",
            f"licence: {row['licence']}",
            *([where] if args.name else [f"page: {row['page']}", *(["on this machine"] if row["path"] else [])]),
        ]
        for line in lines:
            print(
                textwrap.indent(
                    textwrap.fill(line, 100, break_long_words=False, break_on_hyphens=False), " " * (width + 2)
                )
            )

"""``demo`` and ``serve``: the dashboard, on the simulated scene or on one's own."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, is_scene, open_scene, reader_options, seed
from workbench.cli.doors import allowed, has_doors, limits, passwords, vouching
from workbench.cli.outputs import say, write_run
from workbench.cli.places import refuse_inputs
from workbench.files import data_folder

if TYPE_CHECKING:
    from workbench.panels.oauth import OAuth
    from workbench.session import Limits, Session, Sessions

DEMO = """\
The dashboard on the built-in simulated scene: a landscape of which everything is known, seen by an EnMAP-like sensor.
The scene and all you do go into a session folder, printed at the start, that `workbench serve --session` opens again.
"""
SERVE = """\
The dashboard on your own scene. Labels, runs and maps are kept in a session folder as you go, so that a crash, a reload
or a restart with the same --session loses nothing. Stop with Ctrl+C.
"""

NEW = {"height": 200, "width": 300, "seed": 0}
"""The simulated scene, where nothing else is asked; a session that has one keeps its own."""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``demo`` and ``serve``."""
    verb = verbs.add_parser("demo", help="the dashboard on the built-in simulated scene", description=DEMO)
    verb.add_argument("--height", type=count, metavar="N", help=f"rows of the scene (default: {NEW['height']})")
    verb.add_argument("--width", type=count, metavar="N", help=f"columns of the scene (default: {NEW['width']})")
    verb.add_argument("--seed", type=seed, metavar="N", help=f"seed of the scene (default: {NEW['seed']})")
    _serves(verb, "a new folder under the user's data folder")
    verb.set_defaults(do=demo)

    verb = verbs.add_parser("serve", help="the dashboard on your own scene", description=SERVE)
    is_scene(verb, nargs="?")
    verb.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="labels to import, once a session: vector (any CRS) or raster on the scene's grid",
    )
    verb.add_argument(
        "--column", metavar="NAME", help="column of the labels that names the class (default: the only candidate)"
    )
    _serves(verb, "workbench-session-SCENE in the current folder")
    verb.add_argument(
        "--sessions",
        type=Path,
        metavar="DIR",
        help="several sessions, a folder each in DIR: that of whoever logs in, or without passwords the one that a "
        "page's address names (?session=NAME); one without a page for a minute is put away",
    )
    verb.add_argument(
        "--max-sessions",
        type=count,
        default=20,
        metavar="N",
        help="of --sessions open at once (default: %(default)s)",
    )
    verb.set_defaults(do=serve)


def _serves(verb: argparse.ArgumentParser, session: str) -> None:
    verb.add_argument(
        "--session", type=Path, metavar="DIR", help=f"session folder, made if needed (default: {session})"
    )
    has_doors(verb)
    verb.add_argument("--no-show", action="store_true", help="do not open a browser")
    verb.add_argument(
        "--cluster",
        default="",
        metavar="ADDRESS",
        help="let the workers of a dask scheduler, such as tcp://HOST:8786, pretrain and compare; they must see the "
        "session's folder and the scene under the same paths (default: this machine)",
    )
    verb.add_argument(
        "--tiles",
        default="",
        metavar="URL",
        help="tiles for a base map of your own, with {z}, {x} and {y} in the address; asked only when it is chosen",
    )


def demo(args: argparse.Namespace) -> None:
    """Write the simulated scene into a session, unless it is there, and serve it like any other."""
    from workbench.cubes import save_cube, simulated_scene
    from workbench.labels import write_labels

    known = passwords(args) or vouching(args)
    _reach(args.cluster)
    folder = args.session or data_folder() / f"demo-{datetime.now():%Y%m%d-%H%M%S}"
    scene, truth = folder / "scene.zarr", folder / "truth.tif"
    record = folder / "scene.run.json"
    if truth.exists():
        _same_scene(record, args)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in NEW.items():
            setattr(args, name, value if getattr(args, name) is None else getattr(args, name))
        cube, labels = simulated_scene(args.height, args.width, seed=args.seed)
        save_cube(cube, scene, overwrite=True)
        write_run(record, args, {})
        write_labels(labels, truth)
    args.scene = scene  # to be served like any other
    _show(_session(folder, args, truth=truth), args, known)


def _reach(cluster: str) -> None:
    """Refuse a scheduler that does not answer, before there is a session."""
    if cluster:
        from workbench.scheduler import connected

        with connected(cluster):
            pass


def _same_scene(record: Path, args: argparse.Namespace) -> None:
    """Refuse to ask a session that is there for another scene than it has."""
    from workbench.session.folder import read_json

    there = read_json(record).get("arguments")
    there = there if isinstance(there, dict) else {}
    for name in NEW:
        asked, has = getattr(args, name), there.get(name, "unknown")
        if asked is not None and asked != has:
            remedy = f"leave --{name} out, or name a new --session"
            raise ValueError(f"the scene in {record.parent} has {name} {has}, not {asked}; {remedy}")


def serve(args: argparse.Namespace) -> None:
    """Open the scene in its session and serve it."""
    from workbench.session import Sessions
    from workbench.session.folder import LABELS, STATE

    known = passwords(args) or vouching(args)
    _reach(args.cluster)
    if args.sessions and args.session:
        raise ValueError("a desk has one session or several, got --session and --sessions; leave one out")
    name = f"workbench-session-{args.scene.stem}" if args.scene else "workbench-session"
    folder = args.session or Path(name)
    refuse_inputs([folder / LABELS, folder / STATE], [args.scene, args.labels])
    if args.scene:
        open_scene(args)  # a scene that cannot be read is refused before there is a session
    if args.sessions:
        args.sessions = args.sessions.absolute()
        shared = limits(args)
        many = Sessions(args.sessions, lambda own: _one_of_many(own, args, shared), most=args.max_sessions)
        _show(many, args, known)
    else:
        _show(_session(folder, args, labels=args.labels), args, known)


def _one_of_many(folder: Path, args: argparse.Namespace, shared: Limits) -> Session:
    """A session that goes on with what it had, or begins with what was named."""
    from workbench.session import Session

    session = Session.at(folder, allowed(folder, args), shared)
    session.cluster = args.cluster
    return session if session.scene else _session(folder, args, labels=args.labels)


def _session(
    folder: Path, args: argparse.Namespace, *, labels: Path | None = None, truth: Path | None = None
) -> Session:
    """The session of `folder`, with what was named opened in it."""
    from workbench.session import Session

    session = Session.at(folder, allowed(folder, args), limits(args))
    session.cluster = args.cluster
    options = {"format": args.format, **reader_options(args)} if args.verb == "serve" else {}
    if args.scene and session.scene != str(args.scene.absolute()):
        _done(session, session.open_scene(args.scene, **options))
    if labels and f"import:{labels.name}" in {mark.source for mark in session.marks}:
        say(f"the session has the labels of {labels.name} already; they are not imported a second time")
    elif labels:
        _done(session, session.import_labels(labels, args.column))
    if truth and session.truth is None:
        _done(session, session.open_truth(truth))
    return session


def _done(session: Session, done: bool) -> None:
    """Make a command's refusal an error again."""
    if not done:
        raise ValueError(session.message)


def _show(session: Session | Sessions, args: argparse.Namespace, known: dict[str, str] | OAuth | None) -> None:
    from workbench.panels import serve

    flag = "--session" if args.verb == "demo" or not args.sessions else "--sessions"
    which = "Session folder" if flag == "--session" else "Folder of sessions"
    print(f"{which}: {session.folder} (open it again with: workbench serve {flag} {session.folder})", flush=True)
    if known:
        asked = "for a name and the password" if args.oauth is None else f"by {known.provider} who it is"
        print(f"Everybody is asked {asked}; the name stands beside the labels given.", flush=True)
    try:
        serve(
            session,
            port=args.port,
            address=args.address,
            show=not args.no_show,
            known=known,
            pages_of=args.origin,
            most_pages=args.max_pages,
            tiles=args.tiles,
        )
    finally:
        session.close()

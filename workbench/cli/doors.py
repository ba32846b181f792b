"""The desk's doors on the command line: who is let in, and which files a page may open."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, port

if TYPE_CHECKING:
    from workbench.panels.oauth import OAuth
    from workbench.session import Allowed, Limits

SHORTEST = 8
"""Least letters of a password."""

VARIABLE = "WORKBENCH_PASSWORD"


def has_doors(verb: argparse.ArgumentParser) -> None:
    """Add what decides who is let in and what may be opened."""
    verb.add_argument(
        "--port", type=port, default=0, metavar="N", help="port to listen on; 0, the default, is any free one"
    )
    verb.add_argument(
        "--address",
        default="127.0.0.1",
        metavar="A",
        help="address to listen on (default: %(default)s, this machine only); any other needs a password",
    )
    verb.add_argument(
        "--password",
        type=Path,
        metavar="FILE",
        help="file with the password on its first line, or with a JSON object of passwords by user name; "
        f"or set {VARIABLE}. The desk does not encrypt: put it behind an https proxy",
    )
    verb.add_argument(
        "--oauth",
        type=Path,
        metavar="FILE",
        help="instead of a password an account elsewhere: JSON with provider (github, gitlab, google, azure, auth0, "
        "okta, bitbucket, generic), key, secret and users, the names that are let in",
    )
    verb.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="host that a proxy gives the desk, whose pages may talk to it; repeat for several",
    )
    verb.add_argument(
        "--allow",
        action="append",
        type=Path,
        default=[],
        metavar="DIR",
        help="folder whose scenes a page may open; repeat for several (default: the current folder if only this "
        "machine is served, the session's folder and those of the files named here in any case)",
    )
    verb.add_argument(
        "--max-runs",
        type=count,
        default=4,
        metavar="N",
        help="runs under way at once, of all sessions together; others wait (default: %(default)s)",
    )
    verb.add_argument(
        "--max-memory",
        type=gib,
        metavar="GIB",
        help="of each session: a scene that is held as a whole takes no more, and a run of this "
        "machine that does is ended (default: as much as there is)",
    )
    verb.add_argument(
        "--max-pages", type=count, default=32, metavar="N", help="pages open at once (default: %(default)s)"
    )


def gib(text: str) -> float:
    """An amount of memory [GiB] on a command line."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 2**20:
        raise argparse.ArgumentTypeError(f"memory is a number of GiB above 0, got {text!r}")
    return found


def limits(args: argparse.Namespace) -> Limits:
    """What the desk gives its sessions."""
    from workbench.session import Limits

    return Limits(args.max_runs, int((args.max_memory or 0) * 2**30))


def passwords(args: argparse.Namespace) -> dict[str, str]:
    """Passwords by user, under the empty name for users of any name; empty where nobody is asked.

    Raises
    ------
    ValueError
        If the file holds none, or one that is too short; or if there is none and others could reach the address.
    """
    from workbench.panels.doors import is_own

    if args.password is None and not os.environ.get(VARIABLE):
        if not (args.oauth or is_own(args.address)):
            raise ValueError(
                f"others can reach a desk at {args.address}, so that it needs a password; give --password FILE, set "
                f"{VARIABLE}, or let an OAuth provider vouch for them (--oauth FILE)"
            )
        return {}
    if args.oauth:
        raise ValueError("a desk asks for a password or lets an OAuth provider vouch, got both; leave one out")
    where, text = VARIABLE, os.environ.get(VARIABLE, "")
    if args.password is not None:
        where, text = str(args.password), args.password.read_text(encoding="utf-8-sig")
    found = {"": next(iter(text.splitlines()), "").strip()}
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{where} is no JSON object of passwords by user name ({error}); correct it") from error
    short = [name for name, one in found.items() if not isinstance(one, str) or len(one) < SHORTEST]
    if short or not found:
        whose = f"that of {short[0]!r}" if short and short[0] else "the one"
        raise ValueError(
            f"a password has at least {SHORTEST} letters, but {whose} in {where} has fewer; choose another"
        )
    return found


def vouching(args: argparse.Namespace) -> OAuth | None:
    """The OAuth provider that was named, if one was.

    Raises
    ------
    OSError, ValueError
        If its file cannot be read, or says too little.
    """
    from workbench.panels.oauth import read_oauth

    return read_oauth(args.oauth) if args.oauth else None


def allowed(folder: Path, args: argparse.Namespace) -> Allowed:
    """What a page may open of the session in `folder`."""
    from workbench.cubes.remote import is_remote
    from workbench.cubes.scene_files import cache_folder
    from workbench.panels.doors import is_own
    from workbench.session import Allowed

    given = [path for path in (args.scene, getattr(args, "labels", None)) if path]
    files = [path.absolute() for path in given if not is_remote(path)]
    own = is_own(args.address)
    folders = [folder, *(args.allow or ([Path.cwd()] if own else []))]
    folders += [path if path.is_dir() else path.parent for path in files]
    folders.append(cache_folder() / "scenes")
    return Allowed(
        tuple(dict.fromkeys(one.expanduser().absolute() for one in folders)),
        named=frozenset(str(path) for path in (*given, *files)),
        takes_addresses=own,
    )

"""How results leave: progress on standard error, JSON on standard output, ``run.json`` beside what was computed."""

from __future__ import annotations

import argparse
import json
import math
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from workbench.files import write_json
from workbench.record import file_fingerprint, versions


def say(text: str) -> None:
    """One line to the person, on standard error."""
    print(text, file=sys.stderr)


def tell_dropped(file: Path, attrs: dict) -> None:
    """Name the classes of a label file that have no pixel of the scene, on standard error."""
    if dropped := attrs.get("dropped"):
        say(f"no pixel of the scene is left to {', '.join(dropped)} of {file.name}: too small, outside or painted over")


def tell(args: argparse.Namespace, result: dict, sentence: str) -> None:
    """The result, as asked for."""
    if args.json:
        print_json(result)
    else:
        say(sentence)


class Meter:
    """How far a long verb is: one line that is rewritten on a terminal, now and then a plain line elsewhere."""

    def __init__(self, what: str, *, every: float = 10.0) -> None:
        self.what = what
        self.terminal = sys.stderr.isatty()
        self.every = 0.1 if self.terminal else every
        self.shown = time.monotonic() if not self.terminal else 0.0
        self.began = time.monotonic()

    def show(self, done: int, of: int, note: str = "") -> None:
        """Show `done` of `of`: every 0.1 s on a terminal, every 10 s elsewhere, and the end of what took over 2 s."""
        now = time.monotonic()
        if now - self.shown < self.every and not (done >= of and now - self.began > 2):
            return
        self.shown = now
        parts = [f"{self.what}: {done}/{of} ({100 * done / max(of, 1):.0f} %)"]
        if done:  # before that nobody knows
            parts.append(f"{(now - self.began) / done * (of - done):.0f} s left")
        text = ", ".join([*parts, note] if note else parts)
        if self.terminal:
            print(f"\r{text}\033[K", end="" if done < of else "\n", file=sys.stderr, flush=True)
        else:
            say(text)


def print_json(value: object) -> None:
    """`value` on standard output; numbers that are not finite become null, since JSON has no other word for them."""
    print(json.dumps(plain(value), indent=1, ensure_ascii=False))


def plain(value: object) -> object:
    """`value` as lists, dicts, strings, numbers and None.

    Examples
    --------
    >>> plain({"oa": float("nan"), "path": Path("a"), "budgets": (5, 20)})
    {'oa': None, 'path': 'a', 'budgets': [5, 20]}
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)


def write_run(path: Path, args: argparse.Namespace, files: dict[str, Path | None], **more: object) -> None:
    """Write what a verb was asked, of which files, with which versions: enough to do it again.

    Parameters
    ----------
    path : Path
        The ``run.json``; replaced in one step.
    args : argparse.Namespace
        The verb's arguments, defaults among them.
    files : dict of str to Path
        Files read, by argument; each is kept with its size and fingerprint.
    **more
        Results worth keeping beside them.
    """
    run = {
        "verb": args.verb,
        "command": shlex.join(command(args)),
        "arguments": {key: value for key, value in vars(args).items() if key not in ("do", "verb", "line")},
        "files": {name: _known(file) for name, file in files.items() if file is not None},
        "versions": versions(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        **more,
    }
    write_json(path, plain(run))


def _known(file: object) -> dict[str, object]:
    """A file by its fingerprint; an address by its text, which has no password."""
    return file_fingerprint(file) if isinstance(file, Path) else {"address": str(file)}


BY_PLACE = (
    ("convert", "out"),
    ("report", "folder"),
    ("scenes", "name"),
    ("transfer", "patches"),
    ("released", "weights"),
    ("pair", "second"),
    ("explain", "second"),
    ("explain", "pair"),
    ("replay", "session"),
    ("pack", "session"),
    ("pack", "out"),
    ("unpack", "file"),
    ("unpack", "out"),
)
"""Arguments without a flag, beside the scene of most verbs."""

WHERE_IT_IS_NOW = ("report", "replay", "pack", "unpack", "agree")
"""Verbs that know their scene, and may be told with a flag where it is."""


def command(args: argparse.Namespace) -> list[str]:
    """The words that ask for the same again: every option in full, defaults too, paths absolute."""
    words = ["workbench", args.verb]
    for name, value in vars(args).items():
        if name in ("do", "verb", "json") or value is None or value is False:
            continue
        if name == "options":
            words += [word for told in value for word in ("--option", "=".join(told))]
            continue
        if name in ("allow", "origin", "log"):  # again for more
            words += [word for one in value for word in (f"--{name}", _in_full(one))]
            continue
        if name == "more" or (args.verb, name) == ("agree", "sessions"):  # several by place
            words += [_in_full(one) for one in value]
            continue
        text = ",".join(map(str, value)) if isinstance(value, list) else _in_full(value)
        flag = f"--{name.replace('_', '-')}"
        if (name == "scene" and args.verb not in WHERE_IT_IS_NOW) or (args.verb, name) in BY_PLACE:
            words.append(text)
        elif value is True:
            words.append(flag)
        else:
            words += [f"{flag}={text}"] if text.startswith("-") else [flag, text]
    return words


def _in_full(value: object) -> str:
    return str(value.absolute() if isinstance(value, Path) else value)

"""A session's folder may have come from anybody: what is looked at before anything in it is opened.

Its own files are plain ones of a sensible size, since a link among them would be written through; its JSON holds what
a session puts there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from workbench.session.folder import ADVICE, DROPPED, FAMILIES, HISTORY, LABELS, LOCK, MAP, MAP_CARD, RUNS, STATE
from workbench.session.runs import CARD, ORIGIN, PROGRESS

SIZES = {
    STATE: 2**24, LABELS: 2**30, ADVICE: 2**28, HISTORY: 2**28, MAP_CARD: 2**24, CARD: 2**24, ORIGIN: 2**24,
    PROGRESS: 2**28, "encoder.json": 2**24, FAMILIES: 2**24,
}  # fmt: skip
"""Most bytes of files that are read whole."""

KINDS = {
    "scene": str, "options": dict, "shape": list, "truth": str, "truth_options": dict, "view": dict, "model": str,
    "live": bool, "current_class": int, "active_run": str, "seal": str, "kept": list,
    "library": str, "library_drawn": list,
}  # fmt: skip
"""What ``session.json`` holds."""

_WORDS = {str: "text", dict: "an object", list: "a list", bool: "true or false", int: "a whole number"}
_OWN = (LOCK, STATE, LABELS, ADVICE, HISTORY, MAP, MAP_CARD, FAMILIES, RUNS)


def refuse_odd_files(folder: Path) -> None:
    """Refuse a folder whose own files are links, devices or far too large; one that is gone meanwhile is none of them.

    Raises
    ------
    ValueError
        Names the first.
    """
    for entry in _own_files(folder):
        where = Path(entry.path).relative_to(folder)
        if entry.is_symlink():
            raise ValueError(f"{where} in {folder} is a link, and a session would write where it leads; move it away")
        try:
            mode = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # a database's journal, or a draft: the session is in use
            continue
        if not (stat.S_ISREG(mode.st_mode) or stat.S_ISDIR(mode.st_mode)):
            raise ValueError(f"{where} in {folder} is neither a file nor a folder; move it away")
        most = SIZES.get(entry.name)
        if most is not None and mode.st_size > most:
            size, most = f"{mode.st_size / 2**20:.0f} MiB", f"{most / 2**20:.0f} MiB"
            raise ValueError(f"{where} in {folder} has {size}, more than the {most} that are read; move it away")


def refuse_odd_state(state: Mapping[str, object], path: Path) -> None:
    """Refuse a ``session.json`` that holds other kinds of values than a session writes.

    Raises
    ------
    ValueError
        Names the first.
    """
    for name, kind in KINDS.items():
        found = state.get(name, kind())
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            raise ValueError(f"{name} in {path} is {_WORDS[kind]}, got {str(found)[:40]!r}; move it away to start anew")
    for name in ("options", "truth_options"):
        if not are_options(state.get(name, {})):
            raise ValueError(f"{name} in {path} are no reader's options; move it away to start anew")


def are_options(found: object) -> bool:
    """Whether a value out of a file may be given to a reader as its options."""
    return isinstance(found, dict) and not {"path", "formats", "cube"} & set(found)


def _own_files(folder: Path) -> Iterator[os.DirEntry]:
    """What a session writes in `folder`, its runs' files among them; a link is told, not followed."""
    with os.scandir(folder) as entries:
        ours = [entry for entry in entries if entry.name.startswith(_OWN) or entry.name == DROPPED]
    yield from ours
    for entry in ours:
        if entry.name == RUNS and entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)


def _below(folder: str) -> Iterator[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except FileNotFoundError:  # a run that was deleted just now
        return
    for entry in found:
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)

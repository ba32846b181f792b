"""Who gave each mark of a session that several people share, as ``history.jsonl`` tells it."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

from workbench.session.marks import Mark


def authors(history: Path, marks: Sequence[Mark]) -> list[str]:
    """The name beside each mark; empty where the history does not tell it.

    A mark is logged as soon as it is given, so that the first line after it is its own: whoever cuts it, renames its
    class, or takes it back and gives it again later, does not become its author.

    Parameters
    ----------
    history : Path
        The file; it may be missing.
    marks : sequence of Mark
        Those to be told of.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    lines = _lines(history)
    moments = [when for when, _, _ in lines]
    found = []
    for mark in marks:
        place = bisect_left(moments, mark.created)
        _, who, ids = lines[place] if place < len(lines) else ("", "", set())
        found.append(who if ids is None or mark.id in ids else "")
    return found


def _lines(history: Path) -> list[tuple[str, str, set[int] | None]]:
    """When, who, and which marks were given: None where there were too many to be listed. By time."""
    if not history.exists():
        return []
    found = []
    try:
        for text in history.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            if given := line.get("given"):
                ids = None if isinstance(given, dict) else {int(one["id"]) for one in given}
                found.append((str(line["when"]), str(line["who"]), ids))
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{history} is damaged ({str(error)[:80]}), so nobody knows whose labels these are") from error
    return sorted(found, key=lambda one: one[0])

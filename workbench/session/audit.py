"""``history.jsonl``: who labelled what and when, a line a change of labels or classes, never rewritten.

``labels.gpkg`` holds what there is now; this file tells how it came about, what was taken back among it. A line reads::

    {"when": "2026-05-04T09:30:12.345Z", "who": "ada", "what": "label pixel",
     "given": [{"id": 7, "class": "water", "source": "click", "x": 390195.0, "y": 5809685.0}]}

``given`` and ``taken`` list marks by the middle of their ground in scene coordinates, or where there are many, how many
of each class; ``classes`` lists the names after a change of them, ``groups`` which class stands under which.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from workbench.session.folder import append_lines
from workbench.session.marks import LabelState, Mark, now

MOST = 50
"""Marks that are listed one by one."""


class AuditLog:
    """The file; lines that the disk refuses wait for the next one.

    Parameters
    ----------
    path : Path
        Made at the first line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[str] = []

    def write(self, who: str, what: str, before: LabelState, after: LabelState) -> None:
        """Append what has changed, in one step; nothing if nothing has.

        Raises
        ------
        OSError
            If the disk refuses. The line is kept and goes with the next.
        """
        changed = difference(before, after)
        if changed:
            self._waiting.append(json.dumps({"when": now(), "who": who, "what": what, **changed}, ensure_ascii=False))
        if not self._waiting:
            return
        append_lines(self.path, self._waiting)
        self._waiting = []


def difference(before: LabelState, after: LabelState) -> dict[str, object]:
    """What was given, taken and renamed, as JSON values; empty if nothing was."""
    names = [one.name for one in after.classes]
    changed: dict[str, object] = {} if names == [one.name for one in before.classes] else {"classes": names}
    old = {mark.id: mark for mark in before.marks}
    if changed and len(before.classes) == len(names):  # a new name is told once, not by every mark
        renamed = dict(zip((one.name for one in before.classes), names, strict=True))
        old = {i: replace(mark, class_name=renamed[mark.class_name]) for i, mark in old.items()}
    new = {mark.id: mark for mark in after.marks}
    given = [mark for i, mark in new.items() if old.get(i) != mark]
    taken = [mark for i, mark in old.items() if new.get(i) != mark]
    if _groups(before) != _groups(after):
        changed["groups"] = _groups(after)
    return changed | {key: _told(marks) for key, marks in (("given", given), ("taken", taken)) if marks}


def _groups(state: LabelState) -> dict[str, str]:
    return {one.name: one.group for one in state.classes if one.group}


def _told(marks: list[Mark]) -> object:
    if len(marks) > MOST:
        return dict(Counter(mark.class_name for mark in marks))
    return [
        {"id": mark.id, "class": mark.class_name, "source": mark.source, "x": middle.x, "y": middle.y}
        for mark in marks
        for middle in [mark.geometry.centroid]
    ]


def left_by(path: Path) -> Counter[str] | None:
    """Marks by class that follow from a history alone; None where there is none, or one that cannot be followed."""
    left: Counter[str] = Counter()
    names: list[str] = []
    try:
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            new = line.get("classes", names)
            if len(new) == len(names):  # a new name is told once, not by every mark
                renamed = dict(zip(names, new, strict=True))
                left = Counter({renamed.get(name, name): n for name, n in left.items()})
            names = new
            left.subtract(_counted(line.get("taken", [])))
            left.update(_counted(line.get("given", [])))
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None
    return +left


def _counted(told: object) -> Counter[str]:
    return Counter(told) if isinstance(told, dict) else Counter(one["class"] for one in told)

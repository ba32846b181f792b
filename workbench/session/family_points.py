"""``families.json``: what each family reached with so many labels, kept so that a reload shows the live curve again.

A point is of one number of labels, and takes the place of an older one of as many that was measured alike. What was
measured with more labels than there are now is let go of: some of those labels were taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.files import write_json
from workbench.session.folder import FAMILIES, read_json

Point = dict[str, object]
"""``scene`` (its name), ``labels`` (how many), ``tested`` (``blocks`` or ``truth``), ``footprint``, ``seed``,
``draws``, ``run`` (whose encoder, or empty), ``note`` (why the truth was not taken), ``untaught`` (in how many splits,
by class), ``labels_sha256``, ``made_with``, and ``families``: as ``compare.live_summary`` tells, each with its
``model``, or with ``why`` there is none."""

_KINDS = {"scene": str, "labels": int, "tested": str, "footprint": int, "run": str, "note": str}
_KINDS |= {"draws": int, "untaught": dict, "families": list}


def read_points(folder: Path) -> list[Point]:
    """Points of a session's folder, the newest last.

    Raises
    ------
    ValueError
        If the file holds anything else.
    """
    points = read_json(folder / FAMILIES).get("points", [])
    if not (isinstance(points, list) and all(map(_is_point, points))):
        raise ValueError(f"{FAMILIES} does not hold scores of families; move it away to start anew")
    return points


def write_points(folder: Path, points: Sequence[Point]) -> None:
    """Put them away, whole or not at all.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    write_json(folder / FAMILIES, {"points": list(points)})


def with_point(points: Sequence[Point], new: Point) -> list[Point]:
    """With a new one in the place of that of as many labels."""
    return [one for one in points if _place(one) != _place(new)] + [new]


def up_to(points: Sequence[Point], scene: str, labels: int) -> list[Point]:
    """Without those of a scene that are of more labels than there are."""
    return [one for one in points if one["scene"] != scene or one["labels"] <= labels]


def alike(points: Sequence[Point], scene: str) -> list[Point]:
    """Points of a scene that were measured as the newest one was, fewest labels first."""
    here = [one for one in points if one["scene"] == scene]
    return sorted((one for one in here if _how(one) == _how(here[-1])), key=lambda one: one["labels"])


def _how(point: Point) -> tuple[object, ...]:
    return tuple(point[name] for name in ("scene", "tested", "footprint"))


def _place(point: Point) -> tuple[object, ...]:
    return (*_how(point), point["labels"])


def _is_point(one: object) -> bool:
    """Whether a value out of a file is one."""
    if not isinstance(one, dict) or any(not isinstance(one.get(name), kind) for name, kind in _KINDS.items()):
        return False
    rows, several = one["families"], all(isinstance(n, int) for n in one["untaught"].values())
    if not (rows and several and one["labels"] > 0 and all(isinstance(row, dict) for row in rows)):
        return False
    return _is_scored(rows[0], first=True) and all(_is_row(row) for row in rows[1:])


def _is_row(row: dict) -> bool:
    if "why" in row:
        return isinstance(row["why"], str) and isinstance(row.get("family"), str)
    return _is_scored(row)


def _is_scored(row: dict, *, first: bool = False) -> bool:
    """Whether a family has its numbers; all but the first have a difference from it."""
    names = ["oa", "aa", *([] if first else ["difference"])]
    pairs = [row.get(name) for name in ("taught", "tested", *(f"{name}_ci95" for name in names))]
    words = all(isinstance(row.get(name), str) for name in ("family", "model"))
    if not words or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        return False
    values = [*(row.get(name) for name in ("draws", *names)), *(end for pair in pairs for end in pair)]
    return all(isinstance(value, int | float) for value in values) and (not first or row.get("difference") is None)

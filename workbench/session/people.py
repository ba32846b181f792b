"""Sessions at rest → people and their labels on one scene: a session each, or one that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.compare.people import Person
from workbench.cubes import open_cube
from workbench.cubes.remote import Address
from workbench.labels.grid import grid_of
from workbench.labels.rasterise import rows_shown
from workbench.session import groups
from workbench.session.authors import authors
from workbench.session.classes import Classes
from workbench.session.folder import HISTORY
from workbench.session.grid import frame
from workbench.session.held import Held, read_held
from workbench.session.marks import SELECTED, Mark
from workbench.session.origin import not_the_same

AT_ONCE = timedelta(seconds=1)
"""Pixels of a selection are marks of their own, made within so long of each other."""


@dataclass(frozen=True, slots=True)
class People:
    """Who labelled a scene."""

    cube: xr.DataArray
    """The scene."""

    place: Path | Address
    """Where it lies."""

    labels: tuple[Person, ...]
    """Theirs, in the order of the sessions, or of their first marks."""

    classes: Classes
    """Those of all: the first person's, then what the next ones have beside them."""

    unknown: int
    """Marks of a shared session that nobody's name stands beside; they are left out."""


def read_people(folders: Sequence[Path], scene: Path | Address | None = None) -> People:
    """The labels of people who have a session each; of one session alone, those of each name in its history.

    Parameters
    ----------
    folders : sequence of Path
        The sessions'; nothing in them is written.
    scene : Path or Address, optional
        Where the scene is now; by default where the first session says.

    Raises
    ------
    FileNotFoundError, PermissionError
        If a folder is no session, or the scene is not there, or the session may not name it.
    ValueError
        If a session is named twice or damaged, or they are of different scenes.
    """
    helds = [read_held(folder) for folder in folders]
    if len({held.folder.resolve() for held in helds}) < len(helds):
        raise ValueError("agreement is between sessions, but one is named twice; name each once")
    place, cube = _scene_of(helds, scene)
    for held in helds:
        _check_scene(held, helds[0], place, cube, is_given=scene is not None)
    classes = reduce(_with, (held.labels.classes for held in helds), ())
    if len(helds) > 1:
        names, by, unknown = _names([held.folder for held in helds]), [held.labels.marks for held in helds], 0
    else:
        names, by, unknown = _told_apart(helds[0])
        helds *= len(names)
    each = (_person(name, held, marks, cube) for name, held, marks in zip(names, helds, by, strict=True))
    return People(cube, place, tuple(each), classes, unknown)


def _told_apart(held: Held) -> tuple[list[str], list[list[Mark]], int]:
    """Who labelled in a session that several share, their marks, and how many are nobody's."""
    marks = held.labels.marks
    whose = authors(held.folder / HISTORY, marks)
    names = [name for name in dict.fromkeys(whose) if name]
    if len(names) < 2:
        only = (
            f"all of {held.folder.name} are {names[0]}'s" if names else f"{HISTORY} of {held.folder.name} names nobody"
        )
        raise ValueError(f"agreement takes the labels of two people or more, but {only}; name another session, too")
    by = [[mark for mark, one in zip(marks, whose, strict=True) if one == name] for name in names]
    return names, by, whose.count("")


def decisions(marks: Sequence[Mark]) -> list[int]:
    """A number for each mark, the same for pixels that were selected and labelled at once."""
    found: list[int] = []
    for before, mark in zip((None, *marks), marks, strict=False):
        found.append(found[-1] if before is not None and _at_once(before, mark) else len(found))
    return found


def _at_once(before: Mark, mark: Mark) -> bool:
    if not (before.source == mark.source == SELECTED and before.class_name == mark.class_name):
        return False
    try:
        moments = (datetime.fromisoformat(one.created) for one in (before, mark))
        return abs(next(moments) - next(moments)) < AT_ONCE
    except (ValueError, TypeError):
        return False


def _person(name: str, held: Held, marks: Sequence[Mark], cube: xr.DataArray) -> Person:
    """Somebody's marks as pixels: where they overlap, the later one is seen."""
    shown = rows_shown(frame(marks, held.crs), cube).ravel()
    pixels = np.flatnonzero(shown)
    rows = shown[pixels] - 1
    names = tuple(one.name for one in held.labels.classes)
    codes: NDArray = np.array([names.index(mark.class_name) + 1 for mark in marks], np.int32)
    return Person(name, names, pixels, codes[rows], np.array(decisions(marks), np.int64)[rows])


def _with(classes: Classes, more: Classes) -> Classes:
    return groups.add_missing(
        classes, {one.name: one.color for one in more}, {one.name: one.group for one in more if one.group}
    )


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, with as many above them as tell all apart."""
    for depth in range(1, max(len(folder.parts) for folder in folders) + 1):
        found = ["/".join(folder.parts[-depth:]) for folder in folders]
        if len({name.casefold() for name in found}) == len(found):
            break
    return found


def _scene_of(helds: Sequence[Held], scene: Path | Address | None) -> tuple[Path | Address, xr.DataArray]:
    held = helds[0]
    if not held.scene:
        raise ValueError(f"agreement is about labels of a scene, but {held.folder} has none; leave that session out")
    place = _placed(held) if scene is None else scene.absolute()
    return place, open_cube(place, **held.options_of(place))


def _placed(held: Held) -> Path | Address:
    try:
        return held.place(held.scene)
    except (FileNotFoundError, PermissionError) as error:
        raise type(error)(f"{error} (--scene PATH)") from error


def _check_scene(held: Held, first: Held, place: Path | Address, cube: xr.DataArray, *, is_given: bool) -> None:
    """Refuse a session whose labels lie on another scene: another grid, or other pixels on the same."""
    if not held.scene:
        raise ValueError(f"agreement is about labels of a scene, but {held.folder} has none; leave that session out")
    one = "agreement is about labels of one scene"
    shape = held.state.get("shape") or cube.shape[1:]
    if tuple(shape) != cube.shape[1:]:
        there, here = (" × ".join(map(str, size)) for size in (shape, cube.shape[1:]))
        raise ValueError(f"{one}, but that of {held.folder} has {there} pixels, {place} {here}; leave that session out")
    words = f"{one}, but that of {held.folder} has other pixels than {place}; leave that session out"
    if is_given:
        noted = held.scene_origin
        if "fingerprint" in noted and not_the_same({"fingerprint": _fingerprint(cube)}, noted):
            raise ValueError(words)
    elif held is not first and (path := _placed(held)) != place:
        other = open_cube(path, **held.options_of(path))
        if grid_of(other) != grid_of(cube):
            raise ValueError(f"{one}, but {path} of {held.folder} lies on another grid; leave that session out")
        if _fingerprint(other) != _fingerprint(cube):
            raise ValueError(words)


def _fingerprint(cube: xr.DataArray) -> str:
    from workbench.pretrain import fingerprint

    return fingerprint(cube)

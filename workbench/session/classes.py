"""The classes one labels with: a tuple of them in, another tuple out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from workbench.labels import PALETTE
from workbench.labels.colors import next_color

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")

LONGEST = 200
"""Most letters of a name."""


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One class of the legend."""

    code: int
    """1…K: its number in label rasters and class maps."""

    name: str
    """Unique among the classes."""

    color: str
    """``#rrggbb``."""

    group: str = ""
    """Name of the group that it stands under (``groups``); empty under none."""

    group_color: str = ""
    """``#rrggbb`` of that group, where one was chosen for it."""


Classes = tuple[LabelClass, ...]


def checked(classes: Iterable[LabelClass]) -> Classes:
    """Classes out of a file: numbered 1…K, with names and colours as they may be given here; else ValueError."""
    found: Classes = ()
    for one in classes:
        if not (isinstance(one.name, str) and isinstance(one.color, str)):
            raise ValueError(f"a class has a name and a colour in words, got {str(one)[:80]}; restore the file")
        found = add(found, one.name, one.color)
        if (found[-1].code, found[-1].name) != (one.code, one.name):
            raise ValueError(
                f"class {one.name[:40]!r} is number {len(found)}, got {str(one.code)[:20]}; restore the file"
            )
    return found


def add(classes: Classes, name: str = "", color: str = "") -> Classes:
    """One class more, at the end; without a name it is called "class 3", without a colour it gets an unused one."""
    code = len(classes) + 1
    taken = {c.name for c in classes}
    name = name.strip() or next(n for n in (f"class {i}" for i in range(code, 2 * code + 1)) if n not in taken)
    color = color or next_color(name, [(c.color, c.name) for c in classes])
    return (*classes, LabelClass(code, _free(classes, name), checked_color(color)))


def add_missing(classes: Classes, names: Iterable[str], colors: dict[str, str] | None = None) -> Classes:
    """`classes`, and after them those of `names` that were not there."""
    for name in names:
        if name not in {c.name for c in classes}:
            classes = add(classes, name, (colors or {}).get(name, ""))
    return classes


def rename(classes: Classes, code: int, name: str) -> Classes:
    """The class `code` under another name."""
    old = find(classes, code)
    if name.strip() == old.name:
        return classes
    return tuple(replace(c, name=_free(classes, name.strip())) if c is old else c for c in classes)


def recolor(classes: Classes, code: int, color: str) -> Classes:
    """The class `code` in another colour."""
    old = find(classes, code)
    return tuple(replace(c, color=checked_color(color)) if c is old else c for c in classes)


def remove(classes: Classes, code: int) -> Classes:
    """Without the class `code`; those behind it move up by one."""
    gone = find(classes, code)
    return tuple(replace(c, code=i) for i, c in enumerate((c for c in classes if c is not gone), start=1))


def find(classes: Classes, code: int) -> LabelClass:
    """The class `code`."""
    for one in classes:
        if one.code == code:
            return one
    if not classes:
        raise ValueError("there is no class yet; add one first")
    raise ValueError(f"classes are numbered 1 to {len(classes)}, got {code}; choose one of them")


def _free(classes: Classes, name: str) -> str:
    if not name:
        raise ValueError("a class needs a name, got an empty one; type one")
    if len(name) > LONGEST:
        raise ValueError(f"a class's name has at most {LONGEST} letters, got {len(name)}; choose a shorter one")
    if name in {c.name for c in classes}:
        raise ValueError(f"class names must differ, but {name!r} is there already; choose another")
    return name


def checked_color(color: str) -> str:
    """A colour as it is kept, if it is one."""
    if not _COLOR.fullmatch(color):
        raise ValueError(f"a colour is written #rrggbb, got {color!r}; for example {PALETTE[0]}")
    return color.lower()

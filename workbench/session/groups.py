"""Groups that classes stand under, such as coniferous and broadleaved under forest: classes in, other classes out.

A legend is read at two levels here: that of its classes, and that of its groups. So a class names one group and not a
path of them; whoever has a legend of three levels, such as CORINE's, chooses which of the upper two is told apart. A
group is there as long as a class stands under it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from workbench.session import classes as legend
from workbench.session.classes import LONGEST, Classes, LabelClass


@dataclass(frozen=True, slots=True)
class Group:
    """Classes under one name."""

    name: str
    """Theirs."""

    color: str
    """``#rrggbb``: the one that was chosen, else that of its first class, which no other class has by itself."""

    codes: tuple[int, ...]
    """Its classes."""


def groups_of(classes: Classes) -> tuple[Group, ...]:
    """All groups, in the order of their first classes."""
    names = dict.fromkeys(one.group for one in classes if one.group)
    return tuple(Group(name, *_look(_under(classes, name))) for name in names)


def put(classes: Classes, code: int, group: str) -> Classes:
    """The class `code` under `group`, which need not be there before; under none if that is empty."""
    one, group = legend.find(classes, code), _named(group)
    if group == one.group:
        return classes
    new = replace(one, group=group, group_color=_chosen(classes, group))
    return tuple(new if other is one else other for other in classes)


def add_missing(classes: Classes, colors: Mapping[str, str], groups: Mapping[str, str]) -> Classes:
    """`classes`, and after them those of `colors` that were not there, under their `groups`."""
    known = len(classes)
    classes = legend.add_missing(classes, colors, dict(colors))
    for one in classes[known:]:
        classes = put(classes, one.code, groups.get(one.name, ""))
    return classes


def rename(classes: Classes, group: str, name: str) -> Classes:
    """A group under another name: if that is another group's, both become one; without a name, none is left."""
    under, name = _under(classes, group), _named(name)
    if name == group:
        return classes
    color = (_chosen(classes, name) or under[0].group_color) if name else ""
    return tuple(
        replace(one, group=name, group_color=color) if one.group in (group, name) and one.group else one
        for one in classes
    )


def recolor(classes: Classes, group: str, color: str) -> Classes:
    """A group in another colour."""
    _under(classes, group)
    color = legend.checked_color(color)
    return tuple(replace(one, group_color=color) if one.group == group else one for one in classes)


def at_level(classes: Classes) -> dict[str, tuple[str, str]]:
    """By class, what it is called and how it is drawn at the level of groups: as its group, or as itself.

    A class of a group's name counts to the group, as "forest" does beside "coniferous" under "forest".
    """
    colors = {one.name: one.color for one in groups_of(classes)}
    shown = {one.name: one.group or one.name for one in classes}
    return {one.name: (shown[one.name], colors.get(shown[one.name], one.color)) for one in classes}


def checked(classes: Iterable[LabelClass]) -> Classes:
    """Classes out of a file, with groups as they may be given here; else ValueError."""
    rows = list(classes)
    found = legend.checked(rows)
    for one in rows:
        if not (isinstance(one.group, str) and isinstance(one.group_color, str)):
            raise ValueError(f"a group has a name and a colour in words, got {str(one)[:80]}; restore the file")
        if one.group:
            found = put(found, one.code, one.group)
        if one.group and one.group_color:
            found = recolor(found, one.group.strip(), one.group_color)
    return found


def as_json(classes: Classes) -> list[dict]:
    """Classes as they are stored; of groups nothing is said where there are none."""
    return [{name: value for name, value in asdict(one).items() if value != ""} for one in classes]


def _under(classes: Classes, group: str) -> Classes:
    found = tuple(one for one in classes if one.group == group and group)
    if not found:
        raise ValueError(f"there is no group {group!r}; put a class under it first")
    return found


def _look(under: Classes) -> tuple[str, tuple[int, ...]]:
    return under[0].group_color or under[0].color, tuple(one.code for one in under)


def _chosen(classes: Classes, group: str) -> str:
    """The colour that was chosen for a group; empty if none was, or the group is new."""
    return next((one.group_color for one in classes if group and one.group == group), "")


def _named(group: str) -> str:
    group = group.strip()
    if len(group) > LONGEST:
        raise ValueError(f"a group's name has at most {LONGEST} letters, got {len(group)}; choose a shorter one")
    return group

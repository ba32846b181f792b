"""Classes put under groups and taken out of them; undone and stored with the labels."""

from __future__ import annotations

from dataclasses import replace

from workbench.session import groups
from workbench.session.classes import Classes
from workbench.session.commands import command
from workbench.session.labelling import Labelling


class Grouping(Labelling):
    """Groups of the legend."""

    @command
    def group_class(self, code: int, group: str) -> None:
        """Put class `code` under `group`, which is made if it is new; take it out of its group if that is empty."""
        self._regroup(groups.put(self._state.classes, code, group))

    @command
    def rename_group(self, group: str, name: str) -> None:
        """Give a group another name; if another group has it, both become one; if it is empty, the group is gone."""
        self._regroup(groups.rename(self._state.classes, group, name))

    @command
    def recolor_group(self, group: str, color: str) -> None:
        """Give a group another colour, ``#rrggbb``."""
        self._regroup(groups.recolor(self._state.classes, group, color))

    def _regroup(self, classes: Classes) -> None:
        self._become(replace(self._state, classes=classes))

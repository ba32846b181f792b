"""Undo and redo: states are values, so going back is taking an earlier one."""

from __future__ import annotations

from workbench.session.marks import LabelState

DEPTH = 200
"""Steps one can go back. States share their marks, so a step costs a tuple."""


class History:
    """States before and after the present one."""

    def __init__(self) -> None:
        self.before: list[LabelState] = []
        self.after: list[LabelState] = []

    def push(self, old: LabelState) -> None:
        """Something new was done to `old`: one can go back to it, and no longer forward."""
        self.before = [*self.before, old][-DEPTH:]
        self.after = []

    def back(self, present: LabelState) -> LabelState:
        """The state before `present`."""
        if not self.before:
            raise ValueError("there is nothing to undo")
        self.after.append(present)
        return self.before.pop()

    def forward(self, present: LabelState) -> LabelState:
        """The state that was undone."""
        if not self.after:
            raise ValueError("there is nothing to redo")
        self.before.append(present)
        return self.after.pop()

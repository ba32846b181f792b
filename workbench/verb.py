"""Rooms named like a verb can be called: ``workbench.pretrain(cube)`` is ``workbench.pretrain.pretrain(cube)``.

``pretrain`` and ``compare`` are both a room and the verb done in it. Python gives the package's name to the room as
soon as any of its modules is imported, so the room itself answers the call.
"""

from __future__ import annotations

import sys
from types import ModuleType


class VerbRoom(ModuleType):
    """A module that, called, calls its function of the same name."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Do the verb."""
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **kwargs)


def make_callable(room: str) -> None:
    """Let the imported module named `room` be called as its own verb."""
    sys.modules[room].__class__ = VerbRoom

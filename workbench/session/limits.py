"""What a desk gives its sessions: jobs under way at once, of all of them together, and memory, of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

import xarray as xr


class Limits:
    """Shared by the sessions of a desk.

    Parameters
    ----------
    runs : int
        Jobs under way at once; 0 for as many as are asked for.
    memory : int
        Of a scene that is held as a whole, and of a job [bytes]; 0 for as much as there is.
    """

    def __init__(self, runs: int = 0, memory: int = 0) -> None:
        self.runs, self.memory = runs, memory
        self._lock = threading.Lock()
        self._at_work: set[Hashable] = set()
        self._in_line: dict[Hashable, Callable[[], None]] = {}

    def take(self, who: Hashable, begin: Callable[[], None] | None = None) -> bool:
        """Whether `who` may begin a job now; if not, `begin` is called once it is its turn to ask again."""
        with self._lock:
            if not self.runs or len(self._at_work) < self.runs:
                self._at_work.add(who)
                self._in_line.pop(who, None)
                return True
            if begin is not None:
                self._in_line.setdefault(who, begin)
            return False

    def leave(self, who: Hashable) -> None:
        """A job of `who` is over, or none is wanted any longer; whoever asked first is next."""
        with self._lock:
            self._at_work.discard(who)
            self._in_line.pop(who, None)
        self.pass_turn()

    def pass_turn(self) -> None:
        """Let the first in line ask again, if there is room: after a job, or where whoever was told needs none."""
        with self._lock:
            free = bool(self._in_line) and len(self._at_work) < self.runs
            begin = self._in_line.pop(next(iter(self._in_line))) if free else None
        if begin is not None:
            begin()

    def said(self) -> str:
        """Why somebody waits."""
        return f"this desk does {self.runs} {'run' if self.runs == 1 else 'runs'} at once, and as many are under way"

    def check_scene(self, cube: xr.DataArray, name: str) -> None:
        """Refuse a scene that would take too much memory; one that is read in pieces takes little.

        Raises
        ------
        ValueError
            Names its size and the limit.
        """
        held = cube.nbytes if cube.chunks is None else 0
        if self.memory and held > self.memory:
            raise ValueError(
                f"a session may hold {gib(self.memory)}, but {name} takes {gib(held)} as a whole; convert it to "
                "a format that is read in pieces, such as .zarr"
            )

    def overrun(self, taken: int) -> str:
        """What is said of a job that was ended because it took `taken` bytes; empty if that is not too much."""
        if not self.memory or taken <= self.memory:
            return ""
        return (
            f"the run took {gib(taken)}, more than the {gib(self.memory)} that one may take on this desk; take a "
            "smaller encoder, fewer pairs or a smaller part of the scene"
        )


def gib(size: int) -> str:
    """A size in words.

    Examples
    --------
    >>> gib(3 * 2**29)
    '1.5 GiB'
    """
    return f"{size / 2**30:.1f} GiB"

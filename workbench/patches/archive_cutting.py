"""What is cut out of the patches of a location: pairs of squares, from two dates where there are two.

Of several products of one place the squares of a pair lie on the same ground in each; every product has dates of its
own.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workbench.patches.archive_reading import BadPatch, Patch, PatchReader

TRIES = 8
"""Places that are drawn before a patch is read whole to see where it has data."""


@dataclass(frozen=True)
class Cutter:
    """Cuts pairs out of locations; what it draws depends on the seed, the epoch and the location alone."""

    readers: tuple[PatchReader, ...]
    """One of each product of the archive; location number so and so is the same place in all."""

    size: int
    """Side of a square [pixels]."""

    crops: int
    """Pairs of a location."""

    reach: int
    """The second square is at most this many pixels away from the first in each direction."""

    seed: int
    """Of the draws."""

    @cached_property
    def n_bands(self) -> list[int]:
        """Of each product."""
        return [len(reader.numbers.bands) for reader in self.readers]

    def __call__(self, epoch: int, location: int, room: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """All pairs of a location, shape (2, crops, n_bands, size, size), in `room` if it is given.

        The bands of one product follow those of the other.

        Raises
        ------
        BadPatch
            If one cannot be read, or has no place with data.
        """
        rng = np.random.default_rng((self.seed, 2, epoch, location))
        rows = [self._dates(reader, location, rng) for reader in self.readers]
        cut = room
        if cut is None:
            cut = np.empty((2, self.crops, sum(self.n_bands), self.size, self.size), "float32")
        with ExitStack() as stack:
            dates = []
            for reader, (first, second) in zip(self.readers, rows, strict=True):
                one = stack.enter_context(reader.opened(first))
                dates.append((one, one if second == first else stack.enter_context(reader.opened(second))))
            for k in range(self.crops):
                sides = (np.split(side[k], np.cumsum(self.n_bands)[:-1]) for side in cut)
                self._pair(dates, rng, list(zip(*sides, strict=True)), self.readers[0].file(rows[0][0]))
        return cut

    def _dates(self, reader: PatchReader, location: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Rows of two patches of a location, or twice that of the only one."""
        start, stop = reader.index.starts[location : location + 2]
        return start + (rng.choice(stop - start, 2, replace=False) if stop - start > 1 else np.zeros(2, int))

    def _pair(
        self,
        dates: list[tuple[Patch, Patch]],
        rng: np.random.Generator,
        squares: list[tuple[NDArray, NDArray]],
        name: str,
    ) -> None:
        """Write into `squares`, left and right of each product, what two dates have there; all middles have data."""
        size, middle = self.size, self.size // 2
        span = np.min([patch.shape for both in dates for patch in both], axis=0) - size
        for _ in range(TRIES):
            place = rng.integers(0, span + 1)
            other = np.clip(place + rng.integers(-self.reach, self.reach + 1, 2), 0, span)
            for (one, two), (left, right) in zip(dates, squares, strict=True):
                one.read(*place, size, size, left)
                if one is two and (place == other).all():
                    np.copyto(right, left)
                else:
                    two.read(*other, size, size, right)
            if all(np.isfinite(square[0, middle, middle]) for pair in squares for square in pair):
                return
        each = [np.isfinite(patch.read(0, 0, *(span + size))[0]) for both in dates for patch in both]
        there = np.all(each, axis=0)[middle : middle + span[0] + 1, middle : middle + span[1] + 1]
        if not there.any():
            raise BadPatch(
                f"{name} has no pixel with data that a square of {size} pixels fits round; move it elsewhere"
            )
        place = np.argwhere(there)[rng.integers(there.sum())]
        for (one, two), (left, right) in zip(dates, squares, strict=True):
            one.read(*place, size, size, left)
            two.read(*place, size, size, right)

"""What is cut out of the patches of a location: pairs of squares, from two dates where there are two."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.patches.archive_reading import BadPatch, Patch, PatchReader

TRIES = 8
"""Places that are drawn before a patch is read whole to see where it has data."""


@dataclass(frozen=True)
class Cutter:
    """Cuts pairs out of locations; what it draws depends on the seed, the epoch and the location alone."""

    reader: PatchReader
    """Of the archive."""

    size: int
    """Side of a square [pixels]."""

    crops: int
    """Pairs of a location."""

    reach: int
    """The second square is at most this many pixels away from the first in each direction."""

    seed: int
    """Of the draws."""

    def __call__(self, epoch: int, location: int, room: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """All pairs of a location, shape (2, crops, n_bands, size, size), in `room` if it is given.

        Raises
        ------
        BadPatch
            If one cannot be read, or has no place with data.
        """
        rng = np.random.default_rng((self.seed, 2, epoch, location))
        start, stop = self.reader.index.starts[location : location + 2]
        first, second = start + (rng.choice(stop - start, 2, replace=False) if stop - start > 1 else np.zeros(2, int))
        cut = room
        if cut is None:
            cut = np.empty((2, self.crops, len(self.reader.numbers.bands), self.size, self.size), "float32")
        with ExitStack() as stack:
            one = stack.enter_context(self.reader.opened(first))
            two = one if second == first else stack.enter_context(self.reader.opened(second))
            for k in range(self.crops):
                self._pair(one, two, rng, cut[0, k], cut[1, k], self.reader.file(first))
        return cut

    def _pair(self, one: Patch, two: Patch, rng: np.random.Generator, left: NDArray, right: NDArray, name: str) -> None:
        """Write into `left` and `right` squares of two dates whose middles both have data."""
        size, middle = self.size, self.size // 2
        span = np.minimum(one.shape, two.shape) - size
        for _ in range(TRIES):
            place = rng.integers(0, span + 1)
            other = np.clip(place + rng.integers(-self.reach, self.reach + 1, 2), 0, span)
            one.read(*place, size, size, left)
            if one is two and (place == other).all():
                np.copyto(right, left)
            else:
                two.read(*other, size, size, right)
            if np.isfinite(left[0, middle, middle]) and np.isfinite(right[0, middle, middle]):
                return
        both = [np.isfinite(patch.read(0, 0, *(span + size))[0]) for patch in (one, two)]
        there = (both[0] & both[1])[middle : middle + span[0] + 1, middle : middle + span[1] + 1]
        if not there.any():
            raise BadPatch(
                f"{name} has no pixel with data that a square of {size} pixels fits round; move it elsewhere"
            )
        place = np.argwhere(there)[rng.integers(there.sum())]
        one.read(*place, size, size, left)
        two.read(*place, size, size, right)

"""Batches streamed from an archive larger than memory, whatever is cut out of a location.

Threads read ahead, since GDAL reads and unpacks without Python's lock; no more is held than the batch to come and what
the threads have in hand. What is drawn depends on the seed, the epoch and the location alone: the order is the same
with any number of threads, and goes on where it was from two numbers. Processes that learn as one have together the
rows that one alone would have, and in its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.patches.archive_ahead import Ahead
from workbench.patches.archive_cutting import Cutter
from workbench.patches.archive_headers import quieten
from workbench.patches.archive_reading import BadPatch, PatchReader
from workbench.patches.scaling import BandScaler
from workbench.patches.windows import centre_means


class Visits:
    """Endless batches of what is cut out of the locations of an archive, each location once an epoch.

    Parameters
    ----------
    cut : Cutter
        What is done at a location.
    scalers : sequence of BandScaler
        One of each product that is cut; the batches are scaled by them.
    n : int
        Pairs a batch.
    windows : sequence of int, optional
        Odd widths [pixels]: the squares are given as the means of these windows round their middle.
    workers : int
        Threads that read.
    skip_bad : bool
        Whether to leave out patches that cannot be read, and count them in `skipped`.
    share : tuple of int
        Which process of how many this is: each has its `n` rows of the batches of all.
    device : str or torch.device
        Where the batches are wanted.

    Attributes
    ----------
    skipped : int
        Locations left out so far.

    Raises
    ------
    ValueError
        If `n` is no multiple of the cutter's crops.
    """

    def __init__(
        self,
        cut: Cutter,
        scalers: Sequence[BandScaler],
        *,
        n: int,
        windows: Sequence[int] = (),
        workers: int = 2,
        skip_bad: bool = False,
        share: tuple[int, int] = (0, 1),
        device: str | torch.device = "cpu",
    ) -> None:
        if n % cut.crops:
            raise ValueError(
                f"a batch holds all crops of a location, but {n} pairs are no multiple of {cut.crops} crops"
            )
        self.cut, self.scalers, self.n, self.per_batch = cut, tuple(scalers), n, n // cut.crops
        self.root, self.n_locations = cut.readers[0].index.root, cut.readers[0].index.n_locations
        self.windows, self.workers = tuple(windows), workers
        self.skip_bad, self.share, self.device = skip_bad, share, torch.device(device)
        self.skipped, self._done = 0, 0
        self._order = lru_cache(2)(self._shuffled)

    def get_state(self) -> Tensor:
        """Epoch, offset in it and locations skipped after the last batch handed out, shape (3,), int64.

        Named as a ``torch.Generator`` names it, so that a run puts it away as it does its other sources of draws.
        """
        return torch.tensor([*divmod(self._done, self._own), self.skipped])

    def set_state(self, state: Tensor) -> None:
        """Let the next iteration go on from there: it gives the very same batches that would have come."""
        epoch, offset, self.skipped = state.tolist()
        self._done = epoch * self._own + offset

    @property
    def _own(self) -> int:
        """Locations a process goes through in an epoch, of several processes rounded down."""
        return max(1, self.n_locations // self.share[1])

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        """Both sides of a batch of pairs of each product, one after the other; scaled, NaN where there is no data.

        Each is of shape (n, n_bands, size, size) or (n, n_bands, n_windows).

        Raises
        ------
        BadPatch
            If one cannot be read, unless they are skipped, or none can.
        """
        quieten()
        begun, cut = self._done, self._scaled()
        shape = (2, self.n, sum(cut.n_bands), cut.size, cut.size)
        ahead = Ahead(lambda count, room: cut(*self._visit(begun + count), room), shape, cut.crops, self.workers)
        try:
            while True:
                good: list[tuple[NDArray[np.float32], int]] = []
                bad = 0
                while len(good) < ahead.per_batch:
                    job, *place = ahead.next()
                    try:
                        job.result()
                        good.append(tuple(place))
                    except BadPatch as error:
                        self._refuse(error)
                        bad += 1
                        if bad > self._own:
                            raise BadPatch(f"no patch of {self.root} could be read; the last: {error}") from error
                    self._done += 1
                yield self._given(ahead.lent(ahead.together(good)))
        finally:
            ahead.stop()

    def _scaled(self) -> Cutter:
        """The cutter whose squares are as the encoders take them."""
        readers = []
        for reader, scaler in zip(self.cut.readers, self.scalers, strict=True):
            mean, scale = (values.cpu().numpy() for values in (scaler.mean, scaler.scale))
            readers.append(PatchReader(reader.index, reader.numbers.scaled(mean, scale)))
        return replace(self.cut, readers=tuple(readers))

    def _refuse(self, error: BadPatch) -> None:
        """Count a bad patch, or say that it may be left out."""
        if not self.skip_bad:
            raise BadPatch(f"{error}, or leave bad patches out (--skip-bad)") from error
        self.skipped += 1

    def _given(self, batch: NDArray[np.float32]) -> tuple[Tensor, ...]:
        """Both sides of each product, where they are wanted and as they are wanted."""
        products = torch.from_numpy(batch).to(self.device).split(self.cut.n_bands, dim=2)
        sides = [side for product in products for side in product]
        return tuple(centre_means(side, self.windows) if self.windows else side for side in sides)

    def _visit(self, count: int) -> tuple[int, int]:
        """Epoch and location of this process's visit number `count`, from 0."""
        rank, ranks = self.share
        batch, row = divmod(count, self.per_batch)
        epoch, offset = divmod((batch * ranks + rank) * self.per_batch + row, self.n_locations)
        return epoch, int(self._order(epoch)[offset])

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng((self.cut.seed, 1, epoch)).permutation(self.n_locations)

"""Batches streamed from an archive larger than memory: two dates of a location are the two sides of a pair.

Threads read ahead, since GDAL reads and unpacks without Python's lock; no more is held than the batch to come and what
the threads have in hand. What is drawn depends on the seed, the epoch and the location alone: the order is the same
with any number of threads, and goes on where it was from two numbers.
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
from workbench.patches.archive_index import ArchiveIndex
from workbench.patches.archive_numbers import Numbers
from workbench.patches.archive_reading import BadPatch, PatchReader
from workbench.patches.scaling import BandScaler
from workbench.patches.windows import centre_means

SCALED_FROM = 64
"""Patches from which mean and spread of the bands are taken, where no card says them."""


class ArchivePairs:
    """Endless batches of pairs of patches, each pair of one place: two dates where there are two, else one date twice.

    Parameters
    ----------
    index : ArchiveIndex
        Of sound patches.
    numbers : Numbers
        What they hold.
    size : int
        Side of the squares cut out [pixels].
    n : int
        Pairs a batch.
    crops : int
        Pairs cut out of a location each time it is read; `n` is a multiple of it.
    reach : int
        The second square is at most this many pixels away from the first in each direction.
    windows : sequence of int, optional
        Odd widths [pixels]: the squares are given as the means of these windows round their middle.
    seed : int
        Of the order and of what is cut out.
    workers : int
        Threads that read.
    skip_bad : bool
        Whether to leave out patches that cannot be read, and count them in `skipped`.
    share : tuple of int
        Which process of how many this is: each takes every n-th location of one common order.
    device : str or torch.device
        Where the batches are wanted.

    Attributes
    ----------
    scaler : BandScaler
        The batches are scaled by it; it changes nothing until it is set or :meth:`fit`.
    skipped : int
        Locations left out so far.

    Raises
    ------
    ValueError
        If a patch is smaller than `size`, or `n` is no multiple of `crops`.
    """

    def __init__(
        self,
        index: ArchiveIndex,
        numbers: Numbers,
        *,
        size: int,
        n: int = 64,
        crops: int = 1,
        reach: int = 0,
        windows: Sequence[int] = (),
        seed: int = 0,
        workers: int = 2,
        skip_bad: bool = False,
        share: tuple[int, int] = (0, 1),
        device: str | torch.device = "cpu",
    ) -> None:
        if n % crops:
            raise ValueError(f"a batch holds all crops of a location, but {n} pairs are no multiple of {crops} crops")
        self.reader, self.index, self.n = PatchReader(index, numbers), index, n
        self.cut = Cutter(self.reader, size, crops, reach, seed)
        self.windows, self.seed, self.workers = tuple(windows), seed, workers
        self.skip_bad, self.share, self.device = skip_bad, share, torch.device(device)
        self.scaler, self.skipped, self._done = BandScaler(len(numbers.bands)).to(device), 0, 0
        self._order = lru_cache(2)(self._shuffled)
        small = np.minimum(index.table["height"].to_numpy(), index.table["width"].to_numpy())
        if len(small) and small.min() < size:
            row = int(small.argmin())
            height, width = self.reader.shape(row)
            raise ValueError(
                f"squares of {size} pixels are cut out, but {self.reader.file(row)} has {height} × {width}; use a crop "
                f"of {small[row]}"
            )

    def fit(self) -> ArchivePairs:
        """Take mean and spread of the bands from patches spread over the archive."""
        rng = np.random.default_rng((self.seed, 0))
        rows = rng.permutation(self.index.n_patches)[: 4 * SCALED_FROM]
        table, some = [], max(1, 2**16 // SCALED_FROM)
        quieten()
        for row in rows:
            try:
                with self.reader.opened(row) as patch:
                    pixels = patch.read(0, 0, *patch.shape).reshape(len(self.reader.numbers.bands), -1)
            except BadPatch as error:
                self._refuse(error)
                continue
            pixels = pixels[:, np.isfinite(pixels[0])]
            if pixels.shape[1]:
                table.append(pixels[:, rng.permutation(pixels.shape[1])[:some]])
            if len(table) == SCALED_FROM:
                break
        found = np.concatenate(table, axis=1) if table else np.empty((len(self.reader.numbers.bands), 0), "float32")
        self.scaler.fit(torch.from_numpy(found).to(self.device))
        return self

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
        """Locations a process goes through in an epoch: as many for each, some left over once an epoch."""
        return max(1, self.index.n_locations // self.share[1])

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Pairs, each of shape (n, n_bands, size, size) or (n, n_bands, n_windows), scaled; NaN where there is no data.

        Raises
        ------
        BadPatch
            If one cannot be read, unless they are skipped, or none can.
        """
        quieten()
        begun, shape = self._done, (2, self.n, len(self.scaler.mean), self.cut.size, self.cut.size)
        mean, scale = (values.cpu().numpy() for values in (self.scaler.mean, self.scaler.scale))
        cut = replace(self.cut, reader=PatchReader(self.index, self.reader.numbers.scaled(mean, scale)))
        ahead = Ahead(lambda count, room: cut(*self._visit(begun + count), room), shape, self.cut.crops, self.workers)
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
                            raise BadPatch(f"no patch of {self.index.root} could be read; the last: {error}") from error
                    self._done += 1
                yield self._given(ahead.lent(ahead.together(good)))
        finally:
            ahead.stop()

    def _refuse(self, error: BadPatch) -> None:
        """Count a bad patch, or say that it may be left out."""
        if not self.skip_bad:
            raise BadPatch(f"{error}, or leave bad patches out (--skip-bad)") from error
        self.skipped += 1

    def _given(self, batch: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
        """Both sides of a batch, where they are wanted and as they are wanted."""
        left, right = torch.from_numpy(batch).to(self.device)
        return tuple(centre_means(side, self.windows) if self.windows else side for side in (left, right))

    def _visit(self, count: int) -> tuple[int, int]:
        """Epoch and location of this process's visit number `count`, from 0."""
        epoch, offset = divmod(count, self._own)
        rank, ranks = self.share
        return epoch, int(self._order(epoch)[(offset * ranks + rank) % self.index.n_locations])

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng((self.seed, 1, epoch)).permutation(self.index.n_locations)

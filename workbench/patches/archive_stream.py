"""Pairs streamed from an archive: two dates of a location are the two sides of a pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from workbench.patches.archive_cutting import Cutter
from workbench.patches.archive_headers import quieten
from workbench.patches.archive_index import ArchiveIndex
from workbench.patches.archive_numbers import Numbers
from workbench.patches.archive_reading import BadPatch, PatchReader
from workbench.patches.archive_visits import Visits
from workbench.patches.scaling import BandScaler

SCALED_FROM = 64
"""Patches from which mean and spread of the bands are taken, where no card says them."""


class ArchivePairs(Visits):
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
        Which process of how many this is: each has its `n` rows of the batches of all.
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
        self.reader, self.index = PatchReader(index, numbers), index
        self.scaler = BandScaler(len(numbers.bands)).to(device)
        how = {"n": n, "windows": windows, "workers": workers, "skip_bad": skip_bad, "share": share, "device": device}
        super().__init__(Cutter((self.reader,), size, crops, reach, seed), (self.scaler,), **how)
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
        rng = np.random.default_rng((self.cut.seed, 0))
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

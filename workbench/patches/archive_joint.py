"""Two products of one archive, as radar and reflectance of the same places: found together, streamed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from workbench.patches.archive_cutting import Cutter
from workbench.patches.archive_index import ArchiveIndex
from workbench.patches.archive_numbers import Numbers
from workbench.patches.archive_reading import PatchReader
from workbench.patches.archive_stream import ArchivePairs
from workbench.patches.archive_visits import Visits


@dataclass(frozen=True)
class JointIndex:
    """The patches of two products at the locations that both have, in one order."""

    first: ArchiveIndex
    second: ArchiveIndex

    lacking: tuple[tuple[str, ...], tuple[str, ...]]
    """Locations left out, since the first, or the second, has no patch there."""

    @property
    def n_locations(self) -> int:
        """Places that both have."""
        return self.first.n_locations

    @property
    def n_patches(self) -> int:
        """Of both products together."""
        return self.first.n_patches + self.second.n_patches


def joined(first: ArchiveIndex, second: ArchiveIndex, *, skip_bad: bool = False) -> JointIndex:
    """The sound patches of two products at the locations that both have.

    Parameters
    ----------
    first, second : ArchiveIndex
        Of two products of one archive, see :func:`workbench.patches.index_archive`.
    skip_bad : bool
        Whether to leave out faulty patches, and locations whose patches are of several sizes.

    Raises
    ------
    ValueError
        If a patch is faulty, or a location's patches are of several sizes, and none shall be skipped; or if there is no
        place that both have.
    """
    if first.layout is not second.layout:
        raise ValueError(
            f"two products are of one archive, got {first.product.name} of {first.layout.title} and "
            f"{second.product.name} of {second.layout.title}; name two of one"
        )
    indexes = [index.sound(skip_bad=skip_bad) for index in (first, second)]
    places = [pc.unique(index.table["location"]) for index in indexes]
    common = places[0].filter(pc.is_in(places[0], places[1]))
    lacking = tuple(
        tuple(others.filter(pc.invert(pc.is_in(others, common))).to_pylist()) for others in reversed(places)
    )
    if not len(common):
        raise ValueError(
            f"two products learn together where both have a patch, but {first.root} has no location of both "
            f"{first.product.name} and {second.product.name}; name others"
        )
    both = [_only(index, common) for index in indexes]
    uneven = _uneven(*both)
    if uneven.any() and not skip_bad:
        rows = [index.starts[:-1][uneven][0] for index in both]
        raise ValueError(
            f"one window is cut out of all patches of a location, but {_size(both[0], rows[0])} and "
            f"{_size(both[1], rows[1])}, or others of that place, are not of one size; copy them again, or leave bad "
            "patches out (--skip-bad)"
        )
    if uneven.all():
        raise ValueError(f"no location of {first.root} has patches of one size in both products; check the archive")
    return JointIndex(*(_only(index, common.filter(pa.array(~uneven))) for index in both), lacking)


def _only(index: ArchiveIndex, locations: pa.Array) -> ArchiveIndex:
    return replace(index, table=index.table.filter(pc.is_in(index.table["location"], locations)))


def _uneven(first: ArchiveIndex, second: ArchiveIndex) -> NDArray[np.bool_]:
    """Of each location, whether its patches are of several sizes."""
    found = np.zeros(first.n_locations, bool)
    for index in (first, second):
        for name in ("height", "width"):
            usual = first.table[name].to_numpy()[first.starts[:-1]]
            each = np.repeat(usual, np.diff(index.starts))
            found |= np.logical_or.reduceat(index.table[name].to_numpy() != each, index.starts[:-1])
    return found


def _size(index: ArchiveIndex, row: int) -> str:
    file, height, width = (index.table[name][int(row)].as_py() for name in ("file", "height", "width"))
    return f"{file} ({height} × {width} pixels)"


class JointPairs(Visits):
    """Endless batches of pairs of patches of two products, each pair on the same ground in both.

    Each product has its own two dates, where it has two; it is scaled by its own means and spreads.

    Parameters
    ----------
    index : JointIndex
        Of both products.
    numbers : tuple of two Numbers
        What each holds.
    size, n, crops, reach, windows, seed, workers, skip_bad, share, device
        As in :class:`workbench.patches.ArchivePairs`.

    Attributes
    ----------
    sides : tuple of two ArchivePairs
        Each product alone, with its ``scaler``.

    Raises
    ------
    ValueError
        If a patch is smaller than `size`, or `n` is no multiple of `crops`.
    """

    def __init__(
        self,
        index: JointIndex,
        numbers: tuple[Numbers, Numbers],
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
        own = {"size": size, "seed": seed, "skip_bad": skip_bad, "device": device}
        both = zip((index.first, index.second), numbers, strict=True)
        self.sides = tuple(ArchivePairs(*one, **own) for one in both)
        readers: tuple[PatchReader, ...] = tuple(side.reader for side in self.sides)
        how = {"n": n, "windows": windows, "workers": workers, "skip_bad": skip_bad, "share": share, "device": device}
        super().__init__(Cutter(readers, size, crops, reach, seed), [side.scaler for side in self.sides], **how)

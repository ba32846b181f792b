"""A table of all patches of an archive: a row a patch, those of a location one after another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from workbench.patches.archive_layouts import Layout, Product

COLUMNS = {
    "location": pa.string(),
    "time": pa.string(),
    "file": pa.string(),
    "member": pa.string(),
    "start": pa.int64(),
    "size": pa.int64(),
    "at": pa.int32(),
    "height": pa.int32(),
    "width": pa.int32(),
    "bands": pa.int32(),
    "dtype": pa.string(),
    "fault": pa.string(),
}
"""Of the table."""


@dataclass(frozen=True)
class ArchiveIndex:
    """All patches of an archive."""

    root: Path
    """The archive's folder."""

    layout: Layout
    """How it keeps its patches."""

    product: Product
    """Which of its kinds they are."""

    table: pa.Table
    """Columns location, time, file (relative to the root), member, start and size (in a tar), at (in a Zarr store),
    height, width, bands, dtype, fault; sorted by location and time."""

    fingerprint: str
    """Changes when the archive's folders do."""

    @property
    def n_patches(self) -> int:
        """How many."""
        return self.table.num_rows

    @property
    def n_locations(self) -> int:
        """Of how many places."""
        return len(self.starts) - 1

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Row at which each location begins, and the number of rows at the end."""
        place = self.table["location"].combine_chunks().dictionary_encode().indices.to_numpy()
        return np.r_[0, np.flatnonzero(np.diff(place)) + 1, len(place)] if len(place) else np.zeros(1, "int64")

    @property
    def faults(self) -> list[str]:
        """What is wrong with patches, a sentence each."""
        return [text for text in self.table["fault"].to_pylist() if text]

    def sound(self, *, skip_bad: bool = False) -> ArchiveIndex:
        """The same without faulty patches.

        Raises
        ------
        ValueError
            If there are some and they are not to be skipped, or there are no others.
        """
        faults = self.faults
        if faults and not skip_bad:
            more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            raise ValueError(f"{faults[0]}, or leave bad patches out (--skip-bad){more}")
        if len(faults) == self.n_patches:
            raise ValueError(f"no patch of {self.root} can be used: {faults[0]}")
        return replace(self, table=self.table.filter(pc.equal(self.table["fault"], "")))

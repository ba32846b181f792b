"""Zarr stores of patches, as SSL4EO-S12 v1.1 keeps them: ``bands`` (sample, time, band, y, x), zipped or not.

Each patch of one date is a chunk of its own. The numbers are given as they are stored. In the tar shards of the same
set each location has a store of its own, and ``bands`` is (time, band, y, x).
Blumenstiel et al. (2025), *SSL4EO-S12 v1.1*, arXiv:2503.00168.
"""

from __future__ import annotations

import os
import zlib
from math import prod
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.storage import ZipStore

from workbench.cubes.contract import CubeError
from workbench.cubes.shards import Part, zipped_store
from workbench.cubes.zarr import DAMAGED_CHUNK

DIMS = 5
"""Of ``bands`` of many locations; of one it has one less."""

MOST = 2**30
"""Bytes of one date of a patch, or of a chunk, that are asked of the system."""

DATES = 2**20
"""Patches that a store may hold."""

_DAMAGED = (OSError, EOFError, BadZipFile, zlib.error, *DAMAGED_CHUNK)


class ZarrPatches:
    """One store, opened; several threads may read from it.

    Parameters
    ----------
    path : Path
        ``.zarr.zip`` or ``.zarr``, or a ``.tar`` with ``part``.
    part : Part, optional
        The ``.zarr.zip`` that lies in a tar.

    Attributes
    ----------
    shape : tuple of int
        Samples, times, bands, height, width.
    dtype : numpy.dtype
        Of the numbers as stored.
    samples : list of str
        Their locations.

    Raises
    ------
    CubeError
        If it is no such store, or damaged.
    """

    def __init__(self, path: Path, part: Part | None = None) -> None:
        self.path, self.part = path, part
        self.name = f"{path.name}/{part.name}" if part else path.name
        try:
            self.group = zarr.open_group(self._store(), mode="r")
            self.bands = self.group["bands"]
            self._check()
            self.samples = [str(name) for name in np.atleast_1d(self.group["sample"][...])]
        except CubeError:
            raise
        except _DAMAGED as error:
            raise CubeError(
                f"a Zarr store of patches has the arrays bands and sample, but {self.name} has not, or is damaged; "
                "copy it again"
            ) from error

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples, times, bands, height, width."""
        return self.bands.shape if self.bands.ndim == DIMS else (1, *self.bands.shape)

    def _store(self) -> object:
        if self.part:
            return zipped_store(self.path, self.part)
        return ZipStore(self.path, mode="r") if self.path.suffix == ".zip" else os.fspath(self.path)

    def _check(self) -> None:
        """Refuse a store by what it claims, before any of it is read."""
        self.dtype = np.dtype(self.bands.dtype)
        known = int(self.group["sample"].size)
        if self.bands.ndim not in (DIMS - 1, DIMS) or known != self.shape[0]:
            raise CubeError(
                f"bands are (sample, time, band, y, x), or without sample for one, but in {self.name} they are "
                f"{self.bands.shape} for {known} samples; copy it again"
            )
        date, chunk = (self.dtype.itemsize * prod(sides) for sides in (self.shape[2:], self.bands.chunks))
        if max(date, chunk) > MOST or prod(self.shape[:2]) > DATES:
            raise CubeError(
                f"a store holds at most {DATES} patches of {MOST} bytes, but {self.name} claims {self.bands.shape} in "
                f"chunks of {self.bands.chunks}; do not use it"
            )

    def times(self) -> NDArray[np.str_]:
        """When each was taken, shape (samples, times), ISO 8601; the date's number where the store does not say."""
        n_samples, n_times = self.shape[:2]
        whole = (n_samples, n_times) if self.bands.ndim == DIMS else (n_times,)
        names = ("time_", "timestamp") if self.bands.ndim == DIMS else ("time",)
        name = next((name for name in names if name in self.group), None)
        if name is None or self.group[name].shape != whole:
            return np.tile(np.arange(n_times).astype(str), (n_samples, 1))
        raw = self.group[name]
        stored = np.asarray(raw[:]).reshape(n_samples, n_times)
        if stored.dtype.kind == "M":
            return stored.astype("datetime64[s]").astype(str)
        return _decoded(stored, str(raw.attrs.get("units", "nanoseconds since 1970-01-01")))

    def read(self, sample: int, time: int) -> NDArray:
        """Numbers as stored, shape (bands, height, width).

        Raises
        ------
        CubeError
            If the chunk is missing or damaged.
        """
        try:
            return np.asarray(self.bands[sample, time] if self.bands.ndim == DIMS else self.bands[time])
        except _DAMAGED as error:
            raise CubeError(
                f"sample {self.samples[sample]} of {self.name} could not be read; copy the store again"
            ) from error

    def __reduce__(self) -> tuple:
        """Opened again where it is unpickled."""
        return ZarrPatches, (self.path, self.part)


def _decoded(stored: NDArray, units: str) -> NDArray[np.str_]:
    """Times counted from a day, as CF writes them."""
    unit, _, since = units.partition(" since ")
    step = {"nanoseconds": "ns", "microseconds": "us", "milliseconds": "ms", "seconds": "s", "minutes": "m"}
    step |= {"hours": "h", "days": "D"}
    start = np.datetime64(since.strip().replace(" ", "T").split(".")[0] or "1970-01-01", "ns")
    counted = stored.astype("int64").astype(f"timedelta64[{step.get(unit, 'ns')}]")
    return (start + counted).astype("datetime64[s]").astype(str)

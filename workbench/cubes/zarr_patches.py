"""Zarr stores of many patches, as SSL4EO-S12 v1.1 keeps them: ``bands`` (sample, time, band, y, x), zipped or not.

Each patch of one date is a chunk of its own. The numbers are given as they are stored.
Blumenstiel et al. (2025), *SSL4EO-S12 v1.1*, arXiv:2503.00168.
"""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.storage import ZipStore

from workbench.cubes.contract import CubeError
from workbench.cubes.zarr import DAMAGED_CHUNK

DIMS = 5
"""Of ``bands``."""

_DAMAGED = (OSError, BadZipFile, *DAMAGED_CHUNK)


class ZarrPatches:
    """One store, opened; several threads may read from it.

    Parameters
    ----------
    path : Path
        ``.zarr.zip`` or ``.zarr``.

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

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            store = ZipStore(path, mode="r") if path.suffix == ".zip" else os.fspath(path)
            self.group = zarr.open_group(store, mode="r")
            self.bands = self.group["bands"]
            self.samples = [str(name) for name in self.group["sample"][:]]
        except _DAMAGED as error:
            raise CubeError(
                f"a Zarr store of patches has the arrays bands and sample, but {path.name} has not, or is damaged; "
                "copy it again"
            ) from error
        self.shape, self.dtype = self.bands.shape, np.dtype(self.bands.dtype)
        if len(self.shape) != DIMS or len(self.samples) != self.shape[0]:
            raise CubeError(
                f"bands are (sample, time, band, y, x), but in {path.name} they are {self.shape} for "
                f"{len(self.samples)} samples; copy it again"
            )

    def times(self) -> NDArray[np.str_]:
        """When each was taken, shape (samples, times), ISO 8601; the date's number where the store does not say."""
        n_samples, n_times = self.shape[:2]
        name = next((name for name in ("time_", "timestamp") if name in self.group), None)
        if name is None or self.group[name].shape != (n_samples, n_times):
            return np.tile(np.arange(n_times).astype(str), (n_samples, 1))
        raw = self.group[name]
        stored = np.asarray(raw[:])
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
            return np.asarray(self.bands[sample, time])
        except _DAMAGED as error:
            raise CubeError(
                f"sample {self.samples[sample]} of {self.path.name} could not be read; copy the store again"
            ) from error

    def __reduce__(self) -> tuple:
        """Opened again where it is unpickled."""
        return ZarrPatches, (self.path,)


def _decoded(stored: NDArray, units: str) -> NDArray[np.str_]:
    """Times counted from a day, as CF writes them."""
    unit, _, since = units.partition(" since ")
    step = {"nanoseconds": "ns", "microseconds": "us", "milliseconds": "ms", "seconds": "s", "minutes": "m"}
    step |= {"hours": "h", "days": "D"}
    start = np.datetime64(since.strip().replace(" ", "T").split(".")[0] or "1970-01-01", "ns")
    counted = stored.astype("int64").astype(f"timedelta64[{step.get(unit, 'ns')}]")
    return (start + counted).astype("datetime64[s]").astype(str)

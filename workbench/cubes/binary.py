"""A flat binary file as an array, read by position.

Nothing is mapped into memory: what a map's mapping has touched counts as the process's own until the system wants it
back, and a picture of a file interleaved by pixel touches all of it. What is asked for is read in as few pieces as the
gaps between them allow, at most a few MB at a time, from any number of threads.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError

_GAP = 16 * 2**10
"""Bytes that are rather read than jumped over."""

_PIECE = 8 * 2**20
"""Most bytes read at once, unless one row is longer."""


class Binary:
    """Numbers of one type in three dims, slowest first.

    Parameters
    ----------
    path : Path
        The file; opened here, and again where the object is unpickled.
    dtype : numpy.dtype
        Of the numbers as stored, byte order and all.
    shape : tuple of int
        Sizes of the three dims; the file is known to be long enough.
    offset : int
        Bytes before the first number.
    """

    ndim = 3

    def __init__(self, path: Path, dtype: np.dtype, shape: tuple[int, ...], offset: int = 0) -> None:
        self.path, self.dtype, self.shape, self.offset = path, dtype, shape, offset
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple:
        """Opened again where it is unpickled."""
        return Binary, (self.path, self.dtype, self.shape, self.offset)

    def __getitem__(self, key: tuple[slice | NDArray[np.intp], ...]) -> NDArray:
        """A slice or a list of indices of each dim; dims are kept."""
        planes, rows, items = (np.arange(n)[part] for n, part in zip(self.shape, key, strict=True))
        out = np.empty((len(planes), len(rows), len(items)), self.dtype)
        if not out.size:
            return out
        low, high = int(items.min()), int(items.max()) + 1
        wanted = _as_slice(items - low)
        for part in self._together(rows, high - low):
            here = rows[part]
            first = int(here.min())
            # One buffer for all: fresh memory costs more than the reading.
            numbers = np.empty((int(here.max()) - first) * self.shape[2] + high - low, self.dtype)
            piece, within = self._rows_of(numbers, high - low), _as_slice(here - first)
            for i, plane in enumerate(planes):
                start = (int(plane) * self.shape[1] + first) * self.shape[2] + low
                self._fill(memoryview(numbers).cast("B"), self.offset + self._bytes(start))
                out[i, part] = piece[within][:, wanted]
        return out

    def _together(self, rows: NDArray[np.intp], length: int) -> Iterator[slice]:
        """Runs of `rows` to be read in one piece: their gaps are small and the piece is not too large."""
        row = self._bytes(self.shape[2])
        gaps = np.abs(np.diff(rows)) * row - self._bytes(length)
        ends = [*(np.flatnonzero(gaps > _GAP) + 1).tolist(), len(rows)]
        for start, end in pairwise([0, *ends]):
            reach = (int(np.ptp(rows[start:end])) + 1) * row
            size = max(1, (end - start) * _PIECE // max(reach, _PIECE))
            for first in range(start, end, size):
                yield slice(first, min(first + size, end))

    def _rows_of(self, numbers: NDArray, length: int) -> NDArray:
        """The first `length` items of each row in a piece of the file that begins with one."""
        n_rows = -(-len(numbers) // self.shape[2])
        strides = (self._bytes(self.shape[2]), self.dtype.itemsize)
        return np.lib.stride_tricks.as_strided(numbers, (n_rows, length), strides, writeable=False)

    def _bytes(self, numbers: int) -> int:
        return numbers * self.dtype.itemsize

    def _fill(self, buffer: memoryview, position: int) -> None:
        """Read until the buffer is full."""
        while buffer:
            got = self._read(buffer, position)
            if not got:
                raise CubeError(f"{self.path.name} ends at byte {position}, before its data do; copy it again")
            buffer, position = buffer[got:], position + got

    def _read(self, buffer: memoryview, position: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._file.fileno(), [buffer], position)
        with self._lock:  # Windows
            self._file.seek(position)
            return self._file.readinto(buffer)


def _as_slice(indices: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """The same as a slice where they are evenly spaced: it copies many times faster."""
    step = int(indices[1] - indices[0]) if len(indices) > 1 else 1
    if step > 0 and (np.diff(indices) == step).all():
        return slice(int(indices[0]), int(indices[-1]) + 1, step)
    return indices

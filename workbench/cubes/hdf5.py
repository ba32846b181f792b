"""HDF5 files as arrays: opened once a process, used by one thread at a time, opened again where they are unpickled.

Only headers are read on opening. What a header claims is checked against the file before anything of that size is made:
deflate, the filter of all the products here, packs at most some 1030 to 1.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError

_DENSEST = 2000
"""Most bytes of values that a byte of a file holds."""

_LARGEST_CHUNK = 2**30
_CACHE = 64 * 2**20
_PLANE = 1024


def looks_like(path: Path, has: Callable[[h5py.File], bool]) -> bool:
    """Whether `has` is true of the file; False for a damaged file, or one of another kind."""
    try:
        with h5py.File(path, "r") as file:
            return bool(has(file))
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError):
        return False


class Hdf5:
    """An HDF5 file of one product."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        try:
            self.file = h5py.File(path, "r", rdcc_nbytes=_CACHE, rdcc_nslots=10007)
        except (OSError, RuntimeError) as error:
            raise CubeError(f"{path.name} is no HDF5 file, cut off or damaged; copy it again") from error

    def __reduce__(self) -> tuple:
        """Opened again where it is unpickled."""
        return Hdf5, (self.path,)

    def __contains__(self, name: str) -> bool:
        """Whether it has a group or an array of that name."""
        return name in self.file

    def array(self, name: str, shape: tuple[int, ...] | None = None, ndim: int | None = None) -> Array:
        """The array `name`, unread; refused if it is missing, is no numbers or has another shape."""
        return Array(self, name, shape, ndim)

    def values(self, name: str, shape: tuple[int, ...]) -> NDArray:
        """Numbers of a small array, read."""
        return self.array(name, shape)[tuple(slice(None) for _ in shape)]

    def attribute(self, name: str, of: str = "/") -> object:
        """An attribute of a group or an array, None where there is none; text as ``str``."""
        try:
            return plain(self.file[of].attrs.get(name))
        except (OSError, KeyError, RuntimeError) as error:
            raise CubeError(
                f"{self.path.name} has no readable {of}; it is another product, or copy it again"
            ) from error

    def text(self, name: str) -> str:
        """A single text kept as an array, empty where there is none."""
        if name not in self.file:
            return ""
        stored = self.file[name]
        if not isinstance(stored, h5py.Dataset) or stored.size != 1:
            raise CubeError(f"{name} is one text, but not in {self.path.name}; copy it again")
        return str(plain(stored[()]))

    def texts(self, name: str) -> list[str]:
        """An array of texts."""
        stored = self.file.get(name)
        if not isinstance(stored, h5py.Dataset) or stored.ndim != 1 or stored.dtype.kind not in "SO":
            raise CubeError(f"{name} is a list of texts, but not in {self.path.name}; copy it again")
        return [str(plain(one)) for one in stored[()]]

    def numbers(self, values: object, name: str, n: int) -> NDArray[np.float64]:
        """`values` as `n` finite numbers, or a sentence that names them."""
        array = np.asarray([] if values is None else values)
        if array.dtype.kind not in "uif" or array.shape != (n,) or not np.isfinite(array).all():
            got = f"shape {array.shape}" if array.shape != (n,) else "text, NaN or infinity"
            raise CubeError(f"{name} has {n} numbers, got {got} in {self.path.name}; copy it again")
        return array.astype(float)


class Array:
    """An array of an HDF5 file: reads what is indexed, slices and lists alike, and no more of it."""

    def __init__(self, file: Hdf5, name: str, shape: tuple[int, ...] | None = None, ndim: int | None = None) -> None:
        self.file, self.name = file, name
        where = file.path.name
        try:
            found = file.file[name]
        except (KeyError, OSError, RuntimeError) as error:
            raise CubeError(f"{where} has no {name}; it is another product or level, or copy it again") from error
        if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "buif":
            raise CubeError(f"{name} holds numbers, but not in {where}; it is another product, or copy it again")
        wanted = shape or ("?",) * (ndim or found.ndim)
        if found.ndim != len(wanted) or (shape and found.shape != shape):
            expected = " × ".join(map(str, wanted))
            raise CubeError(f"{name} has {expected} values, got shape {found.shape} in {where}; copy it again")
        have = file.path.stat().st_size
        if found.nbytes > have * _DENSEST or (found.chunks is None and found.nbytes > have):
            raise CubeError(f"{name} claims {found.nbytes} bytes, but {where} has {have} in all; copy it again")
        self.chunks = found.chunks
        if found.chunks and np.prod(found.chunks, dtype=float) * found.dtype.itemsize > _LARGEST_CHUNK:
            raise CubeError(f"{name} in {where} is stored in chunks above 1 GiB; store it in smaller ones")
        self._array = found
        self.shape, self.dtype, self.ndim = found.shape, found.dtype, found.ndim

    def __reduce__(self) -> tuple:
        """The file is opened again where it is unpickled."""
        return Array, (self.file, self.name)

    def __getitem__(self, key: tuple[slice | NDArray[np.intp], ...]) -> NDArray:
        """Dims are kept."""
        picked = [np.arange(size)[k] for size, k in zip(self.shape, key, strict=True)]
        order = [np.unique(indices, return_inverse=True) for indices in picked]
        values = np.empty([len(indices) for indices, _ in order], self.dtype)
        try:
            with self.file.lock:
                for runs in itertools.product(*(list(_runs(indices)) for indices, _ in order)):
                    into, out = zip(*runs, strict=True)
                    values[into] = self._array[out]
        except (OSError, RuntimeError) as error:
            name = self.file.path.name
            raise CubeError(f"{name} could not be read to its end and may be damaged; copy it again") from error
        for axis, (indices, back) in enumerate(order):
            if len(back) != len(indices) or (np.diff(back) != 1).any():
                values = values.take(back, axis=axis)
        return values

    def attribute(self, name: str) -> object:
        """One of its attributes, or None."""
        return self.file.attribute(name, self.name)

    def number(self, name: str) -> float | None:
        """One of its attributes as a number; None where it has none."""
        value = self.attribute(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            where = self.file.path.name
            raise CubeError(f"{name!r} of {self.name} is a number, got {str(value)[:40]!r} in {where}; copy it again")
        return value

    def plane(self, nodata: float | None = None) -> da.Array:
        """A 2-D array as float64 when it is asked for, NaN where nodata: longitudes, say."""
        chunks = tuple(min(_PLANE, size) for size in self.shape)
        raw = da.from_array(self, chunks=chunks, name=False, lock=False, asarray=False)
        return raw.map_blocks(_clean, nodata, dtype="float64")


def _clean(values: NDArray, nodata: float | None) -> NDArray[np.float64]:
    values = values.astype(float)
    values[~np.isfinite(values) | (values == nodata if nodata is not None else False)] = np.nan
    return values


def _runs(indices: NDArray[np.intp]) -> Iterator[tuple[slice, slice]]:
    """Where runs of increasing, evenly spaced indices go, and where they come from."""
    if len(indices) < 2 or (np.diff(indices) == indices[1] - indices[0]).all():
        step = int(indices[1] - indices[0]) if len(indices) > 1 else 1
        start = int(indices[0]) if len(indices) else 0
        yield slice(0, len(indices)), slice(start, start + step * len(indices), step)
        return
    starts = np.flatnonzero(np.diff(indices, prepend=indices[0] - 2) != 1)
    for first, end in itertools.pairwise([*starts, len(indices)]):
        yield slice(int(first), int(end)), slice(int(indices[first]), int(indices[end - 1]) + 1)


def plain(value: object) -> object:
    """An attribute's value: text as ``str``, an array of one number as that number."""
    if isinstance(value, np.ndarray):
        if value.size == 1:
            return plain(value.ravel()[0])
        return [plain(one) for one in value.ravel()] if value.dtype.kind in "SO" else value
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").rstrip("\0")
    if isinstance(value, h5py.Empty):
        return ""
    return value.item() if isinstance(value, np.generic) else value

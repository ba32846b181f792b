"""HDF5 files as arrays: opened once a process, used by one thread at a time, opened again where they are unpickled.

Only headers are read on opening.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.hdf5_array import Array, damage_named
from workbench.cubes.hdf5_heaps import has_damaged_heap
from workbench.cubes.hdf5_outside import refuse_leading_out

_CACHE = 64 * 2**20
_MOST_TEXTS = 10_000
_LARGEST_ATTRIBUTE = 64 * 2**20


def looks_like(path: Path, has: Callable[[h5py.File], bool]) -> bool:
    """Whether `has` is true of the file; False for a damaged file, or one of another kind."""
    if has_damaged_heap(path):
        return False
    try:
        with h5py.File(path, "r") as file:
            return bool(has(file))
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, IndexError):
        return False


class Hdf5:
    """An HDF5 file of one product."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        if has_damaged_heap(path):
            raise CubeError(f"the texts in {path.name} are damaged; copy it again")
        try:
            self.file = h5py.File(path, "r", rdcc_nbytes=_CACHE, rdcc_nslots=10007)
        except (OSError, RuntimeError) as error:
            raise CubeError(f"{path.name} is no HDF5 file, cut off or damaged; copy it again") from error
        with damage_named(path):
            refuse_leading_out(self.file, path)

    def __reduce__(self) -> tuple:
        """Opened again where it is unpickled."""
        return Hdf5, (self.path,)

    def __contains__(self, name: str) -> bool:
        """Whether it has a group or an array of that name."""
        with damage_named(self.path):
            return name in self.file

    def __iter__(self) -> Iterator[str]:
        """Names of groups and arrays at the root."""
        with damage_named(self.path):
            return iter(list(self.file))

    def __len__(self) -> int:
        """How many these are."""
        return len(list(self))

    def array(self, name: str, shape: tuple[int, ...] | None = None, ndim: int | None = None) -> Array:
        """The array `name`, unread; refused if it is missing, is no numbers or has another shape."""
        return Array(self, name, shape, ndim)

    def values(self, name: str, shape: tuple[int, ...]) -> NDArray:
        """Numbers of a small array, read."""
        return self.array(name, shape)[tuple(slice(None) for _ in shape)]

    def single(self, name: str) -> object:
        """A single number kept as an array."""
        return self.array(name, ndim=0).scalar()

    def attribute(self, name: str, of: str = "/") -> object:
        """An attribute of a group or an array, None where there is none; text as ``str``."""
        with damage_named(self.path):
            attributes = self.file[of].attrs
            if name not in attributes:
                return None
            claims = attributes.get_id(name)
            size = int(np.prod(claims.shape, dtype=float)) * claims.dtype.itemsize
        if size > _LARGEST_ATTRIBUTE:
            raise CubeError(f"{name} in {self.path.name} claims {size} bytes and must be damaged; copy it again")
        with damage_named(self.path):
            return plain(attributes[name])

    def text(self, name: str) -> str:
        """A single text kept as an array, empty where there is none."""
        if name not in self:
            return ""
        return self._texts(name, ndim=0)[0]

    def texts(self, name: str) -> list[str]:
        """An array of texts."""
        return self._texts(name, ndim=1)

    def _texts(self, name: str, ndim: int) -> list[str]:
        with damage_named(self.path):
            stored = self.file.get(name)
            fits = isinstance(stored, h5py.Dataset) and stored.ndim == ndim and stored.dtype.kind in "SO"
            if fits and stored.size <= _MOST_TEXTS and stored.dtype.itemsize <= self.path.stat().st_size:
                return [str(plain(one)) for one in np.ravel(stored[()])]
        what = "one text" if ndim == 0 else "a list of texts"
        raise CubeError(f"{name} is {what}, but not in {self.path.name}; copy it again")

    def numbers(self, values: object, name: str, n: int) -> NDArray[np.float64]:
        """`values` as `n` finite numbers, or a sentence that names them."""
        array = np.asarray([] if values is None else values)
        if array.dtype.kind not in "uif" or array.shape != (n,) or not np.isfinite(array).all():
            got = f"shape {array.shape}" if array.shape != (n,) else "text, NaN or infinity"
            raise CubeError(f"{name} has {n} numbers, got {got} in {self.path.name}; copy it again")
        return array.astype(float)


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

"""Damage that HDF5's own library does not survive, found before it opens a file.

Texts of any length lie in global heaps, and where they are used stands how long each is. In a heap the library walks
from object to object by their sizes: where the free space at its end is damaged to a size of 0, it walks on the spot
for ever. Where a text is used it takes the length at its word, up to 4 GB. So the heaps at the front of a file, where
its metadata lie, and what refers to them are looked at here first.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path

_LOOKED_AT = 64 * 2**20
"""Bytes at the front of a file."""

_SIGNATURE = b"GCOL\x01\0\0\0"
_HEADER = 16
_NEGATIVE = 0xFFFF0000


def has_damaged_heap(path: Path) -> bool:
    """Whether HDF5's library would not come back from the texts, or with no memory left; False without a file."""
    try:
        stat = path.stat()
        return _has_damaged_heap(path, stat.st_size, stat.st_mtime_ns)
    except OSError:
        return False


@lru_cache(maxsize=64)
def _has_damaged_heap(path: Path, size: int, changed: int) -> bool:
    with path.open("rb") as file:
        content = file.read(min(size, _LOOKED_AT))
    at = content.find(_SIGNATURE)
    while at >= 0:
        objects = _objects(content, at)
        if objects is None or _is_overdrawn(content, at, objects):
            return True
        at = content.find(_SIGNATURE, at + 1)
    return False


def _objects(content: bytes, at: int) -> dict[int, int] | None:
    """Sizes of the objects of the heap at `at`, by number; None where a walk through them would not end."""
    (size,) = struct.unpack_from("<Q", content.ljust(at + _HEADER, b"\0"), at + 8)
    place, end = at + _HEADER, min(at + size, len(content))
    objects = {}
    while place + _HEADER <= end:
        index, _, length = struct.unpack_from("<HHxxxxQ", content, place)
        if index:
            objects[index] = length
        step = _HEADER + -(-length // 8) * 8 if index else length
        if step == 0:
            return None
        place += step
    return objects


def _is_overdrawn(content: bytes, at: int, objects: dict[int, int]) -> bool:
    """Whether something refers to an object of the heap by a length beyond its size: length, heap's address, number."""
    address = struct.pack("<Q", at)
    found = content.find(address, 4)
    while found >= 0 and found + 12 <= len(content):
        (length,) = struct.unpack_from("<I", content, found - 4)
        (number,) = struct.unpack_from("<I", content, found + 8)
        # Beyond the largest lengths lie the upper halves of negative numbers: values, and no reference.
        if number in objects and objects[number] < length < _NEGATIVE:
            return True
        found = content.find(address, found + 1)
    return False

"""Damage that HDF5's own library does not survive, found before it opens a file.

Texts of any length lie in global heaps. In a heap, the library walks from object to object by their sizes; where the
free space at a heap's end is damaged to a size of 0, it walks on the spot for ever. So the heaps at the front of a
file, where its metadata lie, are walked here first.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path

_LOOKED_AT = 64 * 2**20
"""Bytes at the front of a file."""

_SIGNATURE = b"GCOL\x01\0\0\0"
_HEADER = 16


def has_endless_heap(path: Path) -> bool:
    """Whether HDF5's library would not come back from the file's texts; False where there is no such file."""
    try:
        stat = path.stat()
        return _has_endless_heap(path, stat.st_size, stat.st_mtime_ns)
    except OSError:
        return False


@lru_cache(maxsize=64)
def _has_endless_heap(path: Path, size: int, changed: int) -> bool:
    with path.open("rb") as file:
        content = file.read(min(size, _LOOKED_AT))
    at = content.find(_SIGNATURE)
    while at >= 0:
        if _is_endless(content, at):
            return True
        at = content.find(_SIGNATURE, at + 1)
    return False


def _is_endless(content: bytes, at: int) -> bool:
    """Whether the walk through the heap at `at` comes to a free space of size 0 before its end."""
    (size,) = struct.unpack_from("<Q", content.ljust(at + _HEADER, b"\0"), at + 8)
    place, end = at + _HEADER, min(at + size, len(content))
    while place + _HEADER <= end:
        index, _, length = struct.unpack_from("<HHxxxxQ", content, place)
        step = length if index == 0 else _HEADER + -(-length // 8) * 8
        if step == 0:
            return True
        place += step
    return False

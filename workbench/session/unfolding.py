"""Files that unfold as they are read: what they would come to is found out before a reader takes all memory for it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import psutil

from workbench.cubes import CubeError
from workbench.cubes.archive_members import zip_members
from workbench.cubes.numpy_files import DAMAGE

PIECE = 2**20

HDF5 = b"\x89HDF\r\n\x1a\n"
"""How a MATLAB file of version 7.3 begins, or after 512 bytes; one of version 4 has a zero in its first four."""

COMPRESSED, MOST_PARTS = 15, 10_000
"""The mark of a part of a MATLAB file that is compressed, and how many parts one may have."""

GZIP, ZLIB = 31, 15
"""What ``zlib`` calls the two ways to pack."""


def room() -> int:
    """Bytes that a file may unfold to: half of the memory that is free."""
    return psutil.virtual_memory().available // 2


def refuse_bomb(path: Path) -> None:
    """Refuse a file that unfolds to more than there is room for; what is damaged in it is for its reader to say.

    NumPy's archives, MATLAB files of version 5 and gzip-compressed data are unfolded whole by their readers; of other
    formats only what is asked for.

    Raises
    ------
    ValueError
        Names the file.
    """
    most, unfolded = room(), 0
    for size in _sizes(path):
        unfolded += size
        if unfolded > most:
            raise ValueError(
                f"{path.name} unfolds to more than the {most / 2**20:,.0f} MiB of memory that there are for it; open a "
                "part of it, or save it uncompressed (.zarr, .tif)"
            )


def _sizes(path: Path) -> Iterator[int]:
    """Bytes that come out of a file, a part at a time; none of a file of another kind."""
    with path.open("rb") as file:
        start = file.read(520)
        ending = path.suffix.lower()
        try:
            if ending == ".npz" and zipfile.is_zipfile(path):
                yield from (member.size for member in zip_members(path).values())
            elif ending == ".mat" and HDF5 not in (start[:8], start[512:]) and b"\0" not in start[:4]:
                yield from _matlab(file, path)
            elif start.startswith(b"\x1f\x8b") and ending not in (".tgz", ".gz"):  # which are judged as archives
                file.seek(0)
                yield from _inflated(file, path.stat().st_size, GZIP)
        except CubeError:
            raise
        except DAMAGE:
            return


def _matlab(file: BinaryIO, path: Path) -> Iterator[int]:
    file.seek(126)
    order = "little" if file.read(2) == b"IM" else "big"
    at, end = 128, path.stat().st_size
    for _ in range(MOST_PARTS):
        if at + 8 > end:
            return
        file.seek(at)
        kind, length = (int.from_bytes(file.read(4), order) for _ in range(2))
        if kind == COMPRESSED:
            yield from _inflated(file, length, ZLIB)
        at += 8 + length
    raise CubeError(f"a .mat file has at most {MOST_PARTS:,} variables, but {path.name} has more; open a part of it")


def _inflated(file: BinaryIO, length: int, kind: int) -> Iterator[int]:
    """Sizes of what comes out of so many compressed bytes, never more than a piece of it in memory."""
    packed, left, rest = zlib.decompressobj(kind), length, b""
    while rest or left:
        if not rest:
            rest = file.read(min(left, PIECE))
            left -= len(rest)
            if not rest:
                return
        if packed.eof and kind == ZLIB:
            return
        if packed.eof:  # gzip may pack several, one after the other, with zeros between them
            rest = rest.lstrip(b"\0")
            if not rest:
                continue
            packed = zlib.decompressobj(kind)
        yield len(packed.decompress(rest, PIECE))
        rest = packed.unused_data if packed.eof else packed.unconsumed_tail

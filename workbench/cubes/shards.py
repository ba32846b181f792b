"""Zips that lie in a tar, read there: of each no more than the bytes that are asked for, and nothing on disk.

A tar that is not compressed holds its members as they are, each from a known byte on. SSL4EO-S12 v1.1 comes so: tars of
512 zipped Zarr stores. A tar.gz can only be read from its beginning, so that its members cannot be read this way.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from zarr.core.buffer import Buffer, default_buffer_prototype
from zarr.storage import MemoryStore

from workbench.cubes.archive_members import in_our_words, tar_members
from workbench.cubes.contract import CubeError

MOST = 2**28
"""Bytes that a member of such a zip may have; a date of SSL4EO-S12 has two million."""


@dataclass(frozen=True, slots=True)
class Part:
    """Where a member lies in a tar."""

    name: str
    """As the tar writes it."""

    start: int
    """Its first byte."""

    size: int
    """Bytes."""


def parts_of(path: Path, ending: str) -> list[Part]:
    """Members of a tar whose names end so, in the tar's order.

    Raises
    ------
    CubeError
        If the tar is damaged, or should not be trusted; see ``archive_members``.
    """
    with in_our_words(path):
        members = tar_members(path, packed=False)
    return [Part(name, member.at, member.size) for name, member in members.items() if name.endswith(ending)]


def zipped_store(path: Path, part: Part) -> MemoryStore:
    """A Zarr store of the zip that lies in a tar; members are read when they are asked for."""
    return MemoryStore(_Members(zipfile.ZipFile(io.BufferedReader(_Bytes(path, part)))), read_only=True)


class _Members(Mapping[str, Buffer]):
    """Members of a zip, by name."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive

    def __getitem__(self, name: str) -> Buffer:
        info = self.archive.getinfo(name)
        if info.file_size > MOST:
            raise CubeError(f"a member of a zip has at most {MOST} bytes, but {name[:80]!r} claims {info.file_size}")
        return default_buffer_prototype().buffer.from_bytes(self.archive.read(info))

    def __iter__(self) -> Iterator[str]:
        return iter(self.archive.namelist())

    def __len__(self) -> int:
        return len(self.archive.namelist())


class _Bytes(io.RawIOBase):
    """A part of a file as a file of its own, closed with the last who looks at it."""

    def __init__(self, path: Path, part: Part) -> None:
        self.file, self.part, self.at = os.open(path, os.O_RDONLY), part, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: self.part.size}[whence]
        self.at = max(0, begin + position)
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, room: bytearray | memoryview) -> int:
        left = max(0, min(len(room), self.part.size - self.at))
        piece = os.pread(self.file, left, self.part.start + self.at)
        room[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            os.close(self.file)
        super().close()

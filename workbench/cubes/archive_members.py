"""Members of a zip or a tar, listed and judged before any of them is read.

Refused are names that lead out of the archive (``../``, absolute, with a backslash or a drive), links, two members of
one name, more than ``MOST_MEMBERS``, and members that together claim to be far larger than the archive could sensibly
hold. Headers are read in small pieces, so that a forged one cannot ask for all memory.
"""

from __future__ import annotations

import gzip
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from workbench.cubes.contract import CubeError

MOST_MEMBERS = 10_000
"""Files that a product's archive or folder may hold."""

EXPANSION = 50
"""How many times its own size an archive may claim to hold; images with much nodata shrink to a tenth or less."""

SLACK = 2**30
"""Bytes that any archive may claim to hold."""

PIECE = 4 * 2**20
"""Bytes read at a time."""

_DIRECTORY = 400 * MOST_MEMBERS


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a product."""

    size: int
    """Bytes, as the archive claims."""

    at: int = 0
    """Where it begins in a tar."""


@contextmanager
def in_our_words(path: Path) -> Iterator[None]:
    """What libraries say of a damaged archive."""
    try:
        yield
    except (CubeError, FileNotFoundError, PermissionError):
        raise
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError, struct.error) as error:
        raise CubeError(f"{path.name} is cut off, damaged or no archive of files; copy it again") from error
    except (RuntimeError, NotImplementedError, OverflowError) as error:  # a password, a method, nested headers
        raise CubeError(f"{path.name} is packed in a way that cannot be read; unpack it and open the folder") from error


def zip_members(path: Path) -> dict[str, Member]:
    """Of a zip, by name."""
    judge = _Judge(path)
    for info in _infos(path):
        if (info.external_attr >> 16) & 0o170000 == 0o120000:
            raise CubeError(f"an archive holds files, but {info.filename[:80]!r} in {path.name} is a link")
        if not info.is_dir():
            judge.take(info.filename, Member(info.file_size))
    return judge.members


def zip_names(path: Path) -> list[str]:
    """Of a zip's members, not judged."""
    return [info.filename for info in _infos(path)]


def tar_members(path: Path, *, packed: bool) -> dict[str, Member]:
    """Of a tar, or a tar.gz if `packed`, by name."""
    judge = _Judge(path)
    with open_tar(path, packed=packed) as archive:
        for info in archive:
            judge.tar(info)
    return judge.members


@contextmanager
def open_tar(path: Path, *, packed: bool, most: int | None = None) -> Iterator[tarfile.TarFile]:
    """A tar, read no further than `most` bytes where that is given."""
    opened: Callable[[Path, str], BinaryIO] = gzip.open if packed else open
    with opened(path, "rb") as file, tarfile.TarFile(fileobj=_Guarded(file, most)) as archive:
        yield archive


class _Judge:
    """Gathers members, and refuses an archive as soon as one of them is not to be trusted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members: dict[str, Member] = {}
        self.left = SLACK + EXPANSION * path.stat().st_size

    def take(self, name: str, member: Member) -> None:
        parts = PurePosixPath(name).parts
        if not parts or parts[0] == "/" or ".." in parts or "\\" in name or name[1:2] == ":" or not name.isprintable():
            raise CubeError(f"names in an archive stay inside it, got {name[:80]!r} in {self.path.name}; do not use it")
        self.left -= member.size
        if member.size < 0 or self.left < 0:
            raise CubeError(
                f"an archive holds at most {EXPANSION} times its size, but {self.path.name} claims more; do not use it"
            )
        if name in self.members:
            raise CubeError(f"members of an archive have names of their own, but {self.path.name} has {name!r} twice")
        if len(self.members) == MOST_MEMBERS:
            raise CubeError(f"a product has at most {MOST_MEMBERS} files, but {self.path.name} has more")
        self.members[name] = member

    def tar(self, info: tarfile.TarInfo) -> None:
        if info.isdir():
            return
        if not info.isreg() or info.issparse():
            raise CubeError(f"an archive holds files, but {info.name[:80]!r} in {self.path.name} is a link or a device")
        self.take(info.name, Member(info.size, info.offset_data))


def _infos(path: Path) -> list[zipfile.ZipInfo]:
    with path.open("rb") as file:
        if _directory_bytes(file, path.stat().st_size) > _DIRECTORY:
            raise CubeError(f"a product has at most {MOST_MEMBERS} files, but {path.name} has more")
    with zipfile.ZipFile(path) as archive:
        return archive.infolist()


def _directory_bytes(file: BinaryIO, size: int) -> int:
    """How long the list of members claims to be, read before the list is."""
    file.seek(max(0, size - 66_000))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        raise zipfile.BadZipFile("no end of the list of members")
    claimed = struct.unpack_from("<L", tail, end + 12)[0]
    if claimed == 0xFFFFFFFF:
        wide = tail.rfind(b"PK\x06\x06", 0, end)
        claimed = struct.unpack_from("<Q", tail, wide + 40)[0] if wide >= 0 else size
    return claimed


class _Guarded:
    """A file that is read in small pieces and, where that is wished, only at its beginning."""

    def __init__(self, file: BinaryIO, most: int | None) -> None:
        self.file, self.most, self.tell = file, most, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= PIECE:
            raise tarfile.ReadError("a header asks for too much")
        return self.file.read(size)

    def seek(self, position: int, whence: int = 0) -> int:
        if self.most is not None and position > self.most:
            raise tarfile.ReadError("far enough")
        return self.file.seek(position, whence)

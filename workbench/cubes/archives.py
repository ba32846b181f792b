"""A product's files, whether they lie in a folder, a zip, a tar or a tar.gz, and its metadata.

``archive_members`` judges an archive before it is used; ``unpacking`` gives GDAL its pixels: in place where that is
quick (``/vsizip/`` for a zip, ``/vsisubfile/`` for a tar), else as files of a temporary folder. A tar.gz can only be
read from its beginning.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from workbench.cubes.archive_members import (
    MOST_MEMBERS,
    PIECE,
    Member,
    in_our_words,
    open_tar,
    tar_members,
    zip_members,
    zip_names,
)
from workbench.cubes.contract import CubeError

TEXT = 64 * 2**20
"""Bytes of the longest metadata file that is read."""

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
"""Endings of the archives that are looked into."""

_GLANCE = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Files:
    """A folder or an archive, and what lies in it."""

    path: Path
    """Of the folder or the archive."""

    kind: Literal["folder", "zip", "tar", "packed"]
    """``packed`` is a compressed tar."""

    members: Mapping[str, Member]
    """By name, as the archive writes it."""

    def content(self, name: str, most: int = TEXT) -> bytes:
        """A small member whole; one larger than `most` bytes is refused."""
        size = self.members[name].size
        if size > most:
            raise CubeError(
                f"a metadata file has at most {most} bytes, but {shown(name)} in {self.path.name} has {size}"
            )
        return b"".join(piece for _, file in self.streams([name]) for piece in self.pieces(name, file))

    def streams(self, names: Collection[str]) -> Iterator[tuple[str, BinaryIO]]:
        """The bytes of some members, one after the other in a single pass over the archive."""
        with in_our_words(self.path):
            if self.kind == "folder":
                for name in names:
                    with (self.path / name).open("rb") as file:
                        yield name, file
            elif self.kind == "zip":
                with zipfile.ZipFile(self.path) as archive:
                    for name in names:
                        with archive.open(name) as file:
                            yield name, file
            else:
                with open_tar(self.path, packed=self.kind == "packed") as archive:
                    for info in archive:
                        if info.isreg() and info.name in names:
                            yield info.name, archive.extractfile(info)

    def start(self, name: str, size: int) -> bytes:
        """The first bytes of a member."""
        with in_our_words(self.path):
            return b"".join(file.read(size) for _, file in self.streams([name]))

    def pieces(self, name: str, file: BinaryIO) -> Iterator[bytes]:
        """What such a stream gives, never more than the archive claims; one that gives less is refused."""
        left = self.members[name].size
        with in_our_words(self.path):
            while left and (piece := file.read(min(left, PIECE))):
                left -= len(piece)
                yield piece
        if left:
            raise CubeError(f"{shown(name)} in {self.path.name} is cut off; copy the product again")


def files_of(path: Path, prefix: str = "") -> Files:
    """What lies in a folder or an archive.

    Parameters
    ----------
    path : Path
        A folder, of which only the files directly inside count; a .zip, .tar or .tar.gz.
    prefix : str
        Only files of a folder whose names begin so.

    Raises
    ------
    CubeError
        If the archive is damaged, no archive, or should not be trusted.
    """
    if path.is_dir():
        return Files(path, "folder", _in_folder(path, prefix))
    kind = _kind(path)
    with in_our_words(path):
        members = zip_members(path) if kind == "zip" else tar_members(path, packed=kind == "packed")
    return Files(path, kind, members)


def glanced_names(path: Path) -> tuple[str, ...]:
    """Names in a folder or an archive, not judged; of a tar.gz the first ones, and none if it cannot be read."""
    names: list[str] = []
    try:
        kind = "folder" if path.is_dir() else _kind(path)
        if kind == "folder":
            return tuple(files_of(path).members)
        if kind == "zip":
            with in_our_words(path):
                return tuple(zip_names(path))
        with (
            in_our_words(path),
            open_tar(path, packed=kind == "packed", most=_GLANCE if kind == "packed" else None) as archive,
        ):
            for info in archive:
                names.append(info.name)
                if len(names) == MOST_MEMBERS:
                    break
    except (CubeError, OSError):
        pass  # the names before the damage, or before the end of the glance
    return tuple(names)


def shown(name: str) -> str:
    """A member's name without its folder."""
    return PurePosixPath(name).name


def _kind(path: Path) -> Literal["zip", "tar", "packed"]:
    """By the first bytes, for endings lie."""
    with path.open("rb") as file:
        start = file.read(4)
    if start in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    return "packed" if start[:2] == b"\x1f\x8b" else "tar"


def _in_folder(path: Path, prefix: str) -> dict[str, Member]:
    found = {}
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.is_file():
                if len(found) == MOST_MEMBERS:
                    raise CubeError(f"a product has at most {MOST_MEMBERS} files, but {path.name} has more")
                found[entry.name] = Member(entry.stat().st_size)
    return found

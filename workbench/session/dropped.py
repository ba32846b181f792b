"""Files that a page sends into the session's folder: a scene's, piece by piece, whole or not at all.

A scene lies in ``dropped/NAME/``, a folder each, so that nothing there is written over and no file of another scene
counts as one of its own. Until all of it is there it is a draft of its full size that no list shows.
"""

from __future__ import annotations

import filecmp
import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from workbench.cubes import open_cube
from workbench.session.announced import Announced, announced, in_mib, scene_of
from workbench.session.folder import DROPPED
from workbench.session.unfolding import refuse_bomb

MOST_KEPT = 8 * 2**30
"""Bytes that a session keeps of what was sent, drafts among them."""

PIECE = 4 * 2**20
"""Bytes that are sent at once, and held in memory."""

DRAFT = ".draft-"


class Arrival:
    """One scene on its way.

    Parameters
    ----------
    folder : Path
        The session's.
    told : object
        What a page says of the files: a list of names and sizes [bytes]. Not trusted.

    Raises
    ------
    ValueError
        If they are no scene's, or more than is taken.
    OSError
        If the folder cannot be written to.
    """

    def __init__(self, folder: Path, told: object) -> None:
        self.files: tuple[Announced, ...] = announced(told)
        self.scene = scene_of(self.files)
        self.bytes = sum(one.size for one in self.files)
        self._place = folder.absolute() / DROPPED
        self._file = self._at = 0
        self._make_room()
        self._draft = self._place / f"{DRAFT}{secrets.token_hex(8)}"
        self._draft.mkdir()
        try:
            for one in self.files:
                with (self._draft / one.name).open("xb") as file:
                    file.truncate(one.size)
        except OSError:
            self.abandon()
            raise

    @property
    def wanted(self) -> tuple[int, int, int] | None:
        """Which piece comes next: of which file, from which byte, how many bytes; None once all are there."""
        if self._file == len(self.files):
            return None
        return self._file, self._at, min(PIECE, self.files[self._file].size - self._at)

    @property
    def arrived(self) -> int:
        """Bytes that are there."""
        return sum(one.size for one in self.files[: self._file]) + self._at

    def take(self, file: object, at: object, data: object) -> None:
        """Write the next piece; one that is another is refused, and what came before it is removed.

        Raises
        ------
        ValueError
            If it is not the piece that is wanted.
        OSError
            If the disk refuses.
        """
        try:
            size = memoryview(data).nbytes if isinstance(data, bytes | bytearray | memoryview) else None
            if (file, at, size) != self.wanted:
                raise ValueError(
                    f"pieces of a file come one after the other, but {self.scene} came in others; send it again"
                )
            with (self._draft / self.files[self._file].name).open("r+b") as out:
                out.seek(self._at)
                out.write(data)
        except (OSError, ValueError):
            self.abandon()
            raise
        self._at += size
        if self._at == self.files[self._file].size:
            self._file, self._at = self._file + 1, 0

    def settle(self) -> tuple[Path, bool]:
        """Put all of it in its place, in one step; may take seconds. ValueError if there is no room to unfold it.

        Returns
        -------
        Path, bool
            The scene; whether it is new: the same bytes under the same name are not kept twice.
        """
        try:
            if self.wanted is not None:
                raise ValueError(f"{self.scene} did not come to its end; send it again")
            for one in self.files:
                refuse_bomb(self._draft / one.name)
            place, is_new = self._settled()
            return place / self.scene, is_new
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Remove what is there of it, unless it is in its place."""
        shutil.rmtree(self._draft, ignore_errors=True)

    def _settled(self) -> tuple[Path, bool]:
        stem = Path(self.scene).stem.removesuffix(".tar")
        for n in range(1, 1000):
            place = self._place / (stem if n == 1 else f"{stem}-{n}")
            if _is_same(place, self._draft, [one.name for one in self.files]):
                return place, False
            if not os.path.lexists(place):
                with suppress(FileExistsError, NotADirectoryError):  # somebody else was quicker
                    self._draft.rename(place)  # never over a file, a link, or a folder that holds something
                    return place, True
        raise ValueError(f"{self._place} holds a thousand scenes called {stem}; remove some")

    def _make_room(self) -> None:
        """Make the folder, and see that the files have their place in it."""
        with suppress(FileExistsError):
            self._place.mkdir()
        if self._place.is_symlink() or not self._place.is_dir():
            raise ValueError(f"what is sent comes to the folder {self._place}, which is a link or a file; move it away")
        kept = _size(self._place)
        if kept + self.bytes > MOST_KEPT:
            raise ValueError(
                f"a session keeps {in_mib(MOST_KEPT)} of what is sent to it, and {self._place} has {in_mib(kept)}, so "
                f"that {self.scene} with {in_mib(self.bytes)} does not fit; remove some, or put it into a folder of "
                "this desk (--allow FOLDER) and open it on the tab Scene"
            )
        free = shutil.disk_usage(self._place).free
        if self.bytes > 0.9 * free:
            has = f"{self.scene} has {in_mib(self.bytes)}"
            raise ValueError(f"{has}, but the disk of {self._place} has {in_mib(free)} free; make room there")


def discard_if_unreadable(scene: Path) -> None:
    """Remove what :meth:`Arrival.settle` put in place if it turns out to be no scene at all."""
    is_read = False
    try:
        with suppress(OSError, ValueError):
            open_cube(scene)
            is_read = True
    finally:
        if not is_read:
            shutil.rmtree(scene.parent, ignore_errors=True)


def clear_drafts(folder: Path) -> None:
    """Remove drafts that a process left which was killed; only for who holds the session's folder."""
    place = folder / DROPPED
    if place.is_dir() and not place.is_symlink():
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith(DRAFT) and entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)


def _size(folder: Path) -> int:
    """Bytes of all files in a folder; one that goes meanwhile has none."""
    size = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                size += Path(place, name).lstat().st_size
    return size


def _is_same(place: Path, draft: Path, names: Sequence[str]) -> bool:
    """Whether a folder holds these files and no other, byte for byte, and none of it is a link."""
    if place.is_symlink() or not place.is_dir():
        return False
    with os.scandir(place) as entries:
        there = {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
        if len(there) != len(names) or there != set(names):
            return False
    return all(filecmp.cmp(place / name, draft / name, shallow=False) for name in names)

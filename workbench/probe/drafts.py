"""Finished blocks in a folder beside the file to come, so that a run that was killed goes on where it stood.

The folder's ``plan.json`` says what the blocks are blocks of: hashes of the inputs, arguments, versions. Another run
takes over the blocks of an equal plan and throws away those of any other. A block is there when its file has its name:
it is written under another one first.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from workbench.files import write_json
from workbench.patches import Block

PLAN, LOCK = "plan.json", "lock"

ANEW = "starting anew"


@dataclass(frozen=True)
class Draft:
    """The folder of one run."""

    folder: Path
    """Beside the file to come, hidden."""

    note: str
    """What was found there, in words for a person; empty if nothing was."""

    def file(self, top: int, left: int) -> Path:
        """Where the arrays of the block that begins there are put."""
        return self.folder / f"{top}-{left}.npz"

    def put(self, block: Block, arrays: dict[str, NDArray]) -> None:
        """Keep a finished block; it survives whatever comes."""
        path = self.file(*_start(block))
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)

    def get(self, top: int, left: int, name: str) -> NDArray:
        """One array of the finished block that begins there."""
        with np.load(self.file(top, left), allow_pickle=False) as arrays:
            return arrays[name]

    def all(self, name: str) -> Iterator[NDArray]:
        """One array of every finished block, in no certain order."""
        for path in self.folder.glob("*.npz"):
            with np.load(path, allow_pickle=False) as arrays:
                yield arrays[name]

    def missing(self, blocks: Iterable[Block]) -> list[Block]:
        """Those that are not there or not whole."""
        return [block for block in blocks if not _is_whole(self.file(*_start(block)))]

    def forget(self) -> None:
        """Throw all blocks away."""
        for path in self.folder.glob("*.npz"):
            path.unlink()


def _start(block: Block) -> tuple[int, int]:
    return block.place[0].start, block.place[1].start


def folder_for(path: Path) -> Path:
    """Where the blocks of the file `path` are kept while it is being made."""
    return path.with_name(f".{path.name}.blocks")


@contextmanager
def drafting(path: Path, plan: dict[str, object]) -> Iterator[Draft]:
    """Lend a folder for blocks of `path`.

    It is gone when all went well, or when something went wrong before any block was finished. After a kill, Ctrl+C, a
    full disk or a lost cluster the finished blocks stay for the next run.

    Parameters
    ----------
    path : Path
        The file to come.
    plan : dict
        All that the blocks depend on, as plain JSON values; a text or a number by name.

    Raises
    ------
    FileNotFoundError
        If the folder of `path` does not exist.
    RuntimeError
        If another run is at it.
    FileExistsError
        If a folder of somebody else's has the name.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder {path.parent} to write {path.name} in; create it first")
    folder = folder_for(path)
    if folder.exists() and any(folder.iterdir()) and not (folder / LOCK).exists():
        raise FileExistsError(f"finished blocks of {path.name} are kept in {folder}, which is another's; move it away")
    with _taken(folder, path):
        note = _compared(folder, plan)
        for old in folder.iterdir() if note.startswith(ANEW) else ():
            if old.name != LOCK:
                old.unlink()
        try:
            write_json(folder / PLAN, plan)
            yield Draft(folder, note)
        except BaseException:  # Ctrl+C too; raised again
            if not any(folder.glob("*.npz")) and not any(folder.glob("*.safetensors")):
                _remove(folder)
            raise
        _remove(folder)


def _compared(folder: Path, plan: dict[str, object]) -> str:
    """Whether the blocks in `folder` are of this plan, in words; empty where there is none."""
    if not (folder / PLAN).exists():
        return ""
    before: dict[str, object] = {}
    with suppress(ValueError):
        before = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    changed = [name for name, value in plan.items() if before.get(name) != value]
    if not changed and before.keys() == plan.keys():
        return "going on with the blocks that are there"
    return f"{ANEW}, since an unfinished run had another: {', '.join(changed) or 'plan'}"


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as packed:
            return packed.testzip() is None
    except (FileNotFoundError, zipfile.BadZipFile, EOFError):
        return False


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=os.name == "nt")  # Windows keeps the lock, which is open


def _taken(folder: Path, path: Path) -> BinaryIO:
    """The open, locked file that keeps other runs out; the system lets go of it whatever happens to us."""
    while True:
        folder.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            file = (folder / LOCK).open("ab")
            try:
                _lock(file)
                # The run before us may have taken the folder away between our opening the file and locking it.
                if os.path.samestat(os.fstat(file.fileno()), os.stat(folder / LOCK)):
                    return file
            except BlockingIOError as error:
                file.close()
                raise RuntimeError(f"another run is writing {path}; wait for its end, or stop it") from error
            except FileNotFoundError:
                pass
            file.close()


def _lock(file: BinaryIO) -> None:
    """Lock an open file, or raise BlockingIOError."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from error
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # a file system without locks (some network drives) must not keep people out

"""The folder a session is kept in: what lies where, and who holds it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

STATE = "session.json"
LABELS = "labels.gpkg"
RUNS = "runs"
DROPPED = "dropped"
ADVICE = "advice.jsonl"
HISTORY = "history.jsonl"
MAP = "class_map.npy"
MAP_CARD = "class_map.json"
FAMILIES = "families.json"
LOCK = ".lock"


def read_json(path: Path) -> dict:
    """Content of a JSON file that may not be there yet: then an empty one.

    Raises
    ------
    ValueError
        If the file is there and holds anything but a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}); move it away to start anew") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds a {type(content).__name__}, not an object; move it away to start anew")
    return content


def append_lines(path: Path, lines: Sequence[str]) -> None:
    """Add lines to a file, all of them or none: a full disk leaves no half of one.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    content = "".join(f"{line}\n" for line in lines).encode()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(file).st_size
        if os.write(file, content) < len(content):
            os.ftruncate(file, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(file)


class FolderLock:
    """Held by the one process that may write in a session's folder; the system drops it when that process dies.

    Parameters
    ----------
    folder : Path
        Made, with its parents, if it is not there.

    Raises
    ------
    RuntimeError
        If another process holds the folder. The message names it.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(f"a session is a folder, but {folder} is a file; choose another name")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / LOCK).open("a+", encoding="utf-8")
        except OSError as error:
            raise OSError(f"a session cannot be kept in {folder}: {(error.strerror or str(error)).lower()}") from error
        try:
            _take(self._file.fileno())
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise RuntimeError(
                f"the session {folder} is open in another program (process {holder}); "
                "close it there, or choose another folder"
            ) from error
        with suppress(OSError):  # on a full disk the lock holds all the same
            os.ftruncate(self._file.fileno(), 0)
            os.write(self._file.fileno(), str(os.getpid()).encode())

    def release(self) -> None:
        """Let others have the folder."""
        self._file.close()


def _take(descriptor: int) -> None:
    """Lock an open file, or raise BlockingIOError."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from error
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        pass  # a file system without locks (some network drives) must not keep people out

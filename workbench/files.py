"""Writing so that a crash, a full disk or a second thought never leaves half a file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Lend a path beside `path` to write to (a file or a folder); it takes the place of `path` when all went well.

    Parameters
    ----------
    path : str or Path
        What is to be written. An older file or folder there stays untouched until the new one is whole.

    Yields
    ------
    Path
        With the same suffix, in the same folder.

    Raises
    ------
    FileNotFoundError
        If the folder of `path` does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder {path.parent} to write {path.name} in; create it first")
    draft = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    _remove(draft)
    try:
        yield draft
        if path.is_dir():
            _remove(path)
        os.replace(draft, path)
    finally:
        _remove(draft)


def write_json(path: str | Path, content: dict) -> None:
    """Write `content` as indented JSON, whole or not at all; paths and numpy numbers become plain values."""
    text = json.dumps(content, indent=2, ensure_ascii=False, default=_plain)
    with replacing(path) as draft:
        draft.write_text(text + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    """What JSON has no word for: arrays and numpy numbers as lists and numbers, the rest as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def data_folder() -> Path:
    """Where things go that were given no place: the user's data folder, by the desktop's convention."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "hyperspectral-workbench"

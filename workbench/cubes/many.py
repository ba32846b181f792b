"""Several files named at once: a folder, or a pattern with ``*`` or ``?`` in the last part of a path."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

from workbench.cubes.contract import CubeError

MOST = 20_000
"""Files that one folder or pattern may name."""

RASTERS = (".tif", ".tiff")
"""Endings of rasters, in lower case."""


def is_pattern(path: object) -> bool:
    """Whether `path` names no file of its own, but some by a pattern.

    Examples
    --------
    >>> is_pattern(Path(__file__).parent / "man*.py"), is_pattern(Path(__file__)), is_pattern(Path("nothing_*.tif"))
    (True, False, False)
    """
    if not isinstance(path, Path) or not {"*", "?"} & set(path.name) or path.exists() or not path.parent.is_dir():
        return False
    with os.scandir(path.parent) as entries:
        return any(fnmatch(entry.name, path.name) for entry in entries)


def is_folder(path: object) -> bool:
    """Whether `path`, a file's or an address, holds files or is a pattern that names some."""
    return path.is_dir() or is_pattern(path)


def rasters_in(path: Path, most: int = MOST) -> list[Path]:
    """Files that are rasters by their ending, directly in a folder or named by a pattern, by name."""
    if not is_folder(path):
        return []
    folder, pattern = (path, "*") if path.is_dir() else (path.parent, path.name)
    with os.scandir(folder) as entries:
        named = (
            Path(entry.path)
            for entry in entries
            if fnmatch(entry.name, pattern) and entry.name.lower().endswith(RASTERS) and entry.is_file()
        )
        found = sorted(islice(named, most + 1))
    if len(found) > most:
        raise CubeError(f"at most {most} files are read together, but {path} has more; name fewer by a pattern")
    return found

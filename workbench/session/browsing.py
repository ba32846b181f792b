"""What lies in a folder, for somebody who looks for a scene: folders, and files that may be scenes by their endings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from workbench.cubes import FORMATS
from workbench.session.allowed import LOG, Allowed

MOST = 500
"""Entries of a folder that are listed."""

LOOKED_AT = 20_000
"""Entries of a folder that are looked at."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list."""

    name: str
    """As it is called."""

    path: Path
    """Where it is."""

    kind: str
    """``folder`` to go into, or ``scene`` to open."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder."""

    folder: Path
    """Which."""

    above: Path | None
    """The one that it lies in, if that may be seen; None at a root."""

    entries: tuple[Entry, ...]
    """Folders, then scenes, by name."""

    left_out: int
    """Entries beyond those that are listed."""

    is_scene: bool
    """Whether the folder itself may be opened: a product, tiles or dates."""


def roots(allowed: Allowed | None, scene: str) -> list[Path]:
    """Folders to begin with: those that may be opened and are there, else that of the open scene, else the current one.

    Parameters
    ----------
    allowed : Allowed, optional
        What a page may open; None for anything.
    scene : str
        Path of the open scene; may be empty or an address.
    """
    if allowed is not None:
        return [folder for folder in dict.fromkeys(allowed.folders) if folder.is_dir()]
    here = Path(scene).parent
    return [here if scene and here.is_dir() else Path.cwd()]


def listing(folder: Path, allowed: Allowed | None, who: str = "") -> Listing:
    """What a folder holds that may be a scene or lead to one; what is hidden, or links out, is left out.

    Parameters
    ----------
    folder : Path
        Which.
    allowed : Allowed, optional
        What a page may see; None for anything.
    who : str
        Who asks, for the log of refusals.

    Raises
    ------
    PermissionError
        If the folder may not be seen.
    OSError
        If it cannot be read.
    """
    if allowed is not None and not allowed.holds(folder):
        LOG.warning("%r asked what is in %r", who, str(folder))
        raise PermissionError(
            f"{folder} lies outside the folders that this desk may open ({', '.join(map(str, allowed.folders))}); "
            "start the desk with --allow FOLDER"
        )
    with os.scandir(folder) as found:
        seen = [one for one in islice(found, LOOKED_AT) if not one.name.startswith(".")]
    kept = [
        entry for entry in map(_entry, seen) if entry is not None and (allowed is None or allowed.holds(entry.path))
    ]
    kept.sort(key=lambda entry: (entry.kind == "scene", entry.name.lower()))
    above = folder.parent if folder.parent != folder else None
    if allowed is not None and above is not None and not allowed.holds(above):
        above = None
    return Listing(folder, above, tuple(kept[:MOST]), max(0, len(kept) - MOST), _is_scene(folder))


def _entry(found: os.DirEntry) -> Entry | None:
    path = Path(found.path)
    try:
        is_folder = found.is_dir()
    except OSError:
        return None
    if found.name.lower().endswith(".aux.xml"):  # GDAL's notes on a raster
        return None
    own = [end for one in FORMATS for end in one.suffixes if end not in ("/", "*")]
    if (found.name.lower() + "/" * is_folder).endswith(tuple(own)):
        return Entry(found.name, path, "scene")
    return Entry(found.name, path, "folder") if is_folder else None


def _is_scene(folder: Path) -> bool:
    """Whether some reader knows the folder; no pixel is read."""
    for one in FORMATS:
        if "/" in one.suffixes:
            try:
                if one.load().recognises(folder):
                    return True
            except ImportError:
                continue
    return False

"""Whether a zip from anybody may be taken apart at all: names that stay in the folder, plain files, sensible sizes.

Nothing is written here; each refusal is one sentence that names the first entry that is not as a pack writes it.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

from workbench.session.folder import ADVICE, FAMILIES, HISTORY, LABELS, MAP, MAP_CARD, RUNS, STATE
from workbench.session.stranger import SIZES

MANIFEST, KIND, VERSION = "pack.json", "workbench session", 1
"""The file that says what a pack holds, and what kind it names."""

SCENE, TRUTH = "scene", "truth"
"""Folders of a pack."""

OURS = {MANIFEST, STATE, LABELS, ADVICE, HISTORY, MAP, MAP_CARD, FAMILIES}
"""Files of a pack; all others lie in the folders of runs, scene or truth."""

FOLDERS = {RUNS, SCENE, TRUTH}

MOST_FILES = 200_000
"""Entries of a pack: a store of a large scene has some ten thousand."""

LONGEST, DEEPEST = 200, 20
"""Bytes of a part of a name; parts of a name."""

RATIO, SMALL = 200, 2**20
"""A file may be this many times as large as what it is packed into, unless it is small [bytes]."""


def plain_files(entries: Sequence[ZipInfo], most: int) -> list[ZipInfo]:
    """The files among a zip's entries, all of which may be written.

    Parameters
    ----------
    entries : sequence of ZipInfo
        As the zip lists them.
    most : int
        Bytes of all together.

    Raises
    ------
    ValueError
        Names the first that may not.
    """
    if len(entries) > MOST_FILES:
        raise ValueError(f"a pack holds at most {MOST_FILES:,} files, got {len(entries):,}")
    files = [entry for entry in entries if not entry.is_dir()]
    taken: set[str] = set()
    for entry in files:
        if reason := _odd_name(entry) or _odd_kind(entry) or _odd_size(entry):
            raise ValueError(f"{entry.filename[:100]!r} {reason}")
        folded = entry.filename.casefold()
        if folded in taken:
            raise ValueError(f"{entry.filename[:100]!r} stands in it twice")
        taken.add(folded)
    above = {str(parent).casefold() for name in taken for parent in PurePosixPath(name).parents}
    if both := taken & above:
        raise ValueError(f"{min(both)[:100]!r} is a file and a folder")
    total = sum(entry.file_size for entry in files)
    if total > most:
        raise ValueError(
            f"it takes {total / 2**30:,.1f} GiB, more than the {most / 2**30:,.1f} GiB that there is for it"
        )
    return files


def _odd_name(entry: ZipInfo) -> str:
    """Why a file of that name is not written; empty if it is."""
    name = entry.filename
    parts = name.split("/")
    if entry.orig_filename != name or not name.isprintable() or any(letter in name for letter in '\\:*?"<>|'):
        return "has letters that no file name here has"
    if name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        return "would lie outside of the folder"
    if len(parts) > DEEPEST or any(len(part.encode()) > LONGEST for part in parts):
        return "has too long a name"
    if not (name in OURS if len(parts) == 1 else parts[0] in FOLDERS):
        return "is no part of a session"
    return ""


def _odd_kind(entry: ZipInfo) -> str:
    """Why something is no plain file that can be read; empty if it is."""
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        return "is a link or a device, not a file"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is packed in a way that is not read here"
    return ""


def _odd_size(entry: ZipInfo) -> str:
    """Why a file is too large; empty if it is not."""
    most = SIZES.get(entry.filename.rpartition("/")[2])
    if most is not None and entry.file_size > most:
        return f"has {entry.file_size / 2**20:,.0f} MiB, more than the {most / 2**20:.0f} MiB that are read"
    if entry.file_size > SMALL and entry.file_size > RATIO * max(entry.compress_size, 1):
        return f"grows from {entry.compress_size:,} to {entry.file_size:,} bytes, as no file of a session does"
    return ""

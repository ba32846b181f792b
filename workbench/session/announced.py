"""What a page says of the files that it wants to send: judged before any of them comes, and refused in a sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.cubes import FORMATS
from workbench.cubes.envi import BINARIES

MOST = 2 * 2**30
"""Bytes of a scene."""

LONGEST = 150
"""Bytes of a name."""

HEADER = ".hdr"

ENDINGS = tuple(
    sorted(
        {end for one in FORMATS for end in one.suffixes if end[0] == "." and end[-1] != "/"}
        - {HEADER, ".txt", ".vrt", ".xml"}
    )
)
"""Endings of files that are a scene by themselves, in lower case."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A file that is to come."""

    name: str
    """Made safe: letters, figures, and ``. _ - + ( )`` and blanks in it."""

    size: int
    """Bytes."""


def announced(told: object) -> tuple[Announced, ...]:
    """The files of one scene.

    Parameters
    ----------
    told : object
        Should be a list of dicts with ``name`` and ``size``.

    Raises
    ------
    ValueError
        If they are anything but a file that is a scene, or an ENVI header and its data; or too large.
    """
    rows = told if isinstance(told, list | tuple) else []
    if not 1 <= len(rows) <= 2:
        raise ValueError(
            f"a scene comes as one file, or as an ENVI header (.hdr) and its data, got {len(rows)} files; send them so"
        )
    files = tuple(_announced(row) for row in rows)
    total = sum(one.size for one in files)
    if total > MOST:
        raise ValueError(
            f"a scene that is sent has at most {in_mib(MOST)}, but {files[0].name} has {in_mib(total)}; put it into a "
            "folder of this desk (--allow FOLDER) and open it on the tab Scene"
        )
    scene_of(files)
    return files


def scene_of(files: Sequence[Announced]) -> str:
    """Name of the file that is opened.

    Raises
    ------
    ValueError
        If none is a scene, or they do not belong together.
    """
    names = [one.name for one in files]
    headers = [name for name in names if name.lower().endswith(HEADER)]
    others = [name for name in names if name not in headers]
    if len(names) == 1 and names[0].lower().endswith(ENDINGS):
        return names[0]
    if len(names) == 1 and (headers or Path(names[0]).suffix.lower() in BINARIES):
        raise ValueError(f"an ENVI scene is a header (.hdr) and its data, got {names[0]} alone; send both at once")
    if len(names) == 1:
        raise ValueError(f"a scene comes as {' '.join(ENDINGS)}, or as ENVI (.hdr and its data), got {names[0]!r}")
    if len(headers) != 1:
        raise ValueError(f"one scene is taken at a time, got {' and '.join(names)}; send them one by one")
    (header,), (data,) = headers, others
    stem = header[: -len(HEADER)]
    if Path(data).suffix.lower() not in BINARIES or stem not in (data, Path(data).stem):
        known = " ".join(end for end in BINARIES if end)
        raise ValueError(f"the data of {header} are called {stem} with one of {known}, got {data!r}; name them alike")
    return header


def in_mib(size: int) -> str:
    """A size for people.

    Examples
    --------
    >>> in_mib(2 * 2**30), in_mib(1)
    ('2,048 MiB', '1 MiB')
    """
    return f"{-(-size // 2**20):,} MiB"


def _announced(row: object) -> Announced:
    row = row if isinstance(row, dict) else {}
    name, size = row.get("name"), row.get("size")
    plain = isinstance(name, str) and name.isprintable() and not {"/", "\\"} & set(name)
    safe = re.sub(r"[^\w.+() -]", "_", unicodedata.normalize("NFC", name)).strip(" ").lstrip(".") if plain else ""
    if not safe or len(safe.encode()) > LONGEST or not Path(safe).stem.strip(". "):
        raise ValueError(
            f"a file that is sent has a plain name of up to {LONGEST} letters, got {str(name)[:LONGEST]!r}"
        )
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ValueError(f"a file of a scene holds some bytes, but {safe} is empty; send another")
    return Announced(safe, size)

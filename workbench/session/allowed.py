"""Which files a desk opens for those who use it: in some folders only, and nothing that a link leads to elsewhere.

A page on a server shows the server's files, and a session's folder may come from anybody. What was named where the desk
was started is open, too; so is what this user opened in the session before, which a seal in ``session.json`` tells.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workbench.cubes.many import is_pattern
from workbench.cubes.remote import Address
from workbench.files import data_folder

LOG = logging.getLogger("workbench.refused")
"""What was refused, to whom: a line each. Texts from outside stand in it as ``repr`` writes them."""

KEY = "seal.key"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be opened."""

    folders: tuple[Path, ...]
    """With all that lies in them."""

    named: frozenset[str] = frozenset()
    """Paths and addresses besides, as given when the desk was started."""

    takes_addresses: bool = True
    """Whether scenes at addresses (https, s3, gs) may be asked for."""

    def check(self, path: Path | Address) -> None:
        """Refuse what may not be opened, whether it is there or not.

        Raises
        ------
        PermissionError
            In one sentence that names what may.
        """
        if str(path) in self.named:
            return
        if isinstance(path, Address):
            if not self.takes_addresses:
                raise PermissionError(f"this desk asks no other server, got {path}; name the address when you start it")
            return
        outside = next((place for place in _touched(path) if not self.holds(place)), None)
        if outside is not None:
            led = "" if outside == path else f" leads to {outside}, which"
            raise PermissionError(
                f"{path}{led} lies outside the folders that this desk may open ({', '.join(map(str, self.folders))}); "
                "copy it there, or start the desk with --allow FOLDER"
            )
        if path.suffix.lower() == ".vrt":
            raise PermissionError(f"{path.name} names other files, so a page does not open it; name it at the start")

    def holds(self, place: Path) -> bool:
        """Whether a place lies in the folders, wherever links lead."""
        real = place.resolve()
        return any(real.is_relative_to(folder.resolve()) for folder in self.folders)


def _touched(path: Path) -> Iterator[Path]:
    """What is read with `path`: itself, files beside it that share its name, all links in it where it is a folder."""
    yield path
    if path.is_dir():
        yield from _links_in(path)
    elif is_pattern(path):
        yield from path.parent.glob(path.name)
    elif path.parent.is_dir():
        with os.scandir(path.parent) as entries:
            yield from (Path(entry) for entry in entries if entry.is_symlink() and entry.name.startswith(path.stem))


def _links_in(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files) if Path(place, name).is_symlink())


def sealed(words: Iterable[object]) -> str:
    """A seal on JSON values that only this user on this machine can make; empty where no key can be kept."""
    with suppress(OSError, RuntimeError):
        text = json.dumps(list(words), sort_keys=True, default=str)
        return hmac.new(_key(), text.encode(), hashlib.sha256).hexdigest()
    return ""


def is_sealed(words: Iterable[object], seal: str) -> bool:
    """Whether `seal` was made by :func:`sealed` of the same words."""
    return bool(seal) and hmac.compare_digest(sealed(words), seal)


def _key() -> bytes:
    """The user's, made at the first use."""
    place = data_folder() / KEY
    with suppress(FileNotFoundError):
        return place.read_bytes()
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{KEY}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(os.urandom(32))
    with suppress(FileExistsError):
        os.link(draft, place)
    draft.unlink()
    return place.read_bytes()

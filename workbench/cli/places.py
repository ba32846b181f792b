"""Where a verb may write: checked before any work, so that no input is lost and no hour wasted."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.cubes.remote import Address


def output(*suffixes: str) -> Callable[[str], Path]:
    """A file to write: one of `suffixes`, in a folder that exists and can be written.

    An existing file is replaced, but only at the end and in one step; a folder is refused, except a ``.zarr`` one.
    """

    def check(text: str) -> Path:
        path = Path(text).expanduser()
        if path.suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"{text} must end in {' or '.join(suffixes)}")
        if path.is_dir() and path.suffix.lower() != ".zarr":
            raise argparse.ArgumentTypeError(f"{text} is a folder; name a file in it")
        _check_folder(path.absolute().parent, text)
        return path

    return check


def output_folder(text: str) -> Path:
    """A folder to write into: it exists, or its parent does."""
    path = Path(text).expanduser()
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a file; name a folder")
    _check_folder(path if path.is_dir() else path.absolute().parent, text)
    return path


def _check_folder(folder: Path, text: str) -> None:
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text} lies in {folder}, which is no folder; make it first (mkdir -p)")
    if not os.access(folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text} lies in {folder}, which cannot be written; choose another folder")


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path | Address | None]) -> None:
    """Refuse, before any work, to write over what is read, what belongs to it, or anything inside its folder.

    Parameters
    ----------
    outputs : iterable of Path
        Every file the verb will write, derived names too.
    inputs : iterable of Path or Address
        What it reads; None where an option was not given.

    Raises
    ------
    ValueError
        If one of `outputs` is, holds, or lies in one of `inputs`.
    """
    read = {file.resolve(): path for path in inputs if isinstance(path, Path) for file in _with_companions(path)}
    for output in outputs:
        place = output.resolve()
        for file, path in read.items():
            same = place.exists() and file.exists() and place.samefile(file)
            if same or place == file or place in file.parents or file in place.parents:
                belongs = "is read" if file == path.resolve() else f"belongs to {path}, which is read"
                raise ValueError(f"writing {output} would overwrite {file.name}, which {belongs}; name another file")


def _with_companions(path: Path) -> list[Path]:
    """A file and what is read with it: an ENVI binary or header, an encoder's card, the record of how it was made."""
    if not path.name:  # the current folder
        return [path]
    found = [path, path.with_suffix(".run.json")]
    if path.suffix.lower() == ".hdr":
        from workbench.cubes.envi import binary_of

        with suppress(OSError):
            found.append(binary_of(path))
    elif path.suffix == ".safetensors":
        found.append(path.with_suffix(".json"))
    else:
        found += [path.with_name(f"{path.name}.hdr"), path.with_suffix(".hdr")]
    return [path, *(file for file in found[1:] if file.exists())]

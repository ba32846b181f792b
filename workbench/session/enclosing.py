"""Which files a scene or a truth is, to be handed on with a session: the file, and those beside it that it needs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import xarray as xr

from workbench.cubes import open_cube
from workbench.cubes.many import is_pattern
from workbench.cubes.remote import Address

BELONG = (
    "", ".hdr", ".aux.xml", ".prj", ".dbf", ".shx", ".cpg", ".qix", ".sbn", ".sbx", ".shp", ".tfw", ".wld", ".ovr",
    ".msk", ".bsq", ".bil", ".bip", ".img", ".dat", ".raw",
)  # fmt: skip
"""Endings of files that are read with one of the same name."""


def scene_files(place: Path | Address, options: dict, cube: xr.DataArray) -> dict[str, Path]:
    """Names and files of a scene, from which alone it opens as the very same cube.

    Raises
    ------
    ValueError
        If there are no such files. The message says what to do.
    """
    remedy = "make one store of it first (workbench convert SCENE scene.zarr) and open that, or hand it on by name"
    if isinstance(place, Address) or is_pattern(place):
        raise ValueError(f"{place} is no file of its own to be enclosed; {remedy}")
    if place.is_dir():
        return {f"{place.name}/{file.relative_to(place).as_posix()}": file for file in _below(place)}
    for files in ([place], [place, *files_beside(place)]):
        if _opens_alike(place.name, files, options, cube):
            return {file.name: file for file in files}
    raise ValueError(f"{place.name} does not open without other files; {remedy}")


def files_beside(place: Path) -> list[Path]:
    """Files that belong to one of that name, as headers and indices do; what else has its name stays private."""
    stem = place.name.partition(".")[0]
    names = {f"{whole}{ending}" for whole in (stem, place.stem, place.name) for ending in BELONG}
    with os.scandir(place.parent) as entries:
        found = [Path(one) for one in entries if one.is_file(follow_symlinks=False)]
    return sorted(file for file in found if file.name != place.name and file.name.lower() in map(str.lower, names))


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise ValueError(f"{path} is a link, which is not handed on; put the file itself there")
        if path.is_file():
            yield path


def _opens_alike(name: str, files: list[Path], options: dict, cube: xr.DataArray) -> bool:
    """Whether the scene opens in a folder that has these files alone, and is the same."""
    from workbench.pretrain import fingerprint

    with tempfile.TemporaryDirectory() as folder, suppress(ValueError, OSError):
        for file in files:
            Path(folder, file.name).symlink_to(file.absolute())
        found = open_cube(Path(folder, name), **options)
        same = found.coords.to_dataset().identical(cube.coords.to_dataset())
        return same and fingerprint(found) == fingerprint(cube)
    return False

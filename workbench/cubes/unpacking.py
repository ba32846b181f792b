"""Members of archives as files that GDAL reads in place, unpacked only where there is no other way.

What has to be unpacked (members of a tar.gz, an archive in an archive) goes to one temporary folder of this process,
which is removed when the process ends. A member is unpacked once, several in one pass, and only where that leaves a
tenth of the disk's free space.
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from workbench.cubes.archives import ARCHIVES, Files, files_of, shown
from workbench.cubes.contract import CubeError

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def rasters(files: Files, names: Sequence[str]) -> list[Path]:
    """Paths under which GDAL reads some GeoTIFFs of a product.

    Parameters
    ----------
    files : Files
        The product's.
    names : sequence of str
        Members of it.

    Raises
    ------
    CubeError
        If one is empty or no GeoTIFF: GDAL would follow a text file of that name to wherever it points.
    """
    empty = next((name for name in names if not files.members[name].size), None)
    if empty:
        raise CubeError(f"{shown(empty)} of {files.path.name} is empty; the product was copied without its pixels")
    paths = _in_place(files, names)
    if paths is None:
        paths = unpacked(files, names)
        starts = [_start(path) for path in paths]
    else:
        starts = {name: next(files.pieces(name, file), b"")[:4] for name, file in files.streams(names)}
        starts = [starts.get(name, b"") for name in names]
    other = next((name for name, start in zip(names, starts, strict=True) if start not in _TIFF), None)
    if other:
        raise CubeError(
            f"{shown(other)} of {files.path.name} should be a GeoTIFF, but is none or is damaged; copy it again"
        )
    return paths


def inner_archives(files: Files) -> list[str]:
    """Members that are archives themselves."""
    return [name for name in files.members if name.lower().endswith(ARCHIVES)] if files.kind != "folder" else []


def files_inside(files: Files, name: str) -> Files:
    """What lies in an archive that is a member of another."""
    return files_of(unpacked(files, [name])[0])


def unpacked(files: Files, names: Sequence[str]) -> list[Path]:
    """Some members as plain files, in the order of `names`."""
    there = {name: _place(files, name) for name in names}
    missing = {name: path for name, path in there.items() if not path.exists()}
    need = sum(files.members[name].size for name in missing)
    free = shutil.disk_usage(_scratch()).free
    if need > 0.9 * free:
        raise CubeError(
            f"unpacking {files.path.name} needs {need / 1e9:.1f} GB, but {_scratch().parent} has {free / 1e9:.1f} GB "
            "free; unpack it elsewhere and open the folder, or set TMPDIR"
        )
    for name, file in files.streams(set(missing)):
        path = missing[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as half:
            for piece in files.pieces(name, file):
                half.write(piece)
        Path(half.name).replace(path)
    return list(there.values())


def _in_place(files: Files, names: Sequence[str]) -> list[Path] | None:
    """GDAL's names of members that it can reach by itself, or None."""
    whole = files.path.resolve()
    if files.kind == "folder":
        return [whole / name for name in names]
    if files.kind == "tar":
        members = [files.members[name] for name in names]
        return [Path(f"/vsisubfile/{member.at}_{member.size},{whole}") for member in members]
    # GDAL parts an archive's name from its member's by braces.
    if files.kind == "zip" and not {"{", "}"} & {*str(whole), *"".join(names)}:
        return [Path(f"/vsizip/{{{whole}}}/{name}") for name in names]
    return None


def _place(files: Files, name: str) -> Path:
    about = files.path.stat()
    key = f"{files.path.resolve()} {about.st_mtime_ns} {about.st_size} {name}"
    return _scratch() / hashlib.sha256(key.encode()).hexdigest()[:16] / shown(name)


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


@cache
def _scratch() -> Path:
    """This process's folder for what it unpacks."""
    folder = Path(tempfile.mkdtemp(prefix="workbench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

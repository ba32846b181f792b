"""HDF5 files whose links or arrays lie in other files: refused, since such a file shows whatever its maker named."""

from __future__ import annotations

from pathlib import Path

import h5py

from workbench.cubes.contract import CubeError

_DEEPEST = 32


def refuse_leading_out(file: h5py.File, path: Path) -> None:
    """Refuse a file that takes anything from another one.

    Raises
    ------
    CubeError
        Names the first array or link that does.
    """
    _look(file, path, set(), 0)


def _look(group: h5py.Group, path: Path, seen: set[object], depth: int) -> None:
    key = h5py.h5o.get_info(group.id).addr
    if key in seen or depth > _DEEPEST:
        return
    seen.add(key)
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise CubeError(f"{name} in {path.name} is a link to the file {link.filename}; copy both into one file")
        if not isinstance(link, h5py.HardLink):
            continue  # a soft link stays in the file
        item = group.get(name)
        if isinstance(item, h5py.Group):
            _look(item, path, seen, depth + 1)
        elif isinstance(item, h5py.Dataset):
            others = {one[0] for one in item.external or ()}
            if item.is_virtual:
                others |= {source.file_name for source in item.virtual_sources()} - {"."}
            if others:
                raise CubeError(f"{name} in {path.name} lies in the file {min(others)}; copy its values into one file")

"""Writing a cube so that it reads back the same, or not at all: a crash leaves the old file or none, never a half."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

import xarray as xr

from workbench.cubes import npz, zarr
from workbench.cubes.contract import check_cube

WRITERS = {".zarr": zarr.write, ".npz": npz.write}


def save_cube(cube: xr.DataArray, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write `cube`, beside its place first and then renamed.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; a lazy one is written block by block to ``.zarr``.
    path : str or Path
        Ends in ``.zarr`` or ``.npz``.
    overwrite : bool
        Whether what is at `path` may be replaced.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    ValueError
        If the ending is another one.
    FileExistsError
        If something is at `path` and `overwrite` is False.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITERS:
        raise ValueError(f"a cube is written to {' or '.join(WRITERS)}, got {path.name}; change the ending")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already; remove it or pass overwrite=True")
    path.parent.mkdir(parents=True, exist_ok=True)
    token = f".{path.stem}.{uuid.uuid4().hex[:8]}"
    partial, old = path.with_name(token + ".partial"), path.with_name(token + ".old")
    try:
        WRITERS[path.suffix.lower()](check_cube(cube), partial)
        if path.is_dir():
            path.rename(old)  # a folder cannot be replaced in one step
        os.replace(partial, path)
    finally:
        _remove(partial)
        _remove(old)
    return path


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

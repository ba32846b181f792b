"""Writing a cube so that it reads back the same, or not at all: a crash leaves the old file or none, never a half."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from workbench.cubes import npz, zarr
from workbench.cubes.contract import check_cube
from workbench.files import replacing

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
    with replacing(path) as draft:
        WRITERS[path.suffix.lower()](check_cube(cube), draft)
    return path

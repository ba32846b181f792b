"""Writing a cube so that it reads back the same, or not at all: a crash leaves the old file or none, never a half."""

from __future__ import annotations

import json
from pathlib import Path

import xarray as xr

from workbench.cubes import geotiff_writing, netcdf_writing, npz, zarr
from workbench.cubes.contract import CubeError, check_cube
from workbench.files import replacing

WRITERS = {
    ".zarr": zarr.write,
    ".npz": npz.write,
    ".tif": geotiff_writing.write,
    ".nc": netcdf_writing.write,
}
"""What writes each ending."""


def save_cube(cube: xr.DataArray, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write `cube`, beside its place first and then renamed.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; a lazy one is written block by block, but read whole for ``.npz``.
    path : str or Path
        Ends in ``.zarr``, ``.npz``, ``.nc`` or ``.tif``, which becomes a Cloud-Optimised GeoTIFF.
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
    CubeError
        If the file has no place for something the cube has.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITERS:
        raise ValueError(f"a cube is written to one of {', '.join(WRITERS)}, got {path.name}; change the ending")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already; remove it or pass overwrite=True")
    with replacing(path) as draft:
        WRITERS[path.suffix.lower()](_with_plain_attrs(check_cube(cube)), draft)
    return path


def _with_plain_attrs(cube: xr.DataArray) -> xr.DataArray:
    """The cube with attrs as JSON has them, since that is how every file keeps them."""
    plain = {}
    for name, value in cube.attrs.items():
        try:
            plain[name] = json.loads(json.dumps(value, default=_listed))
        except (TypeError, ValueError) as error:
            raise CubeError(
                f"a cube's attrs are text, numbers and lists, got {type(value).__name__} in attrs[{name!r}]; remove it"
            ) from error
    return cube.drop_attrs(deep=False).assign_attrs(plain)


def _listed(value: object) -> object:
    """NumPy's arrays and numbers as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(type(value).__name__)

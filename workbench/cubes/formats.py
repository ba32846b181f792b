"""Which file is read by which module: one table, and the function that uses it.

A format is a module with two functions::

    recognises(path: Path) -> bool           tells apart files of one suffix; reads no pixels
    read(path: Path, …) -> xr.DataArray      returns an array that keeps the rules of ``contract``, lazy where it can be

To add a format, write that module and add one row to ``FORMATS``. Nothing else changes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import xarray as xr

from workbench.cubes.contract import CubeError, check_cube
from workbench.cubes.glance import glance

SMALL = 64 * 2**20
"""Cubes below this many bytes are read at once; larger ones stay lazy."""


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file."""

    name: str
    """Short name, as the user types it."""

    suffixes: tuple[str, ...]
    """Endings of its files, in lower case; "*" stands for any ending no other format has."""

    module: str
    """Where ``recognises`` and ``read`` live."""

    title: str
    """What it is, for people."""

    needs: str = ""
    """conda package to install if the module's import fails."""

    def load(self) -> ModuleType:
        """Import the module, or name the package that is missing."""
        try:
            return import_module(self.module)
        except ModuleNotFoundError as error:
            package = self.needs or error.name
            raise ImportError(f"reading {self.name!r} files needs {package}; try: conda install {package}") from error


FORMATS = (
    Format("envi", (".hdr", "*"), "workbench.cubes.envi", "ENVI header and binary (bsq, bil, bip, gzip)"),
    Format("geotiff", (".tif", ".tiff", ".vrt"), "workbench.cubes.geotiff", "GeoTIFF with band tags", "rasterio"),
    Format("mat", (".mat",), "workbench.cubes.mat", "MATLAB benchmark scene, versions 5 to 7.3", "h5py"),
    Format("npz", (".npz",), "workbench.cubes.npz", "NumPy archive"),
    Format("zarr", (".zarr",), "workbench.cubes.zarr", "Zarr store written by save_cube", "zarr"),
)


def open_cube(
    path: str | Path, format: str | None = None, *, formats: Sequence[Format] = FORMATS, **options: object
) -> xr.DataArray:
    """Read a hyperspectral file as a cube.

    Parameters
    ----------
    path : str or Path
        The file; for ENVI the header or the binary beside it, for Zarr the folder.
    format : str, optional
        Its format's name. By default, the formats of its suffix are asked whether they recognise it.
    formats : sequence of Format
        The table to look in.
    **options
        What the format's own ``read`` takes, such as ``variable=`` for a ``.mat`` file.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        See :mod:`workbench.cubes.contract`. Bands without any data are marked ``good=False``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CubeError
        If the file is no cube. The message says why and what to do.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"no file at {path}; check the path")
    chosen = _choose(path, format, formats)
    reader = chosen.load().read
    unknown = set(options) - set(inspect.signature(reader).parameters)
    if unknown:
        takes = ", ".join(list(inspect.signature(reader).parameters)[1:]) or "none"
        raise ValueError(f"reading {chosen.name!r} files takes the options: {takes}; got {', '.join(sorted(unknown))}")
    with _damage_named(path):
        cube = reader(path, **options)
    cube = cube.assign_attrs({"sensor": "", **cube.attrs, "source": str(path), "format": chosen.name})
    cube = check_cube(cube)
    # Blosc says RuntimeError where a chunk is cut off; in any other format that is a fault of ours.
    with _damage_named(path, *((RuntimeError,) if chosen.name == "zarr" else ())):
        if cube.nbytes < SMALL:
            cube = cube.load()
        return _mark_empty_bands(cube, path)


def _choose(path: Path, name: str | None, formats: Sequence[Format]) -> Format:
    """The one format of a file."""
    known = ", ".join(f.name for f in formats)
    if name:
        claims = [f for f in formats if f.name == name]
        if not claims:
            raise ValueError(f"a format is one of {known}, got {name!r}; see: workbench formats")
        return claims[0]
    if path.is_dir() and path.suffix.lower() != ".zarr":
        raise CubeError(f"a scene is a file or a .zarr folder, but {path} is another folder; name the file inside it")
    suffix = path.suffix.lower()
    claims = [f for f in formats if suffix in f.suffixes and f.load().recognises(path)]
    claims = claims or [f for f in formats if "*" in f.suffixes and f.load().recognises(path)]
    if len(claims) == 1:
        return claims[0]
    found = " and ".join(f.name for f in claims) or "no format"
    raise CubeError(
        f"{found} claims {path.name}; pass format= one of: {known} (an ENVI binary needs its .hdr beside it)"
    )


@contextmanager
def _damage_named(path: Path, *others: type[Exception]) -> Iterator[None]:
    """What libraries say of a damaged file, in our words."""
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except (OSError, *others) as error:
        raise CubeError(f"{path.name} could not be read to its end and may be cut off; copy it again") from error


def _mark_empty_bands(cube: xr.DataArray, path: Path) -> xr.DataArray:
    """Mark bands without data as not good; refuse a scene without any."""
    filled = glance(cube).any(axis=1)
    if not filled.any():
        raise CubeError(
            f"a scene needs a pixel with data, but all of {path.name} is nodata or NaN; check its nodata value"
        )
    if filled.all():
        return cube
    good = cube["good"].values & filled if "good" in cube.coords else filled
    return check_cube(cube.assign_coords(good=("band", good)))

"""Opening a scene: the one format that knows the file is found, and what it reads is held to the contract."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from workbench.cubes.contract import CubeError, check_cube
from workbench.cubes.formats import FORMATS, Format
from workbench.cubes.glance import glance
from workbench.cubes.grid import transform_of
from workbench.cubes.many import is_folder, is_pattern
from workbench.cubes.remote import Address, located, unread

SMALL = 128 * 2**20
"""Cubes below this many bytes are read at once: pictures and spectra then take no time. Larger ones stay lazy."""


def open_cube(
    path: str | Path | Address, format: str | None = None, *, formats: Sequence[Format] = FORMATS, **options: object
) -> xr.DataArray:
    """Read a hyperspectral file as a cube.

    Parameters
    ----------
    path : str, Path or Address
        The file; for ENVI the header or the binary beside it, for Zarr the folder. Or the address of a GeoTIFF or a
        Zarr store (``https://``, ``s3://``, ``gs://``, ``/vsicurl/``), or ``scene:NAME`` for one of
        :data:`workbench.cubes.catalogue.SCENES`.
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
    path = located(path)
    if isinstance(path, Address):
        path.check()
    elif not path.exists() and not is_pattern(path):
        raise FileNotFoundError(f"no file at {path}; check the path")
    chosen = format_of(path, format, formats)
    reader = chosen.load().read
    unknown = set(options) - set(inspect.signature(reader).parameters)
    if unknown:
        takes = ", ".join(list(inspect.signature(reader).parameters)[1:]) or "none"
        raise ValueError(f"reading {chosen.name!r} files takes the options: {takes}; got {', '.join(sorted(unknown))}")
    with _damage_named(path):
        cube = reader(path, **options)
    told = {name: value for name, value in cube.attrs.items() if name != "options"}
    how = {"source": str(path), "format": chosen.name} | ({"options": options} if options else {})
    if isinstance(path, Address) and path.has_secrets:
        how["source_note"] = "user, password and query of the address were left out"
    cube = cube.drop_attrs(deep=False).assign_attrs({"sensor": "", **told, **how})
    cube = check_cube(cube)
    _check_crs(cube, path)
    # What a format's library says of a damaged chunk would be a fault of ours in any other format.
    with _damage_named(path, *getattr(chosen.load(), "DAMAGED_CHUNK", ())):
        if cube.nbytes < SMALL:
            cube = cube.load()
        return _mark_empty_bands(cube, path)


def _check_crs(cube: xr.DataArray, path: Path | Address) -> None:
    """Refuse a CRS that PROJ does not know, before a map is asked to show it."""
    try:
        crs = cube.rio.crs
        if crs is not None:
            crs.to_wkt()
        transform_of(cube)
    except (ValueError, TypeError, RuntimeError) as error:
        raise CubeError(f"the place of {path.name} is damaged ({str(error)[:80]}); copy it again") from error


def format_of(path: Path | Address, name: str | None = None, formats: Sequence[Format] = FORMATS) -> Format:
    """The one format of a file, or the one named; CubeError if it is not just one."""
    if isinstance(path, Address):
        formats = [f for f in formats if f.remote]
    known = ", ".join(f.name for f in formats)
    if name:
        claims = [f for f in formats if f.name == name]
        if not claims:
            where = " at an address" if isinstance(path, Address) else ""
            raise ValueError(f"a format{where} is one of {known}, got {name!r}; see: workbench formats")
        return claims[0]
    claims: list[Format] = []
    for asked in (
        [f for f in formats if f.own and f.may_be(path)],
        [f for f in formats if not f.general and f.may_be(path)],
        [f for f in formats if f.general and f.may_be(path)],
        [f for f in formats if "*" in f.suffixes and not is_folder(path)],
    ):
        claims = claims or [f for f in asked if f.load().recognises(path)]
    if not claims and isinstance(path, Address):
        raise CubeError(
            f"only {known} are read from an address, and {path} is none of them by its name; "
            "pass format=, or download it and open the copy"
        )
    if not claims and is_folder(path):
        raise CubeError(f"a scene is a file or a product's folder, but no format knows {path}; name the file inside it")
    if len(claims) == 1:
        return claims[0]
    found = " and ".join(f.name for f in claims) or "no format"
    raise CubeError(
        f"{found} claims {path.name}; pass format= one of: {known} (an ENVI binary needs its .hdr beside it)"
    )


@contextmanager
def _damage_named(path: Path | Address, *others: type[Exception]) -> Iterator[None]:
    """What libraries say of a damaged file, in our words."""
    try:
        yield
    except (CubeError, FileNotFoundError, PermissionError):
        raise
    except (OSError, *others) as error:
        if isinstance(path, Address):
            raise unread(path, error) from None
        raise CubeError(f"{path.name} could not be read to its end and may be cut off; copy it again") from error


def _mark_empty_bands(cube: xr.DataArray, path: Path | Address) -> xr.DataArray:
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

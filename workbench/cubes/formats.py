"""Which file is read by which module: one table, and the function that uses it.

A format is a module with two functions::

    recognises(path: Path) -> bool           tells apart files of one ending; reads no pixels, never raises
    read(path: Path, …) -> xr.DataArray      returns an array that keeps the rules of ``contract``, lazy where it can be

To add a format, write that module and add one row to ``FORMATS``. Nothing else changes. A product is asked first; a
general format, such as any GeoTIFF, only where no product recognises the file.
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
from workbench.cubes.many import is_pattern
from workbench.cubes.remote import Address, located, unread

SMALL = 64 * 2**20
"""Cubes below this many bytes are read at once; larger ones stay lazy."""


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file."""

    name: str
    """Short name, as the user types it."""

    suffixes: tuple[str, ...]
    """Endings of its files, in lower case; a folder's ends in "/", and "*" stands for what no other format has."""

    module: str
    """Where ``recognises`` and ``read`` live."""

    title: str
    """What it is, for people."""

    tested: str
    """What its reader was tested on: a sensor's own files, or files written after the product's specification."""

    needs: str = ""
    """conda package to install if the module's import fails."""

    general: bool = False
    """Whether it is a container of many products' files, asked only where none of them recognises the file."""

    own: bool = False
    """Whether we wrote it: asked before the products, whose words a saved cube keeps."""

    remote: bool = False
    """Whether it is read from an address, by ranges of bytes."""

    def may_be(self, path: Path | Address) -> bool:
        """Whether the ending is one of its own."""
        return (path.name.lower() + "/" * _is_folder(path)).endswith(self.suffixes)

    def load(self) -> ModuleType:
        """Import the module, or name the package that is missing."""
        try:
            return import_module(self.module)
        except ModuleNotFoundError as error:
            package = self.needs or error.name
            raise ImportError(f"reading {self.name!r} files needs {package}; try: conda install {package}") from error


FORMATS = (
    Format(
        "aviris",
        (".nc",),
        "workbench.cubes.aviris",
        "AVIRIS-3, -5 and reprocessed -NG NetCDF, reflectance or radiance",
        "files written after the layout of JPL's own readers",
        "h5py",
    ),
    Format(
        "emit",
        (".nc",),
        "workbench.cubes.emit",
        "EMIT scene on its grid or as a swath, reflectance or radiance",
        "files written after LP DAAC's description",
        "h5py",
    ),
    Format(
        "enmap",
        ("/", ".zip", ".tar", ".tar.gz", ".tgz", ".xml", ".tif"),
        "workbench.cubes.enmap",
        "EnMAP product of level L1B, L1C or L2A: folder, archive or one of its files",
        "real metadata of qualification products, paired with real pixels",
        "rasterio",
    ),
    Format(
        "desis",
        ("/", ".zip", ".tar", ".tar.gz", ".tgz", ".xml", ".tif"),
        "workbench.cubes.desis",
        "DESIS product of level L1C or L2A: folder, archive or one of its files",
        "files written after DLR's specification",
        "rasterio",
    ),
    Format(
        "hyperion",
        ("/", ".zip", ".tar", ".tar.gz", ".tgz", ".txt", ".tif"),
        "workbench.cubes.hyperion",
        "EO-1 Hyperion L1T or L1Gst: folder, archive or one of its files",
        "files written after USGS's description",
        "rasterio",
    ),
    Format(
        "enmap-patch",
        (".tif",),
        "workbench.cubes.enmap_patches",
        "Patch of SpectralEarth or HySpecNet-11k",
        "files written after the archives' descriptions",
        "rasterio",
    ),
    Format(
        "envi",
        (".hdr", "*"),
        "workbench.cubes.envi",
        "ENVI header and binary (bsq, bil, bip, gzip)",
        "real files: HyMap, EnMAP, AVIRIS-NG, Fenix",
        general=True,
    ),
    Format(
        "geotiff",
        (".tif", ".tiff", ".vrt"),
        "workbench.cubes.geotiff",
        "GeoTIFF with band tags",
        "real files: EnMAP tiles, Landsat 7, Sentinel-1 and -2",
        "rasterio",
        general=True,
        remote=True,
    ),
    Format(
        "mat",
        (".mat",),
        "workbench.cubes.mat",
        "MATLAB benchmark scene, versions 5 to 7.3",
        "real files: Salinas-A, Samson",
        "h5py",
    ),
    Format(
        "neon",
        (".h5",),
        "workbench.cubes.neon",
        "NEON airborne reflectance, directional or bidirectional",
        "files written after NEON's documentation",
        "h5py",
    ),
    Format(
        "netcdf",
        (".nc", ".nc4", ".cdf"),
        "workbench.cubes.netcdf",
        "NetCDF by the CF conventions",
        "our own files; files written by xarray after CF",
        "h5netcdf",
        general=True,
    ),
    Format(
        "mosaic",
        ("/",),
        "workbench.cubes.mosaic",
        "Folder or pattern (tiles/*.tif) of GeoTIFF tiles of one grid",
        "real files: EnMAP tiles",
        "rasterio",
        general=True,
    ),
    Format("npz", (".npz",), "workbench.cubes.npz", "NumPy archive", "real file: Landsat; our own files"),
    Format(
        "prisma",
        (".he5",),
        "workbench.cubes.prisma",
        "PRISMA scene of level 1, 2B, 2C or 2D",
        "files written after ASI's specification",
        "h5py",
    ),
    Format(
        "tanager",
        (".h5", ".he5"),
        "workbench.cubes.tanager",
        "Tanager basic and ortho scene, reflectance or radiance",
        "files written after the layout of Planet's own reader",
        "h5py",
    ),
    Format(
        "landsat",
        ("/", ".tar", ".tar.gz", ".tgz", ".zip", "_mtl.txt", "_mtl.json", "_mtl.xml", ".tif", ".tiff"),
        "workbench.cubes.landsat",
        "Landsat 4 to 9 Collection 2, levels 1 and 2, or a stack of bands",
        "real stack: Landsat 7; products written after USGS's format control books",
        "rasterio",
    ),
    Format(
        "series",
        ("/",),
        "workbench.cubes.series",
        "Dates of one place: patch of eo-learn, or dated GeoTIFFs of one grid",
        "real patch of eo-learn",
        "rasterio",
        general=True,
    ),
    Format(
        "sentinel-1",
        (".tif", ".tiff"),
        "workbench.cubes.sentinel1",
        "Sentinel-1 backscatter (RTC, GRD) as GeoTIFF",
        "real files: Sentinel-1 RTC",
        "rasterio",
    ),
    Format(
        "elevation",
        (".tif", ".tiff"),
        "workbench.cubes.elevation",
        "Elevation model as GeoTIFF",
        "real files: Copernicus DEM",
        "rasterio",
    ),
    Format(
        "sentinel-2",
        ("/", ".zip", "mtd_msil1c.xml", "mtd_msil2a.xml", ".tif", ".tiff"),
        "workbench.cubes.sentinel2",
        "Sentinel-2 product L1C or L2A (.SAFE, zip), or a stack of its bands",
        "real stacks; products written after ESA's specification",
        "rasterio",
    ),
    Format(
        "zarr",
        (".zarr/",),
        "workbench.cubes.zarr",
        "Zarr store written by save_cube",
        "our own files",
        "zarr",
        remote=True,
    ),
    Format(
        "cog",
        (".tif",),
        "workbench.cubes.geotiff_own",
        "GeoTIFF written by save_cube",
        "our own files",
        "rasterio",
        own=True,
        remote=True,
    ),
)


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
    chosen = _choose(path, format, formats)
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
    # Blosc says RuntimeError where a chunk is cut off; in any other format that is a fault of ours.
    with _damage_named(path, *((RuntimeError,) if chosen.name == "zarr" else ())):
        if cube.nbytes < SMALL:
            cube = cube.load()
        return _mark_empty_bands(cube, path)


def _choose(path: Path | Address, name: str | None, formats: Sequence[Format]) -> Format:
    """The one format of a file."""
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
        [f for f in formats if "*" in f.suffixes and not _is_folder(path)],
    ):
        claims = claims or [f for f in asked if f.load().recognises(path)]
    if not claims and isinstance(path, Address):
        raise CubeError(
            f"only {known} are read from an address, and {path} is none of them by its name; "
            "pass format=, or download it and open the copy"
        )
    if not claims and _is_folder(path):
        raise CubeError(f"a scene is a file or a product's folder, but no format knows {path}; name the file inside it")
    if len(claims) == 1:
        return claims[0]
    found = " and ".join(f.name for f in claims) or "no format"
    raise CubeError(
        f"{found} claims {path.name}; pass format= one of: {known} (an ENVI binary needs its .hdr beside it)"
    )


def _is_folder(path: Path | Address) -> bool:
    """Whether it holds files, or is a pattern that names some."""
    return path.is_dir() or is_pattern(path)


@contextmanager
def _damage_named(path: Path | Address, *others: type[Exception]) -> Iterator[None]:
    """What libraries say of a damaged file, in our words."""
    try:
        yield
    except (FileNotFoundError, PermissionError):
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

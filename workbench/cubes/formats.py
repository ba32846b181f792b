"""Which file is read by which module: one table.

A format is a module with two functions::

    recognises(path: Path) -> bool           tells apart files of one ending; reads no pixels, never raises
    read(path: Path, …) -> xr.DataArray      returns an array that keeps the rules of ``contract``, lazy where it can be

To add a format, write that module and add one row to ``FORMATS``. Nothing else changes. A product is asked first; a
general format, such as any GeoTIFF, only where no product recognises the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from workbench.cubes.many import is_folder
from workbench.cubes.remote import Address


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
        return (path.name.lower() + "/" * is_folder(path)).endswith(self.suffixes)

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

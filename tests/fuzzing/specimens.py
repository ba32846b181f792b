"""A small sound file, folder or archive of every kind that a reader takes, made by the readers' own tests."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import rasterio
import scipy.io

from tests import test_cubes_aviris as aviris
from tests import test_cubes_desis as desis
from tests import test_cubes_emit as emit
from tests import test_cubes_enmap as enmap
from tests import test_cubes_enmap_patches as patches
from tests import test_cubes_envi as envi
from tests import test_cubes_geotiff as geotiff
from tests import test_cubes_hyperion as hyperion
from tests import test_cubes_landsat as landsat
from tests import test_cubes_mosaic as mosaic
from tests import test_cubes_neon as neon
from tests import test_cubes_netcdf as netcdf
from tests import test_cubes_prisma as prisma
from tests import test_cubes_sentinel1 as sentinel1
from tests import test_cubes_sentinel2 as sentinel2
from tests import test_cubes_series as series
from tests import test_cubes_tanager as tanager
from tests.conftest import DATA
from workbench.cubes import save_cube, simulated_scene

Files = dict[str, bytes]
"""Content by name relative to the specimen's folder."""


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape).astype("float32")


def numbers(*shape: int, dtype: str = "int16") -> np.ndarray:
    return np.random.default_rng(0).integers(1, 6000, shape).astype(dtype)


def _envi(interleave: str, to: Path) -> str:
    listed = envi.listed([450, 550, 650, 860, 1650])
    envi.write(to, numbers(5, 7, 6), interleave=interleave, wavelength=listed, bbl=envi.listed([1, 1, 0, 1, 1]))
    return "scene.hdr"


def _envi_gz(to: Path) -> str:
    _envi("bsq", to)
    (to / "scene.bsq").write_bytes(gzip.compress((to / "scene.bsq").read_bytes()))
    (to / "scene.hdr").write_text((to / "scene.hdr").read_text() + "file compression = 1\n")
    return "scene.hdr"


def _geotiff(to: Path) -> str:
    tags = [{"wavelength": str(w), "fwhm": "6", "bbl": "1"} for w in (450, 550, 650, 860)]
    geotiff.write(
        to / "a.tif", numbers(4, 20, 30), tags=tags, crs="EPSG:32633", transform=geotiff.GRID, nodata=-1, compress="lzw"
    )
    return "a.tif"


def _mat(to: Path) -> str:
    scipy.io.savemat(to / "a.mat", {"scene": numbers(6, 5, 9), "truth": numbers(6, 5) % 4}, do_compression=True)
    return "a.mat"


def _mat_73(to: Path) -> str:
    with h5py.File(to / "a.mat", "w", userblock_size=512) as file:
        file["scene"] = numbers(9, 5, 6)
    with (to / "a.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return "a.mat"


def _own(suffix: str, to: Path) -> str:
    save_cube(simulated_scene(16, 16, n_bands=8)[0], to / f"a{suffix}")
    return f"a{suffix}"


def _mosaic(to: Path) -> str:
    for i in range(3):
        mosaic.tile(to / "tiles" / f"t_{i}.tif", numbers(3, 8, 10), 8 * i, nodata=-99)
    return "tiles"


def _series(to: Path) -> str:
    (to / "stack").mkdir()
    for name in ("b_20160107T101243", "a_2015-07-31"):
        series.tif(to / "stack" / f"{name}.tif", numbers(3, 5, 7), nodata=-1)
    return "stack"


def _eolearn(to: Path) -> str:
    (to / "patch" / "data").mkdir(parents=True)
    np.save(to / "patch" / "data" / "BANDS-S2-L1C.npy", random(3, 6, 8, 13))
    np.save(to / "patch" / "DEM.npy", random(6, 8, 1))
    (to / "patch" / "timestamps.json").write_text(json.dumps(sorted(series.DATES)))
    box = [[400_000, 5_799_940], [400_000, 5_800_000], [400_080, 5_800_000], [400_080, 5_799_940]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
    place = {"crs": crs, "type": "Polygon", "coordinates": [[*box, box[0]]]}
    (to / "patch" / "bbox.geojson").write_text(json.dumps(place))
    return "patch"


def _landsat(to: Path, kind: str = "txt") -> str:
    landsat.write(to / landsat.NAME, numbers(10, 40, 50, dtype="uint16"), numbers(40, 50, dtype="uint16"), kind=kind)
    return landsat.NAME


def _sentinel_2(to: Path) -> str:
    sizes = sentinel2.SIZES
    sentinel2.write_l2a(
        to / "S2A_MSIL2A_20220724T101559_N0400.SAFE",
        {name: numbers(1, 1200 // size, 1800 // size, dtype="uint16") for name, size in sizes.items()},
    )
    return "S2A_MSIL2A_20220724T101559_N0400.SAFE"


def _elevation(to: Path) -> str:
    sentinel1.write(to / "DEM" / "dem.tif", random(1, 6, 7), unit="metre")
    return "DEM/dem.tif"


def _hdf5(writer: Callable[[Path], object], name: str, to: Path) -> str:
    writer(to / name)
    return name


def _packed(kind: str, ending: str, to: Path) -> str:
    """The product of another kind, in an archive."""
    inside = to / "inside"
    inside.mkdir()
    KINDS[kind](inside)
    files = {str(path.relative_to(inside)): path.read_bytes() for path in sorted(inside.rglob("*")) if path.is_file()}
    (to / f"product.{ending}").write_bytes(packed(files, ending))
    for path in sorted(inside.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    inside.rmdir()
    return f"product.{ending}"


def packed(files: Files, ending: str) -> bytes:
    """An archive of them."""
    buffer = io.BytesIO()
    if ending == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:gz" if ending == "tar.gz" else "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


KINDS: dict[str, Callable[[Path], str]] = {
    "aviris": lambda to: _hdf5(
        lambda path: aviris.write(path, random(aviris.BANDS, aviris.HEIGHT, aviris.WIDTH)), "a.nc", to
    ),
    "emit": lambda to: _hdf5(lambda path: emit.write(path, random(emit.DOWN, emit.ACROSS, emit.BANDS)), emit.NAME, to),
    "enmap": lambda to: str(enmap.product(to / "p", DATA, xml=str).relative_to(to)),
    "enmap L1B": lambda to: str(enmap.product(to / "p", DATA, "L1B", xml=str).relative_to(to)),
    "enmap patch": lambda to: str(
        patches.patch(to / "enmap/0000823/04138.tif") is not None and "enmap/0000823/04138.tif"
    ),
    "desis": lambda to: str(desis.specification(to / "p").relative_to(to)),
    "desis zip": lambda to: _packed("desis", "zip", to),
    "hyperion": lambda to: str(hyperion.specification(to / "p", bands=range(30, 50)).relative_to(to)),
    "hyperion tar.gz": lambda to: _packed("hyperion", "tar.gz", to),
    "envi bsq": lambda to: _envi("bsq", to),
    "envi bil": lambda to: _envi("bil", to),
    "envi bip": lambda to: _envi("bip", to),
    "envi gzip": _envi_gz,
    "geotiff": _geotiff,
    "mat": _mat,
    "mat 7.3": _mat_73,
    "neon": lambda to: _hdf5(lambda path: neon.write(path, numbers(neon.HEIGHT, neon.WIDTH, neon.BANDS)), "a.h5", to),
    "netcdf": lambda to: _hdf5(lambda path: netcdf.foreign(path, engine="h5netcdf"), "a.nc", to),
    "netcdf 3": lambda to: _hdf5(lambda path: netcdf.foreign(path, engine="scipy"), "a.nc", to),
    "netcdf of ours": lambda to: _own(".nc", to),
    "mosaic": _mosaic,
    "npz": lambda to: _own(".npz", to),
    "prisma": lambda to: _hdf5(
        lambda path: prisma.write(
            path,
            tuple(numbers(prisma.HEIGHT, len(w), prisma.WIDTH, dtype="uint16") for w in (prisma.VNIR, prisma.SWIR)),
        ),
        "a.he5",
        to,
    ),
    "tanager": lambda to: _hdf5(
        lambda path: tanager.write(path, random(tanager.BANDS, tanager.HEIGHT, tanager.WIDTH), ortho=False), "a.h5", to
    ),
    "landsat": _landsat,
    "landsat xml": lambda to: _landsat(to, "xml"),
    "landsat json": lambda to: _landsat(to, "json"),
    "landsat tar": lambda to: _packed("landsat", "tar", to),
    "series": _series,
    "eo-learn": _eolearn,
    "sentinel-1": lambda to: _hdf5(
        lambda path: sentinel1.write(path, random(2, 6, 7), ("VV", "VH")), "S1RTC/scene_S1_RTC.tif", to
    ),
    "elevation": _elevation,
    "sentinel-2": _sentinel_2,
    "sentinel-2 zip": lambda to: _packed("sentinel-2", "zip", to),
    "zarr": lambda to: _own(".zarr", to),
    "cog": lambda to: _own(".tif", to),
}
"""Makers by kind: each writes into a folder and says what in it is opened."""


def specimen(kind: str, folder: Path) -> tuple[str, Files]:
    """What is opened, and the content of every file of a sound specimen."""
    folder.mkdir(parents=True)
    with rasterio.Env():
        name = KINDS[kind](folder)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return name, files

"""Small archives in the published layouts, folders and file names, made of the real patches beside the project."""

from __future__ import annotations

import io
import tarfile
import tempfile
import warnings
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin
from zarr.storage import ZipStore

from workbench.cubes import open_cube
from workbench.cubes.enmap_bands import SPECTRAL_EARTH

FINE, MIDDLE, COARSE = 66, 33, 11
"""A quarter of SSL4EO-S12's 264, 132 and 44 pixels."""

SIDES = {**dict.fromkeys(("B2", "B3", "B4", "B8"), FINE), **dict.fromkeys(("B1", "B9", "B10"), COARSE)}
S2C = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
SEASONS = ("20200128T055059", "20200427T054639", "20200806T054639", "20201104T054949")


def write_tiff(path: Path, values: NDArray, **more: object) -> None:
    """A GeoTIFF of (bands, height, width), with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = values.shape
    profile = {"crs": "EPSG:32633", "transform": from_origin(366015, 5809965, 30, 30), "compress": "lzw"} | more
    with (
        warnings.catch_warnings(),
        rasterio.open(
            path, "w", driver="GTiff", count=count, height=height, width=width, dtype=values.dtype, **profile
        ) as file,
    ):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        file.write(values)


def enmap_tiles(data: Path, n: int, bands: NDArray) -> list[NDArray]:
    """Some tiles of the Potsdam scene as the archives store them: int16, reflectance × 10⁴, some of EnMAP's bands."""
    found = []
    for path in sorted((data / "enmap_potsdam" / "images").glob("*.tif"))[:n]:
        values = np.round(open_cube(path).values[bands - 1] * 1e4)
        found.append(np.where(np.isfinite(values), values, -32768).astype("int16"))
    return found


def spectral_earth(root: Path, data: Path, n: int = 6) -> Path:
    """``enmap/LOCATION/SCENE.tif``; every second location has two dates, the others one."""
    tiles = enmap_tiles(data, n, SPECTRAL_EARTH)
    location = scene = 0
    while scene < n:
        for _ in range(1 + location % 2):
            if scene < n:
                write_tiff(root / "enmap" / f"{823 + location:07d}" / f"{4138 + scene:05d}.tif", tiles[scene])
            scene += 1
        location += 1
    return root


def hyspecnet(root: Path, data: Path, n: int = 2) -> Path:
    """``patches/TILE/PATCH/PATCH-SPECTRAL_IMAGE.TIF`` with all 224 bands and quality layers beside it."""
    tile = "ENMAP01-____L2A-DT0000004950_20221103T162438Z_001_V010110_20221118T145147Z"
    for k, values in enumerate(enmap_tiles(data, n, np.arange(1, 225))):
        patch = f"{tile}-Y{1460273 + k:08d}_X03110438"
        write_tiff(root / "patches" / tile / patch / f"{patch}-SPECTRAL_IMAGE.TIF", values, nodata=-32768)
        write_tiff(root / "patches" / tile / patch / f"{patch}-QL_QUALITY_CLOUD.TIF", np.zeros((1, 32, 32), "uint8"))
    return root


def sentinel_crops(data: Path, product: str, n: int) -> list[NDArray]:
    """Squares of 66 × 66 pixels of the three places."""
    found = []
    for k in range(n):
        paths = sorted((data / "terramind" / product).glob("*.tif"))
        with rasterio.open(paths[k % len(paths)]) as file:
            top = 7 * (k // len(paths))
            found.append(file.read()[:, top : top + FINE, top : top + FINE])
    return found


def ssl4eo_s12(root: Path, data: Path, product: str = "s2c", locations: int = 2) -> Path:
    """``s2c/LOCATION/SEASON/BAND.tif`` with bands of 66, 33 and 11 pixels, or ``s1/LOCATION/SEASON/VV.tif, VH.tif``."""
    kinds = {
        "s2c": ("S2L1C", S2C),
        "s2a": ("S2L2A", tuple(b for b in S2C if b != "B10")),
        "s1": ("S1RTC", ("VV", "VH")),
    }
    source, names = kinds[product]
    for k, values in enumerate(sentinel_crops(data, source, locations * len(SEASONS))):
        season = f"{SEASONS[k % 4]}_{SEASONS[k % 4]}_T43RCP"
        for name, band in zip(names, values, strict=True):
            side = FINE if product == "s1" else SIDES.get(name, MIDDLE)
            step = FINE // side
            coarse = band.reshape(side, step, side, step).mean(axis=(1, 3)).astype(band.dtype)
            coarse = coarse.astype("float32" if product == "s1" else "uint16")
            write_tiff(root / product / f"{k // 4 + 12:07d}" / season / f"{name}.tif", coarse[None])
        (root / product / f"{k // 4 + 12:07d}" / season / "metadata.json").write_text("{}")
    return root


def ssl4eo_s12_zarr(root: Path, data: Path, product: str = "S2L1C", stores: int = 2) -> Path:
    """``train/S2L1C/…_000001.zarr.zip`` of Zarr 2: ``bands`` (sample, time, band, y, x), 1000 added to Sentinel-2."""
    for store in range(stores):
        shots = np.stack(sentinel_crops(data, {"S1GRD": "S1RTC"}.get(product, product), 8)[:: 1 if store else -1])
        shots = shots.astype("float16") if product == "S1GRD" else (shots + 1000).astype("int16")
        names = ["vv", "vh"] if product == "S1GRD" else [f"B{k:02d}" for k in range(shots.shape[1])]
        times = np.array([f"2020-{month:02d}-0{s + 1}T02:30:01" for s in range(2) for month in (1, 4, 8, 11)])
        cube = xr.Dataset(
            {
                "bands": (("sample", "time", "band", "y", "x"), shots.reshape(2, 4, *shots.shape[1:])),
                "time_": (("sample", "time"), times.astype("datetime64[ns]").reshape(2, 4)),
            },
            {"sample": [f"{80717 + 2 * store + k:07d}" for k in range(2)], "band": names, "time": np.arange(4)},
        )
        path = root / "train" / product / f"ssl4eos12_train_seasonal_data_{store + 1:06d}.zarr.zip"
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings(), ZipStore(path, mode="w") as zipped:
            warnings.simplefilter("ignore")  # Zarr on writing a name twice into a zip
            chunks = (1, 1, *shots.shape[1:])
            cube.to_zarr(zipped, zarr_format=2, encoding={"bands": {"chunks": chunks}}, consolidated=False)
    return root


def ssl4eo_s12_shards(root: Path, data: Path, product: str = "S2L1C", shards: int = 2) -> Path:
    """``train/S2L1C/ssl4eos12_shard_000001.tar`` of a ``.zarr.zip`` a location: ``bands`` (time, band, y, x)."""
    shots = np.stack(sentinel_crops(data, {"S1GRD": "S1RTC"}.get(product, product), 8 * shards))
    shots = shots.reshape(2 * shards, 4, *shots.shape[1:]).astype("float16" if product == "S1GRD" else "int16")
    for k, dates in enumerate(shots):
        name = f"ssl4eos12_train_seasonal_data_{k + 1:07d}.zarr.zip"
        into_tar(root / "train" / product / f"ssl4eos12_shard_{k // 2 + 1:06d}.tar", {name: one_location(dates, k)})
    return root


def one_location(dates: NDArray, k: int) -> bytes:
    """A Zarr 2 store as the shards hold it: consolidated, zipped, each date a chunk, times counted from 1970."""
    n_times, n_bands, side, _ = dates.shape
    times = np.array([f"2020-{month:02d}-{k % 28 + 1:02d}T02:30:01" for month in (1, 4, 8, 11)], "datetime64[ns]")
    cube = xr.Dataset(
        {
            "bands": (("time", "band", "y", "x"), dates),
            "center_lat": ((), 42.66),
            "center_lon": ((), 125.6),
            "cloud_mask": (("time", "y", "x"), np.zeros((n_times, side, side), "uint8")),
            "crs": ((), 32651),
            "file_id": (("time",), np.array([f"{season}_{season}_T51TXJ" for season in SEASONS])),
        },
        {
            "sample": f"{216839 + k:07d}",
            "band": [f"B{b:02d}" for b in range(n_bands)],
            "time": times,
            "y": np.arange(side, dtype=float),
            "x": np.arange(side, dtype=float),
        },
    )
    counted = {"time": {"units": "nanoseconds since 1970-01-01", "dtype": "int64"}}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Zarr on writing a name twice into a zip
        path = Path(folder) / "one.zarr.zip"
        with ZipStore(path, mode="w") as zipped:
            chunks = {"bands": {"chunks": (1, *dates.shape[1:])}}
            cube.to_zarr(zipped, zarr_format=2, encoding=chunks | counted, consolidated=True)
        return path.read_bytes()


def into_tar(path: Path, members: dict[str, bytes]) -> None:
    """Put members at the end of a tar, which is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "a") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def ssl4eo_l(root: Path, data: Path, locations: int = 3) -> Path:
    """``ssl4eo_l_etm_sr/LOCATION/SCENE_DATE/all_bands.tif``: Landsat 7 in bytes, 0 to 0.3 reflectance."""
    image = np.load(data / "landsat_clouds" / "landsat7.npz")["img"]
    for k in range(4 * locations):
        square = image[40 * k : 40 * k + 44, 80:124]
        stored = np.round(np.clip(square / 0.3, 0, 1) * 255).astype("uint8").transpose(2, 0, 1)
        scene = f"LE07_022034_2001{3 * (k % 4) + 1:02d}15"
        write_tiff(root / "ssl4eo_l_etm_sr" / f"{k // 4 + 2:07d}" / scene / "all_bands.tif", stored)
    return root


def folder(root: Path, n: int = 5, shape: tuple[int, int, int] = (4, 12, 12)) -> Path:
    """GeoTIFFs whose numbers are their own: 100 a file, plus the band."""
    for k in range(n):
        values = np.full(shape, 100 * (k + 1), "float32") + np.arange(shape[0], dtype="float32")[:, None, None]
        write_tiff(root / f"part_{k % 2}" / f"patch_{k}.tif", values)
    return root

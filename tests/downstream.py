"""Small downstream sets in the published layouts, folders and file names, made of the real patches."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from tests.archives import write_tiff

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
SIDES = {**dict.fromkeys(("B02", "B03", "B04", "B08"), 120), **dict.fromkeys(("B01", "B09"), 20)}

LAND_COVER = {2: "Mixed forest", 4: "Non-irrigated arable land", 5: "Discontinuous urban fabric", 1: "Water bodies"}
"""What of the real land cover is said by a class of CORINE; other codes by none of the 19."""


def squares(data: Path, product: str, n: int, side: int = 120) -> list[tuple[NDArray, NDArray]]:
    """Squares of the three real places, and the land cover in them."""
    found = []
    paths = sorted((data / "terramind" / product).glob("*.tif"))
    covers = sorted((data / "terramind" / "LULC").glob("*.tif"))
    for k in range(n):
        with rasterio.open(paths[k % 3]) as image, rasterio.open(covers[k % 3]) as cover:
            top, left = 13 * (k // 3) % (224 - side), 29 * (k // 3) % (224 - side)
            window = np.s_[..., top : top + side, left : left + side]
            found.append((image.read()[window], cover.read(1)[window]))
    return found


def labels_of(cover: NDArray) -> list[str]:
    """CORINE's names of what covers a tenth of a patch or more; ``Bare rock``, which the 19 have not, of all else."""
    codes, counts = np.unique(cover, return_counts=True)
    names = [
        LAND_COVER.get(int(code), "Bare rock") for code, n in zip(codes, counts, strict=True) if n * 10 >= cover.size
    ]
    return sorted(set(names))


def write_bands(folder: Path, image: NDArray, k: int) -> None:
    """``PATCH/PATCH_B02.tif`` of 120, 60 and 20 pixels, uint16; each patch on ground of its own."""
    for name, band in zip(BANDS, image, strict=True):
        side = SIDES.get(name, 60)
        step = 120 // side
        coarse = band.reshape(side, step, side, step).mean(axis=(1, 3)).astype("uint16")
        place = from_origin(300_000 + 1200 * k, 5_800_000, 10 * step, 10 * step)
        write_tiff(folder / f"{folder.name}_{name}.tif", coarse[None], transform=place)


def bigearthnet_v1(root: Path, data: Path, n: int = 6) -> list[list[str]]:
    """``BigEarthNet-v1.0/PATCH/``: a file a band and ``PATCH_labels_metadata.json``; gives the labels."""
    said = []
    for k, (image, cover) in enumerate(squares(data, "S2L2A", n)):
        name = f"S2A_MSIL2A_20170613T101031_{k}_48"
        write_bands(root / "BigEarthNet-v1.0" / name, image, k)
        said.append(labels_of(cover))
        told = {
            "labels": said[-1],
            "coordinates": {"ulx": 300_000 + 1200 * k, "uly": 5_800_000, "lrx": 301_200 + 1200 * k, "lry": 5_798_800},
            "projection": "EPSG:32633",
            "tile_source": "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE",
            "acquisition_date": "2017-06-13 10:10:31",
        }
        (root / "BigEarthNet-v1.0" / name / f"{name}_labels_metadata.json").write_text(json.dumps(told))
    return said


def bigearthnet_v2(root: Path, data: Path, n: int = 6) -> pd.DataFrame:
    """``BigEarthNet-S2/TILE/PATCH/``, ``BigEarthNet-S1/TILE/PATCH/`` and ``metadata.parquet``, which it gives."""
    from workbench.labels.nomenclature import named_by_name

    names, rows = named_by_name(19), []
    radar = squares(data, "S1RTC", n)
    tile, tile_1 = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP", "S1A_IW_GRDH_1SDV_20170613T165043"
    for k, (image, cover) in enumerate(squares(data, "S2L2A", n)):
        patch, patch_1 = f"{tile}_{k:02d}_57", f"{tile_1}_33UUP_{k:02d}_57"
        write_bands(root / "BigEarthNet-S2" / tile / patch, image, k)
        place = from_origin(300_000 + 1200 * k, 5_800_000, 10, 10)
        for band, values in zip(("VV", "VH"), radar[k][0], strict=True):
            file = root / "BigEarthNet-S1" / tile_1 / patch_1 / f"{patch_1}_{band}.tif"
            write_tiff(file, values[None].astype("float32"), transform=place)
        rows.append(
            {
                "patch_id": patch,
                "labels": sorted({names[name] for name in labels_of(cover) if name in names}),
                "split": ("train", "train", "train", "validation", "test", "test")[k % 6],
                "country": "Germany",
                "s1_name": patch_1,
                "s2v1_name": f"S2A_MSIL2A_20170613T101031_{k}_57",
                "contains_seasonal_snow": False,
                "contains_cloud_or_shadow": False,
            }
        )
    table = pd.DataFrame(rows)
    table.to_parquet(root / "metadata.parquet")
    return table


def so2sat(root: Path, data: Path, n: int = 8) -> dict[str, tuple[NDArray, NDArray]]:
    """``training.h5``, ``validation.h5``, ``testing.h5``: ``sen1``, ``sen2`` (patch, y, x, band), ``label``."""
    root.mkdir(parents=True, exist_ok=True)
    found = {}
    for part, (name, count) in enumerate({"training": n, "validation": n // 2, "testing": n // 2}.items()):
        images = [image[[1, 2, 3, 4, 5, 6, 7, 8, 10, 11]] for image, _ in squares(data, "S2L2A", n * 3, 32)]
        sen2 = np.stack(images[part::3][:count]).transpose(0, 2, 3, 1) / 1e4
        zones = np.arange(count) % 3 * 7 + 2  # compact low rise, heavy industry, water
        with h5py.File(root / f"{name}.h5", "w") as file:
            file["sen1"] = np.zeros((count, 32, 32, 8))
            file["sen2"] = sen2
            file["label"] = np.eye(17)[zones]
        found[name] = sen2, zones
    return found

"""What the header of a patch says, or what is wrong with it, in one sentence; no pixel is read.

A file that ends before its last block is found here, a damaged block only when it is read.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from workbench.cubes import CubeError
from workbench.cubes.shards import Part, parts_of
from workbench.cubes.so2sat import open_store

SETTINGS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_NUM_THREADS": "1"}
"""For GDAL: not to list the folder of every patch it opens, of which one may hold thousands."""


@dataclass(frozen=True, slots=True)
class Header:
    """One patch of one date."""

    location: str = ""
    """Where; the patches of a location show the same place."""

    time: str = ""
    """When, as the archive says it."""

    member: str = ""
    """Of a tar: the store that it lies in."""

    start: int = -1
    """First byte of that store."""

    size: int = 0
    """Its bytes."""

    at: int = -1
    """Sample × dates + date in a Zarr store; −1 for a file."""

    height: int = 0
    """Rows; of the finest band."""

    width: int = 0
    """Columns."""

    bands: int = 0
    """How many."""

    dtype: str = ""
    """Of the numbers as stored."""

    fault: str = ""
    """What is wrong, in a sentence that names the file; empty if nothing is."""


def quieten() -> None:
    """Let a patch without a place be read without a warning for each.

    A filter for the whole process: the one that is taken away again is not safe among threads.
    """
    if not any(row[0] == "ignore" and row[2] is NotGeoreferencedWarning for row in warnings.filters):
        warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)


def headers_of(root: Path, file: str, members: tuple[str, ...], missing: tuple[str, ...]) -> Iterator[Header]:
    """Every patch of a file, or the one patch whose bands are files.

    Parameters
    ----------
    root : Path
        Of the archive.
    file : str
        Relative to it: a GeoTIFF, a Zarr store, a tar of them, or a folder with a file for each of `members`.
    members, missing : tuple of str
        The bands' files, relative to the root, and those among them that are not there.
    """
    if missing:
        yield Header(fault=f"{missing[0]} is missing; copy it again")
    elif file.endswith((".zarr", ".zip", ".h5")):
        yield from _of_store(root / file)
    elif file.endswith(".tar"):
        yield from _of_shard(root, file)
    elif members:
        found = [_of_tiff(root, name) for name in members]
        fault = next((header.fault for header in found if header.fault), "")
        height, width = max(header.height for header in found), max(header.width for header in found)
        wrong = next((name for name, header in zip(members, found, strict=True) if header.bands != 1), None)
        if wrong and not fault:
            fault = f"{wrong} is one band, but it has several; copy it again"
        yield Header(height=height, width=width, bands=len(members), dtype=found[0].dtype, fault=fault)
    else:
        yield _of_tiff(root, file)


def _of_tiff(root: Path, file: str) -> Header:
    path = root / file
    try:
        with rasterio.Env(**SETTINGS), rasterio.open(path) as dataset:
            if _ends_early(dataset, path):
                return Header(fault=f"{file} ends before its last pixel; copy it again")
            dtype = np.result_type(*dataset.dtypes)
            return Header(height=dataset.height, width=dataset.width, bands=dataset.count, dtype=str(dtype))
    except FileNotFoundError:
        return Header(fault=f"{file} is gone; copy it again")
    except (RasterioError, OSError, UnicodeDecodeError):
        return Header(fault=f"{file} is no GeoTIFF or is damaged; copy it again")


def _ends_early(dataset: DatasetReader, path: Path) -> bool:
    """Whether the last block of the last band lies beyond the end of the file."""
    rows, columns = dataset.block_shapes[-1]
    last = f"{(dataset.width - 1) // columns}_{(dataset.height - 1) // rows}"
    told = (dataset.get_tag_item(f"BLOCK_{what}_{last}", "TIFF", bidx=dataset.count) for what in ("OFFSET", "SIZE"))
    start, size = (int(text or 0) for text in told)
    return start + size > os.path.getsize(path)


def _of_store(path: Path, part: Part | None = None) -> Iterator[Header]:
    lies = (part.name, part.start, part.size) if part else ("", -1, 0)
    try:
        store = open_store(path, part)
        times = store.times()
    except CubeError as error:
        yield Header("", "", *lies, fault=str(error))
        return
    n_times, bands, height, width = store.shape[1:]
    for k, location in enumerate(store.samples):
        for j in range(n_times):
            yield Header(location, str(times[k, j]), *lies, k * n_times + j, height, width, bands, str(store.dtype))


def _of_shard(root: Path, file: str) -> Iterator[Header]:
    try:
        parts = parts_of(root / file, ".zarr.zip")
    except FileNotFoundError:
        yield Header(fault=f"{file} is gone; copy it again")
        return
    except CubeError as error:
        yield Header(fault=str(error))
        return
    if not parts:
        yield Header(fault=f"a shard holds Zarr stores (.zarr.zip), but {file} has none; copy it again")
    for part in parts:
        yield from _of_store(root / file, part)

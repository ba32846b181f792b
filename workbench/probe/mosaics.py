"""Finished blocks seen as one lazy map, and the embedding's files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import transform_of
from workbench.labels import write_tiled
from workbench.patches import Block
from workbench.probe.drafts import Draft
from workbench.probe.embed import like_scene


@dataclass(frozen=True, eq=False)
class Mosaic:
    """One array of all finished blocks, (height, width) or (features, height, width); a window reads its blocks."""

    draft: Draft
    name: str
    side: int
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        """2 or 3."""
        return len(self.shape)

    def __getitem__(self, key: tuple[slice, ...]) -> NDArray:
        """A window, given as slices without steps."""
        *many, rows, columns = (slice(*part.indices(size)) for part, size in zip(key, self.shape, strict=True))
        out = np.empty([part.stop - part.start for part in (*many, rows, columns)], self.dtype)
        for top in range(rows.start // self.side * self.side, rows.stop, self.side):
            for left in range(columns.start // self.side * self.side, columns.stop, self.side):
                values = self.draft.get(top, left, self.name)[tuple(many)]
                into, of = zip(*map(_common, (rows, columns), (top, left), values.shape[-2:]), strict=True)
                out[..., *into] = values[..., *of]
        return out


def _common(wanted: slice, start: int, size: int) -> tuple[slice, slice]:
    """What a window and a block share, as seen from each."""
    first, last = max(wanted.start, start), min(wanted.stop, start + size)
    return slice(first - wanted.start, last - wanted.start), slice(first - start, last - start)


def mosaic(draft: Draft, name: str, blocks: list[Block], cube: xr.DataArray) -> xr.DataArray:
    """Lazy map of one array of the finished blocks of a scene, on its grid; a chunk is a block."""
    first = blocks[0].place[0], blocks[0].place[1]
    one = draft.get(first[0].start, first[1].start, name)
    side = max(part.stop for part in first)
    shape = (*one.shape[:-2], *cube.shape[1:])
    source = Mosaic(draft, name, side, shape, one.dtype)
    return like_scene(da.from_array(source, chunks=(*one.shape[:-2], side, side), name=False, lock=False), cube)


def check_embedding_suffix(path: Path) -> Path:
    """Return `path`, or ValueError if no embedding is written to such a file."""
    if path.suffix.lower() not in (".zarr", ".tif"):
        raise ValueError(f"an embedding is written to .zarr or .tif, got {path.name}; change the ending")
    return path


def write_embedding(embedding: xr.DataArray, path: Path) -> None:
    """Write a lazy embedding (feature, y, x) as Zarr or GeoTIFF; half a file is left where something goes wrong."""
    if path.suffix.lower() == ".zarr":
        embedding.rename("embedding").to_dataset().to_zarr(path, mode="w", consolidated=False)
        return
    crs = embedding.rio.crs
    placed = {} if crs is None else {"crs": crs, "transform": transform_of(embedding)}
    packing = {"compress": "deflate", "predictor": 3, "bigtiff": "if_safer", "num_threads": "all_cpus"}
    write_tiled(embedding, path, nodata=math.nan, **placed, **packing)

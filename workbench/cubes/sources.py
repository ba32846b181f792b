"""Sources made of sources: detectors joined, bands or a layer picked; and the cube that is read from one.

All is done when pixels are asked for and only for these, so that a product's cube stays as lazy as its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.stored import Source, Stored

_BLOCK = 4_000_000
"""Values in a block of a lazy cube, unless a block of the file has more."""


@dataclass(frozen=True, eq=False)
class Joined:
    """Detectors one after another along the bands."""

    parts: tuple[Source, ...]
    """Of one height and width."""

    axis: int
    """Where the bands are."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all parts together."""
        whole = list(self.parts[0].shape)
        whole[self.axis] = sum(part.shape[self.axis] for part in self.parts)
        return tuple(whole)

    @property
    def dtype(self) -> np.dtype:
        """One that holds every part."""
        return np.result_type(*(part.dtype for part in self.parts))

    def __getitem__(self, key: tuple) -> NDArray:
        """Only the detectors whose bands are asked for are read."""
        bands = np.arange(self.shape[self.axis])[key[self.axis]]
        read, places, first = [], [], 0
        for part in self.parts:
            mine = np.flatnonzero((bands >= first) & (bands < first + part.shape[self.axis]))
            if len(mine) or part is self.parts[0]:
                read.append(part[(*key[: self.axis], bands[mine] - first, *key[self.axis + 1 :])])
                places.append(mine)
            first += part.shape[self.axis]
        return np.concatenate(read, axis=self.axis).take(np.argsort(np.concatenate(places)), axis=self.axis)


@dataclass(frozen=True, eq=False)
class Picked:
    """Some bands of a source, in an order of their own."""

    source: Source
    """All bands."""

    axis: int
    """Where they are."""

    bands: NDArray[np.intp]
    """Which of them each is."""

    @property
    def shape(self) -> tuple[int, ...]:
        """With the bands that are left."""
        return (*self.source.shape[: self.axis], len(self.bands), *self.source.shape[self.axis + 1 :])

    @property
    def dtype(self) -> np.dtype:
        """As the source's."""
        return self.source.dtype

    def __getitem__(self, key: tuple) -> NDArray:
        """Dims are kept."""
        return self.source[(*key[: self.axis], self.bands[key[self.axis]], *key[self.axis + 1 :])]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of an array (row, column, layer) as a plane."""

    source: Source
    """All layers."""

    number: int
    """Which one, from 0."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.source.shape[:2]

    def __getitem__(self, key: tuple) -> NDArray:
        """Dims are kept."""
        return self.source[(*key, slice(self.number, self.number + 1))][..., 0]


def lazy_cube(
    stored: Stored, native: tuple[int, int, int], coords: Mapping[str, tuple], attrs: Mapping[str, object]
) -> xr.DataArray:
    """A cube whose pixels are read when they are asked for.

    Parameters
    ----------
    stored : Stored
        The numbers.
    native : tuple of int
        Bands, rows and columns that the file gives in one go.
    coords, attrs : mapping
        The cube's, but for ``x`` and ``y``.
    """
    for name, (dims, values, *_) in coords.items():
        if dims == "band" and len(values) != stored.shape[0]:
            raise CubeError(f"{name} has one value a band, got {len(values)} of {stored.shape[0]}; copy it again")
    blocks = stored.blocks(dask_chunks(stored.shape, native))
    cube = xr.DataArray(blocks, dims=DIMS, coords=coords, attrs=dict(attrs)).rename(None)
    cube.encoding["preferred_chunks"] = dict(zip(("y", "x"), native[1:], strict=True))
    return cube


def dask_chunks(shape: tuple[int, int, int], native: tuple[int, int, int]) -> dict[str, int]:
    """Blocks of some 4 million values made of native ones: along a row first, then of more bands, then of more rows."""
    if 0 in shape:
        raise CubeError(
            f"a scene has a band, a row and a column at least, got {' × '.join(map(str, shape))}; copy it again"
        )
    n_bands, rows, columns = (min(n, size) for n, size in zip(native, shape, strict=True))
    x = min(shape[2], columns * max(1, _BLOCK // (n_bands * rows * columns)))
    bands = min(shape[0], n_bands * max(1, _BLOCK // (n_bands * rows * x)))
    return {"band": bands, "y": min(shape[1], rows * max(1, _BLOCK // (bands * rows * x))), "x": x}


def native_block(
    shape: tuple[int, ...], chunks: tuple[int, ...] | None, layout: tuple[str, str, str]
) -> tuple[int, int, int]:
    """Bands, rows and columns that an array gives in one go: a chunk of it, or a row where it has none."""
    sizes = dict(zip(layout, chunks or shape, strict=True))
    if not chunks:
        sizes |= {"y": 1, "band": 1} if layout[0] == "band" else {"y": 1}
    return sizes["band"], sizes["y"], sizes["x"]

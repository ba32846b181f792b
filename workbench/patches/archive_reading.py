"""Windows of single patches of an archive, in the units of a scene; what cannot be read says so in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from workbench.cubes import CubeError
from workbench.cubes.shards import Part
from workbench.cubes.so2sat import So2SatPatches, open_store
from workbench.cubes.zarr_patches import ZarrPatches
from workbench.patches.archive_headers import SETTINGS
from workbench.patches.archive_index import ArchiveIndex
from workbench.patches.archive_numbers import Numbers

Source = Callable[[int, int, int, int, NDArray[np.intp]], NDArray]
"""From top, left, height, width and bands to numbers as stored."""

STORES = 64
"""Files of many patches that are kept open."""


class BadPatch(ValueError):
    """A patch that cannot be read, or has no data where it should; a stream may leave it out."""


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Turns what went wrong in reading a patch into a sentence that names it."""
    try:
        yield
    except (RasterioError, CubeError, OSError, UnicodeDecodeError) as error:
        raise BadPatch(f"{name} could not be read and may be damaged; copy it again") from error


class Patch:
    """A patch that is open."""

    def __init__(
        self, name: str, shape: tuple[int, int], source: Source, numbers: Numbers, nodata: float | None
    ) -> None:
        self.name, self.shape, self._source, self._numbers, self._nodata = name, shape, source, numbers, nodata

    def read(
        self, top: int, left: int, height: int, width: int, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """A window, shape (n_bands, height, width), in the units of a scene; NaN in every band where any lacks.

        Written into `out`, if it is given.

        Raises
        ------
        BadPatch
            If it cannot be read.
        """
        bands = self._numbers.bands
        if out is None:
            out = np.empty((len(bands), height, width), "float32")
        with _named(self.name):  # here and not where it was opened: others are open, too, and would bear the blame
            stored = self._source(top, left, height, width, bands)
        self._numbers.put(stored, self._nodata, out)
        return out


class PatchReader:
    """Opens the patches of an archive, by their rows in its index; several threads may use it.

    Parameters
    ----------
    index : ArchiveIndex
        With sound patches alone.
    numbers : Numbers
        What they hold.
    """

    def __init__(self, index: ArchiveIndex, numbers: Numbers) -> None:
        self.index, self.numbers = index, numbers
        columns = index.table.combine_chunks()
        self._files, self._members, self._locations = (columns[name] for name in ("file", "member", "location"))
        self._at, self._height, self._width, self._bands, self._start, self._size = (
            columns[name].to_numpy() for name in ("at", "height", "width", "bands", "start", "size")
        )
        self._store = lru_cache(STORES)(open_store)

    def shape(self, row: int) -> tuple[int, int]:
        """Rows and columns of a patch."""
        return int(self._height[row]), int(self._width[row])

    def file(self, row: int) -> str:
        """Of a patch, relative to the archive; of one in a tar, the store in it too."""
        member = self._members[row].as_py()
        return f"{self._files[row].as_py()}/{member}" if member else self._files[row].as_py()

    @contextmanager
    def opened(self, row: int) -> Iterator[Patch]:
        """A patch.

        Raises
        ------
        BadPatch
            If it cannot be read.
        """
        name, members = self.file(row), self.index.product.band_files(self.file(row))
        path, shape = self.index.root / name, self.shape(row)
        with _named(name), ExitStack() as stack:
            nodata = self.numbers.nodata
            if self._at[row] >= 0:
                store = self._opened_store(row)
                sample, time = divmod(int(self._at[row]), store.shape[1])
                known = sample < store.shape[0] and store.samples[sample] in ("", self._locations[row].as_py())
                if not known or store.shape[2:] != (self._bands[row], *shape):
                    raise BadPatch(f"{name} has changed since the archive was indexed; start again")
                source = _of_store(store, sample, time)
            elif members:
                source = _of_array(np.stack([_resampled(self.index.root / member, shape) for member in members]))
            else:
                stack.enter_context(rasterio.Env(**SETTINGS))
                dataset = stack.enter_context(rasterio.open(path))
                if (dataset.count, *dataset.shape) != (self._bands[row], *shape):
                    raise BadPatch(f"{name} has changed since the archive was indexed; start again")
                nodata = self.numbers.nodata if dataset.nodata is None else dataset.nodata
                source = _of_dataset(dataset)
            yield Patch(name, shape, source, self.numbers, nodata)

    def _opened_store(self, row: int) -> ZarrPatches | So2SatPatches:
        member = self._members[row].as_py()
        part = Part(member, int(self._start[row]), int(self._size[row])) if member else None
        return self._store(self.index.root / self._files[row].as_py(), part)


def _of_dataset(dataset: DatasetReader) -> Source:
    def read(top: int, left: int, height: int, width: int, bands: NDArray[np.intp]) -> NDArray:
        return dataset.read((bands + 1).tolist(), window=Window(left, top, width, height))

    return read


def _of_array(image: NDArray) -> Source:
    def read(top: int, left: int, height: int, width: int, bands: NDArray[np.intp]) -> NDArray:
        return image[bands, top : top + height, left : left + width]

    return read


def _of_store(store: ZarrPatches | So2SatPatches, sample: int, time: int) -> Source:
    # All of a date is one chunk, so it is read once for all windows.
    image = store.read(sample, time)
    return _of_array(image)


def _resampled(path: Path, shape: tuple[int, int]) -> NDArray:
    """A band, brought to the pixels of the finest by bilinear interpolation as the archive's own reader does."""
    with rasterio.Env(**SETTINGS), rasterio.open(path) as dataset:
        return dataset.read(1, out_shape=shape, resampling=Resampling.bilinear)

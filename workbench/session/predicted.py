"""What each row of a comparison took its test pixels for: kept beside the scores, so that a map can show them.

In the run's folder ``predicted`` has ``pixels.npy``, row, column and code of all labelled pixels (n, 3), and for each
row of scores an array (n,): the class that the model named, 0 where the pixel was not tested in that draw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

if TYPE_CHECKING:
    from workbench.labels import Split
    from workbench.probe import ClassMap

FOLDER, PIXELS = "predicted", "pixels.npy"

MOST = 256 << 20
"""Bytes that are kept of one comparison; later rows are then scored like the others, and their pixels not kept."""

Key = tuple[str, str, int, int]
"""Model, split, budget and draw."""


@dataclass(frozen=True, slots=True, eq=False)
class Confused:
    """Test pixels of one true class, or group, that were taken for one."""

    pixels: NDArray[np.int32]
    """Row and column of each pixel to which it happened in any draw, shape (n, 2)."""

    times: int
    """How often, all draws together."""

    draws: int
    """Draws that were looked at."""

    lacking: int
    """Draws whose pixels were not kept."""


class Predicted:
    """Keeps what models name, row by row; to be called as the ``see`` of ``compare_rows``.

    Parameters
    ----------
    folder : Path
        The run's.
    truth : xarray.DataArray of shape (height, width)
        All labels; 0 = none.
    most : int
        Bytes to keep.
    """

    def __init__(self, folder: Path, truth: xr.DataArray, most: int = MOST) -> None:
        self._folder, self._left = folder / FOLDER, most
        self._places = np.nonzero(truth.values > 0)
        codes = truth.values[self._places]
        self._type = np.uint8 if int(codes.max(initial=0)) <= np.iinfo(np.uint8).max else np.uint16
        self._folder.mkdir(exist_ok=True)
        self._write(PIXELS, np.stack([*self._places, codes], axis=1).astype(np.int32))

    def __call__(self, row: Mapping[str, object], made: ClassMap, parts: Split) -> None:
        """Keep what a row's map names on its test pixels, as long as there is room."""
        named = np.where(parts.test.values > 0, made.class_map.values, 0)[self._places].astype(self._type)
        self._write(_name((row["model"], row["split"], row["budget"], row["draw"])), named)

    def _write(self, name: str, values: NDArray) -> None:
        self._left -= values.nbytes
        if self._left < 0:
            return
        try:
            np.save(self._folder / name, values, allow_pickle=False)
        except OSError:  # a full disk: the scores matter more, and whoever looks for these pixels is told
            (self._folder / name).unlink(missing_ok=True)
            self._left = -1


def confused(
    folder: Path, keys: Iterable[Key], true: int | Sequence[int], named: int | Sequence[int], shape: tuple[int, int]
) -> Confused:
    """Test pixels of class `true` that were taken for `named`; of any of several, taken for any of several.

    Parameters
    ----------
    folder : Path
        The run's.
    keys : iterable of (model, split, budget, draw)
        Rows of scores to look at.
    true, named : int or sequence of int
        Codes, 1…K.
    shape : (int, int)
        Of the scene that they lie on.

    Returns
    -------
    Confused

    Raises
    ------
    ValueError
        If none of these rows was kept, or what was kept is damaged or of another scene.
    """
    keys, place = list(keys), folder / FOLDER
    kept = [path for path in (place / _name(key) for key in keys) if path.is_file()]
    if not kept or not (place / PIXELS).is_file():
        raise ValueError("the pixels of this comparison were not kept; compare again to see them on the map")
    pixels = _read(place / PIXELS)
    if pixels.ndim != 2 or pixels.shape[1] != 3 or (pixels[:, :2] < 0).any() or (pixels[:, :2] >= shape).any():
        raise ValueError(f"{place / PIXELS} is damaged, or of another scene; compare again")
    times, of_these = np.zeros(len(pixels), int), np.isin(pixels[:, 2], true)
    for path in kept:
        values = _read(path)
        if values.shape != times.shape:
            raise ValueError(f"{path} is damaged; compare again")
        times += np.isin(values, named) & of_these
    return Confused(pixels[times > 0, :2], int(times.sum()), len(kept), len(keys) - len(kept))


def _name(key: Key) -> str:
    """File of a row; a folder may come from anybody, and no name of a model leads out of it."""
    return "-".join(str(part).replace("/", "_").replace("\\", "_") for part in key) + ".npy"


def _read(path: Path) -> NDArray:
    """An array of whole numbers; nothing is unpickled."""
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({' '.join(str(error).split())[:80]}); compare again") from error
    if not isinstance(values, np.memmap) or not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"{path} does not hold class codes; compare again")
    return values

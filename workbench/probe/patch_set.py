"""Labelled patches of a folder: which there are, what is known of each, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.labels import PatchSplit, PatchTruth, places_of, truth_of_folders, truth_of_masks, truth_of_table
from workbench.patches import ArchiveIndex, Numbers, index_archive
from workbench.patches.archive_reading import PatchReader
from workbench.pretrain.archive_card import known
from workbench.pretrain.archives import Archive


@dataclass(frozen=True)
class PatchSet:
    """Patches and what is known of them."""

    index: ArchiveIndex
    """Of all patches in the folder."""

    rows: NDArray[np.intp]
    """In the index, of those with a truth, in the order of ``truth.files``."""

    truth: PatchTruth
    """Of them."""

    split: PatchSplit | None = None
    """As it was published, where it is known."""

    def __len__(self) -> int:
        """How many have a truth."""
        return len(self.rows)

    @property
    def n_patches(self) -> int:
        """How many there are, also without a truth."""
        return self.index.n_patches

    @property
    def fingerprint(self) -> str:
        """Changes when the folders of the patches do."""
        return self.index.fingerprint

    @cached_property
    def _known(self) -> tuple[Archive, Numbers]:
        return known(self.index)

    @property
    def card(self) -> Archive:
        """The patches' bands and units."""
        return self._known[0]

    def images(self, bands: NDArray[np.intp]) -> Callable[[int], NDArray[np.float32]]:
        """What reads the card's `bands` of a patch with a truth, by its number, in the units of a scene."""
        numbers = self._known[1]
        reader = PatchReader(self.index, Numbers(numbers.scaling, numbers.bands[bands], numbers.nodata))

        def read(i: int) -> NDArray[np.float32]:
            with reader.opened(int(self.rows[i])) as patch:
                return patch.read(0, 0, *self.side)

        return read

    @property
    def side(self) -> tuple[int, int]:
        """Height and width of every patch [pixels]."""
        return tuple(int(self.index.table[name][int(self.rows[0])].as_py()) for name in ("height", "width"))

    @cached_property
    def place(self) -> NDArray[np.intp]:
        """A number a place, as ``places_of`` counts them."""
        locations = self.index.table["location"].to_pylist()
        return places_of(self.index.root, self.truth.files, [locations[row] for row in self.rows])


def open_patches(
    folder: str | Path,
    *,
    masks: str | Path | None = None,
    labels: str | Path | None = None,
    column: str | None = None,
    task: str | None = None,
    unlabelled: int = 0,
    workers: int = 4,
) -> PatchSet:
    """Patches of a folder with their truth.

    Parameters
    ----------
    folder : str or Path
        An archive in a published layout, or any GeoTIFF patches.
    masks : str or Path, optional
        Folder of masks under the same names.
    labels : str or Path, optional
        Table or JSON of labels. Without either, the folder that a patch lies in is its class.
    column, task : str, optional
        As in ``truth_of_table``.
    unlabelled : int
        As in ``truth_of_masks``.
    workers : int
        Threads that read headers.

    Raises
    ------
    ValueError
        If there is no truth for any patch, a patch is faulty, or patches are not of one size.
    """
    if masks and labels:
        raise ValueError(f"patches have masks or labels, got both {masks} and {labels}; leave one out")
    index = index_archive(folder, workers=workers).sound()
    files = index.table["file"].to_pylist()
    if (index.table["at"].to_numpy() >= 0).any():
        raise ValueError(f"a labelled patch is a file, but {folder} holds Zarr stores of many; write them as GeoTIFFs")
    if masks:
        truth = truth_of_masks(files, Path(masks), unlabelled=unlabelled)
    elif labels:
        truth = truth_of_table(files, Path(labels), column=column, task=task)
    else:
        truth = truth_of_folders(files, Path(folder))
    at = {file: row for row, file in enumerate(files)}
    rows = np.array([at[file] for file in truth.files], np.intp)
    sides = np.stack([index.table[name].to_numpy()[rows] for name in ("height", "width")], axis=1)
    if (unlike := (sides != sides[0]).any(axis=1)).any():
        k = int(unlike.argmax())
        (height, width), (others, wide) = sides[k], sides[0]
        raise ValueError(
            f"labelled patches are of one size, but {truth.files[k]} has {height} × {width} pixels and "
            f"{truth.files[0]} has {others} × {wide}; cut them alike"
        )
    return PatchSet(index, rows, truth)

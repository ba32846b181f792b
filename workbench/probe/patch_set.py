"""Labelled patches of a folder: which there are, what is known of each, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.labels import (
    PatchSplit,
    PatchTruth,
    has_labels_beside,
    places_of,
    split_of_files,
    truth_beside,
    truth_of_folders,
    truth_of_masks,
    truth_of_masks_present,
    truth_of_table,
    truth_of_zones,
)
from workbench.labels.patch_truth import SEVERAL
from workbench.patches import ArchiveIndex, Numbers, index_archive
from workbench.patches.archive_reading import PatchReader
from workbench.pretrain.archive_card import known
from workbench.pretrain.archives import Archive

ZONED = "so2sat"
"""The layout whose files hold patches, labels and split."""


@dataclass(frozen=True)
class PatchSet:
    """Patches and what is known of them."""

    index: ArchiveIndex
    """Of all patches in the folder."""

    rows: NDArray[np.intp]
    """In the index, of those with a truth, in the order of ``truth.files``."""

    truth: PatchTruth
    """Of them."""

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

    @property
    def published(self) -> PatchSplit | None:
        """The split that the files themselves are."""
        return split_of_files(self.truth) if self.index.layout.name == ZONED else None

    @cached_property
    def place(self) -> NDArray[np.intp]:
        """A number a place, as ``places_of`` counts them."""
        locations = self.index.table["location"].to_pylist()
        bands = [self.index.product.band_files(file) for file in self.truth.files]
        rasters = [of_one[0] if of_one else file for of_one, file in zip(bands, self.truth.files, strict=True)]
        return places_of(self.index.root, rasters, [locations[row] for row in self.rows])


def open_patches(
    folder: str | Path,
    *,
    masks: str | Path | None = None,
    labels: str | Path | None = None,
    column: str | None = None,
    task: str | None = None,
    unlabelled: int = 0,
    nomenclature: int | None = None,
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
        Table or JSON of labels. Without either, labels are those in the patches' folders (BigEarthNet v1) or file
        (So2Sat), or the folder that a patch lies in is its class.
    column, task : str, optional
        As in ``truth_of_table``; with masks, the task ``several`` gives a patch every class in its mask.
    unlabelled : int
        As in ``truth_of_masks``.
    nomenclature : int, optional
        Of CORINE's classes, 43, or the 19 that BigEarthNet makes of them (its default); masks hold CORINE's codes then.
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
    files, numbers = index.table["file"].to_pylist(), index.table["at"].to_pylist()
    zones = index.layout.name == ZONED and not (masks or labels)
    if max(numbers) >= 0 and not zones:
        raise ValueError(f"a labelled patch is a file, but {folder} holds files of many; write them as GeoTIFFs")
    if zones:
        truth = truth_of_zones(files, numbers, Path(folder))
        files = truth.files
    elif masks and task == SEVERAL:
        truth = truth_of_masks_present(files, Path(masks), unlabelled=unlabelled, n=nomenclature)
    elif masks:
        truth = truth_of_masks(files, Path(masks), unlabelled=unlabelled)
    elif labels:
        truth = truth_of_table(files, Path(labels), column=column, task=task)
    elif has_labels_beside(files, Path(folder)):
        truth = truth_beside(files, Path(folder), nomenclature or 19)
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

"""Labelled patches as batches: images as an encoder takes them, beside their targets.

Bands are matched by wavelength, as those of a scene. A pixel without data in any band counts as each band's mean, and
has no class. Patches stay in memory where they fit, else they are read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from workbench.labels import (
    PatchTruth,
    has_labels_beside,
    places_of,
    truth_beside,
    truth_of_folders,
    truth_of_masks,
    truth_of_masks_present,
    truth_of_table,
)
from workbench.labels.patch_truth import SEGMENTATION, SEVERAL, UNLABELLED
from workbench.patches import ArchiveIndex, Numbers, index_archive
from workbench.patches.archive_reading import PatchReader
from workbench.pretrain import Encoder, matching_bands
from workbench.pretrain.archive_card import known

IN_MEMORY = 2 << 30
"""Bytes of images that are kept."""


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
    def side(self) -> tuple[int, int]:
        """Height and width of every patch [pixels]."""
        return tuple(int(self.index.table[name][int(self.rows[0])].as_py()) for name in ("height", "width"))

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
        Table or JSON of labels. Without either, labels are those in the patches' folders (BigEarthNet v1), or the
        folder that a patch lies in is its class.
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
    files = index.table["file"].to_pylist()
    if (index.table["at"].to_numpy() >= 0).any():
        raise ValueError(f"a labelled patch is a file, but {folder} holds Zarr stores of many; write them as GeoTIFFs")
    if masks and task == SEVERAL:
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


class Images:
    """The patches of a set as an encoder takes them, and their targets.

    Parameters
    ----------
    patches : PatchSet
        Where they are.
    encoder : Encoder
        Whose bands are taken.

    Raises
    ------
    ValueError
        If the patches lack a band of the encoder, or hold another quantity.
    """

    def __init__(self, patches: PatchSet, encoder: Encoder) -> None:
        self.patches = patches
        card, numbers = known(patches.index)
        attrs = {"quantity": card.quantity, "units": card.units}
        coords = {"wavelength": ("band", np.array(card.wavelength))}
        header = xr.DataArray(
            np.empty((len(card.wavelength), 0, 0)), dims=("band", "y", "x"), coords=coords, attrs=attrs
        )
        chosen = numbers.bands[matching_bands(encoder, header)]
        self._reader = PatchReader(patches.index, Numbers(numbers.scaling, chosen, numbers.nodata))
        self._kept: dict[int, tuple[Tensor, Tensor]] = {}
        self._keeps = len(patches) * len(chosen) * np.prod(patches.side) * 4 <= IN_MEMORY

    def read(self, some: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Images (n, n_bands, height, width) in units of a scene, NaN where there is no data, and targets.

        Targets are (n, height, width) or (n,) int, −1 where unlabelled, (n, K) float of 0 and 1, or (n,) float.
        """
        pairs = [self._one(int(i)) for i in some]
        images, targets = zip(*pairs, strict=True)
        return torch.stack(images), torch.stack(targets)

    def _one(self, i: int) -> tuple[Tensor, Tensor]:
        if i in self._kept:
            return self._kept[i]
        patches, truth = self.patches, self.patches.truth
        with self._reader.opened(int(patches.rows[i])) as patch:
            image = patch.read(0, 0, *patches.side)
        if truth.task == SEGMENTATION:
            mask = truth.mask(i)
            if mask.shape != patches.side:
                raise ValueError(
                    f"a mask has a patch's pixels, but {truth.masks[i]} has {mask.shape[0]} × {mask.shape[1]} and "
                    f"{truth.files[i]} {patches.side[0]} × {patches.side[1]}; cut them alike"
                )
            target = torch.from_numpy(np.where(np.isfinite(image).all(axis=0), mask, UNLABELLED))
        else:
            value = truth.values[i]
            target = torch.as_tensor(value, dtype=torch.int64 if value.dtype.kind == "i" else torch.float32)
        pair = torch.from_numpy(image), target
        if self._keeps:
            self._kept[i] = pair
        return pair

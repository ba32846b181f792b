"""Labelled patches as batches: images as an encoder takes them, beside their targets.

Bands are matched by wavelength, as those of a scene. A pixel without data in any band counts as each band's mean, and
has no class. Patches stay in memory where they fit, else they are read again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from workbench.labels.patch_truth import SEGMENTATION, UNLABELLED
from workbench.patches import Numbers
from workbench.patches.archive_reading import PatchReader
from workbench.pretrain import Encoder, matching_bands
from workbench.pretrain.archive_card import known
from workbench.probe.patch_set import PatchSet

IN_MEMORY = 2 << 30
"""Bytes of images that are kept."""


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

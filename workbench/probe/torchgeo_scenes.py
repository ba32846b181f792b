"""Scenes of L7 Irish and L8 Biome through torchgeo, as patches in a grid: what the top of the atmosphere reflects.

Each scene is a data set of torchgeo's of its own, in its own projection, so no pixel is resampled. Patches without a
labelled pixel are left out; what the numbers mean, ``cloud_scenes`` knows.

References
----------
Scaramuzza, Bouchard, Dwyer (2012). *Development of the Landsat Data Continuity Mission Cloud-Cover Assessment
Algorithms.* IEEE Transactions on Geoscience and Remote Sensing 50. doi:10.1109/TGRS.2011.2164087

Foga et al. (2017). *Cloud detection algorithm comparison and validation for operational Landsat data products.* Remote
Sensing of Environment 194. doi:10.1016/j.rse.2017.03.026
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import rasterio
import torch

from workbench.probe.cloud_scenes import CLOUD_SETS

SIDE = 224
"""Of a patch, unless told [pixels]."""


class Scenes(Sequence):
    """Patches of all scenes in a folder and below, one scene after another, as torchgeo reads them.

    Parameters
    ----------
    kind : type
        torchgeo's ``L8Biome`` or ``L7Irish``.
    root : Path
        Folder of the scenes.
    size : int
        Side of a patch [pixels].

    Attributes
    ----------
    place : ndarray of shape (n,), int
        Which scene each patch is of.
    classes : tuple of str
        torchgeo's names; the first is no class.

    Raises
    ------
    FileNotFoundError
        If there is no scene, or one lacks its mask or its metadata.
    """

    def __init__(self, kind: type, root: Path, size: int = SIDE) -> None:
        self.size, self.scenes, self.scalings, self._corners = size, [], [], []
        self.set = CLOUD_SETS[kind.__name__]
        for number, scene in enumerate(self.set.scenes(root)):
            self.scalings.append(self.set.scaling_of(scene))
            with rasterio.open(scene.image) as file:
                crs, res, shape = file.crs, file.res, file.shape
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # that an image is no mask, and a mask no image
                self.scenes.append(kind([str(scene.image), str(scene.mask)], crs=crs, res=res))
            self._corners += [(number, *corner) for corner in self._with_labels(number, shape)]
        if not self._corners:
            raise FileNotFoundError(f"no scene in {root} has a labelled square of {size} pixels")
        self.place = np.array([number for number, *_ in self._corners])
        self.classes = self.scenes[0].mask.classes

    def __len__(self) -> int:
        """How many patches there are."""
        return len(self._corners)

    def __getitem__(self, i: int) -> dict[str, torch.Tensor]:
        """``image`` in the units of a scene, NaN where the scene has no data, and ``mask``."""
        number, row, column = self._corners[i]
        sample = self.scenes[number][self._query(number, row, column, self.size)]
        stored = sample["image"].numpy()
        lacks = (stored[: self.set.reflective] == 0).any(axis=0)
        image = np.where(lacks, np.nan, self.scalings[number](stored)).astype("float32")
        return {"image": torch.from_numpy(image), "mask": sample["mask"]}

    def _query(self, number: int, row: int, column: int, width: int) -> tuple[slice, slice]:
        """What torchgeo calls a window whose first pixel is at `row` and `column`."""
        x, y, _ = self.scenes[number].bounds
        across, down = self.scenes[number].res
        left, top = x.start + column * across, y.stop - row * down
        return slice(left, left + width * across), slice(top - self.size * down, top)

    def _with_labels(self, number: int, shape: tuple[int, int]) -> list[tuple[int, int]]:
        """First pixels of a scene's patches that have a labelled one; its mask is read a row of patches at a time."""
        found = []
        across = range(0, shape[1] - shape[1] % self.size + 1, self.size)
        for row in range(0, shape[0] - self.size + 1, self.size):
            strip = self.scenes[number].mask[self._query(number, row, 0, across[-1])]["mask"] if len(across) > 1 else ()
            found += [(row, left) for left, right in pairwise(across) if (strip[:, left:right] > 0).any()]
        return found

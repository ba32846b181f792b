"""L8 Biome's scenes through torchgeo, as patches in a grid: reflectance and temperature at the top of the atmosphere.

Each scene is a data set of torchgeo's of its own, in its own projection, so no pixel is resampled. Its level-1 numbers
become reflectance by the scene's ``_MTL.txt``, ``(MULT × number + ADD) / sin(sun elevation)``, and in bands 10 and 11
temperature [K], ``K2 / ln(K1 / radiance + 1)``. Patches without a labelled pixel are left out.

References
----------
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
from numpy.typing import NDArray

from workbench.cubes.landsat_mtl import Metadata, read_any_metadata

SIDE = 224
"""Of a patch, unless told [pixels]."""

REFLECTIVE, THERMAL = range(1, 10), (10, 11)
"""Numbers of Landsat 8's bands."""


class Scenes(Sequence):
    """Patches of all scenes in a folder and below, one scene after another, as torchgeo reads them.

    Parameters
    ----------
    kind : type
        torchgeo's ``L8Biome``.
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
        images = sorted(path for path in root.rglob("LC8*.TIF") if not path.stem.endswith(("_fixedmask", "_BQA")))
        if not images:
            raise FileNotFoundError(f"there is no LC8*.TIF in {root}")
        for number, image in enumerate(images):
            mask, told = (image.with_name(f"{image.stem}{end}") for end in ("_fixedmask.TIF", "_MTL.txt"))
            for path in (mask, told):
                if not path.is_file():
                    raise FileNotFoundError(f"a scene has its mask and metadata, but there is no {path}; copy it again")
            self.scalings.append(_scaling(read_any_metadata(told.name, told.read_bytes())))
            with rasterio.open(image) as file:
                crs, res, shape = file.crs, file.res, file.shape
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # that an image is no mask, and a mask no image
                self.scenes.append(kind([str(image), str(mask)], crs=crs, res=res))
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
        lacks = (stored[:7] == 0).any(axis=0)
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


def _scaling(metadata: Metadata) -> object:
    """From the numbers of a scene's eleven bands to reflectance [1] and temperature [K]."""
    rescaling, elevation = "RADIOMETRIC_RESCALING", metadata.number("IMAGE_ATTRIBUTES", "SUN_ELEVATION")

    def each(word: str, bands: Sequence[int], group: str = rescaling) -> NDArray:
        return np.array([metadata.number(group, f"{word}_BAND_{band}") for band in bands])[:, None, None]

    sun = np.sin(np.radians(elevation))
    mult, add = each("REFLECTANCE_MULT", REFLECTIVE) / sun, each("REFLECTANCE_ADD", REFLECTIVE) / sun
    gain, offset = each("RADIANCE_MULT", THERMAL), each("RADIANCE_ADD", THERMAL)
    k1, k2 = (each(f"K{k}_CONSTANT", THERMAL, "TIRS_THERMAL_CONSTANTS") for k in (1, 2))

    def scaled(stored: NDArray) -> NDArray:
        light, heat = stored[:9] * mult + add, stored[9:] * gain + offset
        return np.concatenate([light, k2 / np.log(k1 / heat + 1)])

    return scaled

"""So2Sat LCZ42: HDF5 files of 32 × 32 patches of Sentinel-2, each with one of 17 local climate zones.

``training.h5``, ``validation.h5`` and ``testing.h5`` hold ``sen2`` (patch, y, x, band), reflectance of ten bands;
``sen1`` of eight; ``label`` (patch, 17), 1 where the class is. Only ``sen2`` is read here.
Zhu et al. (2020), *So2Sat LCZ42*, IEEE Geoscience and Remote Sensing Magazine 8. doi:10.1109/MGRS.2020.2964708
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.hdf5 import Hdf5
from workbench.cubes.shards import Part
from workbench.cubes.zarr_patches import ZarrPatches

BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
"""Of ``sen2``, in its order."""

ZONES = (
    *("Compact high rise", "Compact mid rise", "Compact low rise", "Open high rise", "Open mid rise", "Open low rise"),
    *("Lightweight low rise", "Large low rise", "Sparsely built", "Heavy industry", "Dense trees", "Scattered trees"),
    *("Bush, scrub", "Low plants", "Bare rock or paved", "Bare soil or sand", "Water"),
)
"""Local climate zones 1 to 10 and A to G."""

_AT_ONCE = 4096


class So2SatPatches:
    """One file, opened; several threads may read from it. As :class:`ZarrPatches`, of one date.

    Attributes
    ----------
    shape : tuple of int
        Patches, 1, bands, height, width.
    dtype : numpy.dtype
        Of the numbers as stored.
    samples : list of str
        Names of the patches.

    Raises
    ------
    CubeError
        If it is no such file, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        file = Hdf5(path)
        self.sen2, self.label = file.array("sen2", ndim=4), file.array("label", ndim=2)
        n, height, width, bands = self.sen2.shape
        if self.label.shape != (n, len(ZONES)):
            raise CubeError(
                f"label has a row of {len(ZONES)} for each of the {n} patches, but in {path.name} it is "
                f"{self.label.shape}; copy it again"
            )
        self.shape, self.dtype = (n, 1, bands, height, width), np.dtype(self.sen2.dtype)
        self.samples = [f"{path.stem}/{k:06d}" for k in range(n)]

    def times(self) -> NDArray[np.str_]:
        """Not told: empty, shape (patches, 1)."""
        return np.full((self.shape[0], 1), "")

    def read(self, sample: int, time: int) -> NDArray:
        """Numbers as stored, shape (bands, height, width)."""
        every = slice(None)
        return np.moveaxis(self.sen2[int(sample), every, every, every], -1, 0)

    def zones(self) -> NDArray[np.int64]:
        """Numbers in ``ZONES`` of all patches.

        Raises
        ------
        CubeError
            If a patch has none, or several.
        """
        found = []
        for start in range(0, self.shape[0], _AT_ONCE):
            rows = self.label[start : start + _AT_ONCE, :] > 0
            if (wrong := rows.sum(axis=1) != 1).any():
                raise CubeError(
                    f"a patch has one local climate zone, but patch {start + int(wrong.argmax())} of {self.path.name} "
                    f"has {int(rows[wrong.argmax()].sum())}; copy it again"
                )
            found.append(rows.argmax(axis=1))
        return np.concatenate(found) if found else np.zeros(0, "int64")


def open_store(path: Path, part: Part | None = None) -> ZarrPatches | So2SatPatches:
    """A file that holds many patches."""
    return So2SatPatches(path) if path.suffix == ".h5" else ZarrPatches(path, part)

"""PRISMA's two detectors as one list of bands: wavelengths, what the numbers mean, and where both saw nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.hdf5 import Hdf5
from workbench.cubes.hdf5_array import Array
from workbench.cubes.scaling import Scaling

DETECTORS = ("Vnir", "Swir")
_TENTH = 0.1  # of W m⁻² sr⁻¹ µm⁻¹, in µW cm⁻² nm⁻¹ sr⁻¹


def listed(file: Hdf5, name: str, arrays: Sequence[Array]) -> NDArray[np.float64]:
    """One number a band, detector after detector, from the root's attributes ``<name>_Vnir`` and ``<name>_Swir``."""
    names = [f"{name}_{detector}" for detector in DETECTORS]
    return np.concatenate(
        [file.numbers(file.attribute(n), repr(n), array.shape[1]) for n, array in zip(names, arrays, strict=True)]
    )


def by_wavelength(centres: NDArray[np.float64], n_vnir: int, path: Path) -> tuple[NDArray[np.intp], str]:
    """Bands in use by increasing wavelength, VNIR's of two at the same; and a sentence about the overlap."""
    order = np.argsort(centres, kind="stable")
    order = order[centres[order] > 0]
    if not len(order):
        raise CubeError(f"a scene has a band with a wavelength, but {path.name} has none; copy it again")
    order = order[np.diff(centres[order], prepend=0) > 0]
    vnir, swir = centres[order[order < n_vnir]], centres[order[order >= n_vnir]]
    if not (len(vnir) and len(swir)) or vnir.max() < swir.min():
        return order, ""
    return order, f"detectors overlap at {swir.min():.0f}–{vnir.max():.0f} nm; bands were sorted by wavelength"


def scaling(file: Hdf5, level: str, order: NDArray[np.intp], n_vnir: int) -> Scaling:
    """What the numbers of the bands in that order mean."""
    quantity, unit = ("reflectance", 1.0) if level in ("L2C", "L2D") else ("radiance", _TENTH)
    gains, offsets = [], []
    for detector in DETECTORS:
        names = (
            (f"ScaleFactor_{detector}", f"Offset_{detector}")
            if level == "L1"
            else (f"L2Scale{detector}Max", f"L2Scale{detector}Min")
        )
        high, low = (stated(file, name) for name in names)
        if high == (0 if level == "L1" else low):
            raise CubeError(f"{names[0]!r} sets a scale, got {high:g} in {file.path.name}; copy it again")
        gain, offset = (1 / high, -low) if level == "L1" else ((high - low) / 65535, low)
        gains.append(gain * unit)
        offsets.append(offset * unit)
    detector_of = (order >= n_vnir).astype(int)
    how = "number / factor − offset" if level == "L1" else "min + number · (max − min) / 65535"
    return Scaling(
        quantity,
        f"{how}, as the file's attributes state",
        *(tuple(which[i] for i in detector_of) for which in (gains, offsets)),
    )


def stated(file: Hdf5, name: str) -> float:
    """A number among the root's attributes."""
    value = file.attribute(name)
    if value is None:
        raise CubeError(f"a PRISMA scene states {name!r}, but {file.path.name} does not; copy it again")
    return float(file.numbers(np.atleast_1d(value), repr(name), 1)[0])


@dataclass(frozen=True, eq=False)
class Empty:
    """Where nothing was seen: 0 in some probed bands of each detector."""

    arrays: tuple[Array, ...]
    """Of dims (row, band, column)."""

    used: tuple[NDArray[np.intp], ...]
    """Bands of each with a wavelength."""

    def __getitem__(self, key: tuple) -> NDArray[np.bool_]:
        """One band for all."""
        seen = []
        for array, used in zip(self.arrays, self.used, strict=True):
            probes = used[[len(used) // 3, 2 * len(used) // 3]] if len(used) else used
            seen.append(array[key[0], probes, key[2]].any(axis=1, keepdims=True))
        return ~np.logical_or.reduce(seen)

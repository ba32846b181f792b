"""What one file says that stands for many of its kind: bands, wavelengths, and what the stored numbers mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS, CubeError, good_bands
from workbench.cubes.opening import format_of, open_cube
from workbench.cubes.raster import Raster
from workbench.cubes.scaling import Scaling
from workbench.cubes.stored import Stored, stored_of


@dataclass(frozen=True)
class Kind:
    """What files of a kind have in common."""

    scaling: Scaling
    """Of the stored numbers; gains and offsets one a band are in the file's order."""

    bands: NDArray[np.intp]
    """The good bands, by their numbers in the file from 0, in the cube's order."""

    wavelength: NDArray[np.floating]
    """Their centres [nm]; NaN where unknown."""

    nodata: float | None
    """The stored number that means no data."""

    sensor: str
    """For people."""

    units: str
    """Of the cube's values."""


def kind_of(path: Path) -> Kind:
    """What a raster's header says, as :func:`workbench.cubes.open_cube` understands it, and which bands hold data.

    Raises
    ------
    CubeError
        If it is no cube, or of a format that is more than stored numbers and their scaling.
    """
    stored = stored_of(format_of(path).load().read(path))
    if not (isinstance(stored, Stored) and isinstance(stored.source, Raster) and stored.layout == DIMS):
        raise CubeError(f"patches are plain rasters, but {path.name} is more than that; convert it to GeoTIFF first")
    cube = open_cube(path)
    good = good_bands(cube)
    order = np.arange(stored.shape[0]) if stored.order is None else np.asarray(stored.order)
    return Kind(
        replace(stored.scaling, quantity=str(cube.attrs["quantity"])),  # a file of our own says so itself
        order[good],
        np.asarray(cube["wavelength"].values, dtype="float64")[good],
        stored.nodata,
        str(cube.attrs.get("sensor", "")),
        str(cube.attrs.get("units", "")),
    )

"""What a raster file says of itself, read from its header: for formats that are told by words, not by their form."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from workbench.cubes.drivers import driver_of
from workbench.cubes.remote import alone


@dataclass(frozen=True, slots=True)
class Words:
    """A header in words."""

    n_bands: int
    """Bands of the file."""

    dtype: str
    """Of its first band."""

    descriptions: tuple[str, ...]
    """Of its bands, empty where it has none."""

    units: tuple[str, ...]
    """Of its bands, empty where it has none."""

    wavelengths: bool
    """Whether a band says which wavelength it is."""

    text: str
    """Its name, its folder's name, its tags and descriptions."""


def told(path: Path) -> Words | None:
    """The words of a file, or None if GDAL cannot open it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with alone(path), rasterio.open(path, driver=driver_of(path)) as raster:
                tags = raster.tags()
                descriptions = tuple(name or "" for name in raster.descriptions)
                first = {key.lower() for key in raster.tags(1)} | {key.lower() for key in raster.tags(1, ns="IMAGERY")}
                return Words(
                    raster.count,
                    raster.dtypes[0],
                    descriptions,
                    tuple(unit or "" for unit in raster.units),
                    bool(first & {"wavelength", "central_wavelength_um"}),
                    " ".join([path.stem, path.parent.name, *(f"{k} {v}" for k, v in tags.items()), *descriptions]),
                )
    except (RasterioError, OSError, ValueError):
        return None

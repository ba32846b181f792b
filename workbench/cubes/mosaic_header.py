"""What rasters must have in common to be tiles of one mosaic or dates of one series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rasterio.io import DatasetReader


@dataclass(frozen=True, slots=True)
class Header:
    """What tiles must have in common."""

    crs: object
    """Where they lie."""

    pixel: tuple[float, float, float, float]
    """The transform but for its corner."""

    n_bands: int
    """Bands of each."""

    scale: tuple[tuple[float, ...], tuple[float, ...]]
    """Scales and offsets of the bands."""

    wavelength: tuple[str, ...]
    """What is said of the bands: wavelengths, then descriptions."""

    @classmethod
    def of(cls, source: DatasetReader) -> Header:
        """Of an open file."""
        t = source.transform
        told = tuple(
            source.tags(i).get("wavelength", "") or source.tags(i, ns="IMAGERY").get("CENTRAL_WAVELENGTH_UM", "")
            for i in source.indexes
        )
        named = tuple(name or "" for name in source.descriptions)
        return cls(source.crs, (t.a, t.b, t.d, t.e), source.count, (source.scales, source.offsets), told + named)

    def differs(self, other: Header) -> str:
        """What is not the same, in words; nothing if all is."""
        if self.crs != other.crs:
            return f"CRS {_short(other.crs)} where the first has {_short(self.crs)}"
        if not np.allclose(self.pixel, other.pixel, rtol=1e-6, atol=0):
            return f"pixels of {_size(other.pixel)} where the first has {_size(self.pixel)}"
        if self.n_bands != other.n_bands:
            return f"{other.n_bands} bands where the first has {self.n_bands}"
        if self.wavelength != other.wavelength:
            return "other wavelengths or band names than the first"
        return "" if self.scale == other.scale else "another scale or offset than the first"


def _short(crs: object) -> str:
    """A CRS in a sentence."""
    return str(crs)[:60] if crs else "none"


def _size(pixel: tuple[float, ...]) -> str:
    """A pixel in a sentence."""
    return f"{np.hypot(pixel[0], pixel[2]):g} × {np.hypot(pixel[1], pixel[3]):g}"

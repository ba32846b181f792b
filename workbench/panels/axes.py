"""What spectra are drawn over: wavelength with gaps, or band numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import good_bands, has_wavelengths

GAP = 4.0
"""Neighbours further apart than this many usual steps have bands missing between them."""


@dataclass(frozen=True, slots=True)
class SpectralAxis:
    """The x axis of a cube's spectra."""

    x: NDArray[np.floating]
    """Positions of bands and of gaps: wavelength [nm], or band number from 1."""

    bands: NDArray[np.integer]
    """Band at each position; -1 for a gap."""

    titles: tuple[str, str]
    """What x and y are, with units."""

    @classmethod
    def of(cls, cube: xr.DataArray) -> SpectralAxis:
        """The axis of `cube`; bad bands and missing ranges are gaps."""
        bands = np.arange(cube.sizes["band"])
        known = has_wavelengths(cube) or bool(np.isfinite(cube["wavelength"].values.astype(float)).any())
        x = cube["wavelength"].values.astype(float) if known else bands + 1.0
        bands = np.where(good_bands(cube) & np.isfinite(x), bands, -1)
        order = np.argsort(x, kind="stable")
        x, bands = x[order], bands[order]
        steps = np.diff(x)
        jumps = np.flatnonzero(steps > GAP * np.nanmedian(steps)) if len(steps) else np.zeros(0, int)
        x = np.insert(x, jumps + 1, (x[jumps] + x[jumps + 1]) / 2 if len(jumps) else [])
        titles = "wavelength [nm]" if known else "band number", _value_title(cube)
        return cls(x, np.insert(bands, jumps + 1, -1), titles)

    @property
    def nothing(self) -> NDArray[np.floating]:
        """A spectrum of gaps."""
        return np.full(len(self.x), np.nan)

    def lay(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Values of all bands (n_bands,) along the axis; NaN in the gaps."""
        return np.where(self.bands < 0, np.nan, np.asarray(values, float)[self.bands])


def _value_title(cube: xr.DataArray) -> str:
    quantity, units = cube.attrs.get("quantity", "dn"), cube.attrs.get("units", "")
    names = {"dn": "digital number"}
    return f"{names.get(quantity, quantity)} [{units}]" if units else names.get(quantity, quantity)

"""What spectra are drawn over: wavelength with gaps, or band numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import SHAPES, good_bands, has_wavelengths

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

    bad: NDArray[np.floating]
    """From where to where bands are bad, shape (n, 2), each half-way to its neighbours."""

    @classmethod
    def of(cls, cube: xr.DataArray) -> SpectralAxis:
        """The axis of `cube`; bad bands and missing ranges are gaps."""
        bands = np.arange(cube.sizes["band"])
        known = has_wavelengths(cube) or bool(np.isfinite(cube["wavelength"].values.astype(float)).any())
        x = cube["wavelength"].values.astype(float) if known else bands + 1.0
        bands = np.where(good_bands(cube) & np.isfinite(x), bands, -1)
        order = np.argsort(x, kind="stable")
        x, bands = x[order], bands[order]
        bad = _stretches_of(x, bands < 0)
        steps = np.diff(x)
        jumps = np.flatnonzero(steps > GAP * np.nanmedian(steps)) if len(steps) else np.zeros(0, int)
        x = np.insert(x, jumps + 1, (x[jumps] + x[jumps + 1]) / 2 if len(jumps) else [])
        titles = "wavelength [nm]" if known else "band number", _value_title(cube)
        return cls(x, np.insert(bands, jumps + 1, -1), titles, bad)

    @property
    def nothing(self) -> NDArray[np.floating]:
        """A spectrum of gaps."""
        return np.full(len(self.x), np.nan)

    def title_of(self, shape: str) -> str:
        """What y is when spectra are drawn in one of ``SHAPES``, with units."""
        quantity, _, units = self.titles[1].partition(" [")
        units = units.removesuffix("]").removeprefix("1")
        slope = f"slope of {quantity} [{f'{units} ' if units else ''}nm⁻¹]"
        return dict(zip(SHAPES, (self.titles[1], f"{quantity} / continuum [1]", slope), strict=True))[shape]

    def lay(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Values of all bands (n_bands,) along the axis; NaN in the gaps."""
        return np.where(self.bands < 0, np.nan, np.asarray(values, float)[self.bands])


def _value_title(cube: xr.DataArray) -> str:
    quantity, units = cube.attrs.get("quantity", "dn"), cube.attrs.get("units", "")
    names = {"dn": "digital number"}
    return f"{names.get(quantity, quantity)} [{units}]" if units else names.get(quantity, quantity)


def _stretches_of(x: NDArray[np.floating], which: NDArray[np.bool_]) -> NDArray[np.floating]:
    """From where to where runs of positions reach, half-way to their neighbours, shape (n, 2)."""
    known = np.isfinite(x)
    x, which = x[known], which[known]
    if len(x) < 2:
        return np.zeros((0, 2))
    steps = np.diff(x)
    edges = np.r_[x[0] - steps[0] / 2, x[:-1] + steps / 2, x[-1] + steps[-1] / 2]
    turns = np.flatnonzero(np.diff(np.r_[False, which, False].astype("int8"))).reshape(-1, 2)
    return edges[turns]

"""What spectra are drawn over: wavelength with gaps, or band numbers; and the mean spectra of labelled pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import good_bands, has_wavelengths

GAP = 4.0
"""Neighbours further apart than this many usual steps have bands missing between them."""

MOST = 400
"""Labelled pixels a class whose spectra are read for its mean."""


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


def class_spectra(cube: xr.DataArray, labels: xr.DataArray) -> dict[int, tuple[NDArray, NDArray]]:
    """Mean and standard deviation of the labelled pixels' spectra.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K classes.

    Returns
    -------
    dict of (mean, sd)
        Each of shape (n_bands,), by class code, over at most 400 pixels a class, evenly chosen; NaN does not count.
    """
    rows, columns = np.nonzero(labels.values)
    codes = labels.values[rows, columns]
    found = {}
    for code in np.unique(codes):
        which = np.flatnonzero(codes == code)
        which = which[np.linspace(0, len(which) - 1, min(len(which), MOST)).astype(int)]
        y, x = (xr.DataArray(part[which], dims="pixel") for part in (rows, columns))
        values = np.asarray(cube.isel(y=y, x=x).transpose("pixel", "band").values, dtype="float64")
        known = np.isfinite(values)
        n = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, values, 0).sum(axis=0) / n
        spread = np.sqrt(np.where(known, (values - mean) ** 2, 0).sum(axis=0) / n)
        seen = known.any(axis=0)
        found[int(code)] = np.where(seen, mean, np.nan), np.where(seen, spread, np.nan)
    return found


def _value_title(cube: xr.DataArray) -> str:
    quantity, units = cube.attrs.get("quantity", "dn"), cube.attrs.get("units", "")
    names = {"dn": "digital number"}
    return f"{names.get(quantity, quantity)} [{units}]" if units else names.get(quantity, quantity)

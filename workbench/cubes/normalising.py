"""Spectra made comparable: freed of brightness pixel by pixel, or of each band's own scale over the scene."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError, good_bands
from workbench.cubes.derived import Block, by_strips, by_wavelength, derived, strips


def unit_length(cube: xr.DataArray) -> xr.DataArray:
    """Spectra divided by their length, so that the angle between two is all that is left of their difference.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; bad bands take no part.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        Quantity ``dn``, units 1, lazy if `cube` is; NaN at bad bands, in pixels where a good band is NaN, and where the
        length is 0.
    """
    return _divided(cube, _length, "divided by the spectrum's length", "1")


def unit_mean(cube: xr.DataArray) -> xr.DataArray:
    """Spectra divided by their mean over the good bands: brightness taken out, shape left (Wu, 2004).

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; bad bands take no part.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        As by :func:`unit_length`; NaN where the mean is not above 0.

    References
    ----------
    Wu (2004). *Normalized spectral mixture analysis for monitoring urban composition using ETM+ imagery.*
    Remote Sensing of Environment 93. doi:10.1016/j.rse.2004.09.003
    """
    return _divided(cube, _mean, "divided by the spectrum's mean", "1")


def unit_area(cube: xr.DataArray) -> xr.DataArray:
    """Spectra divided by the area under them, by trapezia over the wavelengths of the good bands.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        With wavelengths.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        As by :func:`unit_length`, in nm⁻¹; NaN where the area is not above 0.
    """
    _, wavelength = by_wavelength(cube, "an area")
    if len(wavelength) < 2:
        raise CubeError("an area needs two good bands, got one; correct 'good'")
    return _divided(cube, partial(_area, wavelength=wavelength), "divided by the spectrum's area", "nm⁻¹")


def z_scores(cube: xr.DataArray) -> xr.DataArray:
    """Each band shifted and scaled to mean 0 and standard deviation 1 over the scene.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; of a lazy one every value is read once, strip by strip, to learn the means.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        Quantity ``dn``, units 1, lazy if `cube` is; NaN where `cube` is, and in a band that does not vary.
    """
    count, mean, squares = (np.zeros(cube.sizes["band"]) for _ in range(3))
    for block in strips(cube):
        flat = block.reshape(len(block), -1).astype(float)
        there = np.isfinite(flat)
        n = there.sum(axis=1)
        here = np.sum(flat, axis=1, where=there) / np.maximum(n, 1)
        total = count + n
        # Chan, Golub & LeVeque (1983): parts are joined without the cancellation of a sum of squares.
        squares += np.sum((flat - here[:, None]) ** 2, axis=1, where=there)
        squares += (here - mean) ** 2 * count * n / np.maximum(total, 1)
        mean += (here - mean) * n / np.maximum(total, 1)
        count = total
    deviation = np.sqrt(squares / np.maximum(count, 1))
    deviation[deviation <= 1e-7 * np.abs(mean)] = np.nan  # float32 has no more digits
    values = by_strips(cube, partial(_standardised, mean=mean, deviation=deviation), cube.sizes["band"])
    return derived(cube, values, "each band to mean 0 and deviation 1 over the scene", quantity="dn", units="1")


def _divided(cube: xr.DataArray, size: Callable[[Block], NDArray], step: str, units: str) -> xr.DataArray:
    good, n_bands = np.flatnonzero(good_bands(cube)), cube.sizes["band"]
    values = by_strips(cube, partial(_divide, size=size, good=good, n_bands=n_bands), n_bands, good)
    return derived(cube, values, step, quantity="dn", units=units)


def _divide(block: Block, size: Callable[[Block], NDArray], good: NDArray[np.intp], n_bands: int) -> Block:
    sizes = size(block)
    sizes = np.where(sizes > 0, sizes, np.nan)
    result = np.full((n_bands, *block.shape[1:]), np.nan, "float32")
    result[good] = block / sizes
    return result


def _length(block: Block) -> NDArray[np.float64]:
    return np.sqrt(np.einsum("byx,byx->yx", block, block, dtype="float64"))


def _mean(block: Block) -> NDArray[np.float64]:
    return block.mean(axis=0, dtype=float)


def _area(block: Block, wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.tensordot(np.r_[np.diff(wavelength), 0] / 2 + np.r_[0, np.diff(wavelength)] / 2, block, 1)


def _standardised(block: Block, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> Block:
    return ((block - mean[:, None, None]) / deviation[:, None, None]).astype("float32")

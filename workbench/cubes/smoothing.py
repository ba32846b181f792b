"""Spectra smoothed and derived along the wavelength, on bands as uneven as sensors have them.

Every filter here is a matrix of weights, worked out once from the wavelengths: a polynomial fitted to the nearest bands
(Savitzky & Golay on uneven places), its derivatives in 1/nm, or a Gaussian of a width in nm that counts a band by the
stretch of wavelength it stands for. Bad bands take no part and come out as NaN, and no fit reaches across a gap such as
the water vapour windows: what lies beyond is another stretch.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from workbench.cubes.derived import by_strips, by_wavelength, derived, weighted

GAP = 3.5
"""How many times the usual spacing around it a step must be to count as a gap."""


def savitzky_golay(cube: xr.DataArray, window: int = 9, degree: int = 2) -> xr.DataArray:
    """Spectra smoothed by a polynomial fitted around each band.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        With wavelengths.
    window : int
        Bands in a fit, odd; at the ends of a stretch the last whole window is used.
    degree : int
        Of the polynomial, below `window`. A stretch of fewer bands is fitted with what it has.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        Same quantity, lazy if `cube` is; NaN at bad bands and where a band of the window is NaN.

    References
    ----------
    Savitzky, Golay (1964). *Smoothing and differentiation of data by simplified least squares procedures.*
    Analytical Chemistry 36. doi:10.1021/ac60214a047
    """
    _check_window(window, degree)
    good, wavelength = by_wavelength(cube, "smoothing")
    weights = polynomial_weights(wavelength, window, degree, 0)
    return _filtered(cube, good, weights, f"smoothed by polynomials of degree {degree} over {window} bands")


def gaussian_smooth(cube: xr.DataArray, fwhm: float) -> xr.DataArray:
    """Spectra smoothed by a Gaussian of one width in nm.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        With wavelengths.
    fwhm : float
        Full width at half maximum [nm].

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        Same quantity, lazy if `cube` is; NaN at bad bands and where a band within twice `fwhm` is NaN.
    """
    if not (np.isfinite(fwhm) and fwhm > 0):
        raise ValueError(f"a Gaussian has a width above 0 nm, got {fwhm}; pass fwhm= in nm")
    good, wavelength = by_wavelength(cube, "smoothing")
    weights = np.zeros((len(wavelength), len(wavelength)))
    for part in stretches(wavelength):
        centres = wavelength[part]
        steps = np.gradient(centres) if len(centres) > 1 else np.ones(1)
        distance = (centres - centres[:, None]) / fwhm
        weights[part, part] = np.where(np.abs(distance) <= 2, np.exp(-4 * np.log(2) * distance**2), 0) * steps
    weights /= weights.sum(axis=1, keepdims=True)
    return _filtered(cube, good, weights, f"smoothed by a Gaussian of {fwhm:g} nm")


def derivative(cube: xr.DataArray, order: int = 1, *, window: int = 3, degree: int = 2) -> xr.DataArray:
    """Slope or curvature of spectra by wavelength.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        With wavelengths.
    order : int
        1 or 2.
    window, degree : int
        The polynomial whose derivative is taken: by default the parabola through a band and its two neighbours, which
        is the central difference. A wider window lets less noise through.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        Quantity ``dn`` in units of `cube` per nm or nm²; NaN as by :func:`savitzky_golay`, and in a stretch of too few
        bands.
    """
    if order not in (1, 2):
        raise ValueError(f"a derivative is of order 1 or 2, got {order}; pass order=1 or order=2")
    _check_window(window, degree)
    if degree < order:
        raise ValueError(
            f"derivative {order} needs a polynomial of degree {order} or more, got {degree}; raise degree="
        )
    good, wavelength = by_wavelength(cube, "a derivative")
    weights = polynomial_weights(wavelength, window, degree, order)
    units = " ".join(filter(None, (cube.attrs.get("units", "").removeprefix("1"), "nm⁻¹" if order == 1 else "nm⁻²")))
    step = f"derivative {order} by wavelength over {window} bands"
    return _filtered(cube, good, weights, step, quantity="dn", units=units)


def polynomial_weights(wavelength: NDArray[np.float64], window: int, degree: int, order: int) -> NDArray[np.float64]:
    """Weights that give a fitted polynomial's value or derivative at each band, shape (n_bands, n_bands).

    A row is zero where its stretch has too few bands for the derivative.
    """
    weights = np.zeros((len(wavelength), len(wavelength)))
    for part in stretches(wavelength):
        centres = wavelength[part]
        n = min(window, len(centres))
        fitted = min(degree, n - 1)
        if fitted < order:
            continue
        for band, centre in enumerate(centres):
            first = int(np.clip(band - n // 2, 0, len(centres) - n))
            near = centres[first : first + n] - centre
            scale = np.abs(near).max() or 1.0
            powers = np.linalg.pinv(np.vander(near / scale, fitted + 1, increasing=True))
            weights[part.start + band, part.start + first : part.start + first + n] = powers[order] * (
                [1, 1, 2][order] / scale**order
            )
    return weights


def stretches(wavelength: NDArray[np.float64]) -> list[slice]:
    """Runs of bands without a gap.

    Examples
    --------
    >>> stretches(np.array([1320.0, 1330, 1341, 1352, 1450, 1460, 1470]))
    [slice(0, 4, None), slice(4, 7, None)]
    """
    steps = np.diff(wavelength)
    cuts = np.flatnonzero(steps > GAP * median_filter(steps, size=7, mode="nearest")) + 1
    return [slice(int(a), int(b)) for a, b in zip(np.r_[0, cuts], np.r_[cuts, len(wavelength)], strict=True)]


def _filtered(
    cube: xr.DataArray, good: NDArray[np.intp], weights: NDArray[np.float64], step: str, **attrs: str
) -> xr.DataArray:
    """The cube with every good band replaced by its weighted sum."""
    whole = np.zeros((cube.sizes["band"], len(good)), "float32")
    whole[good] = weights
    return derived(cube, by_strips(cube, partial(weighted, weights=whole), len(whole), good), step, **attrs)


def _check_window(window: int, degree: int) -> None:
    if window < 1 or window % 2 == 0 or not 0 <= degree < window:
        raise ValueError(
            f"a window has an odd number of bands above the degree, got {window} and {degree}; change them"
        )

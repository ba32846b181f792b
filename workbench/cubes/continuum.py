"""Absorption bands freed of the spectrum's overall shape: each spectrum divided by its upper convex hull.

The hull of a spectrum is a chain of falling slopes. Antitonic regression of the slopes between neighbouring bands,
weighted by their distances, turns them into the hull's, and SciPy does it in linear time. Many spectra go through one
call: each starts far below the end of the one before, so none is joined to another.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from workbench.cubes.derived import Block, by_strips, by_wavelength, derived

_SPECTRA = 256
"""Spectra in one call."""


def remove_continuum(cube: xr.DataArray) -> xr.DataArray:
    """Spectra divided by their upper convex hull: 1 on the hull, less where something absorbs.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        With wavelengths.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        Quantity ``dn``, units 1, lazy if `cube` is; NaN at bad bands, in pixels where a good band is NaN, and where the
        hull is not above 0.

    References
    ----------
    Clark, Roush (1984). *Reflectance spectroscopy.* Journal of Geophysical Research 89. doi:10.1029/JB089iB07p06329

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> cube, _ = simulated_scene(16, 16)
    >>> bool(remove_continuum(cube).max() <= 1)
    True
    """
    good, wavelength = by_wavelength(cube, "continuum removal")
    function = partial(removed, wavelength=wavelength, good=good, n_bands=cube.sizes["band"])
    values = by_strips(cube, function, cube.sizes["band"], good)
    return derived(cube, values, "divided by the upper convex hull", quantity="dn", units="1")


def upper_hull(spectra: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper convex hull of each spectrum at its bands.

    Parameters
    ----------
    spectra : ndarray of shape (n, n_bands)
        Finite.
    wavelength : ndarray of shape (n_bands,)
        Increasing.

    Returns
    -------
    ndarray of shape (n, n_bands)
    """
    n, n_bands = spectra.shape
    if n_bands < 3 or not n:
        return spectra.copy()
    steps = np.diff(wavelength)
    slopes = np.diff(spectra, axis=1)
    slopes /= steps
    fall = 2 * (slopes.max() - slopes.min()) + 1e-9 * np.abs(slopes).max() + np.finfo(float).tiny
    below = fall * np.arange(n)[:, None]
    slopes -= below
    fit = isotonic_regression(slopes.ravel(), weights=np.tile(steps, n), increasing=False).x.reshape(n, -1)
    np.add(fit, below, out=slopes)
    slopes *= steps
    hull = np.empty(spectra.shape)
    hull[:, 0] = spectra[:, 0]
    np.cumsum(slopes, axis=1, out=hull[:, 1:])
    hull[:, 1:] += spectra[:, :1]
    return np.maximum(hull, spectra, out=hull)


def removed(block: Block, wavelength: NDArray[np.float64], good: NDArray[np.intp], n_bands: int) -> Block:
    """A strip's good bands to all bands (`n_bands`, n_rows, width), the continuum removed; NaN at the others."""
    flat = block.reshape(len(block), -1)
    result = np.full((n_bands, flat.shape[1]), np.nan, "float32")
    for start in range(0, flat.shape[1], _SPECTRA):
        here = slice(start, start + _SPECTRA)
        spectra = flat[:, here].T.astype(float)
        top = spectra.max(axis=1)
        there = np.isfinite(spectra.sum(axis=1)) & (top > 0)
        # All to the same height: a glint must not cost its neighbours' digits.
        spectra /= np.where(there, top, np.inf)[:, None]
        spectra[~there] = 0
        hull = upper_hull(spectra, wavelength)
        hull[~there] = np.nan
        if not hull.min() > 1e-9:
            hull[hull <= 1e-9] = np.nan
        result[good, here] = np.divide(spectra, hull, out=hull).T
    return result.reshape(n_bands, *block.shape[1:])

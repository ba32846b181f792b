"""Spectra as another sensor would have seen them.

A Gaussian response that has seen a spectrum through another Gaussian response is as wide as both together: their
variances add. To look as wide as the new band, a spectrum the cube's bands have already blurred is therefore blurred by
the difference of the two variances only, and not at all where the new band is the narrower one. Between band centres
the spectrum is taken as straight, so each weight is the integral of a Gaussian over two straight pieces. Onto its own
bands a cube comes back unchanged, a straight spectrum stays straight, and unequal spacing of the bands is accounted
for. Band-overlap weights (such as SPy's ``BandResampler``) approach the same where the new bands are much the wider
ones.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from workbench.cubes.contract import CubeError, check_wavelengths
from workbench.cubes.derived import by_strips, by_wavelength, derived, weighted
from workbench.cubes.sensor_bands import SENSORS

SUPPORT = 0.75
"""Least share of a new band's response that lies on good bands."""

_SIGMA = 1 / np.sqrt(8 * np.log(2))
_NEGLIGIBLE = 1e-5


def resample(
    cube: xr.DataArray, wavelength: ArrayLike, fwhm: ArrayLike, *, band_name: ArrayLike | None = None, sensor: str = ""
) -> xr.DataArray:
    """Spectra as a sensor with these bands would have seen them.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        With wavelengths; bad bands are left out. Without ``fwhm`` its bands count as wide as they are apart.
    wavelength : array-like of shape (n_new,)
        New band centres [nm], increasing.
    fwhm : float or array-like of shape (n_new,)
        Full widths at half maximum of their Gaussian responses [nm]. A band cannot become sharper than it was seen: one
        narrower than the cube's is interpolated.
    band_name : array-like of shape (n_new,), optional
        Names of the new bands.
    sensor : str
        The new sensor's name, for ``attrs``.

    Returns
    -------
    xarray.DataArray of shape (n_new, height, width)
        Same quantity, lazy if `cube` is; NaN where a contributing band is NaN. A new band with less than three quarters
        of its response on good bands is NaN and ``good=False``, and ``attrs["history"]`` names it.

    Raises
    ------
    CubeError
        If the cube has no wavelengths, the new bands' are no increasing numbers of nm, or none of them has support.

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> cube, _ = simulated_scene(16, 16)
    >>> resample(cube, [560, 865], 20).good.values.tolist()
    [True, True]
    """
    good, centres = by_wavelength(cube, "resampling")
    new, widths = _new_bands(wavelength, fwhm)
    edges = _cells(cube, good)
    own = cube["fwhm"].values[good].astype(float) if "fwhm" in cube.coords else np.diff(edges, axis=0)[0]
    own = np.where(np.isfinite(own), own, np.diff(edges, axis=0)[0])
    supported = _support(new, widths, edges) >= SUPPORT
    if not supported.any():
        raise CubeError(
            f"new bands need good bands where they look, but none of {len(new)} between {new[0]:g} and {new[-1]:g} nm "
            f"has any in a cube of {centres[0]:g} to {centres[-1]:g} nm; choose other bands"
        )
    weights = band_weights(centres, own, new, widths)
    weights[~supported] = 0
    used = np.flatnonzero(weights.any(axis=0))
    function = partial(weighted, weights=weights[:, used].astype("float32"))
    values = by_strips(cube, function, len(new), good[used])
    bands = {"wavelength": ("band", new), "fwhm": ("band", widths), "good": ("band", supported)}
    if band_name is not None:
        bands["band_name"] = ("band", np.asarray(band_name, dtype=object))
    step = f"resampled from {cube.sizes['band']} to {len(new)} bands{' of ' + sensor if sensor else ''}"
    if not supported.all():
        step += f" ({', '.join(f'{w:g}' for w in new[~supported])} nm not covered by good bands)"
    return derived(cube, values, step, bands=bands, sensor=sensor or cube.attrs.get("sensor", ""), wavelength_note="")


def resample_to(cube: xr.DataArray, sensor: str) -> xr.DataArray:
    """Spectra as a known sensor would have seen them.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        With wavelengths.
    sensor : str
        A name of ``SENSORS``: ``"sentinel-2"``, ``"landsat-8"``, ``"enmap"``, …

    Returns
    -------
    xarray.DataArray of shape (n_new, height, width)
        As :func:`resample` returns it, with the sensor's band names.

    Raises
    ------
    ValueError
        If the sensor is not known.
    """
    if sensor.lower() not in SENSORS:
        raise ValueError(
            f"a sensor is one of {', '.join(SENSORS)}, got {sensor!r}; or use resample(cube, centres, fwhm)"
        )
    bands = SENSORS[sensor.lower()]
    return resample(cube, bands.wavelength, bands.fwhm, band_name=bands.band_name or None, sensor=bands.name)


def band_weights(
    centres: NDArray[np.float64], own: NDArray[np.float64], new: NDArray[np.float64], widths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The share of each old band in each new one, shape (n_new, n_bands); rows sum to 1.

    Parameters
    ----------
    centres, own : ndarray of shape (n_bands,)
        Old band centres and widths [nm].
    new, widths : ndarray of shape (n_new,)
        New ones.
    """
    if len(centres) == 1:
        return np.ones((len(new), 1))
    blur = np.sqrt(np.clip(widths**2 - np.interp(new, centres, own) ** 2, 0, None)) * _SIGMA
    blur = np.clip(blur, 1e-6, None)[:, None]  # nm; a step in place of a limit
    offset = (centres - new[:, None]) / blur
    mass, density = ndtr(offset), np.exp(-0.5 * offset**2) / (np.sqrt(2 * np.pi) * blur)
    inside = np.diff(mass, axis=1)
    # The integral of (λ − a) / (b − a) under the Gaussian over each piece from a to b.
    rising = (-offset[:, :-1] * blur * inside - blur**2 * np.diff(density, axis=1)) / np.diff(centres)
    weights = np.zeros((len(new), len(centres)))
    weights[:, 1:] += rising
    weights[:, :-1] += inside - rising
    weights[weights < _NEGLIGIBLE] = 0
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


def _new_bands(wavelength: ArrayLike, fwhm: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    new = np.atleast_1d(np.asarray(wavelength, dtype=float))
    widths = np.asarray(fwhm, dtype=float)
    if new.ndim != 1 or widths.shape not in ((), new.shape) or not new.size:
        raise CubeError(f"new bands have one centre and one width each, got shapes {new.shape} and {widths.shape}")
    widths = np.broadcast_to(widths, new.shape).copy()
    if not (np.isfinite(new).all() and np.isfinite(widths).all() and (widths > 0).all()):
        raise CubeError("new bands have finite centres and widths above 0 nm, got others; leave those bands out")
    check_wavelengths(new)
    return new, widths


def _cells(cube: xr.DataArray, good: NDArray[np.intp]) -> NDArray[np.float64]:
    """What each good band covers [nm], shape (2, n_good): half-way to its neighbours, good or bad, or its own width."""
    centres = cube["wavelength"].values.astype(float)
    gaps = np.diff(centres) if len(centres) > 1 else np.array([10.0])
    width = cube["fwhm"].values.astype(float) if "fwhm" in cube.coords else np.full(len(centres), np.nan)
    # A gap between detectors or in a cleaned file is covered by nobody.
    near = np.minimum(np.r_[gaps[0], gaps], np.r_[gaps, gaps[-1]])
    limit = np.fmax(1.5 * near, width) / 2
    left = np.fmax(np.minimum(np.r_[gaps[0], gaps] / 2, limit), width / 2)
    right = np.fmax(np.minimum(np.r_[gaps, gaps[-1]] / 2, limit), width / 2)
    return np.stack([centres - left, centres + right])[:, good]


def _support(new: NDArray[np.float64], widths: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each new band's response that lies in the cells."""
    begin, end = edges
    begin = np.maximum(begin, np.r_[-np.inf, np.maximum.accumulate(end)[:-1]])  # cells may overlap
    sigma = (widths * _SIGMA)[:, None]
    share = ndtr((end - new[:, None]) / sigma) - ndtr((begin - new[:, None]) / sigma)
    return np.clip(share, 0, None).sum(axis=1)

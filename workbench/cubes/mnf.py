"""Minimum noise fraction: the directions of a scene's spectra ordered by signal to noise instead of by variance.

The noise is taken from what neighbouring pixels, one down and one to the right, do not share (half the covariance of
their differences); a scene's texture counts as noise there, so a homogeneous part makes the better estimate. Spectra
are made white in that noise and turned to their principal components: component k has noise of variance 1 and an
eigenvalue of 1 + its signal-to-noise ratio. Green et al. (1988) by the method of Lee, Woodyatt & Berman (1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError, good_bands
from workbench.cubes.derived import ON_BANDS, by_strips, derived, strips


@dataclass(frozen=True, eq=False)
class Mnf:
    """What :func:`fit_mnf` learnt from a scene."""

    good: NDArray[np.intp]
    """The bands it is about."""

    bands: dict[str, tuple[str, NDArray]]
    """Coordinates of all the bands, to give back."""

    mean: NDArray[np.float64]
    """Mean spectrum, shape (n_good,)."""

    forward: NDArray[np.float64]
    """Spectra less their mean to components, shape (n_good, n_good), rows by falling signal to noise."""

    backward: NDArray[np.float64]
    """Its inverse."""

    eigenvalues: NDArray[np.float64]
    """1 + signal-to-noise ratio of each component, falling."""


def fit_mnf(cube: xr.DataArray, noise_from: xr.DataArray | None = None) -> Mnf:
    """Learn the components of a scene.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; of a lazy one every value is read once, strip by strip. Bad bands and pixels without data in a good
        band take no part.
    noise_from : xarray.DataArray of shape (n_bands, any, any), optional
        A homogeneous part of it, or a dark frame, to take the noise from; by default `cube`.

    Returns
    -------
    Mnf
        For :func:`mnf`, :func:`mnf_inverse` and :func:`mnf_denoise`.

    Raises
    ------
    CubeError
        If there are too few pixels for as many bands, or a band does not vary.

    References
    ----------
    Green, Berman, Switzer, Craig (1988). *A transformation for ordering multispectral data in terms of image quality
    with implications for noise removal.* IEEE TGRS 26. doi:10.1109/36.3001

    Lee, Woodyatt, Berman (1990). *Enhancement of high spectral resolution remote-sensing data by a noise-adjusted
    principal components transform.* IEEE TGRS 28. doi:10.1109/36.54356
    """
    good = np.flatnonzero(good_bands(cube))
    source = cube if noise_from is None else noise_from
    if source.sizes["band"] != cube.sizes["band"]:
        raise CubeError(
            f"noise is taken from the same bands, got {source.sizes['band']} for {cube.sizes['band']}; "
            "select pixels of the cube, not bands"
        )
    mean, covariance, n_pixels = _moments(cube, good, differences=False)
    _, noise, n_pairs = _moments(source, good, differences=True)
    if min(n_pixels, n_pairs) <= len(good):
        raise CubeError(
            f"{len(good)} good bands need more pixels with data, and pairs of them, than bands, got {n_pixels} and "
            f"{n_pairs}; take a larger scene or fewer bands"
        )
    variance, axes = np.linalg.eigh(noise / 2)
    if variance[0] <= 1e-12 * variance[-1]:
        raise CubeError("every good band needs noise of its own, but one is constant or the sum of others; mark it bad")
    whiten = axes / np.sqrt(variance) @ axes.T
    eigenvalues, turn = np.linalg.eigh(whiten @ covariance @ whiten)
    eigenvalues, turn = eigenvalues[::-1], turn[:, ::-1]
    forward = turn.T @ whiten
    sign = np.sign(forward[np.arange(len(good)), np.abs(forward).argmax(axis=1)])  # eigenvectors have none of their own
    forward, turn = forward * sign[:, None], turn * sign
    backward = axes * np.sqrt(variance) @ axes.T @ turn
    bands = {name: ("band", cube[name].values) for name in ON_BANDS if name in cube.coords}
    return Mnf(good, bands, mean, forward, backward, eigenvalues)


def mnf(cube: xr.DataArray, fitted: Mnf | None = None, n: int = 10) -> xr.DataArray:
    """The components of a scene with the most signal to noise.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene, or another of the same bands.
    fitted : Mnf, optional
        By default fitted to `cube`.
    n : int
        How many; at most the number of good bands.

    Returns
    -------
    xarray.DataArray of shape (n, height, width)
        Quantity ``dn``, in units of the noise's standard deviation; lazy if `cube` is; NaN where a good band is NaN.
        Bands are named and have no wavelength.
    """
    fitted = fit_mnf(cube) if fitted is None else fitted
    _check_bands(cube, len(fitted.bands["wavelength"][1]), "a scene")
    if n < 1:
        raise ValueError(f"at least 1 component is taken, got {n}; pass n= from 1 to {len(fitted.good)}")
    n = min(n, len(fitted.good))
    forward = fitted.forward[:n]
    function = partial(_affine, matrix=forward.astype("float32"), before=fitted.mean.astype("float32"))
    values = by_strips(cube, function, n, fitted.good)
    names = [f"MNF {i + 1} (signal to noise {max(0.0, e - 1):.3g})" for i, e in enumerate(fitted.eigenvalues[:n])]
    bands = {"wavelength": ("band", np.full(n, np.nan)), "band_name": ("band", np.array(names, dtype=object))}
    return derived(cube, values, f"{n} minimum noise fractions", bands=bands, quantity="dn", units="1")


def mnf_inverse(
    components: xr.DataArray, fitted: Mnf, *, quantity: str = "reflectance", units: str = "1"
) -> xr.DataArray:
    """Spectra again, from as many components as there are: without the rest they lack mostly noise.

    Parameters
    ----------
    components : xarray.DataArray of shape (n, height, width)
        As :func:`mnf` returns them.
    fitted : Mnf
        What they were made with.
    quantity, units : str
        Of the cube they were made from.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        Lazy if `components` is; NaN at bad bands and where a component is NaN.
    """
    n = components.sizes["band"]
    if n > len(fitted.good):
        raise CubeError(f"there are {len(fitted.good)} components at most, got {n}; pass what mnf() returned")
    n_bands = len(fitted.bands["wavelength"][1])
    matrix, after = np.zeros((n_bands, n), "float32"), np.full(n_bands, np.nan, "float32")
    matrix[fitted.good], after[fitted.good] = fitted.backward[:, :n], fitted.mean
    values = by_strips(components, partial(_affine, matrix=matrix, after=after), n_bands)
    step = f"spectra from {n} minimum noise fractions"
    return derived(components, values, step, bands=fitted.bands, quantity=quantity, units=units)


def mnf_denoise(cube: xr.DataArray, fitted: Mnf | None = None, n: int = 10) -> xr.DataArray:
    """A scene rebuilt from its `n` components with the most signal to noise.

    Parameters
    ----------
    cube, fitted, n
        As for :func:`mnf`.

    Returns
    -------
    xarray.DataArray of shape (n_bands, height, width)
        Same quantity, lazy if `cube` is; NaN at bad bands and where a good band is NaN.
    """
    fitted = fit_mnf(cube) if fitted is None else fitted
    components = mnf(cube, fitted, n)
    return mnf_inverse(components, fitted, quantity=cube.attrs["quantity"], units=cube.attrs.get("units", ""))


def _moments(
    cube: xr.DataArray, good: NDArray[np.intp], *, differences: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Mean, covariance and count of complete spectra, or of differences between diagonal neighbours."""
    count, mean, scatter = 0, np.zeros(len(good)), np.zeros((len(good), len(good)))
    for block in strips(cube, good, further=int(differences)):
        spectra = block[:, :-1, :-1] - block[:, 1:, 1:] if differences else block
        spectra = spectra.reshape(len(good), -1)
        spectra = spectra[:, np.isfinite(spectra).all(axis=0)].astype(float)
        n = spectra.shape[1]
        if not n:
            continue
        here = spectra.mean(axis=1)
        away = here - mean
        spectra -= here[:, None]
        scatter += spectra @ spectra.T + np.outer(away, away) * (count * n / (count + n))
        mean += away * (n / (count + n))
        count += n
    return mean, scatter / max(1, count - 1), count


def _affine(
    block: NDArray[np.float32],
    matrix: NDArray[np.float32],
    before: NDArray[np.float32] | None = None,
    after: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    flat = block.reshape(len(block), -1)
    values = matrix @ (flat if before is None else flat - before[:, None])
    if after is not None:
        values += after[:, None]
    return values.reshape(len(matrix), *block.shape[1:])


def _check_bands(cube: xr.DataArray, n_bands: int, what: str) -> None:
    if cube.sizes["band"] != n_bands:
        raise CubeError(f"{what} has the {n_bands} bands of the fit, got {cube.sizes['band']}; fit it anew")

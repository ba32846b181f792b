"""Principal components of a cube: the scene's variety in a few bands, for a picture or a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS, CubeError, good_bands


@dataclass(frozen=True, eq=False)
class Components:
    """What :func:`fit_components` learnt from a scene."""

    mean: NDArray[np.float64]
    """Mean spectrum of the good bands, shape (n_good,)."""

    axes: NDArray[np.float64]
    """The directions, orthonormal columns, largest variance first, shape (n_good, n)."""

    share: NDArray[np.float64]
    """Of the variance, by component."""


def fit_components(cube: xr.DataArray, n: int = 3, *, seed: int = 0) -> Components:
    """The directions in which a scene's spectra differ most.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; of a lazy one an even grid of pixels is read. Bad bands and pixels without data take no part.
    n : int
        How many; at most the number of good bands.
    seed : int
        Draws the at most 20,000 pixels whose covariance is taken.

    Returns
    -------
    Components

    Raises
    ------
    CubeError
        If fewer than two pixels have data in every good band.
    """
    good = np.flatnonzero(good_bands(cube))
    sample = _sample_spectra(cube.isel(band=good), 20_000, seed)
    if len(sample) < 2:
        raise CubeError("principal components need two pixels with data in every good band; mark the empty bands bad")
    return components_of(sample, n)


def components_of(values: NDArray[np.floating], n: int = 3) -> Components:
    """The directions in which rows of numbers differ most.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_values)
        At least two rows, all finite.
    n : int
        How many; at most `n_values`.

    Returns
    -------
    Components
        Of values where :class:`Components` speaks of bands.
    """
    n, mean = min(n, values.shape[1]), values.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov((values - mean).T).reshape(len(mean), len(mean)))
    share = variance[::-1][:n] / max(variance.sum(), np.finfo(float).tiny)
    axes = axes[:, ::-1][:, :n]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(n)])  # eigenvectors have no sign of their own
    return Components(mean, axes, share)


def principal_components(cube: xr.DataArray, n: int = 3, *, seed: int = 0) -> xr.DataArray:
    """The directions in which the scene's spectra differ most, as bands of a picture.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; a lazy one stays so.
    n : int
        How many; at most the number of good bands.
    seed : int
        Draws the at most 20,000 pixels whose covariance is taken.

    Returns
    -------
    xarray.DataArray of shape (n, height, width)
        Scores, largest variance first; NaN where a good band has no data. Its bands have names and no wavelength,
        and :func:`render` takes it like any cube.
    """
    good, fitted = np.flatnonzero(good_bands(cube)), fit_components(cube, n, seed=seed)
    spectra, axes, n = cube.isel(band=good), fitted.axes.T.astype("float32"), fitted.axes.shape[1]
    scores = np.empty((n, *cube.shape[1:]), dtype="float32")
    rows = max(1, 8_000_000 // (len(good) * cube.sizes["x"]))
    for top in range(0, cube.sizes["y"], rows):
        block = spectra.isel(y=slice(top, top + rows)).values
        scores[:, top : top + rows] = np.tensordot(axes, block - fitted.mean[:, None, None], 1)
    shares = 100 * fitted.share
    names = np.array([f"PC {i + 1} ({s:.1f} % of the variance)" for i, s in enumerate(shares)], dtype=object)
    coords = {name: cube[name] for name in ("y", "x", "spatial_ref") if name in cube.coords}
    coords |= {"wavelength": ("band", np.full(n, np.nan), {"units": "nm"}), "band_name": ("band", names)}
    attrs = {"quantity": "dn", "units": "", "sensor": cube.attrs.get("sensor", ""), "source": "principal components"}
    return xr.DataArray(scores, dims=DIMS, coords=coords, attrs=attrs)


def _sample_spectra(cube: xr.DataArray, most: int, seed: int) -> NDArray[np.float64]:
    """Complete spectra of about `most` pixels drawn from an even grid, shape (n, n_bands)."""
    step = max(1, int((cube.sizes["y"] * cube.sizes["x"] / (4 * most)) ** 0.5))
    grid = cube.isel(y=slice(None, None, step), x=slice(None, None, step))
    n_bands, height, width = grid.shape
    spectra = np.empty((height, width, n_bands), grid.dtype)
    rows = max(1, 1_000_000 // max(1, n_bands * width))
    for top in range(0, height, rows):  # a few at a time: what is read for them is more than they are
        spectra[top : top + rows] = np.moveaxis(grid.isel(y=slice(top, top + rows)).values, 0, -1)
    spectra = spectra.reshape(-1, n_bands)
    complete = np.flatnonzero(np.isfinite(spectra).all(axis=1))
    if len(complete) > most:
        complete = complete[np.random.default_rng(seed).choice(len(complete), most, replace=False)]
    return spectra[complete].astype("float64")

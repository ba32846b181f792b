"""Principal components of a cube: the scene's variety in three bands, for a picture."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS, CubeError, good_bands


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
    good = np.flatnonzero(good_bands(cube))
    spectra = cube.isel(band=good)
    sample = _sample_spectra(spectra, 20_000, seed)
    if len(sample) < 2:
        raise CubeError("principal components need two pixels with data in every good band; mark the empty bands bad")
    n = min(n, len(good))
    mean = sample.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov((sample - mean).T).reshape(len(good), len(good)))
    share = variance[::-1][:n] / max(variance.sum(), np.finfo(float).tiny)
    axes = axes[:, ::-1][:, :n]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(n)])  # eigenvectors have no sign of their own
    scores = np.empty((n, *cube.shape[1:]), dtype="float32")
    rows = max(1, 8_000_000 // (len(good) * cube.sizes["x"]))
    for top in range(0, cube.sizes["y"], rows):
        block = spectra.isel(y=slice(top, top + rows)).values
        scores[:, top : top + rows] = np.tensordot(axes.T.astype("float32"), block - mean[:, None, None], 1)
    names = np.array([f"PC {i + 1} ({100 * s:.1f} % of the variance)" for i, s in enumerate(share)], dtype=object)
    coords = {name: cube[name] for name in ("y", "x", "spatial_ref") if name in cube.coords}
    coords |= {"wavelength": ("band", np.full(n, np.nan), {"units": "nm"}), "band_name": ("band", names)}
    attrs = {"quantity": "dn", "units": "", "sensor": cube.attrs.get("sensor", ""), "source": "principal components"}
    return xr.DataArray(scores, dims=DIMS, coords=coords, attrs=attrs)


def _sample_spectra(cube: xr.DataArray, most: int, seed: int) -> NDArray[np.float64]:
    """Complete spectra of about `most` pixels drawn from an even grid, shape (n, n_bands)."""
    step = max(1, int((cube.sizes["y"] * cube.sizes["x"] / (4 * most)) ** 0.5))
    spectra = cube.isel(y=slice(None, None, step), x=slice(None, None, step)).values.reshape(cube.sizes["band"], -1).T
    spectra = spectra[np.isfinite(spectra).all(axis=1)]
    if len(spectra) > most:
        spectra = spectra[np.random.default_rng(seed).choice(len(spectra), most, replace=False)]
    return spectra.astype("float64")

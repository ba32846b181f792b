"""Bands nobody should learn from, told from the data: empty, constant, drowned in noise, or blind where air is opaque.

What a band's neighbours cannot predict is its noise: each band is regressed on the bands beside it over many pixels, as
HySime does with all bands (Bioucas-Dias & Nascimento, 2008). What stays unexplained is compared with the band's own
mean (its signal-to-noise ratio), with how much it varies over the scene, and with the noise of bands nearby. Water
vapour's windows are looked at more strictly, but a band in one is bad only if its numbers say so too.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from workbench.cubes.contract import CubeError
from workbench.cubes.looking import look

WINDOWS = ((1340.0, 1460.0), (1790.0, 1970.0))
"""Where water vapour lets little light through [nm]."""

LEAST_RATIO = 3.0
"""Signal-to-noise ratio below which a band is bad anywhere."""

_NEIGHBOURS = 20
_MOST_PIXELS = 40_000


def detect_bad_bands(cube: xr.DataArray) -> xr.DataArray:
    """Which bands look bad, and why.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; what it says in ``good`` is not asked. Of a lazy one a bounded sample of pixels is read.

    Returns
    -------
    xarray.DataArray of shape (n_bands,)
        Named ``bad``; bool. Coordinates: ``reason`` (empty for a band without fault), ``noise`` (standard deviation in
        the cube's units) and ``signal_to_noise`` (mean over noise), both NaN where no noise could be told.

    Raises
    ------
    CubeError
        If the sample has no pixel with data.

    References
    ----------
    Bioucas-Dias, Nascimento (2008). *Hyperspectral subspace identification.* IEEE TGRS 46(8).
    doi:10.1109/TGRS.2008.918089

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> cube, _ = simulated_scene(48, 48)
    >>> bad = detect_bad_bands(cube)
    >>> bool(bad.sel(wavelength=1400, method="nearest")), bool(bad.sel(wavelength=860, method="nearest"))
    (True, False)
    >>> cube = cube.assign_coords(good=~bad.drop_vars(["reason", "noise", "signal_to_noise"]))
    """
    values = _sample(cube)
    n_bands = len(values)
    reason = np.full(n_bands, "", dtype=object)
    finite = np.isfinite(values)
    share = finite.mean(axis=1)
    if not share.any():
        raise CubeError(
            "bad bands are told from pixels with data, but a sample of the scene has none; check its nodata"
        )
    reason[share < 0.5 * np.median(share[share > 0])] = "little data"
    constant = np.max(values, axis=1, where=finite, initial=-np.inf) <= np.min(
        values, axis=1, where=finite, initial=np.inf
    )
    reason[constant] = "constant"
    reason[share == 0] = "no data"

    usable = np.flatnonzero(reason == "")
    complete = values[usable][:, finite[usable].all(axis=0)]
    noise, ratio = np.full(n_bands, np.nan), np.full(n_bands, np.nan)
    if complete.shape[1] >= 10 and len(usable) > 2:
        noise[usable], unexplained = band_noise(complete)
        with np.errstate(divide="ignore"):
            ratio[usable] = np.abs(complete.mean(axis=1)) / noise[usable]
        faults = _faults(noise[usable], ratio[usable], unexplained, cube["wavelength"].values[usable].astype(float))
        reason[usable] = faults
    coords = {name: ("band", cube[name].values) for name in ("wavelength", "band_name") if name in cube.coords}
    coords |= {"reason": ("band", reason), "noise": ("band", noise), "signal_to_noise": ("band", ratio)}
    bad = xr.DataArray(reason != "", dims=("band",), coords=coords, name="bad")
    return bad.set_xindex("wavelength") if "wavelength" in cube.xindexes else bad


def band_noise(spectra: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard deviation of what a band's neighbours do not predict, and its share of the band's own deviation.

    Parameters
    ----------
    spectra : ndarray of shape (n_bands, n_pixels)
        Finite; every band varies.

    Returns
    -------
    noise, unexplained : ndarray of shape (n_bands,)
    """
    n_bands, n_pixels = spectra.shape
    centred = spectra - spectra.mean(axis=1, keepdims=True, dtype=float)
    scale = centred.std(axis=1)
    correlation = (centred / scale[:, None]) @ (centred / scale[:, None]).T / n_pixels
    beside = min(_NEIGHBOURS, n_bands - 1, max(1, n_pixels // 5))
    unexplained = np.empty(n_bands)
    for band in range(n_bands):
        first = int(np.clip(band - beside // 2, 0, n_bands - beside - 1))
        others = np.delete(np.arange(first, first + beside + 1), band - first)
        system = correlation[np.ix_(others, others)] + 1e-9 * np.eye(beside)
        towards = correlation[others, band]
        unexplained[band] = 1 - towards @ np.linalg.solve(system, towards)
    unexplained = np.sqrt(np.clip(unexplained, 1e-12, 1) * n_pixels / max(1, n_pixels - beside - 1))
    return unexplained * scale, unexplained


def _faults(
    noise: NDArray[np.float64],
    ratio: NDArray[np.float64],
    unexplained: NDArray[np.float64],
    wavelength: NDArray[np.float64],
) -> NDArray[np.object_]:
    """A reason for each bad band, "" for the others."""
    reason = np.full(len(noise), "", dtype=object)
    typical = median_filter(noise, size=min(41, len(noise)), mode="nearest")
    loud = (noise > 4 * typical) & (unexplained > 0.25)
    drowned = (ratio < LEAST_RATIO) & (unexplained > 0.3)
    reason[loud] = "noise far above its neighbours'"
    reason[drowned] = "noise hides the signal"
    usual = np.median(ratio)
    for low, high in WINDOWS:
        inside = (wavelength >= low) & (wavelength <= high)
        blind = ratio < 0.15 * usual
        reason[inside & (blind | (reason != ""))] = f"water vapour at {low:.0f}–{high:.0f} nm, confirmed by noise"
    return reason


def _sample(cube: xr.DataArray) -> NDArray[np.floating]:
    """Values of whole blocks spread over the scene, shape (n_bands, n_pixels)."""
    height, width = cube.sizes["y"], cube.sizes["x"]
    native = cube.encoding.get("preferred_chunks", {})
    block = tuple(int(min(size, native.get(dim, 1))) for dim, size in (("y", height), ("x", width)))
    block = (block[0], width if block[1] == 1 else block[1])
    data = cube.data
    values = look(lambda rows, columns: np.asarray(data[:, rows, columns]), cube.shape, block)
    if values.shape[1] > _MOST_PIXELS:
        values = values[:, :: -(-values.shape[1] // _MOST_PIXELS)]
    return values

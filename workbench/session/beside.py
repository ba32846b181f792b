"""A spectral library beside a scene: on the scene's bands, what to mind there, and which are nearest to a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import (
    CubeError,
    good_bands,
    has_wavelengths,
    make_library,
    resample_library,
    spectral_angle,
    spectral_divergence,
)

LEAST_SHARED = 0.5
"""Least share of bands that a spectrum needs to be compared, of those of the library's best covered one."""

SAME = 0.5
"""How far apart the bands of a library and a scene may be to count as the same [nm]."""


@dataclass(frozen=True, slots=True)
class Near:
    """A spectrum of a library, and how near it is to a pixel's."""

    index: int
    """Which of the library's, 0 first."""

    name: str
    """What it is of."""

    angle: float
    """Spectral angle [rad]; NaN where there is none."""

    divergence: float
    """Spectral information divergence over the bands where both are above 0; NaN where those are too few."""


def on_bands(library: xr.DataArray, cube: xr.DataArray) -> tuple[xr.DataArray, str]:
    """A library's spectra as the scene's sensor would have seen them, and in words what to mind when looking at them.

    Raises
    ------
    CubeError
        If they have no wavelength in common.
    """
    if not has_wavelengths(cube):
        raise CubeError("a library lies beside a scene by wavelength, but not every band of this scene has one")
    ours, theirs = cube["wavelength"].values[good_bands(cube)], library["wavelength"].values
    if not ours.size or theirs[-1] < ours[0] or theirs[0] > ours[-1]:
        raise CubeError(
            f"the library's wavelengths ({_range(theirs)}) and the scene's ({_range(ours)}) do not overlap; "
            "open another library"
        )
    here = library if _is_on(library, cube) else resample_library(library, cube)
    seen = np.isfinite(here.values)[:, good_bands(cube)].any(axis=0)
    notes = []
    if _held(library) != _held(cube):
        notes.append(f"the library holds {_held(library)}, the scene {_held(cube)}: compare shapes, not heights")
    if not seen.all():
        notes.append(f"it covers {seen.sum()} of the scene's {len(seen)} good bands")
    return here, "; ".join(notes)


def nearest(here: xr.DataArray, cube: xr.DataArray, values: NDArray[np.floating]) -> list[Near]:
    """Spectra of a library by their spectral angle to a pixel's, the smallest first.

    Parameters
    ----------
    here : xarray.DataArray of shape (n_spectra, n_bands)
        On the scene's bands, as :func:`on_bands` returns it.
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; nothing of it is read.
    values : ndarray of shape (n_bands,)
        The pixel's. A band where it is NaN takes no part.

    Returns
    -------
    list of Near
        Without spectra that share less than half as many bands with the pixel as the best covered one does: over a few
        bands, anything is alike. The divergence is taken over the bands where both are above 0, as it has to be, and
        is NaN where those are less than half of the bands that both have.
    """
    good = good_bands(cube) & np.isfinite(values)
    shared = np.isfinite(here.values) & good
    which = np.flatnonzero(shared.sum(axis=1) >= max(2, LEAST_SHARED * shared.sum(axis=1).max(initial=0)))
    members, shared = here.values[which], shared[which]
    angles, divergences = (np.full(len(which), np.nan) for _ in range(2))
    above = shared & (members > 0) & (values > 0)
    enough = above.sum(axis=1) >= np.maximum(2, LEAST_SHARED * shared.sum(axis=1))
    for measure, found, bands, rows in (
        (spectral_angle, angles, shared, np.ones(len(which), bool)),
        (spectral_divergence, divergences, above, enough),
    ):
        if rows.any():
            one, others = _pixel(cube, values, bands[rows].any(axis=0)), _library(here, members, bands)
            found[rows] = measure(one, others.isel(spectrum=np.flatnonzero(rows))).values.ravel()
    names = [str(name) for name in here["spectrum_name"].values[which]]
    ranked = zip(which.tolist(), names, angles.tolist(), divergences.tolist(), strict=True)
    return sorted((Near(*one) for one in ranked), key=lambda one: (np.isnan(one.angle), one.angle))


def _pixel(cube: xr.DataArray, values: NDArray[np.floating], bands: NDArray[np.bool_]) -> xr.DataArray:
    """A scene of one pixel, of which these bands are good."""
    return xr.DataArray(
        np.asarray(values, "float32")[:, None, None],
        dims=("band", "y", "x"),
        coords={"wavelength": ("band", cube["wavelength"].values), "good": ("band", bands), "y": [0.5], "x": [0.5]},
        attrs={"quantity": cube.attrs["quantity"]},
    )


def _library(here: xr.DataArray, members: NDArray[np.floating], bands: NDArray[np.bool_]) -> xr.DataArray:
    """Spectra of a library of which these bands (n, n_bands) take part."""
    names = ["spectrum"] * len(members)
    return make_library(np.where(bands, members, np.nan), here["wavelength"].values, names)


def _is_on(library: xr.DataArray, cube: xr.DataArray) -> bool:
    """Whether a library is on the scene's bands as it is: to resample it would spread the gaps in it."""
    ours, theirs = cube["wavelength"].values.astype(float), library["wavelength"].values
    return len(ours) == len(theirs) and np.allclose(ours, theirs, rtol=0, atol=SAME)


def _held(array: xr.DataArray) -> str:
    quantity, units = array.attrs.get("quantity", "dn"), array.attrs.get("units", "")
    name = {"dn": "digital numbers"}.get(quantity, quantity)
    return f"{name} [{units}]" if units else name


def _range(wavelength: NDArray[np.floating]) -> str:
    return f"{wavelength[0]:g}–{wavelength[-1]:g} nm" if wavelength.size else "none"

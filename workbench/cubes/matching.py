"""How like the spectra of a library each pixel is: the angle between them, which brightness does not change."""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError, good_bands
from workbench.cubes.derived import Block, by_strips


def spectral_angle(cube: xr.DataArray, library: xr.DataArray) -> xr.DataArray:
    """Angle between every pixel's spectrum and every spectrum of a library.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube with wavelengths; bad bands take no part.
    library : xarray.DataArray of shape (n_spectra, n_bands)
        On the cube's bands, if need be by :func:`resample_library`. A band where a spectrum is NaN takes no part in its
        angles.

    Returns
    -------
    xarray.DataArray of shape (n_spectra, height, width)
        Dims (``spectrum``, ``y``, ``x``), angles [rad] from 0 (the same shape) to π, float32; the library's words on
        ``spectrum``; lazy if `cube` is; NaN where a good band of the pixel is NaN, and where it or the spectrum is 0.

    Raises
    ------
    CubeError
        If the library is on other bands, or a spectrum has no good band of the cube.

    References
    ----------
    Kruse et al. (1993). *The spectral image processing system (SIPS).* Remote Sensing of Environment 44.
    doi:10.1016/0034-4257(93)90013-N
    """
    _check_bands(cube, library)
    good = good_bands(cube)
    if "good" in library.coords:
        good = good & library["good"].values.astype(bool)
    members = library.values[:, good].astype(float)
    seen = np.isfinite(members)
    if not seen.any(axis=1).all():
        name = library["spectrum_name"].values[~seen.any(axis=1)][0]
        raise CubeError(f"a spectrum is compared on good bands of the cube, but {name!r} has none; leave it out")
    members = np.where(seen, members, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        members /= np.sqrt((members**2).sum(axis=1, keepdims=True))
    function = partial(_angles, members=members, seen=None if seen.all() else seen.astype(float))
    values = by_strips(cube, function, len(members), np.flatnonzero(good))
    coords = {n: cube.coords[n] for n in cube.coords if "band" not in cube.coords[n].dims}
    coords |= {n: ("spectrum", library[n].values) for n in _words(library)}
    attrs = {
        "long_name": "spectral angle",
        "units": "rad",
        "history": "; ".join(filter(None, (cube.attrs.get("history", ""), f"angles to {len(members)} spectra"))),
    }
    return xr.DataArray(values, dims=("spectrum", "y", "x"), coords=coords, attrs=attrs, name="spectral_angle")


def best_match(angles: xr.DataArray, most: float = np.inf) -> xr.DataArray:
    """The spectrum at the smallest angle, as a class map.

    Parameters
    ----------
    angles : xarray.DataArray of shape (n_spectra, height, width)
        As :func:`spectral_angle` returns them.
    most : float
        Largest angle that counts as a match [rad].

    Returns
    -------
    xarray.DataArray of shape (height, width)
        int16: 1 for the library's first spectrum and so on, 0 where there is no data or no match; ``attrs["classes"]``
        are the names; coordinate ``angle`` [rad] on (``y``, ``x``). Lazy if `angles` is.
    """
    least = angles.min("spectrum")
    code = (angles.fillna(np.inf).argmin("spectrum") + 1).where(least <= most, 0).astype("int16")
    code = code.assign_coords(angle=least.drop_attrs()).rename("match")
    names = [str(name) for name in angles["spectrum_name"].values]
    return code.assign_attrs(classes=names, history=angles.attrs.get("history", ""))


def _words(library: xr.DataArray) -> list[str]:
    """Coordinates of the spectra, but for their places: x and y are the cube's."""
    return [n for n in library.coords if library[n].dims == ("spectrum",) and n not in ("x", "y")]


def _check_bands(cube: xr.DataArray, library: xr.DataArray) -> None:
    ours, theirs = cube["wavelength"].values.astype(float), library["wavelength"].values.astype(float)
    if len(ours) != len(theirs) or not np.allclose(ours, theirs, rtol=0, atol=0.5):
        raise CubeError(
            f"a library is compared on the cube's bands, got {len(theirs)} from {theirs[0]:g} to {theirs[-1]:g} nm for "
            f"{len(ours)} from {ours[0]:g} to {ours[-1]:g} nm; use resample_library(library, cube)"
        )


def _angles(block: Block, members: NDArray[np.float64], seen: NDArray[np.float64] | None) -> Block:
    """Angles of a strip; `seen` marks the bands of each spectrum that has not all."""
    flat = block.reshape(len(block), -1).astype(float)
    squares = np.einsum("bp,bp->p", flat, flat)[None] if seen is None else seen @ flat**2
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (members @ flat) / np.sqrt(squares)
    if seen is not None:
        cosine[:, ~np.isfinite(flat).all(axis=0)] = np.nan
    return np.arccos(np.clip(cosine, -1, 1)).astype("float32").reshape(-1, *block.shape[1:])

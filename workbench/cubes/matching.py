"""How like the spectra of a library each pixel is, by measures that brightness does not change.

One is the angle between two spectra as vectors. The other takes each as a distribution over the bands, and asks how
much the one surprises whoever expects the other, and back: the spectral information divergence.
"""

from __future__ import annotations

from functools import partial

import dask.array as da
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
    good, members, seen = _members(cube, library)
    members = np.where(seen, members, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        members /= np.sqrt((members**2).sum(axis=1, keepdims=True))
    function = partial(_angles, members=members, seen=None if seen.all() else seen.astype(float))
    values = by_strips(cube, function, len(members), good)
    return _matched(cube, library, values, f"angles to {len(members)} spectra", "spectral angle", "rad")


def spectral_divergence(cube: xr.DataArray, library: xr.DataArray) -> xr.DataArray:
    """Spectral information divergence (SID) between every pixel's spectrum and every spectrum of a library.

    Each spectrum is divided by its sum, p and q; the divergence is Σ p ln(p/q) + Σ q ln(q/p).

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube with wavelengths; bad bands take no part.
    library : xarray.DataArray of shape (n_spectra, n_bands)
        On the cube's bands, if need be by :func:`resample_library`. A band where a spectrum is NaN takes no part in its
        divergences.

    Returns
    -------
    xarray.DataArray of shape (n_spectra, height, width)
        Dims (``spectrum``, ``y``, ``x``), from 0 (the same shape) upwards, in units of 1, float32; the library's words
        on ``spectrum``; lazy if `cube` is; NaN where a good band of the pixel is NaN, and where the pixel or the
        spectrum is not above 0 in a band that takes part, since a distribution has no such value.

    Raises
    ------
    CubeError
        If the library is on other bands, or a spectrum has no good band of the cube.

    References
    ----------
    Chang (2000). *An information-theoretic approach to spectral variability, similarity, and discrimination for
    hyperspectral image analysis.* IEEE Transactions on Information Theory 46. doi:10.1109/18.857802
    """
    good, members, seen = _members(cube, library)
    members = np.where(seen, np.where(members > 0, members, np.nan), 0)
    members /= members.sum(axis=1, keepdims=True)
    function = partial(_divergences, members=members, seen=seen.astype(float))
    values = by_strips(cube, function, len(members), good)
    return _matched(
        cube, library, values, f"divergences to {len(members)} spectra", "spectral information divergence", "1"
    )


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


def _members(
    cube: xr.DataArray, library: xr.DataArray
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Bands that take part; the library's spectra there, NaN included; and where they are not NaN."""
    _check_bands(cube, library)
    good = good_bands(cube)
    if "good" in library.coords:
        good = good & library["good"].values.astype(bool)
    members = library.values[:, good].astype(float)
    seen = np.isfinite(members)
    if not seen.any(axis=1).all():
        name = library["spectrum_name"].values[~seen.any(axis=1)][0]
        raise CubeError(f"a spectrum is compared on good bands of the cube, but {name!r} has none; leave it out")
    return np.flatnonzero(good), members, seen


def _matched(
    cube: xr.DataArray, library: xr.DataArray, values: NDArray | da.Array, step: str, measure: str, units: str
) -> xr.DataArray:
    """Values (n_spectra, height, width) on the cube's place, with the library's words."""
    coords = {n: cube.coords[n] for n in cube.coords if "band" not in cube.coords[n].dims}
    coords |= {n: ("spectrum", library[n].values) for n in _words(library)}
    history = "; ".join(filter(None, (cube.attrs.get("history", ""), step)))
    attrs = {"long_name": measure, "units": units, "history": history}
    return xr.DataArray(values, dims=("spectrum", "y", "x"), coords=coords, attrs=attrs, name=measure.replace(" ", "_"))


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


def _divergences(block: Block, members: NDArray[np.float64], seen: NDArray[np.float64]) -> Block:
    """Divergences of a strip to distributions `members`, 0 where they are not `seen`.

    With p = x / s, the sums are those of x: ln s falls out, as p and q both sum to 1.
    """
    flat = block.reshape(len(block), -1).astype(float)
    known = np.isfinite(flat).all(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where(flat > 0, flat, 1))
        theirs = np.where(seen > 0, np.log(np.where(seen > 0, members, 1)), 0)
        total = seen @ np.where(known, flat, 0)
        values = (seen @ (flat * logs) - theirs @ flat) / total
        values += (members * theirs).sum(axis=1, keepdims=True) - members @ logs
    values[(seen @ (flat <= 0) > 0) | ~known] = np.nan
    return np.maximum(values, 0).astype("float32").reshape(-1, *block.shape[1:])

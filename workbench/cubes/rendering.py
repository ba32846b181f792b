"""Pictures of a cube: which three bands, how bright, and the pixels as RGBA.

Only the bands of the picture are read, and limits come from a bounded sample, so that a picture of a large lazy cube
costs what its three bands cost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError, good_bands, has_wavelengths
from workbench.cubes.reading import EVERYTHING, even_sample, read_bands

PRESETS = {
    "true colour": (650.0, 560.0, 470.0),
    "infrared": (860.0, 650.0, 560.0),
    "short-wave infrared": (2200.0, 1650.0, 860.0),
    "vegetation": (860.0, 1650.0, 650.0),
}
"""Wavelengths [nm] shown as red, green and blue."""

TOLERANCE = 40.0
"""How far a band may lie from a preset's wavelength [nm]."""

_EYE = ((600, 700), (500, 600), (420, 500))


def preset_bands(cube: xr.DataArray, name: str) -> tuple[int, int, int]:
    """Indices of the bands nearest to a preset's wavelengths.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube. One without wavelengths has no colours: three evenly spaced good bands stand in for every preset,
        and :func:`band_title` says so.
    name : str
        One of ``PRESETS``.

    Returns
    -------
    tuple of int
        Bands for red, green, blue.

    Raises
    ------
    CubeError
        If the cube has wavelengths, but none near enough.
    """
    if name not in PRESETS:
        raise CubeError(f"a picture is one of {', '.join(PRESETS)}, got {name!r}; choose one of them")
    good = np.flatnonzero(good_bands(cube))
    if not good.size:
        raise CubeError("a picture needs a good band, but every band is marked bad; look at the header's bbl")
    wavelength = cube["wavelength"].values.astype(float)[good]
    if not has_wavelengths(cube) and not np.isfinite(wavelength).any():
        places = np.array([0.75, 0.5, 0.25]) * (len(good) - 1)
        return tuple(int(good[i]) for i in places.round().astype(int))
    bands = []
    for wanted in PRESETS[name]:
        distance = np.abs(wavelength - wanted)
        nearest = int(np.nanargmin(distance))
        if distance[nearest] > TOLERANCE:
            raise CubeError(
                f"{name!r} needs a band within {TOLERANCE:g} nm of {wanted:g} nm, but the nearest good one is at "
                f"{wavelength[nearest]:g} nm; choose another picture or three bands"
            )
        bands.append(int(good[nearest]))
    return tuple(bands)


def possible_presets(cube: xr.DataArray) -> list[str]:
    """Names of the presets the cube has the bands for."""
    names = []
    for name in PRESETS:
        try:
            preset_bands(cube, name)
        except CubeError:
            continue
        names.append(name)
    return names


def band_title(cube: xr.DataArray, band: int) -> str:
    """A band for people: "650 nm (band 37)", or its name, or "band 37, wavelength unknown"."""
    wavelength = float(cube["wavelength"].values[band])
    if np.isfinite(wavelength):
        return f"{wavelength:.0f} nm (band {band + 1})"
    name = str(cube["band_name"].values[band]) if "band_name" in cube.coords else f"band {band + 1}"
    return f"{name}, wavelength unknown" if name == f"band {band + 1}" else name


def stretch_limits(
    cube: xr.DataArray, bands: Sequence[int], percent: tuple[float, float] = (2.0, 98.0)
) -> NDArray[np.float32]:
    """Values shown black and white, band by band.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; a lazy one stays so.
    bands : sequence of int
        Bands of the picture.
    percent : (low, high)
        Percentiles over an even sample of some 200,000 pixels, of a file whole rows; NaN does not count.

    Returns
    -------
    ndarray of shape (len(bands), 2)
        In the cube's units; high is always above low.
    """
    planes = read_bands(cube, bands, *even_sample(cube))
    limits = np.zeros((len(planes), 2), dtype="float32")
    for row, plane in zip(limits, planes, strict=True):
        values = plane[np.isfinite(plane)]
        row[:] = np.percentile(values, percent) if values.size else (0.0, 1.0)
        if not row[1] > row[0]:
            row[1] = row[0] + max(abs(float(row[0])) * 1e-3, 1e-6)
    return limits


def natural_limits(
    cube: xr.DataArray, bands: Sequence[int], percent: tuple[float, float] = (2.0, 98.0)
) -> NDArray[np.float32]:
    """Limits that keep the balance of the three bands, for true colour: soils stay brown and straw stays yellow.

    Every band gets its own black, as haze differs; the spans between black and white are drawn half way (geometric
    mean) to the largest of the three, where :func:`stretch_limits` makes each band as bright as the others.

    Parameters
    ----------
    cube, bands, percent
        As in :func:`stretch_limits`.

    Returns
    -------
    ndarray of shape (len(bands), 2)
        In the cube's units; high is always above low.
    """
    limits = stretch_limits(cube, bands, percent)
    span = limits[:, 1] - limits[:, 0]
    limits[:, 1] = limits[:, 0] + np.sqrt(span * span.max())
    return limits


def render(
    cube: xr.DataArray,
    bands: Sequence[int],
    limits: NDArray[np.floating],
    rows: slice = EVERYTHING,
    columns: slice = EVERYTHING,
) -> NDArray[np.uint8]:
    """Three bands as a picture, of the whole scene or of a window.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; a lazy one stays so.
    bands : sequence of three int
        For red, green, blue.
    limits : ndarray of shape (3, 2)
        Values shown black and white; see :func:`stretch_limits`.
    rows, columns : slice
        The window; with a step, every so-manieth pixel. Nothing else is read.

    Returns
    -------
    ndarray of shape (n_rows, n_columns, 4)
        RGBA; transparent where one of the three bands has no data.
    """
    planes = read_bands(cube, bands, rows, columns)
    picture = np.empty((*planes[0].shape, 4), dtype="uint8")
    seen = np.ones(planes[0].shape, dtype=bool)
    for i, (plane, (low, high)) in enumerate(zip(planes, np.asarray(limits, dtype="float32"), strict=True)):
        finite = np.isfinite(plane)
        seen &= finite
        shade = (plane - low) * np.float32(255 / (high - low))
        shade[~finite] = 0
        np.clip(shade, 0, 255, out=shade)
        shade += np.float32(0.5)
        picture[..., i] = shade  # truncates: rounded to the nearest
    picture[~seen] = 0
    picture[..., 3] = np.where(seen, 255, 0)
    return picture


def picture_limits(
    cube: xr.DataArray, bands: Sequence[int], percent: tuple[float, float] = (2.0, 98.0)
) -> NDArray[np.float32]:
    """Natural limits where the three bands are what the eye calls red, green and blue, else stretched ones.

    Examples
    --------
    >>> coords = {"wavelength": ("band", [470.0, 560.0, 650.0])}
    >>> values = np.arange(1, 4, dtype="float32")[:, None, None] * np.linspace(0, 1, 101, dtype="float32")
    >>> cube = xr.DataArray(values, dims=("band", "y", "x"), coords=coords)
    >>> [round(float(high), 2) for high in picture_limits(cube, (2, 1, 0))[:, 1]]
    [2.94, 2.39, 1.68]
    >>> [round(float(high), 2) for high in stretch_limits(cube, (2, 1, 0))[:, 1]]
    [2.94, 1.96, 0.98]
    """
    shown = cube["wavelength"].values[list(bands)]
    eye = len(shown) == 3 and all(low <= w < high for w, (low, high) in zip(shown, _EYE, strict=True))
    return natural_limits(cube, bands, percent) if eye else stretch_limits(cube, bands, percent)

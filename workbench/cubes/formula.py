"""Band arithmetic in one's own words: a formula of bands, by wavelength or by number, worked out for every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError, good_bands
from workbench.cubes.derived import Block, by_strips
from workbench.cubes.formula_words import names_in, parsed, value_of

FAR = 25.0
"""How far from the wavelength asked for a band's centre may lie, unless the band is wider [nm]."""


def band_formula(cube: xr.DataArray, formula: str) -> xr.DataArray:
    """What a formula of bands gives for every pixel.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; for ``R860`` with wavelengths.
    formula : str
        Of ``+ - * / **``, brackets, numbers, ``R860`` (the good band nearest to 860 nm, at most 25 nm or half its own
        width away), ``b12`` (the twelfth band, good or bad) and the functions sqrt, log, log10, exp, abs, min and max.

    Returns
    -------
    xarray.DataArray of shape (height, width)
        float32, lazy if `cube` is, reading no bands but those of the formula; NaN where one of them is NaN and where
        the formula has no finite value. ``attrs``: ``formula`` and ``bands``, which band each name is, in words.

    Raises
    ------
    ValueError
        If the formula is none. The message says what is not understood.
    CubeError
        If the cube has no such band.

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> cube, _ = simulated_scene(16, 16)
    >>> band_formula(cube, "(R860 - R650) / (R860 + R650)").shape
    (16, 16)
    """
    taken = formula_bands(cube, formula)
    bands = np.array(sorted(set(taken.values())))
    places = {name: int(np.searchsorted(bands, band)) for name, band in taken.items()}
    values = by_strips(cube, partial(_computed, formula=formula, places=places), 1, bands)[0]
    attrs = {
        "long_name": formula.strip(),
        "formula": formula.strip(),
        "bands": ", ".join(f"{name} = {_told(cube, band)}" for name, band in taken.items()),
        "history": "; ".join(filter(None, (cube.attrs.get("history", ""), f"formula {formula.strip()}"))),
    }
    coords = {key: cube.coords[key] for key in cube.coords if "band" not in cube.coords[key].dims}
    return xr.DataArray(values, dims=("y", "x"), coords=coords, attrs=attrs, name="formula")


def formula_bands(cube: xr.DataArray, formula: str) -> dict[str, int]:
    """Which band of a cube each name in a formula stands for; refused as by :func:`band_formula`."""
    names = names_in(parsed(formula))
    return {name: _by_number(cube, name) if name[0] in "bB" else _by_wavelength(cube, name) for name in names}


def formula_values(formula: str, planes: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float32]:
    """A formula of some pixels, given the values of its bands by their names; NaN as by :func:`band_formula`.

    All is worked out in floating-point numbers, so that no power takes for ever.
    """
    planes = {name: plane.astype(float) for name, plane in planes.items()}
    with np.errstate(all="ignore"):
        values = value_of(parsed(formula), planes)
    known = np.isfinite(values)
    for plane in planes.values():
        known = known & np.isfinite(plane)
    return np.where(known, values, np.nan).astype("float32")


def _by_number(cube: xr.DataArray, name: str) -> int:
    number, n_bands = int(name[1:]), cube.sizes["band"]
    if not 1 <= number <= n_bands:
        raise CubeError(f"{name} is a band by its number, but this scene has bands 1 to {n_bands}; choose one of them")
    return number - 1


def _by_wavelength(cube: xr.DataArray, name: str) -> int:
    wavelength, wanted = cube["wavelength"].values.astype(float), float(name[1:])
    usable = np.flatnonzero(good_bands(cube) & np.isfinite(wavelength))
    if not usable.size:
        raise CubeError(f"{name} is a band by its wavelength, but this scene's have none; name it by number, as b1")
    band = int(usable[np.abs(wavelength[usable] - wanted).argmin()])
    width = float(cube["fwhm"].values[band]) if "fwhm" in cube.coords else np.nan
    if abs(wavelength[band] - wanted) > np.fmax(FAR, width / 2):
        raise CubeError(
            f"{name} has no good band near it: the nearest is at {wavelength[band]:g} nm; write R{wavelength[band]:.0f}"
        )
    return band


def _told(cube: xr.DataArray, band: int) -> str:
    wavelength = float(cube["wavelength"].values[band])
    return f"{wavelength:g} nm (band {band + 1})" if np.isfinite(wavelength) else f"band {band + 1}"


def _computed(block: Block, formula: str, places: Mapping[str, int]) -> Block:
    return formula_values(formula, {name: block[place] for name, place in places.items()})[None]

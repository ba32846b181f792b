"""Spectral indices of the catalogue *Awesome Spectral Indices* (package spyndex), by wavelength.

The catalogue writes its formulas in letters for broad bands, R for red from 620 to 690 nm. Of a cube each letter takes
the good band nearest to the centre that Sentinel-2 has there, or else to the middle of the catalogue's range, and never
one outside the range. Only the catalogue's own formulas are computed; indices of radar, of temperatures and of kernels
are left out, as a cube has no such bands.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache, partial

import numpy as np
import xarray as xr

from workbench.cubes.contract import CubeError, good_bands
from workbench.cubes.derived import Block, by_strips

_KELVIN = {"T", "T1", "T2"}
"""Letters that stand for a temperature, not for a band of a cube."""


def index_names(cube: xr.DataArray) -> list[str]:
    """Names of the catalogue's indices that a cube has the bands for.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; no value is read.

    Returns
    -------
    list of str
        For :func:`spectral_index`; none for a cube without wavelengths. Indices with a constant that has no default are
        left out.

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> cube, _ = simulated_scene(16, 16)
    >>> {"NDVI", "EVI", "NBR"} <= set(index_names(cube))
    True
    """
    catalogue, _, constants = _catalogue()
    known = set(_bands_of(cube)) | {name for name, default in constants.items() if default is not None}
    known |= {f"lambda{letter}" for letter in _bands_of(cube)}
    return [name for name, index in catalogue.items() if set(index["bands"]) <= known and _looks(index)]


def index_bands(cube: xr.DataArray, name: str) -> list[int]:
    """Which bands of a cube an index is computed from; see :func:`spectral_index`, which needs no others."""
    taken = _bands_of(cube)
    return sorted(taken[letter] for letter in _catalogue()[0][name]["bands"] if letter in taken)


def spectral_index(cube: xr.DataArray, name: str, constants: Mapping[str, float] | None = None) -> xr.DataArray:
    """A spectral index of every pixel.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Reflectance; of another quantity the index is computed all the same and ``attrs["note"]`` says so.
    name : str
        One of :func:`index_names`.
    constants : mapping of str to float, optional
        Of the formula, such as ``{"L": 0.5}`` for SAVI; by default the catalogue's.

    Returns
    -------
    xarray.DataArray of shape (height, width)
        float32, lazy if `cube` is, reading no bands but those of the formula; NaN where one of them is NaN and where
        the formula has no finite value. ``attrs``: ``long_name``, ``formula``, ``reference``, ``bands`` (which band
        each letter is) and ``constants``, in words.

    Raises
    ------
    ValueError
        If the catalogue has no such index, or the formula no such constant.
    CubeError
        If the cube has no good band in a range that the index needs.

    References
    ----------
    Montero, Aybar, Mahecha, Martinuzzi, Söchting, Wieneke (2023). *A standardized catalogue of spectral indices to
    advance the use of remote sensing in Earth system research.* Scientific Data 10. doi:10.1038/s41597-023-02096-0

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> cube, _ = simulated_scene(16, 16)
    >>> spectral_index(cube, "NDVI").attrs["formula"]
    '(N-R)/(N+R)'
    """
    catalogue, ranges, defaults = _catalogue()
    if name not in catalogue:
        near = get_close_matches(name.upper(), catalogue, 3) or get_close_matches(name, catalogue, 3, 0.3)
        raise ValueError(f"an index is one of the {len(catalogue)} of the catalogue, got {name!r}; try {_listed(near)}")
    index = catalogue[name]
    taken = _bands_of(cube)
    letters = [letter for letter in index["bands"] if letter in ranges and letter not in _KELVIN]
    lacking = [letter for letter in letters if letter not in taken]
    if lacking:
        wanted = _listed([f"{letter} ({ranges[letter][0]:g}–{ranges[letter][1]:g} nm)" for letter in lacking])
        raise CubeError(f"{name} needs a good band in {wanted}, but this cube has none there; see index_names(cube)")
    wavelength = cube["wavelength"].values
    numbers = {s: defaults.get(s) for s in index["bands"] if s not in letters}
    numbers |= {
        f"lambda{s}": float(wavelength[taken[s]])
        for s in taken
        if f"lambda{s}" in numbers and numbers[f"lambda{s}"] is None
    }
    numbers |= _asked(constants or {}, numbers, name)
    unset = [s for s, value in numbers.items() if value is None]
    if unset or not letters:
        raise CubeError(f"{name} needs {_listed(unset or index['bands'])}, which no cube has; see index_names(cube)")
    function = partial(_computed, name=name, letters=tuple(letters), numbers=numbers)
    values = by_strips(cube, function, 1, np.array([taken[letter] for letter in letters]))[0]
    attrs = {
        "long_name": index["long_name"],
        "units": "1",
        "formula": index["formula"],
        "reference": index["reference"],
        "bands": ", ".join(f"{s} = {wavelength[taken[s]]:g} nm (band {taken[s] + 1})" for s in letters),
        "constants": ", ".join(f"{s} = {value:g}" for s, value in numbers.items()),
        "history": "; ".join(filter(None, (cube.attrs.get("history", ""), f"spectral index {name}"))),
    }
    if cube.attrs["quantity"] != "reflectance":
        attrs["note"] = f"computed from {cube.attrs['quantity']}, but the formula is made for reflectance"
    coords = {key: cube.coords[key] for key in cube.coords if "band" not in cube.coords[key].dims}
    return xr.DataArray(values, dims=("y", "x"), coords=coords, attrs=attrs, name=name)


@cache
def _catalogue() -> tuple[dict[str, dict], dict[str, tuple[float, float, float]], dict[str, float | None]]:
    """Indices; least, greatest and usual wavelength [nm] of each letter; constants and their defaults."""
    import spyndex

    indices = {
        name: {key: getattr(index, key) for key in ("bands", "formula", "long_name", "reference")}
        for name, index in spyndex.indices.items()
    }
    ranges = {}
    for letter, band in spyndex.bands.items():
        low, high = float(band.min_wavelength), float(band.max_wavelength)
        platform = getattr(band, "sentinel2a", None)
        ranges[letter] = (low, high, float(platform.wavelength) if platform is not None else (low + high) / 2)
    return indices, ranges, {name: constant.default for name, constant in spyndex.constants.items()}


def _looks(index: dict) -> bool:
    """Whether the formula looks at a band at all."""
    _, ranges, _ = _catalogue()
    return any(symbol in ranges and symbol not in _KELVIN for symbol in index["bands"])


def _bands_of(cube: xr.DataArray) -> dict[str, int]:
    """The band of a cube that each letter takes."""
    _, ranges, _ = _catalogue()
    wavelength = cube["wavelength"].values.astype(float)
    usable = good_bands(cube) & np.isfinite(wavelength)
    taken = {}
    for letter, (low, high, centre) in ranges.items():
        inside = np.flatnonzero(usable & (wavelength >= low) & (wavelength <= high))
        if inside.size and letter not in _KELVIN:
            taken[letter] = int(inside[np.abs(wavelength[inside] - centre).argmin()])
    return taken


def _asked(constants: Mapping[str, float], numbers: Mapping[str, float | None], name: str) -> dict[str, float]:
    unknown = set(constants) - set(numbers)
    if unknown:
        takes = _listed(sorted(numbers)) or "none"
        raise ValueError(f"{name} has the constants: {takes}; got {_listed(sorted(unknown))}")
    return {symbol: float(value) for symbol, value in constants.items()}


def _computed(block: Block, name: str, letters: tuple[str, ...], numbers: dict[str, float]) -> Block:
    """The catalogue's formula of some pixels."""
    import spyndex

    with np.errstate(all="ignore"):
        values = spyndex.computeIndex(name, {**numbers, **dict(zip(letters, block.astype(float), strict=True))})
    return np.where(np.isfinite(values), values, np.nan).astype("float32")[None]


def _listed(names: list[str]) -> str:
    return ", ".join(names)

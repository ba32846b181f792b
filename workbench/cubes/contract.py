"""What a cube is.

A cube is a plain ``xarray.DataArray``: no subclass, no accessor, no wrapper. Readers promise these rules once, at the
door; later rooms rely on them and do not check again.

==============  =====================================================================================================
dims            ``("band", "y", "x")``
values          float32; NaN where there is no data
``wavelength``  coordinate on ``band``: band centre [nm], strictly increasing and indexed, so that
                ``cube.sel(wavelength=860, method="nearest")`` works. A band without one (SAR, elevation, a benchmark
                file that says nothing) has NaN there and a ``band_name``; the index is then not set
``fwhm``        on ``band``, where known: full width at half maximum [nm]
``good``        on ``band``, where known: False for a band nobody should learn from
``band_name``   on ``band``, where known: the file's own name of the band
``y``, ``x``    pixel centres in the units of the scene's CRS; without a CRS 0.5, 1.5, … from the upper left corner
``longitude``,  on (``y``, ``x``), where a swath knows its pixels' places [°, WGS 84] but lies on no grid
``latitude``
``attrs``       ``quantity`` (reflectance [1], radiance [µW cm⁻² nm⁻¹ sr⁻¹] or dn), ``units``, ``sensor``, ``source``,
                ``format`` and ``options`` it was opened with; ``scaling`` and ``wavelength_note`` say in words what a
                reader inferred; where known, ``acquired`` (UTC, ISO 8601) and ``masks`` (names of the product's
                quality masks, which its reader's option ``mask`` applies)
==============  =====================================================================================================
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

DIMS = ("band", "y", "x")

UNITS = {"reflectance": "1", "radiance": "µW cm⁻² nm⁻¹ sr⁻¹", "dn": ""}
"""What a cube may hold, and its units."""


class CubeError(ValueError):
    """An array or a file breaks one of the rules of a cube."""


def check_cube(cube: xr.DataArray) -> xr.DataArray:
    """Return `cube`, ready to be selected by wavelength.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        float32 with a ``wavelength`` coordinate [nm] on ``band``; no value is read.

    Returns
    -------
    xarray.DataArray
        The same values; ``cube.sel(wavelength=860, method="nearest")`` works where every band has a wavelength.

    Raises
    ------
    CubeError
        If a rule is broken. The message names the rule, the value and the remedy.

    Examples
    --------
    >>> cube = xr.DataArray(
    ...     np.zeros((3, 4, 5), "float32"),
    ...     dims=("band", "y", "x"),
    ...     coords={"wavelength": ("band", [450.0, 650.0, 860.0]), "y": np.arange(4) + 0.5, "x": np.arange(5) + 0.5},
    ...     attrs={"quantity": "reflectance"},
    ... )
    >>> float(check_cube(cube).sel(wavelength=700, method="nearest").wavelength)
    650.0
    """
    if cube.dims != DIMS:
        raise CubeError(f"a cube has dims {DIMS}, got {cube.dims}; use cube.transpose{DIMS}")
    if not cube.size:
        raise CubeError(f"a cube has at least one band and one pixel, got shape {cube.shape}; look at the file's sizes")
    if cube.dtype != np.float32:
        raise CubeError(f"a cube holds float32, got {cube.dtype}; use cube.astype('float32')")
    for name in ("y", "x"):
        if name not in cube.coords:
            raise CubeError(f"a cube needs {name!r} coordinates of its pixel centres, got none; add them in the reader")
    if cube.attrs.get("quantity") not in UNITS:
        got = cube.attrs.get("quantity")
        raise CubeError(f"a cube's attrs['quantity'] is one of {', '.join(UNITS)}, got {got!r}; set it in the reader")
    for name in ("wavelength", "fwhm", "good", "band_name"):
        if name in cube.coords and cube[name].dims != ("band",):
            raise CubeError(f"{name!r} is a coordinate on 'band', got dims {cube[name].dims}; give one value a band")
    for name in ("longitude", "latitude"):
        if name in cube.coords and cube[name].dims != ("y", "x"):
            raise CubeError(f"{name!r} is a coordinate on ('y', 'x'), got dims {cube[name].dims}; give one a pixel")
    if "wavelength" not in cube.coords:
        raise CubeError("a cube needs a 'wavelength' coordinate on 'band' [nm], got none; add it in the reader")
    if "good" in cube.coords and not cube["good"].values.astype(bool).any():
        n_bands = cube.sizes["band"]
        raise CubeError(f"a cube has at least one good band, got none of {n_bands}; correct 'good' (in a file 'bbl')")
    check_wavelengths(cube["wavelength"].values)
    if not has_wavelengths(cube):
        return cube.drop_indexes("wavelength") if "wavelength" in cube.xindexes else cube
    return cube if "wavelength" in cube.xindexes else cube.set_xindex("wavelength")


def check_wavelengths(wavelength: NDArray[np.floating]) -> None:
    """Refuse band centres [nm] of shape (n_bands,) that are in µm, repeat or fall; NaN stands for none."""
    if wavelength.dtype.kind not in "uif":
        got = wavelength.ravel()[0]
        raise CubeError(f"wavelengths are numbers in nm, got {str(got)!r}; correct them, or leave them out")
    known = np.flatnonzero(np.isfinite(wavelength))
    if not known.size:
        return
    largest = wavelength[known].max()
    if largest < 100:
        raise CubeError(f"wavelengths are in nm, but the largest is {largest:g}; µm? multiply by 1000")
    falls = np.flatnonzero(np.diff(wavelength[known]) <= 0)
    if falls.size:
        before, after = known[falls[0]], known[falls[0] + 1]
        raise CubeError(
            f"wavelengths must increase, but band {after + 1} ({wavelength[after]:g} nm) follows "
            f"band {before + 1} ({wavelength[before]:g} nm); sort the bands and keep one of two at the same wavelength"
        )


def has_wavelengths(cube: xr.DataArray) -> bool:
    """Whether every band has a wavelength."""
    return bool(np.isfinite(cube["wavelength"].values).all())


def good_bands(cube: xr.DataArray) -> NDArray[np.bool_]:
    """Which bands to learn from, shape (n_bands,); all of them where the cube does not say."""
    if "good" not in cube.coords:
        return np.ones(cube.sizes["band"], dtype=bool)
    return cube["good"].values.astype(bool)


def valid_pixels(cube: xr.DataArray) -> xr.DataArray:
    """Where every good band has data: bool of shape (height, width), lazy if the cube is."""
    good = np.flatnonzero(good_bands(cube))
    if len(good) < cube.sizes["band"]:
        cube = cube.isel(band=good)
    return np.isfinite(cube).all("band").rename("valid").drop_attrs()

"""Libraries and cubes: spectra taken from a scene's pixels, and library spectra as a scene's sensor would see them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from workbench.cubes.contract import check_cube
from workbench.cubes.library import make_library
from workbench.cubes.resampling import resample


def spectra_at(
    cube: xr.DataArray, rows: ArrayLike, columns: ArrayLike, names: Sequence[str] | None = None
) -> xr.DataArray:
    """A library of some pixels' spectra, with their places.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        With wavelengths; of a lazy one the pixels' blocks are read.
    rows, columns : array-like of int, shape (n_spectra,)
        Pixels, counted from the upper left, from 0.
    names : sequence of str, optional
        By default the row and column of each.

    Returns
    -------
    xarray.DataArray of shape (n_spectra, n_bands)

    Raises
    ------
    IndexError
        If a pixel lies outside the cube.
    """
    rows, columns = np.atleast_1d(np.asarray(rows)), np.atleast_1d(np.asarray(columns))
    height, width = cube.sizes["y"], cube.sizes["x"]
    outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
    if outside.any():
        at = (int(rows[outside][0]), int(columns[outside][0]))
        raise IndexError(f"pixel {at} is outside the scene of {height} rows and {width} columns")
    picked = cube.isel(y=xr.DataArray(rows, dims="spectrum"), x=xr.DataArray(columns, dims="spectrum")).compute()
    names = [f"row {r}, column {c}" for r, c in zip(rows, columns, strict=True)] if names is None else names
    bands = {name: cube[name].values for name in ("fwhm", "good") if name in cube.coords}
    words = {"x": picked["x"].values, "y": picked["y"].values}
    crs = cube.rio.crs
    attrs = {key: cube.attrs[key] for key in ("quantity", "sensor", "source") if key in cube.attrs}
    attrs |= {"crs": (f"EPSG:{crs.to_epsg()}" if crs.to_epsg() else crs.to_wkt())} if crs is not None else {}
    values = picked.transpose("spectrum", "band").values
    return make_library(values, cube["wavelength"].values, names, bands=bands, words=words, **attrs)


def resample_library(library: xr.DataArray, cube: xr.DataArray) -> xr.DataArray:
    """Library spectra as the sensor of `cube` would have seen them, on the cube's bands.

    Parameters
    ----------
    library : xarray.DataArray of shape (n_spectra, n_bands)
        Without ``fwhm`` its bands count as wide as they are apart.
    cube : xarray.DataArray of shape (n_new, height, width)
        With wavelengths; without ``fwhm`` its bands count as wide as they are apart.

    Returns
    -------
    xarray.DataArray of shape (n_spectra, n_new)
        NaN where the library has no bands to see with, and where one of them is NaN.
    """
    wavelength = cube["wavelength"].values.astype(float)
    fwhm = cube["fwhm"].values if "fwhm" in cube.coords else np.gradient(wavelength)
    values = library.values.T[:, :, None]
    bands = {n: ("band", library[n].values) for n in ("wavelength", "fwhm", "good") if n in library.coords}
    places = {"y": np.arange(values.shape[1]) + 0.5, "x": [0.5]}
    attrs = {key: library.attrs[key] for key in ("quantity", "units") if key in library.attrs}
    new = resample(
        check_cube(xr.DataArray(values, dims=("band", "y", "x"), coords={**bands, **places}, attrs=attrs)),
        wavelength,
        fwhm,
    )
    words = {n: library[n].values for n in library.coords if library[n].dims == ("spectrum",) and n != "spectrum_name"}
    told = {**library.attrs, "history": new.attrs["history"]}
    good = {n: new[n].values for n in ("fwhm", "good")}
    return make_library(
        new.values[:, :, 0].T, wavelength, library["spectrum_name"].values, bands=good, words=words, **told
    )

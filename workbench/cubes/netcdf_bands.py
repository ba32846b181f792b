"""Which variable of a NetCDF file is its cube, which of its dims are bands, rows and columns, and what bands are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.contract import CubeError
from workbench.cubes.netcdf_file import Groups, numbers, text
from workbench.cubes.wavelengths import in_nanometres

_BANDS = ("band", "bands", "wavelength", "wavelengths", "wl", "wvl", "lambda", "channel", "channels", "spectral")
_WAVELENGTHS = ("wavelength", "wavelengths", "wl", "wvl", "lambda", "band_wavelength", "center_wavelength")
_FWHM = ("fwhm", "band_width", "bandwidth")
_GOOD = ("good", "good_wavelengths", "good_bands", "bbl")
_STANDARD = ("radiation_wavelength", "sensor_band_central_radiation_wavelength")
_ROWS = ("y", "lat", "latitude", "northing", "row", "rows", "line", "lines", "downtrack", "alongtrack", "along_track")
_COLUMNS = ("x", "lon", "longitude", "easting", "column", "columns", "sample", "samples", "crosstrack", "cross_track")

Variables = dict[str, xr.Variable]


def choose(
    groups: Groups, variable: str | None, path: Path
) -> tuple[str, xr.Variable, Variables, tuple[str, str, str]]:
    """The cube's name, the cube, all variables it may name, and its dims as (bands, rows, columns)."""
    found = {}
    for group, dataset in groups.items():
        variables = {**dict(groups["/"].variables), **dict(dataset.variables)}
        for name in dataset.variables:
            full = name if group == "/" else f"{group.strip('/')}/{name}"
            found[full] = (dataset.variables[name], variables)
    fitting = {}
    for full, (candidate, variables) in found.items():
        dims = _dims(candidate, variables)
        if dims and (variable is None or full == variable):
            fitting[full] = (candidate, variables, dims)
    listed = (
        ", ".join(f"{full} {v.dims}" for full, (v, _) in found.items() if v.ndim > 1)[:300] or "nothing of two dims"
    )
    if variable is not None and variable not in fitting:
        what = "is no cube of bands, rows and columns" if variable in found else "is not there"
        raise CubeError(f"variable= names a cube, but {variable!r} {what}; {path.name} holds {listed}")
    helpers = {n for full in fitting for n in text(fitting[full][0], "ancillary_variables").split()}
    names = [full for full in fitting if full.rsplit("/", 1)[-1] not in helpers] or list(fitting)
    if len(names) != 1:
        why = f"holds {', '.join(names)}; pass variable= to choose" if names else f"holds {listed}; name a dim 'band'"
        raise CubeError(f"one variable of bands, rows and columns must be the cube, but {path.name} {why}")
    return names[0], *fitting[names[0]]


def _dims(variable: xr.Variable, variables: Variables) -> tuple[str, str, str] | None:
    """Bands, rows and columns, if it has these and else only dims of length 1."""
    if variable.dtype.kind not in "uif" or variable.ndim < 3:
        return None
    named = [dim for dim in variable.dims if _is_band(dim, variables)]
    if len(named) != 1:
        return None
    others = [dim for dim in variable.dims if dim != named[0]]
    while len(others) > 2:
        single = next((dim for dim in others if variable.sizes[dim] == 1), None)
        if single is None:
            return None
        others.remove(single)
    first, second = others
    turned = _axis(first, variables) == "x" or _axis(second, variables) == "y"
    return (named[0], second, first) if turned else (named[0], first, second)


def _is_band(dim: str, variables: Variables) -> bool:
    if str(dim).lower() in _BANDS:
        return True
    along = [variable for variable in variables.values() if variable.dims == (dim,)]
    return any(text(variable, "standard_name") in _STANDARD for variable in along)


def _axis(dim: str, variables: Variables) -> str:
    """y, x or nothing."""
    own = variables.get(dim)
    said = text(own, "axis").lower() if own is not None else ""
    standard = text(own, "standard_name") if own is not None else ""
    lower = str(dim).lower()
    if said == "x" or standard in ("projection_x_coordinate", "longitude") or lower in _COLUMNS:
        return "x"
    if said == "y" or standard in ("projection_y_coordinate", "latitude") or lower in _ROWS:
        return "y"
    return ""


def band_coordinates(dim: str, n_bands: int, variables: Variables, path: Path) -> tuple[dict[str, tuple], str]:
    """Coordinates on bands in the file's order, and a sentence where there are no wavelengths."""
    along = {name: variable for name, variable in variables.items() if variable.dims == (dim,)}
    coords, note = {}, ""
    centres = _named(along, _WAVELENGTHS, _STANDARD)
    if centres is None:
        coords["wavelength"] = ("band", np.full(n_bands, np.nan), {"units": "nm"})
        note = "band number only"
    else:
        coords["wavelength"] = ("band", _lengths(centres, "wavelength", path), {"units": "nm"})
    widths = _named(along, _FWHM, ())
    if widths is not None and widths.dtype.kind in "uif":
        coords["fwhm"] = ("band", _lengths(widths, "fwhm", path), {"units": "nm"})
    good = _named(along, _GOOD, ())
    if good is not None and good.dtype.kind in "buif":
        coords["good"] = ("band", numbers(good, "good", path) > 0)
    if note or not np.isfinite(coords["wavelength"][1]).all():
        texts = next((variable for variable in along.values() if variable.dtype.kind in "OUS"), None)
        names = [f"band {i + 1}" for i in range(n_bands)]
        if texts is not None:
            names = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in texts.values]
        coords["band_name"] = ("band", np.array(names, dtype=object))
    return coords, note


def _named(along: Variables, names: tuple[str, ...], standard: tuple[str, ...]) -> xr.Variable | None:
    for name in names:
        found = next((variable for key, variable in along.items() if key.lower() == name), None)
        if found is not None and found.dtype.kind in "uif":
            return found
    return next((variable for variable in along.values() if text(variable, "standard_name") in standard), None)


def _lengths(variable: xr.Variable, name: str, path: Path) -> np.ndarray:
    """In nanometres; a width of 0.01 or of 10 tells its unit where none is said."""
    units = text(variable, "units")
    values = numbers(variable, name, path)
    if units in ("1", ""):
        units = "um" if name == "fwhm" and np.nanmax(values, initial=0) < 1 else ""
    if units in ("m", "meter", "metre"):
        return (values * 1e9).round(6)
    return in_nanometres(values, units)

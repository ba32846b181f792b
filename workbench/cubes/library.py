"""What a spectral library is.

A library is a ``DataArray`` of dims (``spectrum``, ``band``), float32 and in memory: ``spectrum_name`` and other words
about a spectrum are coordinates on ``spectrum``, ``wavelength`` [nm, increasing] and, where known, ``fwhm`` and
``good`` on ``band``; ``attrs`` are a cube's. Spectra taken from a cube also know their place, ``x`` and ``y`` on
``spectrum`` and ``attrs["crs"]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from workbench.cubes.contract import UNITS, CubeError, check_wavelengths


def make_library(
    values: ArrayLike,
    wavelength: ArrayLike,
    names: Sequence[str],
    *,
    bands: Mapping[str, ArrayLike] | None = None,
    words: Mapping[str, ArrayLike] | None = None,
    **attrs: object,
) -> xr.DataArray:
    """A checked library from plain values, its bands sorted by wavelength.

    Parameters
    ----------
    values : array-like of shape (n_spectra, n_bands)
        Spectra.
    wavelength : array-like of shape (n_bands,)
        Band centres [nm].
    names : sequence of str
        One a spectrum.
    bands, words : mapping of str to array-like, optional
        Further coordinates on ``band`` and on ``spectrum``.
    **attrs
        ``quantity`` and the like; reflectance unless told.
    """
    values, wavelength = np.array(values, dtype="float32"), np.asarray(wavelength, dtype=float)
    values[~np.isfinite(values)] = np.nan
    if values.ndim != 2 or values.shape != (len(names), len(wavelength)):
        raise CubeError(
            f"a library has a name a spectrum and a wavelength a band, got {len(names)} names and {len(wavelength)} "
            f"wavelengths for values of shape {values.shape}"
        )
    order = np.argsort(wavelength, kind="stable")
    coords = {"wavelength": ("band", wavelength[order])}
    coords |= {key: ("band", np.asarray(v)[order]) for key, v in (bands or {}).items()}
    coords |= {"spectrum_name": ("spectrum", np.array([str(name) for name in names], dtype=object))}
    coords |= {key: ("spectrum", np.asarray(v)) for key, v in (words or {}).items()}
    quantity = attrs.pop("quantity", "reflectance")
    told = {"quantity": quantity, "units": UNITS.get(quantity, ""), **attrs}
    library = xr.DataArray(values[:, order], dims=("spectrum", "band"), coords=coords, attrs=told)
    return check_library(library)


def check_library(library: xr.DataArray) -> xr.DataArray:
    """Return `library`, ready to be selected by wavelength.

    Raises
    ------
    CubeError
        If a rule is broken. The message names it.
    """
    if library.dims != ("spectrum", "band") or not library.size:
        raise CubeError(f"a library has spectra and bands, got dims {library.dims} of shape {library.shape}")
    for name, dim in (("spectrum_name", "spectrum"), ("wavelength", "band")):
        if name not in library.coords or library[name].dims != (dim,):
            raise CubeError(f"a library needs {name!r} on {dim!r}, got none; add the coordinate")
    wavelength = library["wavelength"].values
    check_wavelengths(wavelength)
    if not np.isfinite(wavelength).all():
        raise CubeError("a library's bands all have wavelengths, got NaN; leave those bands out")
    if library.attrs.get("quantity") not in UNITS:
        raise CubeError(f"a library's quantity is one of {', '.join(UNITS)}, got {library.attrs.get('quantity')!r}")
    return library if "wavelength" in library.xindexes else library.set_xindex("wavelength")


def join_libraries(libraries: Sequence[xr.DataArray]) -> xr.DataArray:
    """Spectra of several libraries of the same bands in one; words that only some have are left out."""
    first = libraries[0]
    for other in libraries[1:]:
        same = other.sizes["band"] == first.sizes["band"] and np.allclose(
            other["wavelength"], first["wavelength"], rtol=0, atol=0.01
        )
        if not same or other.attrs["quantity"] != first.attrs["quantity"]:
            raise CubeError(
                f"spectra of one library share their bands and quantity, but {_told(other)} differs from "
                f"{_told(first)}; open them apart and bring them together by resample_library()"
            )
    shared = [
        n for n in first.coords if first[n].dims == ("spectrum",) and all(n in other.coords for other in libraries)
    ]
    words = {n: np.concatenate([np.asarray(lib[n].values, dtype=object) for lib in libraries]) for n in shared}
    names = words.pop("spectrum_name")
    bands = {n: first[n].values for n in ("fwhm", "good") if n in first.coords}
    values = np.concatenate([library.values for library in libraries])
    return make_library(values, first["wavelength"].values, names, bands=bands, words=words, **first.attrs)


def _told(library: xr.DataArray) -> str:
    w: NDArray = library["wavelength"].values
    name = Path(str(library.attrs.get("source", ""))).name or str(library["spectrum_name"].values[0])
    return f"{name} ({len(w)} bands, {w[0]:g}–{w[-1]:g} nm, {library.attrs['quantity']})"

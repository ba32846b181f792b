"""Several cubes of one place as one: radar beside reflectance beside elevation, on the grid of the first.

Cubes on that very grid are joined as they are; others are laid on it when pixels are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS, UNITS, CubeError, check_cube
from workbench.cubes.grid import transform_of
from workbench.cubes.warped import Warped

SHORT = {"sentinel-1": "S1", "sentinel-2": "S2"}
"""Beginnings of sensors' names, in lower case, and what bands are called after."""

_BLOCK = 512


def stack(cubes: Sequence[xr.DataArray]) -> xr.DataArray:
    """Bands of several cubes, one after the other or by wavelength, on the grid of the first.

    Parameters
    ----------
    cubes : sequence of xarray.DataArray of shape (n_bands, height, width)
        Each with a CRS; all overlap the first.

    Returns
    -------
    xarray.DataArray of shape (all bands, height, width)
        Lazy if one of them is or has to be warped. Bands are sorted by wavelength if all have one, else those that have
        come first. ``band_name`` says whose each is (``S1 VV``, ``S2 B04``). NaN where a cube has no data. ``quantity``
        is that of all, or ``dn`` where they differ; ``scaling`` says it of each.

    Raises
    ------
    CubeError
        If one has no CRS, is a swath, does not overlap, or two bands have the same wavelength.

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> cube = simulated_scene(16, 16, n_bands=8)[0]
    >>> stack([cube[:4], cube[4:]]).equals(stack([cube]))
    True
    """
    if not cubes:
        raise CubeError("a stack is made of one cube or more, got none; open some")
    first = cubes[0]
    for cube in cubes:
        if cube.rio.crs is None:
            raise CubeError(
                f"cubes are stacked by their place on the Earth, but {_title(cube)} has no CRS; give it one"
            )
        if "longitude" in cube.coords:
            raise CubeError(f"cubes are stacked by their grids, but {_title(cube)} is a swath; lay it on a grid first")
    laid = [first.variable.data, *(_on_grid_of(first, cube) for cube in cubes[1:])]
    wavelength, order = _bands(cubes)
    if all(isinstance(part, np.ndarray) for part in laid):
        values = np.concatenate(laid)[order]
    else:
        side = (first.shape[1] if first.chunks is None else first.chunks[1][0], _BLOCK)
        chunks = tuple(min(most, size) for most, size in zip((16, *side), (len(order), *first.shape[1:]), strict=True))
        values = da.from_array(Joint(tuple(laid), order), chunks=chunks, name=False, lock=False)
    names = np.array([name for cube in cubes for name in _names(cube)], dtype=object)
    coords = {"wavelength": wavelength, "band_name": names}
    for name, missing in (("fwhm", np.nan), ("good", True)):
        if any(name in cube.coords for cube in cubes):
            told = [cube.coords[name].values if name in cube.coords else [missing] * len(cube) for cube in cubes]
            coords[name] = np.concatenate(told)
    place = {name: first.coords[name] for name in ("y", "x", "spatial_ref")}
    coords = {name: ("band", told[order]) for name, told in coords.items()}
    joined = xr.DataArray(values, dims=DIMS, coords=coords | place, attrs=_attrs(cubes))
    for name in ("wavelength", "fwhm"):
        if name in joined.coords:
            joined[name].attrs["units"] = "nm"
    joined.encoding["preferred_chunks"] = first.encoding.get("preferred_chunks", {"y": _BLOCK, "x": _BLOCK})
    return check_cube(joined)


def _bands(cubes: Sequence[xr.DataArray]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Wavelengths of all bands, and their order: those that have one by it, then the others."""
    wavelength = np.concatenate([cube["wavelength"].values.astype(float) for cube in cubes])
    order = np.argsort(wavelength, kind="stable")
    same = np.flatnonzero(np.diff(wavelength[order]) == 0)
    if same.size:
        owner = np.repeat(np.arange(len(cubes)), [cube.sizes["band"] for cube in cubes])
        one, other = (_title(cubes[owner[order[i]]]) for i in (same[0], same[0] + 1))
        at = wavelength[order[same[0]]]
        raise CubeError(
            f"bands of a stack have wavelengths of their own, but {one} and {other} both have one at {at:g} nm; "
            "leave one of them out, or open dates of one sensor as a series"
        )
    return wavelength, order


def _names(cube: xr.DataArray) -> list[str]:
    """Names of a cube's bands, with its sensor before them."""
    sensor = str(cube.attrs.get("sensor", ""))
    prefix = next((short for name, short in SHORT.items() if sensor.lower().startswith(name)), sensor)
    if "band_name" in cube.coords:
        names = [str(name) for name in cube["band_name"].values]
    else:
        names = [f"{centre:g} nm" for centre in cube["wavelength"].values]
    return [name if not prefix or name.startswith(f"{prefix} ") else f"{prefix} {name}" for name in names]


def _attrs(cubes: Sequence[xr.DataArray]) -> dict[str, object]:
    """What is said of the whole."""

    def told(name: str) -> list[str]:
        return list(dict.fromkeys(str(cube.attrs[name]) for cube in cubes if cube.attrs.get(name)))

    quantities = {cube.attrs["quantity"] for cube in cubes}
    quantity = quantities.pop() if len(quantities) == 1 else "dn"
    units = {cube.attrs.get("units", "") for cube in cubes}
    return {
        "quantity": quantity,
        "units": units.pop() if len(units) == 1 else UNITS["dn"],
        "sensor": " + ".join(told("sensor")),
        "scaling": "; ".join(f"{_title(cube)}: {cube.attrs.get('scaling', 'not said')}" for cube in cubes),
        "wavelength_note": "; ".join(told("wavelength_note")),
        "acquired": told("acquired")[0] if len(told("acquired")) == 1 else "",
        "source": "",
        "format": "",
        "stacked": told("source"),
    }


def _title(cube: xr.DataArray) -> str:
    """How a cube is called in a sentence."""
    return cube.attrs.get("source") or cube.attrs.get("sensor") or f"a cube of {cube.sizes['band']} bands"


def _on_grid_of(first: xr.DataArray, cube: xr.DataArray) -> NDArray[np.float32] | da.Array | Warped:
    """A cube's values at the pixels of another."""
    grid, own = transform_of(first), transform_of(cube)
    corners = [(0, 0), (first.sizes["x"], first.sizes["y"])]
    near = all(math.dist(grid @ corner, own @ corner) <= 1e-3 * abs(grid.determinant) ** 0.5 for corner in corners)
    if near and cube.shape[1:] == first.shape[1:] and cube.rio.crs == first.rio.crs:
        return cube.variable.data
    warped = Warped(cube.variable.data, own, cube.rio.crs, grid, first.rio.crs, first.shape[1:])
    if warped.source_window(slice(0, warped.shape[1]), slice(0, warped.shape[2])) is None:
        raise CubeError(
            f"cubes of a stack overlap the first, but {_title(cube)} and {_title(first)} have no ground in common; "
            "open scenes of one place"
        )
    return warped


@dataclass(frozen=True, eq=False)
class Joint:
    """Parts of one height and width, one after another along the bands and then sorted."""

    parts: tuple[NDArray[np.float32] | da.Array | Warped, ...]
    """Each of shape (n_bands, height, width)."""

    order: NDArray[np.intp]
    """Which band of all parts each band is."""

    ndim = 3
    dtype = np.dtype("float32")

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_bands, height, width) of all together."""
        return (len(self.order), *self.parts[0].shape[1:])

    def __getitem__(self, key: tuple[slice | int | NDArray[np.intp], ...]) -> NDArray[np.float32]:
        """Any basic selection; only parts whose bands are asked for are read."""
        flat = tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)
        bands, rows, columns = (slice(k, k + 1) if isinstance(k, int | np.integer) else k for k in key)
        wanted = self.order[bands]
        height, width = (len(range(size)[k]) for size, k in zip(self.shape[1:], (rows, columns), strict=True))
        out = np.empty((len(wanted), height, width), "float32")
        first = 0
        for part in self.parts:
            mine = np.flatnonzero((wanted >= first) & (wanted < first + part.shape[0]))
            # Slices, not lists of bands: dask hands only those to the file.
            for run in np.split(mine, np.flatnonzero((np.diff(mine) != 1) | (np.diff(wanted[mine]) != 1)) + 1):
                if out.size and len(run):
                    start = int(wanted[run[0]]) - first
                    values = part[start : start + len(run), rows, columns]
                    # Already inside a task: another scheduler would wait for itself.
                    out[run] = values.compute(scheduler="synchronous") if isinstance(values, da.Array) else values
            first += part.shape[0]
        return out[flat]

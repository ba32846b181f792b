"""Where a cube's pixels lie: coordinates, CRS and transform, said once for every reader.

A rotated grid cannot have its ``x`` and ``y`` in one dimension each. It keeps its transform in ``spatial_ref`` (so
``cube.rio.transform()`` is right), and ``x``, ``y`` count pixels.
"""

from __future__ import annotations

import warnings

import numpy as np
import rioxarray  # noqa: F401, brings ``cube.rio``
import xarray as xr
from affine import Affine
from rasterio.crs import CRS

from workbench.cubes.contract import CubeError


def place(cube: xr.DataArray, crs: CRS | str | int | None, transform: Affine | None) -> xr.DataArray:
    """Give `cube` its coordinates.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Without ``x``, ``y``.
    crs : CRS, str, int or None
        None for a scene that is not on the Earth: a plain pixel grid.
    transform : Affine or None
        (column, row) of a pixel's corner to map units.

    Returns
    -------
    xarray.DataArray
        With ``x``, ``y`` and, where there is a CRS, ``spatial_ref``.
    """
    columns, rows = np.arange(cube.sizes["x"]) + 0.5, np.arange(cube.sizes["y"]) + 0.5
    if crs is None or transform is None:
        return cube.assign_coords(x=columns, y=rows)
    check_transform(transform)
    if transform.is_rectilinear:
        columns, rows = transform.c + transform.a * columns, transform.f + transform.e * rows
    cube = cube.assign_coords(x=columns, y=rows)
    with warnings.catch_warnings():
        # Of the Swiss grid's oblique projection, say: CF has no word for its angle, but the WKT beside it does.
        warnings.filterwarnings("ignore", ".*lost in conversion to CF", UserWarning)
        return cube.rio.write_crs(crs).rio.write_transform(transform)


def check_transform(transform: Affine, name: str = "the file") -> None:
    """Refuse a transform whose pixels have no size, or none that is known."""
    if not (np.isfinite(transform[:6]).all() and transform.determinant):
        raise CubeError(
            f"a geotransform has 6 numbers that span a pixel, got {tuple(transform[:6])} in {name}; copy it again, or "
            "take its place away (gdal_edit -unsetgt)"
        )


def transform_of(cube: xr.DataArray) -> Affine:
    """(column, row) of a pixel's corner to map units, for a cube, a part of one, or a map made from it.

    ``cube.rio.transform()`` says the same but for parts of a rotated grid, and warns under affine 3.

    Examples
    --------
    >>> cube = xr.DataArray(np.zeros((1, 4, 5), "float32"), dims=("band", "y", "x"))
    >>> tuple(transform_of(place(cube, "EPSG:32633", Affine(30, 0, 600, 0, -30, 900)).isel(x=slice(2, None))))[:6]
    (30.0, 0.0, 660.0, 0.0, -30.0, 900.0)
    """
    stored = cube.coords["spatial_ref"].attrs.get("GeoTransform") if "spatial_ref" in cube.coords else None
    grid = Affine.from_gdal(*map(float, stored.split())) if stored else Affine.identity()
    if "x" not in cube.coords or "y" not in cube.coords:
        return grid
    rotated = not grid.is_rectilinear
    (left, dx), (top, dy) = (
        _edge(cube[name].values, 1.0 if rotated else size) for name, size in (("x", grid.a), ("y", grid.e))
    )
    own = Affine(dx, 0, left, 0, dy, top)
    if rotated:
        return grid @ own
    return grid if stored and _is_whole(cube, grid) else own


def _is_whole(cube: xr.DataArray, grid: Affine) -> bool:
    """Whether `grid` gives the very same centres, so that what is written from it reads back to the last bit."""
    return all(
        np.array_equal(cube[name].values, start + size * (np.arange(cube.sizes[name]) + 0.5))
        for name, start, size in (("x", grid.c, grid.a), ("y", grid.f, grid.e))
    )


def _edge(centres: np.ndarray, size: float) -> tuple[float, float]:
    """Where the first pixel begins, and how long one is."""
    if len(centres) > 1:
        size = float(centres[-1] - centres[0]) / (len(centres) - 1)
    return float(centres[0]) - size / 2, size

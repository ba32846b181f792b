"""One pixel's spectrum out of a cube."""

from __future__ import annotations

import xarray as xr

from workbench.cubes.reading import read_pixel


def spectrum(cube: xr.DataArray, row: int, column: int) -> xr.DataArray:
    """The values of one pixel, read and in memory.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; of a lazy one little else is read.
    row, column : int
        Pixel, counted from the upper left, from 0.

    Returns
    -------
    xarray.DataArray of shape (n_bands,)
        With the cube's band coordinates; NaN where there is no data.

    Raises
    ------
    IndexError
        If the pixel lies outside the cube.
    """
    height, width = cube.sizes["y"], cube.sizes["x"]
    if not (0 <= row < height and 0 <= column < width):
        raise IndexError(f"pixel ({row}, {column}) is outside the scene of {height} rows and {width} columns")
    row, column = int(row), int(column)
    found = cube.isel(y=row, x=column)
    return found.copy(data=read_pixel(cube, row, column))

"""Where several people's labels differ, as ground that one can walk to."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from rasterio.features import shapes
from shapely.geometry import Polygon, shape

from workbench.labels.grid import grid_of

LONGEST = 200
"""Most letters of what a piece is called: a class's name on the desk has no more."""


def differing_pieces(
    names: Sequence[str],
    classes: Sequence[str],
    pixels: NDArray[np.int64],
    codes: NDArray[np.integer],
    cube: xr.DataArray,
) -> gpd.GeoDataFrame:
    """Connected pieces of pixels of which people say the same different things, the largest first.

    Parameters
    ----------
    names : sequence of P str
        The people.
    classes : sequence of K str
        The classes.
    pixels : array of int of shape (n,)
        Numbers of the pixels on which they differ, row by row from the upper left.
    codes : array of int of shape (P, n)
        What each says there: 0 = nothing, else a class, 1 for the first.
    cube : xarray.DataArray
        The scene; only its grid is used.

    Returns
    -------
    geopandas.GeoDataFrame
        ``class_name``: what was said ("water / woods"), so that an import on the desk makes a class of it; ``rank``
        from 1, ``pixels``, ``row`` and ``column`` of the first of them, ``by NAME`` with what that person says (empty
        for nothing; ``by NAME (2)`` where another's differs in capitals alone), and the ground, along the edges of
        pixels in the scene's CRS.
    """
    grid = grid_of(cube)
    said, which = np.unique(codes, axis=1, return_inverse=True)
    raster = np.zeros(grid.height * grid.width, np.int32)
    raster[pixels] = which.ravel() + 1
    raster = raster.reshape(grid.height, grid.width)
    found = [(shape(piece), said[:, int(code) - 1]) for piece, code in shapes(raster, raster > 0)]
    found.sort(key=lambda one: (-one[0].area, *_first(one[0])))  # in pixels still
    table: dict[str, list] = {
        "class_name": [_told(codes, classes) for _, codes in found],
        "rank": list(range(1, len(found) + 1)),
        "pixels": [round(piece.area) for piece, _ in found],
        "row": [_first(piece)[0] for piece, _ in found],
        "column": [_first(piece)[1] for piece, _ in found],
    }
    for person, column in enumerate(_columns(names)):
        table[column] = [classes[codes[person] - 1] if codes[person] else "" for _, codes in found]
    to = grid.transform
    ground = gpd.GeoSeries([piece for piece, _ in found]).affine_transform([to.a, to.b, to.d, to.e, to.c, to.f])
    return gpd.GeoDataFrame(table, geometry=ground.values, crs=grid.crs)


def _columns(names: Sequence[str]) -> list[str]:
    """A column for each, of names that differ in more than capitals, which GeoPackage takes for the same."""
    found: list[str] = []
    for name in names:
        same = sum(name.casefold() == other.casefold() for other in names[: len(found)])
        found.append(f"by {name} ({same + 1})" if same else f"by {name}")
    return found


def _first(piece: Polygon) -> tuple[int, int]:
    """Row and column of the upper of its pixels, of those in that row the left one."""
    return min((int(y), int(x)) for x, y in piece.exterior.coords)


def _told(codes: NDArray[np.integer], classes: Sequence[str]) -> str:
    return " / ".join(classes[code - 1] for code in np.unique(codes[codes > 0]))[:LONGEST].rstrip()

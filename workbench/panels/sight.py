"""Where the map's window has to go: to all of a scene, or to one pixel of it. Numbers only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.panels.view import Bounds, ViewGrid

SEEN = 4.0
"""Least size of a pixel that one is asked about [pixels of the screen]."""

EDGE = 40
"""What is nearer to the map's edge than this is out of sight [pixels of the screen]."""

NEAREST = 24.0
"""Greatest zoom there is."""

Place = tuple[float, float]
"""Latitude and longitude [degrees]."""


def whole(grid: ViewGrid, size: tuple[float, float]) -> tuple[Place, float]:
    """Centre and zoom of a window `size` (width, height) [pixels of the screen] with all of the scene in it."""
    (south, west), (north, east) = grid.bounds
    width, height = size
    across = 256 * (east - west) / 360
    down = across * (north - south) / (east - west) / max(np.cos(np.radians((south + north) / 2)), 0.05)
    zoom = np.floor(10 * np.log2(min(0.96 * width / across, 0.96 * height / down))) / 10
    return ((south + north) / 2, (west + east) / 2), float(np.clip(zoom, 2, NEAREST))


def towards(
    grid: ViewGrid, bounds: Bounds, size: tuple[float, float], zoom: float, pixel: tuple[int, int]
) -> tuple[Place | None, float]:
    """How to bring a pixel into sight.

    Parameters
    ----------
    grid : ViewGrid
        The scene's.
    bounds : ((south, west), (north, east))
        Of the window [degrees].
    size : (float, float)
        Width and height of the window [pixels of the screen].
    zoom : float
        Of the window.
    pixel : (int, int)
        Row and column.

    Returns
    -------
    (float, float) or None, float
        Centre, None where the window may stay; and zoom, greater where a pixel was too small to be seen.
    """
    window = grid.window(bounds, size, margin=0)
    scale = window.scale if window else SEEN
    place = grid.position(*pixel)
    part = (np.array(place) - bounds[0]) / np.subtract(bounds[1], bounds[0])
    is_seen = (np.abs(part - 0.5) <= 0.5 - EDGE / np.flip(size)).all()
    if scale < SEEN:
        zoom = float(min(NEAREST, np.ceil(10 * (zoom + np.log2(SEEN / scale))) / 10))
    return (None if is_seen and scale >= SEEN else place), zoom


def is_any_seen(grid: ViewGrid, bounds: Bounds, size: tuple[float, float], pixels: NDArray[np.integer]) -> bool:
    """Whether a window shows any of some pixels (row, column), shape (n, 2); the others as in :func:`towards`."""
    window = grid.window(bounds, size, margin=0)
    if window is None or not len(pixels):
        return False
    spots = window.spots(grid.mercator(pixels))
    return bool(((spots >= 0) & (spots <= window.rows.shape[::-1])).all(axis=1).any())

"""The part of a scene that the map shows: which pixels lie under the screen's, and where points of the map do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

MADE_UP = 10.0
"""Metres to a pixel where the scene has no CRS."""

Bounds = tuple[tuple[float, float], tuple[float, float]]
"""Leaflet's bounds: (south, west), (north, east) [degrees]."""

TO_MERCATOR = Transformer.from_crs(4326, 3857, always_xy=True).transform
"""From longitude and latitude [degrees] to web mercator [m]."""

TO_DEGREES = Transformer.from_crs(3857, 4326, always_xy=True).transform
"""And back."""


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a scene that the map shows."""

    rows: NDArray[np.integer]
    """Row of the scene under each pixel of the window, shape (height, width)."""

    columns: NDArray[np.integer]
    """Column, likewise."""

    inside: NDArray[np.bool_]
    """False where the window looks past the scene's edge."""

    bounds: Bounds
    """Where the window lies."""

    scale: float
    """Pixels of the window to a pixel of the scene."""

    shown: Bounds
    """What of the map is in sight; the window is a little larger."""

    @property
    def part(self) -> tuple[slice, slice]:
        """Rows and columns of the scene that it needs."""
        return tuple(slice(int(one.min()), int(one.max()) + 1) for one in (self.rows, self.columns))

    def spot(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Where a point of the map [degrees] is in the window: x, y [pixels of the window]."""
        (south, west), (north, east) = self.bounds
        x, y = TO_MERCATOR([west, longitude, east], [south, latitude, north])
        height, width = self.rows.shape
        return (x[1] - x[0]) / (x[2] - x[0]) * width, (y[2] - y[1]) / (y[2] - y[0]) * height

    def spots(self, mercator: NDArray[np.floating]) -> NDArray[np.floating]:
        """The same for many points, given in web mercator [m], shape (n, 2)."""
        (south, west), (north, east) = self.bounds
        (left, right), (bottom, top) = TO_MERCATOR([west, east], [south, north])
        height, width = self.rows.shape
        return (mercator - (left, top)) / (right - left, bottom - top) * (width, height)

    def take(self, values: NDArray) -> NDArray:
        """The window's part of an array of the scene (height, width, …)."""
        return values[self.rows, self.columns]

    def clear(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture of the window, clear outside the scene; changed in place."""
        picture[~self.inside] = 0
        return picture

"""Where a pixel lies, in words: in the scene's own coordinates, and in degrees."""

from __future__ import annotations

from pyproj import CRS

from workbench.panels.view import ViewGrid


def place_in_words(grid: ViewGrid, crs: object | None, row: int, column: int) -> str:
    """The middle of a pixel in the scene's CRS, and its longitude and latitude; empty without a CRS.

    Parameters
    ----------
    grid : ViewGrid
        The scene's.
    crs : rasterio or pyproj CRS, or None
        Of the scene.
    row, column : int
        The pixel.

    Examples
    --------
    >>> from affine import Affine
    >>> transform, crs = Affine(30, 0, 390_000, 0, -30, 5_820_000), CRS.from_epsg(32633)
    >>> place_in_words(ViewGrid((100, 100), transform, crs), crs, 2, 1)
    '390045, 5819925 m (EPSG:32633) · 52.51833° N, 13.37950° E'
    """
    if crs is None:
        return ""
    latitude, longitude = grid.position(row, column)
    degrees = f"{_degrees(latitude, 'NS')}, {_degrees(longitude, 'EW')}"
    system = CRS.from_user_input(crs)
    if system.is_geographic:
        return degrees
    x, y = grid.transform * (column + 0.5, row + 0.5)
    code, unit = system.to_epsg(), {"metre": "m"}.get(system.axis_info[0].unit_name, system.axis_info[0].unit_name)
    places = 0 if abs(grid.transform.a) + abs(grid.transform.b) >= 5 else 1
    return f"{x:.{places}f}, {y:.{places}f} {unit} ({f'EPSG:{code}' if code else system.name}) · {degrees}"


def _degrees(value: float, signs: str) -> str:
    return f"{abs(value):.5f}° {signs[value < 0]}"

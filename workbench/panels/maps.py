"""The map: pictures in, clicks and polygons out."""

from __future__ import annotations

from collections.abc import Callable

import ipyleaflet
import numpy as np
from numpy.typing import NDArray
from shapely.geometry import shape as to_geometry
from shapely.geometry.base import BaseGeometry

from workbench.panels.assets import LeafletPane
from workbench.panels.leaflet_map import SLOTS, leaflet_map
from workbench.panels.sight import is_any_seen, towards, whole
from workbench.panels.slots import CLEAR, Slot, close_all, forget_line
from workbench.panels.view import Bounds, ViewGrid, Window
from workbench.panels.world import World

MODES = ("inspect", "pixel", "polygon", "brush")

Painter = Callable[[Window], NDArray[np.uint8] | None]
"""Draws a window as RGBA (height, width, 4); None for nothing."""


class SceneMap:
    """A scene on a map.

    Parameters
    ----------
    on_pixel : callable
        Called with (row, column) of every click on the scene in mode ``inspect`` or ``pixel``.
    on_polygon : callable
        Called with each polygon drawn in mode ``polygon``, in the scene's own coordinates.
    on_hover : callable
        Called with the (row, column) the pointer comes to, None when it leaves the scene.
    on_sight : callable
        Called with what the map shows of the scene, whenever that is drawn.
    """

    def __init__(
        self,
        on_pixel: Callable[[int, int], None],
        on_polygon: Callable[[BaseGeometry], None],
        on_hover: Callable[[tuple[int, int] | None], None] = lambda pixel: None,
        on_sight: Callable[[Window | None], None] = lambda window: None,
    ) -> None:
        self.grid: ViewGrid | None = None
        self.mode = "inspect"
        self._fitted: tuple = ((0.0, 0.0), (0.0, 0.0), 0.0)  # size, centre and zoom
        self._on_pixel, self._on_polygon, self._on_hover, self._on_sight = on_pixel, on_polygon, on_hover, on_sight
        self._under: tuple[int, int] | None = None
        self._painters: dict[str, tuple[Painter, bool]] = {}
        self._swipe: ipyleaflet.SplitMapControl | None = None
        self.leaflet = leaflet_map()
        self.world = World(self.leaflet)
        self._box = ipyleaflet.ImageOverlay(url=CLEAR, bounds=((0, 0), (1e-6, 1e-6)), pane="brush")
        self.leaflet.add(self._box)
        self.slots = {name: Slot(self.leaflet, name) for name in SLOTS}
        self._pen = ipyleaflet.GeomanDrawControl(hide_controls=True)
        self.leaflet.add(self._pen)
        self._pen.on_draw(self._drawn)
        self.leaflet.on_interaction(self._clicked)
        self.leaflet.observe(self._moved, names=["bounds", "pixel_bounds"])

    def panel(self) -> LeafletPane:
        """The map as something Panel shows, as large as its container."""
        return LeafletPane(self.leaflet, sizing_mode="stretch_both", min_height=200, margin=0, css_classes=["desk-map"])

    # ------------------------------------------------------------------ what is shown

    def open(self, grid: ViewGrid) -> None:
        """Lay another scene on the map and look at all of it; what the slots showed was of the last one."""
        self.grid, self._box.bounds = grid, grid.bounds
        for name, (_, is_flat) in self._painters.items():
            self.slots[name].show(None, None, is_flat=is_flat)
        self._painters.clear()
        self._fit()

    def _fit(self) -> None:
        size = self._size()
        self.leaflet.center, self.leaflet.zoom = whole(self.grid, size)
        self._fitted = size, self.leaflet.center, self.leaflet.zoom

    def go(self, row: int, column: int) -> None:
        """Bring a pixel into sight, if it is not, and nearer, if it was too small; else nothing moves."""
        if self.grid is None:
            return
        center, zoom = towards(self.grid, self._bounds(), self._size(), self.leaflet.zoom, (row, column))
        self.leaflet.zoom = zoom
        if center is not None:
            self.leaflet.center = center

    def show(self, pixels: NDArray[np.integer]) -> None:
        """Go to the first of some pixels (row, column), shape (n, 2), unless one of them is in sight."""
        if self.grid is not None and len(pixels) and not is_any_seen(self.grid, self._bounds(), self._size(), pixels):
            self.go(*pixels[0].tolist())

    def _moved(self, _: object) -> None:
        # The first sizes the browser tells are those of a page still being laid out.
        if self.grid is not None and self._knows_size() and self._is_resized() and self._is_untouched():
            self._fit()
        self.repaint()

    def _is_resized(self) -> bool:
        """Whether the map has another size than it was fitted to; told in whole pixels or not, at every zoom anew."""
        return bool(np.abs(np.subtract(self._size(), self._fitted[0])).max() > 4)

    def _is_untouched(self) -> bool:
        """Whether the map still shows what it was last fitted to."""
        _, center, zoom = self._fitted
        (south, west), (north, east) = self.grid.bounds
        off = np.abs(np.subtract(self.leaflet.center, center)) / (north - south, east - west)
        return abs(self.leaflet.zoom - zoom) < 0.05 and float(off.max()) < 0.01

    def paint(self, slot: str, painter: Painter, *, is_flat: bool = False) -> None:
        """Give a slot what it shall show from now on, however the map is moved."""
        self._painters[slot] = painter, is_flat
        self.repaint(slot)

    def fade(self, slot: str, opacity: float) -> None:
        """How strongly a slot covers what lies below, 0…1."""
        self.slots[slot].fade(opacity)

    def repaint(self, *names: str) -> None:
        """Render slots anew for the window the map shows; all of them by default."""
        if self.grid is None:
            return
        window = self.grid.window(self._bounds(), self._size())
        self._on_sight(window)
        for name in names or self._painters:
            painter, is_flat = self._painters[name]
            picture = painter(window) if window else None
            self.slots[name].show(picture, window.bounds if window else None, is_flat=is_flat)

    def swipe(self, is_on: bool) -> None:
        """Put ``base`` left and ``top`` right of a handle, or lay them on each other again."""
        if is_on == (self._swipe is not None):
            return
        if is_on:
            self._swipe = ipyleaflet.SplitMapControl(
                left_layer=self.slots["base"].layers, right_layer=self.slots["top"].layers
            )
            self.leaflet.add(self._swipe)
        else:
            self.leaflet.remove(self._swipe)
            self._swipe.close()
            self._swipe = None
            for name in ("base", "top"):  # the control leaves its own copies of the layers on the map, over ours
                self.slots[name].renew()

    # ------------------------------------------------------------------ what comes back

    def set_mode(self, mode: str) -> None:
        """Whether a click asks for a pixel or sets the corner of a polygon."""
        self.mode = mode
        self._pen.current_mode = "draw:Polygon" if mode == "polygon" else None

    def set_pen(self, color: str) -> None:
        """The colour of the next polygon."""
        style = {"color": color, "fillColor": color, "weight": 2}
        self._pen.polygon = {"pathOptions": style, "templineStyle": style, "hintlineStyle": {**style, "dashArray": "5"}}

    def _clicked(self, **event: object) -> None:
        if self.mode == "polygon":  # every corner wants the browser's whole attention
            return
        if event.get("type") in ("mousemove", "mouseout") and self.grid is not None:
            here = self.grid.pixel(*event["coordinates"]) if event["type"] == "mousemove" else None
            if here != self._under:
                self._under = here
                self._on_hover(here)
            return
        if event.get("type") != "click" or self.grid is None:
            return
        pixel = self.grid.pixel(*event["coordinates"])
        if pixel is not None:
            self._on_pixel(*pixel)

    def _drawn(self, _: object, action: str, geo_json: object) -> None:
        if action != "create" or self.grid is None:
            return
        features = geo_json if isinstance(geo_json, list) else [geo_json]
        self._pen.clear()
        self._on_polygon(self.grid.to_scene(to_geometry(features[-1]["geometry"])))
        self._pen.current_mode = None  # so that the next line is a change the browser hears of
        self.set_mode(self.mode)

    # ------------------------------------------------------------------ the window

    def _knows_size(self) -> bool:
        return len(self.leaflet.pixel_bounds) == 2

    def _size(self) -> tuple[float, float]:
        """Width and height of the map on the screen [pixels]; a guess until the browser has said."""
        if not self._knows_size():
            return 780, 450
        (left, top), (right, bottom) = self.leaflet.pixel_bounds
        return max(right - left, 1), max(bottom - top, 1)

    def _bounds(self) -> Bounds:
        bounds = self.leaflet.bounds
        return bounds if len(bounds) == 2 else self.grid.bounds

    def dispose(self) -> None:
        """Close every widget, and let go of the page."""
        close_all(self.leaflet, self._pen, self.leaflet.list_of_layers)
        forget_line(self.leaflet)

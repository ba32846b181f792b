"""The brush: strokes are collected and drawn in the browser, see ``brush.js``, and come here whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import panel as pn
import panel_material_ui as pmui
import param
import shapely
from numpy.typing import NDArray
from panel.custom import JSComponent

from workbench.panels.look import RADII, Look
from workbench.panels.pages import Page
from workbench.panels.style import line
from workbench.panels.view import ViewGrid

OnStroke = Callable[[NDArray[np.float64], float, bool], object]

_FAR = 10.0
"""Sizes of the scene's box that a stroke may lead away from it."""


class Brush(JSComponent):
    """What the browser has to know to paint, and what it has painted.

    Parameters
    ----------
    on_stroke : callable
        Called with the path of each stroke (n, 2), x and y in scene coordinates, its radius [pixels of the scene] and
        whether it erases.
    """

    active = param.Boolean(default=False, doc="Whether a drag on the map paints")
    erase = param.Boolean(default=False, doc="Whether it erases; holding Shift does so, too")
    radius = param.Number(default=3.0, doc="In pixels of the scene")
    color = param.String(default="#ffffff", doc="Of the class that is painted")
    shape = param.List(default=[0, 0], doc="Height and width of the scene [pixels]")
    placed = param.List(default=[], doc="From parts of the scene's box on the map to columns and rows; see `placed`")

    _esm = Path(__file__).with_name("brush.js")

    def __init__(self, on_stroke: OnStroke, **params: object) -> None:
        super().__init__(width=0, height=0, margin=0, **params)
        self._on_stroke, self._grid = on_stroke, None

    def lay(self, grid: ViewGrid) -> None:
        """Paint on another scene."""
        self._grid = grid
        self.param.update(shape=list(grid.shape), placed=placed(grid))

    def _handle_msg(self, message: dict) -> None:
        try:
            places = np.asarray(message["path"], float).reshape(-1, 2)
        except (LookupError, TypeError, ValueError):
            places = np.empty((0, 2))  # which a session refuses
        try:
            if self._grid is not None:
                ground = on_ground(self._grid, places)
                self._on_stroke(ground, message.get("radius"), message.get("erase") is True)
        finally:
            self._send_msg({"done": message.get("stroke")})


def on_ground(grid: ViewGrid, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scene coordinates (n, 2) of places on the map, as parts of the scene's box there: right and down from its corner.

    The box is a part of a map in web mercator: what is even there is the longitude, and the latitude's ordinate. Places
    far away are brought nearer, since not every projection reaches round the Earth.
    """
    places = np.clip(places, -_FAR, _FAR)
    (south, west), (north, east) = grid.bounds
    bottom, top = np.arcsinh(np.tan(np.radians([south, north])))
    longitude = west + places[:, 0] * (east - west)
    latitude = np.degrees(np.arctan(np.sinh(top + places[:, 1] * (bottom - top))))
    points = shapely.multipoints(np.column_stack([longitude, latitude]))
    return shapely.get_coordinates(grid.to_scene(points))


def placed(grid: ViewGrid) -> list[float]:
    """From parts of the scene's box to columns and rows: six numbers, in a canvas's order, that fit best.

    They are for drawing while the pointer moves; what is painted in the end goes by :func:`on_ground`.
    """
    knots = np.stack(np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9)), -1).reshape(-1, 2)
    columns, rows = ~grid.transform @ tuple(on_ground(grid, knots).T)
    fit, *_ = np.linalg.lstsq(np.column_stack([knots, np.ones(len(knots))]), np.column_stack([columns, rows]))
    return fit.ravel().tolist()


def brush_choices(look: Look, page: Page) -> pn.Row:
    """The brush's radius and the eraser's switch, in sight while the map is painted on."""
    sizes = {f"{radius:g}": radius for radius in RADII}
    radius = pmui.Select.from_param(
        look.param.radius, options=sizes, label="Radius [pixels]", description="", size="small", margin=0,
        sizing_mode="stretch_width",
    )  # fmt: skip
    erase = pmui.Switch.from_param(look.param.erase, label="Erase", description="", size="small", margin=0)
    row = line(radius, erase, visible=False)
    page.follow(look, "mode", lambda: row.param.update(visible=look.mode == "brush"))
    return row

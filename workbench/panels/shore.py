"""The coast on a page's map: lines that Leaflet draws, over the pictures and below the labels."""

from __future__ import annotations

import ipyleaflet
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.panels.coast import MISSING, around, coast, is_there, width_of
from workbench.panels.look import Look
from workbench.panels.maps import SceneMap
from workbench.panels.pages import Page
from workbench.panels.slots import close_all
from workbench.session import Session

PENS = ({"color": "#000000", "opacity": 0.55, "weight": 4}, {"color": "#ffffff", "opacity": 1.0, "weight": 2})
"""A line with a rim, to be seen on any picture."""


class Shore:
    """Follows a page's look and its scene.

    Parameters
    ----------
    session, look, page
        What is shown.
    on : SceneMap
        What it is drawn on.
    """

    def __init__(self, session: Session, look: Look, page: Page, on: SceneMap) -> None:
        self.session, self.look, self._page, self._map = session, look, page, on
        self._drawn: list[ipyleaflet.Polyline] = []
        page.follow(look, "coast", self._turn, now=False)
        page.follow(session, "cube", self._open, now=False)

    def _turn(self) -> None:
        """Draw the coast or put it away; say why it is not there."""
        self._draw([])
        cube = self.session.cube
        if not self.look.coast or cube is None:
            return
        if cube.rio.crs is None:
            self._refuse("a coastline lies where a scene has coordinates, and this one has none")
        elif not is_there():
            self._refuse(MISSING)
        else:
            bounds = around(self._map.grid.bounds)
            self._page.work(lambda: (cube, bounds, coast(bounds)), self._take)

    def _open(self) -> None:
        cube = self.session.cube
        self.look.coast = self.look.coast and cube is not None and cube.rio.crs is not None
        self._turn()

    def _take(self, found: tuple[xr.DataArray, tuple, list]) -> None:
        cube, bounds, lines = found
        if cube is not self.session.cube or not self.look.coast:
            return
        self._draw(lines)
        if not lines:
            self.session.tell(f"no coast is near: there is none in the {width_of(bounds):,.0f} km about the scene")

    def _refuse(self, reason: str) -> None:
        self.session.refuse(reason)
        self.look.coast = False

    def _draw(self, lines: list[NDArray[np.float64]]) -> None:
        for one in self._drawn:
            self._map.leaflet.remove(one)
        close_all(*self._drawn)
        corners = [line.tolist() for line in lines]
        told = {"locations": corners, "fill": False, "smooth_factor": 0, "pane": "coast", "name": "coast"}
        self._drawn = [ipyleaflet.Polyline(**told, **pen) for pen in PENS] if corners else []
        for one in self._drawn:
            self._map.leaflet.add(one)

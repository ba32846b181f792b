"""The map of the world below a scene, and whose it is."""

from __future__ import annotations

import ipyleaflet

from workbench.panels.base_maps import BaseMap
from workbench.panels.slots import close_all


class World:
    """None at first.

    Parameters
    ----------
    leaflet : ipyleaflet.Map
        What it is laid on.
    """

    def __init__(self, leaflet: ipyleaflet.Map) -> None:
        self._leaflet = leaflet
        self._parts: list[ipyleaflet.Widget] = []

    def show(self, chosen: BaseMap | None) -> None:
        """Show a map of the world, or none."""
        for part in self._parts:
            self._leaflet.remove(part)
        close_all(*self._parts)
        self._parts = []
        if chosen is not None:
            told = {"attribution": chosen.attribution, "max_native_zoom": chosen.deepest, "max_zoom": 24}
            self._parts = [
                ipyleaflet.TileLayer(url=chosen.url, name="base map", **told),
                ipyleaflet.AttributionControl(position="bottomright", prefix=""),
            ]
            for part in self._parts:
                self._leaflet.add(part)

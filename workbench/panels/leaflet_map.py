"""leafmap's map as the desk sets it up. The only file that knows leafmap."""

from __future__ import annotations

import ipyleaflet
import ipywidgets
import leafmap.leafmap as leafmap

from workbench.panels.slots import CLEAR

SLOTS = ("base", "top", "marks")
PANES = {
    **{name: {"zIndex": str(250 + 10 * i)} for i, name in enumerate(SLOTS)},
    "coast": {"zIndex": "265"},
    "brush": {"zIndex": "1", "visibility": "hidden"},
}
"""Where layers lie: coastlines over the pictures and below the labels; what is being drawn is at 400. In that for the
brush a clear picture lies over the whole scene, by which the browser tells where a stroke is (``brush.js``)."""


class LeafletMap(leafmap.Map):
    """leafmap's map without what phones out or rebuilds widgets at every change."""

    @property
    def list_of_layers(self) -> ipywidgets.Widget:
        """The box that leafmap has made for its list of layers."""
        return self._layer_manager_widget

    def update_layer_manager(self) -> None:
        """Nothing: the page has its own layer panel, and leafmap's makes a hundred widgets at each ``add``."""


def leaflet_map() -> LeafletMap:
    """A map of nothing, with a scale and none of leafmap's own controls."""
    return LeafletMap(
        center=(0, 0),
        zoom=14,
        height="100%",
        basemap=ipyleaflet.TileLayer(url=CLEAR, name="none", base=True),
        draw_control=False,
        toolbar_control=False,
        attribution_control=False,
        fullscreen_control=False,
        layers_control=False,
        scale_control=True,
        panes=PANES,
        zoom_snap=0.1,
        zoom_delta=0.5,
        max_zoom=24,
        min_zoom=2,
        double_click_zoom=False,
    )

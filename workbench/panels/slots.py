"""Layers of pictures on the map, and their end.

A picture of the window goes to the browser as a data URI on an image overlay: no tile server, no second port. Each
:class:`Slot` sits in its own Leaflet pane, since a swipe clips whole panes, and keeps two overlays, so that picture and
place change together.
"""

from __future__ import annotations

import base64
import io
from contextlib import suppress
from functools import partial

import comm
import ipyleaflet
import ipywidgets
import numpy as np
import panel as pn
from numpy.typing import NDArray
from PIL import Image

from workbench.panels.view import Bounds

CLEAR = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
"""A picture of nothing."""


def data_uri(picture: NDArray[np.uint8], *, is_flat: bool) -> str:
    """An RGBA picture (height, width, 4) as WebP: exact for flat colours, else small."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", quality=20 if is_flat else 88, method=0, lossless=is_flat)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


class Slot:
    """One layer of pictures in its own Leaflet pane.

    How strongly it covers is part of the picture: ipyleaflet tells the browser of changes of a layer's opacity, but
    not what it was when the map was first drawn.
    """

    def __init__(self, leaflet: ipyleaflet.Map, name: str) -> None:
        self._leaflet, self._name, self._opacity, self._front = leaflet, name, 1.0, 0
        self._shown: tuple[NDArray[np.uint8] | None, Bounds | None, bool] = None, None, True
        self.layers: list[ipyleaflet.ImageOverlay] = []
        self._lay()

    def _lay(self) -> None:
        nowhere = ((0, 0), (1e-6, 1e-6))
        overlays = [ipyleaflet.ImageOverlay(url=CLEAR, bounds=nowhere, name=self._name, pane=self._name) for _ in "12"]
        self.layers, self._front = overlays, 0
        for layer in overlays:
            self._leaflet.add(layer)

    def renew(self) -> None:
        """Show the same in new layers; all views of the old ones go, also such as a control has made."""
        old, (picture, bounds, is_flat) = self.layers, self._shown
        self._lay()
        self.show(picture, bounds, is_flat=is_flat)
        for layer in old:
            layer.url = CLEAR
            self._leaflet.remove(layer)
        close_all(*old)

    def show(self, picture: NDArray[np.uint8] | None, bounds: Bounds | None, *, is_flat: bool) -> None:
        """Change the picture (height, width, 4) and where it lies; None clears the slot."""
        self._shown = picture, bounds, is_flat
        url = CLEAR if picture is None else data_uri(_faded(picture, self._opacity), is_flat=is_flat)
        front = self.layers[self._front]
        if bounds is None or _same(front.bounds, bounds):
            front.url = url
            return
        self._front = 1 - self._front
        back = self.layers[self._front]
        with back.hold_sync():
            back.url, back.bounds, back.opacity = url, bounds, 1.0
        front.opacity = 0.0

    def fade(self, opacity: float) -> None:
        """How strongly the slot covers what lies below, 0…1."""
        if opacity != self._opacity:
            self._opacity = opacity
            picture, bounds, is_flat = self._shown
            self.show(picture, bounds, is_flat=is_flat)


def close_all(*widgets: ipywidgets.Widget) -> None:
    """Close `widgets` and all they hold: ipywidgets keeps them in a table, where each page would leave its own."""
    todo, seen = list(widgets), set()
    while todo:
        widget = todo.pop()
        if id(widget) in seen:
            continue
        seen.add(id(widget))
        for value in map(partial(getattr, widget), widget.keys):
            values = value if isinstance(value, list | tuple) else [value]
            todo += [item for item in values if isinstance(item, ipywidgets.Widget)]
        _close(widget)


def forget_line(widget: ipywidgets.Widget) -> None:
    """Let go of the page that `widget` was on: Panel keeps the kernel by which it told the browser, and that the page.

    The table it is in forgets a page that nobody else holds, but what stands beside the page there holds it itself.
    """
    kernel = pn.state._ipykernels.pop(getattr(widget, "_document", None), None)
    if kernel is not None:
        kernel.comm_manager.comms.clear()
        lines = comm.get_comm_manager().comms
        for name in [name for name, line in lines.items() if getattr(line, "kernel", None) is kernel]:
            del lines[name]  # of widgets that are none of the map's
        from panel.io.ipywidget import _IPyComm

        if _IPyComm.kernel is kernel:  # the last page's
            _IPyComm.kernel = None


def _faded(picture: NDArray[np.uint8], opacity: float) -> NDArray[np.uint8]:
    if opacity == 1:
        return picture
    faded = picture.copy()
    faded[..., 3] = (picture[..., 3] * opacity).astype("uint8")
    return faded


def _same(left: Bounds, right: Bounds) -> bool:
    return np.allclose(np.asarray(left, float), np.asarray(right, float), rtol=0, atol=1e-12)


def _close(widget: ipywidgets.Widget) -> None:
    name = None if widget.comm is None else widget.model_id  # it may have been closed before
    with suppress(Exception):  # the browser it tells is gone; the widget has left the table by then
        widget.close()
    # On a server Panel gives it another line to the browser; the first one, which is not closed, would hold all of it.
    comm.get_comm_manager().comms.pop(name, None)
    widget.unobserve_all()

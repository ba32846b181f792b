"""The figure of the embedding's plane, as Bokeh's own for the reasons that ``spectra_figure`` has: arrays are sent.

What is selected is worked out here from the lasso's line, not in the browser, so that every page and every key selects
in the same way and the same things. Drawn on a plain canvas: some thousand points take no GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import panel as pn
from bokeh.core.property.descriptors import UnsetValueError
from bokeh.document import Document
from bokeh.events import SelectionGeometry, Tap
from bokeh.model import Model
from bokeh.models import ColumnDataSource, HoverTool, LassoSelectTool, Range1d, WheelZoomTool
from bokeh.plotting import figure
from numpy.typing import NDArray

from workbench.panels.pictures import SELECTION
from workbench.panels.plotted import NO_CLASS, points
from workbench.panels.spectra_figure import change_all

DRAWN, LABELLED, SELECTED, HERE = "drawn", "labelled", "selected", "here"
"""Kinds of points: drawn pixels, labelled ones, selected ones, and a ring round the one clicked last."""

CLEAR, FADED = 0.8, 0.3
"""How strongly drawn pixels are seen: without a selection, and beside one."""

_LAYERS = (
    (DRAWN, {"size": 5, "fill_color": "color", "fill_alpha": CLEAR, "line_color": NO_CLASS, "line_width": 0.4}),
    (LABELLED, {"size": 12, "fill_color": "#ffffff", "line_color": "#000000", "line_width": 1}),
    (LABELLED, {"size": 8, "fill_color": "color", "line_alpha": 0}),
    (SELECTED, {"size": 6, "fill_color": "color", "line_color": SELECTION, "line_width": 1.2}),
    (HERE, {"size": 17, "fill_alpha": 0, "line_color": "#000000", "line_width": 5}),
    (HERE, {"size": 17, "fill_alpha": 0, "line_color": "#ffffff", "line_width": 2.5}),
)
"""From the lowest to the highest."""

_GUESS = 600.0, 180.0
"""Size of the plot until the browser has told it [pixels]."""


class PlaneFigure(pn.pane.Bokeh):
    """Points in a plane; each place it is shown in has a figure of its own.

    Parameters
    ----------
    on_lasso : callable
        Called with the x and y of the corners of what was drawn round some points.
    on_tap : callable
        Called with x, y of a click and the pixels of the screen to a unit of either axis.
    **params
        Of the pane.
    """

    def __init__(
        self,
        on_lasso: Callable[[Sequence[float], Sequence[float]], None],
        on_tap: Callable[[float, float, tuple[float, float]], None],
        **params: object,
    ) -> None:
        super().__init__(**params)
        self._on_lasso, self._on_tap = on_lasso, on_tap
        self._titles, self._box = ("", ""), (0.0, 1.0, 0.0, 1.0)
        self._data = {name: points(np.zeros((0, 2)), np.zeros((0, 2), int)) for name, _ in _LAYERS}

    def entitle(self, titles: tuple[str, str]) -> None:
        """Say what the two axes are."""
        self._titles = titles
        change_all(self, lambda model: _title(model, self._titles))

    def look_at(self, places: NDArray[np.floating]) -> None:
        """Show the part of the plane where these points (n, 2) lie, with a margin."""
        low, high = places.min(axis=0), places.max(axis=0)
        margin = np.maximum((high - low) * 0.06, 1e-3 * max(float(np.abs(places).max()), 1e-6))
        (left, bottom), (right, top) = low - margin, high + margin
        self._box = float(left), float(right), float(bottom), float(top)
        change_all(self, lambda model: _aim(model, self._box))

    def draw(self, **data: Mapping[str, object]) -> None:
        """Draw some kinds of points anew, from what ``plotted.points`` gives."""
        self._data |= data

        def send(model: figure) -> None:
            sources = {drawn.name: drawn.data_source for drawn in model.renderers}
            for name in data:
                sources[name].data = self._data[name]
            self._fade(model)

        change_all(self, send)

    def _fade(self, model: figure) -> None:
        """Let what is not selected step back."""
        alpha = FADED if len(self._data[SELECTED]["x"]) else CLEAR
        for drawn in model.renderers:
            if drawn.name == DRAWN and drawn.glyph.fill_alpha != alpha:
                drawn.glyph.fill_alpha = alpha

    def _made(self) -> figure:
        laid = {name: getattr(self, name) for name in self._overrides}
        model = figure(tools="", toolbar_location=None, x_range=Range1d(), y_range=Range1d(), **laid)
        _aim(model, self._box)
        source = {name: ColumnDataSource(data) for name, data in self._data.items()}
        drawn = [model.scatter("x", "y", source=source[name], name=name, **look) for name, look in _LAYERS]
        lasso, wheel = LassoSelectTool(continuous=False, renderers=[]), WheelZoomTool()
        tips = [("", "row @row, column @column @name")]
        model.add_tools(lasso, wheel, HoverTool(renderers=[*drawn[:1], *drawn[2:4]], tooltips=tips))
        model.toolbar.active_drag, model.toolbar.active_scroll = lasso, wheel
        for axis in model.axis:
            axis.axis_label_text_font_size, axis.major_label_text_font_size = "11px", "10px"
            axis.axis_label_text_font_style = "normal"
        model.grid.grid_line_alpha = 0.25
        _title(model, self._titles)
        self._fade(model)
        model.on_event(SelectionGeometry, self._lassoed)
        model.on_event(Tap, lambda event: self._tapped(model, event))
        return model

    def _lassoed(self, event: SelectionGeometry) -> None:
        shape = event.geometry or {}
        if event.final and shape.get("type") == "poly":
            self._on_lasso(np.asarray(shape["x"], float), np.asarray(shape["y"], float))

    def _tapped(self, model: figure, event: Tap) -> None:
        if event.x is None or event.y is None:
            return
        try:
            width, height = model.inner_width, model.inner_height
        except UnsetValueError:
            width, height = _GUESS
        across, up = model.x_range, model.y_range
        self._on_tap(event.x, event.y, (width / abs(across.end - across.start), height / abs(up.end - up.start)))

    def _get_model(self, doc: Document, root: Model | None = None, parent: object = None, comm: object = None) -> Model:
        if root is None:
            return self.get_root(doc, comm)
        model = self._made()
        if comm and self.autodispatch:
            self._wrap_bokeh_callbacks(root, model, doc, comm)
        self._models[root.ref["id"]] = (model, parent)
        self._design.apply_bokeh_theme_to_model(model, self.theme)
        return model


def _title(model: figure, titles: tuple[str, str]) -> None:
    (across,), (up,) = model.xaxis, model.yaxis
    across.axis_label, up.axis_label = titles


def _aim(model: figure, box: tuple[float, float, float, float]) -> None:
    left, right, bottom, top = box
    model.x_range.update(start=left, end=right)
    model.y_range.update(start=bottom, end=top)

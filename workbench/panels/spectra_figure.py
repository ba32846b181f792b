"""The figure of spectra, as Bokeh's own: a spectrum under the pointer is one array sent, not a plot drawn anew.

HoloViews works out an overlay again for every curve that changes, some 50 ms; here the arrays of the one curve go to
the browser and nothing else does. Colours of text, axes and grid follow the page's theme.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import panel as pn
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import ColumnDataSource, DataRange1d, HoverTool
from bokeh.plotting import figure
from numpy.typing import NDArray

CLICKED = "#7d8ca3"
"""Of the spectrum clicked last: neutral, and seen on white and on black."""

HOVERED = "#8a8f99"
"""Of the spectrum under the pointer."""

LINES, SPREADS = "lines", "spreads"
"""Names of glyphs: class means and kept spectra; and the means' standard deviations."""

BAD = "bad"
"""Name of the glyph that marks bad bands."""

NONE_BAD = np.zeros((0, 2))

_STYLES = {
    "hovered": {"line_color": HOVERED, "line_width": 1.2, "line_dash": "dotted"},
    "clicked": {"line_color": CLICKED, "line_width": 2.5},
}
"""The curves that come and go, the lower one first."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One spectrum to draw."""

    name: str
    """What it is of."""

    color: str
    """``#rrggbb``."""

    values: NDArray[np.floating]
    """One a band; NaN leaves a gap."""

    spread: NDArray[np.floating] | None = None
    """Standard deviation, drawn as a band either side; None for a single one."""

    dash: str = ""
    """How its line is drawn, by the name of a pattern of Bokeh's; unless told, solid with a spread and else dashed."""


class SpectraFigure(pn.pane.Bokeh):
    """Spectra over one axis; each place it is shown in has a figure of its own.

    Parameters
    ----------
    **params
        Of the pane.
    """

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        self._titles, self._data = ("", ""), {}
        self.lay(np.zeros(0), self._titles)

    def lay(self, x: NDArray[np.floating], titles: tuple[str, str], bad: NDArray[np.floating] = NONE_BAD) -> None:
        """Take another axis, and let go of all spectra.

        Parameters
        ----------
        x : ndarray of shape (n_bands,)
            Wavelength [nm], or band numbers where there is none.
        titles : (str, str)
            Of the two axes: quantity and unit.
        bad : ndarray of shape (n, 2)
            From where to where bands are bad.
        """
        self._x, self._titles = x, titles
        nothing = np.full(len(x), np.nan)
        self._data = {LINES: _lines(x, ()), SPREADS: _spreads(x, ())}
        self._data |= {name: {"x": x, "y": nothing} for name in _STYLES}
        self._data[BAD] = {"x0": bad[:, 0], "x1": bad[:, 1]}
        change_all(self, lambda model: _title(model, self._titles))
        self._tell(*self._data)

    def click(self, values: NDArray[np.floating]) -> None:
        """Draw the spectrum clicked last, (n_bands,); NaN leaves a gap."""
        self._change("clicked", {"x": self._x, "y": values})

    def hover(self, values: NDArray[np.floating]) -> None:
        """Draw the spectrum under the pointer."""
        self._change("hovered", {"x": self._x, "y": values})

    def draw(self, spectra: Sequence[Spectrum]) -> None:
        """Draw class means and kept spectra: a line each, of a class over its spread."""
        self._data |= {LINES: _lines(self._x, spectra), SPREADS: _spreads(self._x, spectra)}
        self._tell(LINES, SPREADS)

    def _change(self, name: str, data: dict[str, object]) -> None:
        self._data[name] = data
        self._tell(name)

    def _tell(self, *names: str) -> None:
        """Send what has changed to every figure there is."""

        def send(model: figure) -> None:
            for drawn in model.renderers:  # select() would walk through all that the figure is made of
                if drawn.name in names:
                    drawn.data_source.data = self._data[drawn.name]

        change_all(self, send)

    def _made(self) -> figure:
        """A figure of what is drawn now, as the pane was told to lie."""
        laid = {name: getattr(self, name) for name in self._overrides}
        ranges = {"x_range": DataRange1d(range_padding=0.02), "y_range": DataRange1d(range_padding=0.06)}
        model = figure(tools="", toolbar_location=None, **ranges, **laid)
        source = {name: ColumnDataSource(data) for name, data in self._data.items()}
        look = {"fill_color": HOVERED, "fill_alpha": 0.16, "line_alpha": 0}
        model.vstrip("x0", "x1", source=source[BAD], name=BAD, level="underlay", **look)
        spreads = model.patches(
            "xs", "ys", source=source[SPREADS], name=SPREADS, fill_color="color", fill_alpha=0.2, line_alpha=0
        )
        look = {"line_color": "color", "line_dash": "dash", "line_width": 1.5}
        drawn = [model.multi_line("xs", "ys", source=source[LINES], name=LINES, **look)]
        drawn += [model.line("x", "y", source=source[name], name=name, **look) for name, look in _STYLES.items()]
        model.x_range.renderers = [spreads, *drawn]  # an empty plot is empty: bad bands alone would fill all of it
        model.add_tools(HoverTool(renderers=drawn, formatters={"$data_y": "printf"}))
        for axis in model.axis:
            axis.axis_label_text_font_size, axis.major_label_text_font_size = "11px", "10px"
            axis.axis_label_text_font_style = "normal"
        model.grid.grid_line_alpha = 0.25
        _title(model, self._titles)
        return model

    def _get_model(self, doc: Document, root: Model | None = None, parent: object = None, comm: object = None) -> Model:
        if root is None:
            return self.get_root(doc, comm)
        model = self._made()
        self._models[root.ref["id"]] = (model, parent)
        self._design.apply_bokeh_theme_to_model(model, self.theme)
        return model


def change_all(pane: pn.pane.Bokeh, change: Callable[[figure], None]) -> None:
    """Change each figure of a pane in its own document's turn: some of Panel's callbacks come without its lock."""
    for model, _ in list(pane._models.values()):
        document = model.document
        if document is None or document.session_context is None:
            change(model)
        else:
            document.add_next_tick_callback(partial(_in_turn, change, model))
    if pane._models and pn.state.curdoc is None:
        pn.io.push_notebook(pane)


def _in_turn(change: Callable[[figure], None], model: figure) -> None:
    """Change a figure after what Panel has yet to write: the figure may be new, and the browser not know it yet."""
    with pn.io.unlocked():
        change(model)


def _title(model: figure, titles: tuple[str, str]) -> None:
    (across,), (up,) = model.xaxis, model.yaxis
    across.axis_label, up.axis_label = titles
    model.select_one(HoverTool).tooltips = [(titles[0], "$data_x{0.0}"), (titles[1], "$data_y{%.4g}")]


def _lines(x: NDArray[np.floating], spectra: Sequence[Spectrum]) -> dict[str, object]:
    return {
        "xs": [x] * len(spectra),
        "ys": [one.values for one in spectra],
        "color": [one.color for one in spectra],
        "dash": [one.dash or ("dashed" if one.spread is None else "solid") for one in spectra],
        "name": [one.name for one in spectra],
    }


def _spreads(x: NDArray[np.floating], spectra: Sequence[Spectrum]) -> dict[str, object]:
    """A ring either side of a mean for each stretch without a gap."""
    found: dict[str, list] = {"xs": [], "ys": [], "color": []}
    for one in spectra:
        if one.spread is None:
            continue
        low, high = one.values - one.spread, one.values + one.spread
        for piece in _pieces(x, low):
            found["xs"].append(np.r_[x[piece], x[piece][::-1]])
            found["ys"].append(np.r_[low[piece], high[piece][::-1]])
            found["color"].append(one.color)
    return found


def _pieces(x: NDArray[np.floating], values: NDArray[np.floating]) -> list[slice]:
    """Stretches without a gap."""
    known = np.isfinite(values) & np.isfinite(x)
    edges = np.flatnonzero(np.diff(np.r_[False, known, False].astype("int8")))
    return [slice(start, stop) for start, stop in edges.reshape(-1, 2)]

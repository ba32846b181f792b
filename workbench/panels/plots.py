"""Plots: pure functions from values to HoloViews elements. They know neither widgets nor the session.

An overlay of the same length is sent to the browser as new data, another length as a new plot; so callers rebuild a
``DynamicMap`` when the number of curves changes. Colours of text, axes and grid follow the page's theme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import holoviews as hv
import holoviews.plotting.bokeh
import numpy as np
from bokeh.models import HoverTool
from numpy.typing import NDArray

CLICKED = "#7d8ca3"
"""Of the spectrum clicked last: neutral, and seen on white and on black."""

HOVERED = "#8a8f99"
"""Of the spectrum under the pointer."""

HUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's, which colour-blind people tell apart; for pins and loss terms."""

_TEXT = {"labels": "11px", "xticks": "10px", "yticks": "10px", "legend": "11px"}
_FRAME = {"responsive": True, "toolbar": None, "fontsize": _TEXT, "show_title": False, "default_tools": []}
_GRID = {"show_grid": True, "gridstyle": {"grid_line_alpha": 0.25}}


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
    """Standard deviation, drawn as a band either side; None for a single pixel, drawn dashed."""


def clicked_plot(axis: NDArray[np.floating], values: NDArray[np.floating], titles: tuple[str, str]) -> hv.Curve:
    """The spectrum clicked last: (n_bands,) values over `axis`, whose titles name quantity and unit."""
    return hv.Curve((axis, values), "x", "y").opts(color=CLICKED, line_width=2.5, **_spectral(titles))


def hovered_plot(axis: NDArray[np.floating], values: NDArray[np.floating], titles: tuple[str, str]) -> hv.Curve:
    """The spectrum under the pointer, thin and dotted: it comes and goes."""
    return hv.Curve((axis, values), "x", "y").opts(
        color=HOVERED, line_width=1.2, line_dash="dotted", **_spectral(titles)
    )


def spectra_plot(axis: NDArray[np.floating], spectra: Sequence[Spectrum], titles: tuple[str, str]) -> hv.Overlay:
    """Spectra over wavelength, with gaps where a value is missing: one line each, after its band.

    Parameters
    ----------
    axis : ndarray of shape (n_bands,)
        Wavelength [nm], or band numbers where there is none.
    spectra : sequence of Spectrum
        Of n_bands values each.
    titles : (str, str)
        Of the two axes: quantity and unit.
    """
    elements = []
    for spectrum in spectra:
        if spectrum.spread is not None:
            low, high = spectrum.values - spectrum.spread, spectrum.values + spectrum.spread
            rings = [
                {"x": np.r_[axis[piece], axis[piece][::-1]], "y": np.r_[low[piece], high[piece][::-1]]}
                for piece in _pieces(axis, low)
            ]
            area = hv.Polygons(rings, ["x", "y"]).opts(color=spectrum.color, alpha=0.2, line_alpha=0, **_FRAME)
            elements.append(area)
        dash = "dashed" if spectrum.spread is None else "solid"
        line = hv.Curve((axis, spectrum.values), "x", "y")
        elements.append(line.opts(color=spectrum.color, line_width=1.5, line_dash=dash, **_spectral(titles)))
    nothing = hv.Curve((axis, np.full(len(axis), np.nan)), "x", "y").opts(**_spectral(titles))
    return hv.Overlay(elements or [nothing])


def loss_plot(steps: Sequence[int], terms: Mapping[str, Sequence[float]]) -> hv.NdOverlay:
    """The loss over steps of training: their sum, and the named, weighted terms where there are several."""
    lines = {name: np.asarray(values, float) for name, values in terms.items()}
    if len(lines) != 1:
        lines = {"loss": np.sum(list(lines.values()), axis=0) if lines else np.zeros(0), **lines}
    curves = {}
    for i, (name, values) in enumerate(lines.items()):
        style = {"line_width": 2.2} if i == 0 else {"line_width": 1.4, "line_dash": "dashed"}
        curve = hv.Curve((np.asarray(steps), values), "step", "loss")
        curves[name] = curve.opts(color=HUES[i % len(HUES)], framewise=True, **style, **_FRAME, **_GRID)
    legend = {"title": "", "background_fill_alpha": 0, "border_line_alpha": 0}
    overlay = hv.NdOverlay(curves, "term", sort=False)
    return overlay.opts(legend_position="right", legend_opts=legend, padding=(0.01, 0.08), **_FRAME)


def _spectral(titles: tuple[str, str]) -> dict[str, object]:
    """Options of every spectrum."""
    hover = HoverTool(tooltips=[(titles[0], "@x{0.0}"), (titles[1], "@y{0.0000}")])
    padding = (0.02, 0.06)
    labels = {"xlabel": titles[0], "ylabel": titles[1], "tools": [hover]}
    return {**labels, "framewise": True, "padding": padding, **_FRAME, **_GRID}


def _pieces(axis: NDArray[np.floating], values: NDArray[np.floating]) -> list[slice]:
    """Stretches without a gap."""
    known = np.isfinite(values) & np.isfinite(axis)
    edges = np.flatnonzero(np.diff(np.r_[False, known, False].astype("int8")))
    return [slice(start, stop) for start, stop in edges.reshape(-1, 2)]

"""Plots: pure functions from values to HoloViews elements. They know neither widgets nor the session.

An overlay of the same length is sent to the browser as new data, another length as a new plot; so callers rebuild a
``DynamicMap`` when the number of curves changes. Colours of text, axes and grid follow the page's theme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import holoviews as hv
import holoviews.plotting.bokeh
import numpy as np

# Several figures share one WebGL canvas, which is copied for each of them: without a GPU that takes 70 ms a drawing.
hv.renderer("bokeh").webgl = False

HUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's, which colour-blind people tell apart; for pins and loss terms."""

_TEXT = {"labels": "11px", "xticks": "10px", "yticks": "10px", "legend": "11px"}
_FRAME = {"responsive": True, "toolbar": None, "fontsize": _TEXT, "show_title": False, "default_tools": []}
_GRID = {"show_grid": True, "gridstyle": {"grid_line_alpha": 0.25}}


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

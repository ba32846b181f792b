"""The figure of learning curves, as Bokeh's own for the reasons that ``spectra_figure`` has: arrays are sent.

Labels stand on a logarithmic axis, as one more is worth less the more there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import panel as pn
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import ColumnDataSource, DataRange1d, FixedTicker, HoverTool, NumeralTickFormatter, Range1d, Span
from bokeh.plotting import figure

from workbench.panels.curve_words import Point
from workbench.panels.plots import HUES
from workbench.panels.spectra_figure import CLICKED, change_all

BANDS, BARS, LINES, POINTS, NOW = "bands", "bars", "curves", "means", "now"
"""Names of what is drawn: intervals of curves, of single points, the curves, their means, the labels there are now."""

STYLES = tuple((hue, dash) for dash in ("solid", "dashed", "dotted", "dotdash") for hue in HUES)
"""Colours and dashes of curves."""

MARGIN = 1.15
"""Beyond what is least and largest on the axis, as a factor."""

BESIDE = 1.01
"""Curves of one and the same budget stand beside each other, as a factor."""

FAR = 2.0
"""Labels so many times fewer than the least budget, or more than the largest, are not marked."""

MOST_TICKS = 8
"""On the axis of labels, beside the last."""

TITLE = "overall accuracy [%]"
A_CLASS = "labels a class"
"""What the axis counts, unless it is told otherwise."""

TIPS = [("", "@name, @budget @counted"), ("OA [%]", "@y{0.0} @interval"), ("draws", "@draws")]


class CurveFigure(pn.pane.Bokeh):
    """Learning curves of some models; each place it is shown in has a figure of its own.

    Parameters
    ----------
    **params
        Of the pane.
    """

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        self._data, self._budgets, self._now, self._counted = _drawn({}), [1], 0.0, A_CLASS

    def draw(
        self, curves: Mapping[str, Sequence[Point]], styles: Mapping[str, tuple[str, str]], counted: str = A_CLASS
    ) -> None:
        """Draw curves by name, each in a colour and dash.

        Parameters
        ----------
        curves : mapping of str to sequence of Point
            Budgets increase.
        styles : mapping of str to (str, str)
                Of ``STYLES``.
        counted : str
            What the budgets are.
        """
        self._data, self._counted = _drawn(curves, styles, counted), counted
        self._budgets = sorted({point.budget for points in curves.values() for point in points}) or [1]

        def send(model: figure) -> None:
            for drawn in model.renderers:
                drawn.data_source.data = self._data[drawn.name]
            _lay(model, self._budgets, self._now)
            model.xaxis.axis_label = _title(self._counted)

        change_all(self, send)

    def stand_at(self, labels: float) -> None:
        """Mark how many labels a class there are now, by a line where that is near the budgets; 0 for none."""
        self._now = labels
        change_all(self, lambda model: _lay(model, self._budgets, self._now))

    @property
    def is_marked(self) -> bool:
        """Whether the labels there are now are near enough to be marked."""
        return _is_near(self._budgets, self._now)

    def _made(self) -> figure:
        laid = {name: getattr(self, name) for name in self._overrides}
        ranges = {"x_range": Range1d(), "y_range": DataRange1d(range_padding=0.08)}
        model = figure(tools="", toolbar_location=None, x_axis_type="log", **ranges, **laid)
        source = {name: ColumnDataSource(data) for name, data in self._data.items()}
        model.patches("xs", "ys", source=source[BANDS], name=BANDS, fill_color="color", fill_alpha=0.14, line_alpha=0)
        model.multi_line("xs", "ys", source=source[BARS], name=BARS, line_color="color", line_width=2, line_alpha=0.6)
        look = {"line_color": "color", "line_dash": "dash", "line_width": 2}
        model.multi_line("xs", "ys", source=source[LINES], name=LINES, **look)
        marks = model.scatter("x", "y", source=source[POINTS], name=POINTS, size=7, color="color")
        model.add_tools(HoverTool(renderers=[marks], tooltips=TIPS))
        for axis, title in zip(model.axis, (_title(self._counted), TITLE), strict=True):
            axis.axis_label, axis.axis_label_text_font_style = title, "normal"
            axis.axis_label_text_font_size, axis.major_label_text_font_size = "11px", "10px"
        model.xaxis.formatter = NumeralTickFormatter(format="0")
        model.grid.grid_line_alpha = 0.25
        model.add_layout(Span(dimension="height", line_color=CLICKED, line_dash="dotted", line_width=2, name=NOW))
        _lay(model, self._budgets, self._now)
        return model

    def _get_model(self, doc: Document, root: Model | None = None, parent: object = None, comm: object = None) -> Model:
        if root is None:
            return self.get_root(doc, comm)
        model = self._made()
        self._models[root.ref["id"]] = (model, parent)
        self._design.apply_bokeh_theme_to_model(model, self.theme)
        return model


def _lay(model: figure, budgets: Sequence[int], now: float) -> None:
    """Ticks where there are budgets, room beside them, and where one stands if that is near."""
    model.xaxis.ticker = FixedTicker(ticks=_ticks(budgets))
    is_near = _is_near(budgets, now)
    low, high = (min(budgets[0], now), max(budgets[-1], now)) if is_near else (budgets[0], budgets[-1])
    model.x_range.update(start=low / MARGIN, end=high * MARGIN)
    (line,) = (one for one in model.center if one.name == NOW)
    line.update(location=now or 1, visible=is_near)


def _title(counted: str) -> str:
    return f"{counted} (logarithmic)"


def _ticks(budgets: Sequence[int]) -> list[int]:
    """Budgets that have a tick: the largest, and others far enough apart to be read."""
    apart, ticks = (budgets[-1] / budgets[0]) ** (1 / MOST_TICKS), [budgets[-1]]
    for budget in reversed(budgets[:-1]):
        if budget * apart <= ticks[-1]:
            ticks.append(budget)
    return ticks[::-1]


def _is_near(budgets: Sequence[int], now: float) -> bool:
    return budgets[0] / FAR <= now <= budgets[-1] * FAR


def _drawn(
    curves: Mapping[str, Sequence[Point]], styles: Mapping[str, tuple[str, str]] | None = None, counted: str = A_CLASS
) -> dict[str, dict[str, list]]:
    """Curves as the browser takes them."""
    found: dict[str, dict[str, list]] = {
        BANDS: {"xs": [], "ys": [], "color": []},
        BARS: {"xs": [], "ys": [], "color": []},
        LINES: {"xs": [], "ys": [], "color": [], "dash": [], "name": []},
        POINTS: {"x": [], "y": [], "color": [], "name": [], "budget": [], "counted": [], "interval": [], "draws": []},
    }
    apart = BESIDE if len({point.budget for points in curves.values() for point in points}) == 1 else 1.0
    for i, (name, points) in enumerate(curves.items()):
        color, dash = styles[name]
        known = [point for point in points if point.low == point.low]  # else NaN
        budgets, lows, highs = ([getattr(point, part) for point in known] for part in ("budget", "low", "high"))
        if len(known) == 1:
            x = budgets[0] * apart**i
            _add(found[BARS], xs=[x, x], ys=[lows[0], highs[0]], color=color)
        elif known:
            _add(found[BANDS], xs=[*budgets, *budgets[::-1]], ys=[*lows, *highs[::-1]], color=color)
        xs, ys = [point.budget * apart**i for point in points], [point.mean for point in points]
        _add(found[LINES], xs=xs, ys=ys, color=color, dash=dash, name=name)
        for point, x in zip(points, xs, strict=True):
            told = f"[{point.low:.1f} to {point.high:.1f}]" if point in known else ""
            what = {"name": name, "budget": point.budget, "counted": counted, "interval": told, "draws": point.draws}
            _add(found[POINTS], x=x, y=point.mean, color=color, **what)
    return found


def _add(columns: dict[str, list], **row: object) -> None:
    for name, value in row.items():
        columns[name].append(value)

"""The spectra panel: the pixel clicked last, and beside it class means, kept spectra, a library's, a selection's."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import panel as pn
import panel_material_ui as pmui
from numpy.typing import NDArray

from workbench.cubes import SHAPES, has_wavelengths, spectrum
from workbench.panels.access import reads
from workbench.panels.axes import SpectralAxis
from workbench.panels.described import spectra_words
from workbench.panels.kept import keep
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.spectra_figure import SpectraFigure
from workbench.panels.spectra_legend import legend_html
from workbench.panels.spectra_read import ReadSpectra
from workbench.panels.style import heading, note, stack, tool
from workbench.session import Session

HEIGHT = 210
"""Of the plot [pixels]."""

WAYS = dict(zip(("Plain", "Continuum removed", "Derivative"), SHAPES, strict=True))
"""What the switch above the plot offers."""


class SpectraPanel(pn.viewable.Viewer):
    """One figure; the click is drawn by itself, so that it is quick."""

    def __init__(self, session: Session, look: Look, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look, self._page = session, look, page
        self._axis: SpectralAxis | None = None
        self._lines: dict[str, list[tuple[str, NDArray]]] = {"clicked": [], "others": []}
        self._plot = SpectraFigure(
            sizing_mode="stretch_width", height=HEIGHT, min_height=HEIGHT, margin=0, css_classes=["spectra"]
        )
        self._where = note("", css_classes=["where"])
        names = {"css_classes": ["legend", *reads("names of spectra")["css_classes"]]}
        self._legend = pn.pane.HTML("", margin=0, sizing_mode="stretch_width", visible=False, **names)
        self._shape = pmui.RadioButtonGroup.from_param(
            look.param.shape, options=WAYS, label="", size="small", margin=0, sizing_mode="stretch_width"
        )
        self._tools = (
            tool("push_pin", "Keep this spectrum, as the chosen class; again: as none (M)", self._keep),
            tool("clear_all", "Let go of the kept ones (Shift M)", session.let_go_of_spectra),
        )
        self._others = ReadSpectra(session, look, page, self._show_others)
        page.follow(session, "cube", self._open)
        self._others.follow()
        page.follow(look, "pixel", self._show_clicked)
        page.follow(look, "hover", self._show_hovered, now=False)
        page.follow(look, "shape", self._reshape, now=False)

    def __panel__(self) -> pn.Column:
        """Plot below its heading; what is drawn and where the pixel is, below."""
        return stack(heading("Spectra", *self._tools), self._shape, self._plot, self._legend, self._where, gap=4)

    def turn(self) -> None:
        """Look at the spectra in the next of the shapes."""
        if not self._shape.disabled:
            self.look.shape = SHAPES[(SHAPES.index(self.look.shape) + 1) % len(SHAPES)]

    def _keep(self) -> None:
        keep(self.session, self.look)

    def _open(self) -> None:
        cube = self.session.cube
        self._axis = None if cube is None else SpectralAxis.of(cube)
        self._shape.disabled = cube is None or not has_wavelengths(cube)
        if self._shape.disabled:
            self.look.shape = SHAPES[0]
        self._lay()
        self._others.open()
        self._show_clicked()

    def _reshape(self) -> None:
        self._lay()
        self._others.renew()
        self._show_clicked()

    def _lay(self) -> None:
        """An empty plot over the axis that there is now."""
        if self._axis is not None:
            axis = self._axis
            self._plot.lay(axis.x, (axis.titles[0], axis.title_of(self.look.shape)), axis.bad)
            self._lines = {"clicked": [], "others": []}

    def _show_clicked(self) -> None:
        self._tools[0].disabled = self.look.pixel is None
        if self._axis is None:
            self._where.object = "Open a scene first: type its path at the top."
            return
        if self.look.pixel is None:
            self._plot.click(self._axis.nothing)
            self._tell(clicked=[])
            self._where.object = "Click the map to see the spectrum of a pixel."
            return
        row, column = self.look.pixel
        values = self._values(row, column)
        self._plot.click(values)
        self._tell(clicked=[(f"pixel in row {row}, column {column}", values)])
        self._where.object = f"row {row}, column {column}{self._class_at(row, column)}"

    def _show_hovered(self) -> None:
        if self._axis is not None:
            pixel = self.look.hover
            self._plot.hover(self._axis.nothing if pixel is None else self._values(*pixel))

    def _tell(self, **lines: list[tuple[str, NDArray]]) -> None:
        """Have it said in words what is drawn; not what lies under the pointer."""
        self._lines |= lines
        drawn = [*self._lines["clicked"], *self._lines["others"]]
        titles = self._axis.titles[0], self._axis.title_of(self.look.shape)
        self._page.words.tell("spectra", partial(spectra_words, self._axis.x, titles, drawn))

    def _values(self, row: int, column: int) -> NDArray:
        values = spectrum(self.session.scene_at_hand(), row, column).values
        return self._axis.lay(self._others.shaper()(values[None])[0])

    def _class_at(self, row: int, column: int) -> str:
        found, sure = self.session.class_map, self.session.confidence
        if found is None or not int(found[row, column]):
            return ""
        name = found.attrs["classes"][int(found[row, column]) - 1]
        return f" · {name}" + (f" ({100 * float(sure[row, column]):.0f} % sure)" if sure is not None else "")

    def _show_others(self) -> None:
        self._tools[1].disabled = not self._others.has_kept
        if self._axis is None:
            return
        lay = self._axis.lay
        spectra = [
            replace(one, values=lay(one.values), spread=None if one.spread is None else lay(one.spread))
            for one in self._others.spectra()
        ]
        self._plot.draw(spectra)
        self._tell(others=[(one.name if one.spread is None else f"mean of {one.name}", one.values) for one in spectra])
        named = legend_html([one for one in spectra if one.spread is None], bad=bool(len(self._axis.bad)))
        self._legend.param.update(object=named, visible=bool(named))

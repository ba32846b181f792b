"""The spectra panel: the pixel clicked last, kept ones, the mean of every class, and that of a selection."""

from __future__ import annotations

import numpy as np
import panel as pn
from numpy.typing import NDArray

from workbench.cubes import spectrum
from workbench.panels.axes import SpectralAxis
from workbench.panels.kept import keep, kept_here
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.pictures import SELECTION
from workbench.panels.spectra_figure import SpectraFigure, Spectrum
from workbench.panels.spectra_legend import KEPT, legend_html
from workbench.panels.style import heading, note, stack, tool
from workbench.session import Session, class_spectra, mean_spectrum

HEIGHT = 210
"""Of the plot [pixels]."""


class SpectraPanel(pn.viewable.Viewer):
    """One figure; the click is drawn by itself, so that it is quick."""

    def __init__(self, session: Session, look: Look, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look, self._page = session, look, page
        self._axis: SpectralAxis | None = None
        self._means: dict[int, tuple] = {}
        self._selected: tuple | None = None
        self._read: dict[tuple[int, int], NDArray] = {}
        self._kept: dict[tuple[int, int], NDArray] = {}
        self._plot = SpectraFigure(
            sizing_mode="stretch_width", height=HEIGHT, min_height=HEIGHT, margin=0, css_classes=["spectra"]
        )
        self._where = note("", css_classes=["where"])
        self._legend = pn.pane.HTML("", margin=0, sizing_mode="stretch_width", visible=False, css_classes=["legend"])
        self._tools = (
            tool("push_pin", "Keep this spectrum, as the chosen class; again: as none (M)", self._keep),
            tool("clear_all", "Let go of the kept ones (Shift M)", session.let_go_of_spectra),
        )
        page.follow(session, "cube", self._open)
        page.follow(look, "pixel", self._show_clicked)
        page.follow(look, "hover", self._show_hovered, now=False)
        page.follow(session, "kept", self._read_kept, now=False)
        page.follow(session, "labels classes", self._read_means)
        page.follow(look, "selection", self._read_selection, now=False)

    def __panel__(self) -> pn.Column:
        """Plot below its heading; where the pixel is, below."""
        return stack(heading("Spectra", *self._tools), self._plot, self._legend, self._where, gap=4)

    def _keep(self) -> None:
        keep(self.session, self.look)

    def _open(self) -> None:
        cube = self.session.cube
        self._axis, self._means, self._read = None if cube is None else SpectralAxis.of(cube), {}, {}
        self._selected, self._kept = None, {}
        if self._axis is not None:
            self._plot.lay(self._axis.x, self._axis.titles)
        self._read_kept()
        self._show_clicked()

    def _show_clicked(self) -> None:
        for button in self._tools[:1]:
            button.disabled = self.look.pixel is None
        if self._axis is None:
            self._where.object = "Open a scene first: type its path at the top."
            return
        if self.look.pixel is None:
            self._plot.click(self._axis.nothing)
            self._where.object = "Click the map to see the spectrum of a pixel."
            return
        row, column = self.look.pixel
        self._plot.click(self._values(row, column))
        self._where.object = f"row {row}, column {column}{self._class_at(row, column)}"

    def _show_hovered(self) -> None:
        if self._axis is not None:
            pixel = self.look.hover
            self._plot.hover(self._axis.nothing if pixel is None else self._values(*pixel))

    def _values(self, row: int, column: int) -> object:
        return self._axis.lay(spectrum(self.session.scene_at_hand(), row, column).values)

    def _class_at(self, row: int, column: int) -> str:
        found, sure = self.session.class_map, self.session.confidence
        if found is None or not int(found[row, column]):
            return ""
        name = found.attrs["classes"][int(found[row, column]) - 1]
        return f" · {name}" + (f" ({100 * float(sure[row, column]):.0f} % sure)" if sure is not None else "")

    def _read_means(self) -> None:
        cube, labels = self.session.cube, self.session.labels
        if cube is None or labels is None or not (labels.values > 0).any():
            self._take_means((labels, {}))
            return
        read = self._read
        self._page.work(lambda: (labels, class_spectra(cube, labels, read)), self._take_means)

    def _take_means(self, found: tuple) -> None:
        labels, means = found
        if labels is self.session.labels:  # else newer labels are being read
            self._means = means
            self._show_others()

    def _read_kept(self) -> None:
        """Read those that are new, beside the page; then draw."""
        cube, read = self.session.cube, self._kept
        new = [one.pixel for one, _ in kept_here(self.session) if one.pixel not in read]
        if cube is None or not new:
            self._show_others()
            return

        def values() -> tuple:
            return cube, {pixel: spectrum(self.session.scene_at_hand(), *pixel).values for pixel in new}

        self._page.work(values, self._take_kept)

    def _take_kept(self, found: tuple) -> None:
        cube, values = found
        if cube is self.session.cube:
            self._kept |= values
            self._show_others()

    def _read_selection(self) -> None:
        cube, pixels = self.session.cube, self.look.selection
        if cube is None or not pixels:
            self._take_selection((pixels, None))
            return
        rows, columns = np.array(pixels, int).T
        self._page.work(lambda: (pixels, mean_spectrum(cube, rows, columns)), self._take_selection)

    def _take_selection(self, found: tuple) -> None:
        pixels, selected = found
        if pixels is self.look.selection:  # else a newer one is being read
            self._selected = selected
            self._show_others()

    def _show_others(self) -> None:
        kept = [one for one in kept_here(self.session) if one[0].pixel in self._kept]
        self._tools[1].disabled = not kept
        if self._axis is None:
            return
        lay = self._axis.lay
        spectra = [
            Spectrum(one.name, one.color, *(lay(part) for part in self._means[one.code]))
            for one in self.session.classes
            if one.code in self._means
        ]
        for one, color in kept:
            its_class = self.session.class_of(one)
            name = f"{its_class.name}: {one.name}" if its_class else one.name
            spectra.append(Spectrum(name, color, lay(self._kept[one.pixel]), dash=KEPT))
        if self._selected is not None:
            spectra.append(Spectrum("selection", SELECTION, *(lay(part) for part in self._selected)))
        self._plot.draw(spectra)
        named = [one for one in spectra if one.spread is None]
        self._legend.param.update(object=legend_html(named), visible=bool(named))

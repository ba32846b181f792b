"""The spectra panel: the pixel clicked last, pinned pixels, the mean of every class, and that of a selection."""

from __future__ import annotations

import numpy as np
import panel as pn
import panel_material_ui as pmui
from numpy.typing import NDArray

from workbench.cubes import spectrum
from workbench.panels.axes import SpectralAxis
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.pictures import SELECTION
from workbench.panels.plots import HUES
from workbench.panels.spectra_figure import SpectraFigure, Spectrum
from workbench.panels.style import heading, note, stack
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
        self._plot = SpectraFigure(
            sizing_mode="stretch_width", height=HEIGHT, min_height=HEIGHT, margin=0, css_classes=["spectra"]
        )
        self._where = note("")
        pin = pmui.IconButton(icon="push_pin", description="Keep this spectrum (M)", size="small", margin=0)
        pin.on_click(lambda _: look.pin())
        clear = pmui.IconButton(
            icon="clear_all", description="Let go of the kept ones (Shift M)", size="small", margin=0
        )
        clear.on_click(lambda _: look.clear())
        self._tools = pin, clear
        page.follow(session, "cube", self._open)
        page.follow(look, "pixel", self._show_clicked)
        page.follow(look, "hover", self._show_hovered, now=False)
        page.follow(look, "pins", self._show_others, now=False)
        page.follow(session, "labels classes", self._read_means)
        page.follow(look, "selection", self._read_selection, now=False)

    def __panel__(self) -> pn.Column:
        """Plot below its heading; where the pixel is, below."""
        return stack(heading("Spectra", *self._tools), self._plot, self._where, gap=4)

    def _open(self) -> None:
        cube = self.session.cube
        self._axis, self._means, self._read = None if cube is None else SpectralAxis.of(cube), {}, {}
        self._selected = None
        if self._axis is not None:
            self._plot.lay(self._axis.x, self._axis.titles)
        self._show_others()
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
        self._tools[1].disabled = not self.look.pins
        if self._axis is None:
            return
        spectra = [
            Spectrum(one.name, one.color, *(self._axis.lay(part) for part in self._means[one.code]))
            for one in self.session.classes
            if one.code in self._means
        ]
        for i, (row, column) in enumerate(self.look.pins):
            spectra.append(Spectrum(f"row {row}, column {column}", HUES[i % len(HUES)], self._values(row, column)))
        if self._selected is not None:
            spectra.append(Spectrum("selection", SELECTION, *(self._axis.lay(part) for part in self._selected)))
        self._plot.draw(spectra)

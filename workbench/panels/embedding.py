"""The embedding panel: the scene's pixels in a plane where like lies by like, linked with map and spectra."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import panel as pn
import panel_material_ui as pmui

from workbench.panels.described import NOTHING, plane_words
from workbench.panels.look import Look
from workbench.panels.menu import Menu
from workbench.panels.pages import Page
from workbench.panels.picking import Picking
from workbench.panels.plane_figure import PlaneFigure
from workbench.panels.plot_maker import PlotMaker, Wish
from workbench.panels.plotted import NO_PIXELS, Pixel, in_words, points, titles_of
from workbench.panels.style import action, dock_row, line, note, stack, tool
from workbench.session import Session

EMBEDDING_TAB = "Embedding"
BY = {"PCA": "pca", "UMAP": "umap"}
COLORS = {"class map": "map", "labels": "labels"}
NO_SCENE = "Open a scene first."
FIRST = "Draw round points to select pixels; click one to go there."


class EmbeddingPanel(pn.viewable.Viewer):
    """Choices and what may be done with a selection left, the plot right.

    Parameters
    ----------
    session, look, page
        What is shown and acted on.
    go : callable
        Brings a pixel (row, column) into sight on the map.
    """

    def __init__(
        self, session: Session, look: Look, page: Page, go: Callable[[int, int], None], **params: object
    ) -> None:
        super().__init__(**params)
        self.session, self.look, self._page = session, look, page
        self._maker = PlotMaker(page, self._made)
        self._picking = Picking(session, look, page, self._maker, go)
        self._near = self._is_awaited = False
        small = {"size": "small", "margin": 0, "sizing_mode": "stretch_width"}
        self._by = pmui.Select(label="Laid out by", options={next(iter(BY)): "pca"}, **small)
        self._colors = pmui.Select(label="Colours", options=COLORS, **small)
        self._by.param.watch(lambda _: self._renew(), "value")
        self._colors.param.watch(lambda _: self._paint(), "value")
        self._figure = PlaneFigure(
            self._picking.lassoed, self._picking.tapped,
            sizing_mode="stretch_both", min_height=120, margin=0, css_classes=["plane"],
        )  # fmt: skip
        self._bar = pmui.LinearProgress(variant="indeterminate", margin=0, sizing_mode="stretch_width", visible=False)
        self._what, self._said = note(NO_SCENE), note(FIRST)
        give = "Give class: all selected pixels become the chosen class (Y)"
        self._button = action("Give class", "label", give, self._picking.give, main=True)
        self._tools = (
            tool("join_inner", "Select pixels like the one clicked last; again: more (V)", self.alike),
            tool("center_focus_strong", "Zoom to the selection, or out (Z)", self.zoom),
            tool("arrow_back", "Pixel before in the selection (Shift J)", lambda: self._picking.step(-1)),
            tool("arrow_forward", "Pixel after in the selection (J)", lambda: self._picking.step(1)),
            tool("deselect", "Let go of the selection (Esc)", self._picking.let_go),
        )
        page.follow(session, "cube", self._open)
        page.follow(session, "cube embedding labels", self._renew)
        page.follow(look, "tab", self._renew, now=False)
        page.follow(session, "class_map classes", self._paint_again, now=False)
        page.follow(look, "selection", self._show_selection)
        page.follow(look, "pixel", self._mark, now=False)

    @property
    def keys(self) -> dict[str, Callable[[], object]]:
        """What the keys of this panel do."""
        moves = {"shift+j": lambda: self._picking.step(-1), "j": lambda: self._picking.step(1)}
        return {"v": self.alike, "z": self.zoom, "y": self._picking.give, "escape": self._picking.let_go, **moves}

    def offer(self, menu: Menu) -> None:
        """Offer the ways to lay pixels out that there are here."""
        self._by.options = {words: name for words, name in BY.items() if name in menu.planes}

    def __panel__(self) -> pn.Row:
        """Choices, then the plot."""
        tools = line(self._button, *self._tools, gap=0)
        choices = stack(
            line(self._by, self._colors), self._said, tools, self._what, gap=8, width=260, sizing_mode="stretch_height"
        )
        return dock_row(choices, stack(self._bar, self._figure, gap=0, sizing_mode="stretch_both"))

    # ------------------------------------------------------------------ the plot

    def _open(self) -> None:
        """Another scene: what was laid out is not of it."""
        self._maker.ask(None)
        self._what.object = NO_SCENE if self.session.cube is None else ""
        self._paint()

    def _renew(self) -> None:
        """Wish for the plot of what there is now, once somebody looks at it."""
        session = self.session
        if session.cube is not None and self.look.tab == EMBEDDING_TAB:
            self._paint_again()
            self._maker.ask(Wish(session.cube, session.embedding, self._by.value, session.labels))

    def _made(self, trouble: str, is_new: bool) -> None:
        self._bar.visible = self._maker.is_laying_out
        found = self._maker.plotted
        if self._bar.visible:
            self._what.object = "Pixels are being laid out …"
        elif found is None:
            self._what.object = f"No plot: {trouble}."
            self._paint()
        else:
            if is_new:
                self._near = False
                self._figure.entitle(titles_of(found.plane))
                self._figure.look_at(found.points)
            self._what.object = in_words(found)
            self._show_selection()
            self._mark()
            if self._is_awaited:
                self._is_awaited = False
                self.alike()

    def _paint_again(self) -> None:
        """Follow a new class map where somebody sees it."""
        if self._maker.plotted is not None and self.look.tab == EMBEDDING_TAB:
            self._paint()

    def _paint(self) -> None:
        """Draw the points in the colours there are now."""
        found, session = self._maker.plotted, self.session
        if found is None:
            nothing = points(NO_PIXELS)
            self._figure.draw(drawn=nothing, labelled=nothing, selected=nothing, here=nothing)
            self._page.words.tell("plane", lambda: NOTHING)
            return
        labels = None if session.labels is None else session.labels.values
        by_map = session.class_map is not None and self._colors.value == "map"
        codes, chosen = session.class_map.values if by_map else labels, found.among(self.look.selection)
        given = np.arange(len(chosen)) >= len(chosen) - found.labelled
        parts = {"drawn": (~given & ~chosen, codes), "selected": (chosen, codes), "labelled": (given, labels)}
        look = {
            name: points(found.points[which], found.pixels[which], codes, session.classes)
            for name, (which, codes) in parts.items()
        }
        self._figure.draw(**look)
        names = {name: part["name"] for name, part in look.items()}
        say = partial(plane_words, titles_of(found.plane), names["drawn"] + names["selected"], names["labelled"])
        self._page.words.tell("plane", partial(say, int(chosen.sum())))

    # ------------------------------------------------------------------ linked with map and spectra

    def alike(self) -> None:
        """Select pixels like the one clicked last; where the plot has to be made first, once it is there."""
        self.look.tab = EMBEDDING_TAB
        self._is_awaited = not self._picking.alike() and self.look.pixel is not None

    def zoom(self) -> None:
        """To the selection, or out again."""
        self.look.tab, found = EMBEDDING_TAB, self._maker.plotted
        if found is not None:
            chosen = found.among(self.look.selection)
            self._near = not self._near and bool(chosen.any())
            self._figure.look_at(found.points[chosen] if self._near else found.points)

    def _show_selection(self) -> None:
        chosen = self.look.selection
        for button in (self._button, *self._tools[2:]):
            button.disabled = not chosen
        self._said.object = f"{len(chosen):,} pixels are selected." if chosen else FIRST
        self._paint()

    def _mark(self) -> None:
        """Ring the pixel that was clicked last, wherever it was."""
        pixel, found = self.look.pixel, self._maker.plotted
        if found is not None and self.look.tab == EMBEDDING_TAB:
            self._page.work(lambda: (pixel, found.mark(pixel)), self._take_mark)

    def _take_mark(self, found: tuple[Pixel | None, np.ndarray]) -> None:
        pixel, place = found
        if pixel == self.look.pixel:
            self._figure.draw(here=points(place))

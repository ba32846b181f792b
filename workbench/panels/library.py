"""The library panel: a spectral library beside the scene, which of its spectra are drawn, what the pixel is like."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import panel as pn
import panel_material_ui as pmui

from workbench.cubes import spectrum
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.spectra_list import SpectraList, library_hues
from workbench.panels.style import action, dock_row, line, note, put, stack, tool
from workbench.session import Near, Session, nearest

LIBRARY_TAB = "Library"
PATH = "path of a library, then Enter"
FIRST = "A spectral library: ENVI (.sli), USGS, ECOSTRESS, a table (.csv), points (.gpkg), or a folder of such files."
CLICK = "Click a pixel: which spectra it is like."
SID = "by spectral information divergence (SID)"
NO_SID = "no SID: too few values are above 0"

MOST_LISTED = 100
"""Names of a library in sight at once; more are found by their names."""

WIDTH = 280
"""Of the path and the names [pixels]."""

SHORT = 5
"""Lines of a list of what is nearest."""


class LibraryPanel(pn.viewable.Viewer):
    """File and names left; right, what the pixel clicked last is like, by angle and by divergence."""

    def __init__(self, session: Session, look: Look, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look, self._page = session, look, page
        self._found: list[Near] = []
        self._compared: tuple | None = None
        self._sought, self._is_awaited = "", False
        self._path = pmui.TextInput(placeholder=PATH, size="small", margin=0, width=WIDTH)
        self._path.param.watch(self._open, "enter_pressed")
        self._said = note(FIRST)
        listed = {"sizing_mode": "stretch_both", "margin": 0}
        self._names = SpectraList(self._asked, search="search names", css_classes=["names"], **listed)
        self._by = [SpectraList(self._asked, **listed) for _ in range(2)]
        self._titles = note(CLICK), note("")
        tip = "Draw the nearest spectrum of the library by spectral angle (Shift V)"
        self._nearest = action("Draw the nearest", "join_inner", tip, self.nearest, main=True)
        self._none = tool("layers_clear", "Draw none of the library's spectra (Shift L)", self.clear)
        page.follow(session, "library library_note", self._show)
        page.follow(session, "library_drawn", self._list)
        page.follow(session, "library_here", self._compare, now=False)
        page.follow(look, "pixel tab", self._compare)

    @property
    def keys(self) -> dict[str, Callable[[], object]]:
        """What the keys of this panel do."""
        return {"shift+v": self.nearest, "shift+l": self.clear}

    def __panel__(self) -> pn.Row:
        """What there is above; below, names, and what is near."""
        above = line(self._path, self._nearest, self._none, self._said)
        near = [
            stack(title, found, gap=2, sizing_mode="stretch_both")
            for title, found in zip(self._titles, self._by, strict=True)
        ]
        names = stack(self._names, width=WIDTH, sizing_mode="stretch_height")
        below = pn.Row(names, *near, sizing_mode="stretch_both", margin=0, styles={"gap": "20px"})
        return dock_row(stack(above, below, gap=8, sizing_mode="stretch_both"))

    def nearest(self) -> None:
        """Draw what is nearest to the pixel clicked last; where that has to be found first, once it is."""
        self.look.tab = LIBRARY_TAB
        if self.session.library is None:
            self.session.refuse("there is no spectral library yet; type the path of one (Shift O)")
        elif self.look.pixel is None:
            self.session.refuse("a library is searched for a pixel's spectrum; click a pixel first")
        else:
            self._is_awaited = True
            self._compare()

    def clear(self) -> None:
        """Draw none of the library."""
        if self.session.library is not None:
            self.session.draw_library([])

    def _open(self, _: object) -> None:
        path = (self._path.value_input or self._path.value).strip()
        if path and (path != self.session.library_path or self.session.library is None):
            self.session.open_library(path)
        elif not path:
            self.session.close_library()
        put(self._path, path if path and not self.session.library_path else self.session.library_path)

    def _asked(self, search: str | None = None, turn: int | None = None) -> None:
        if search is not None:
            self._sought = search[:200]
            self._list()
        elif isinstance(turn, int) and self.session.library is not None:
            drawn = self.session.library_drawn
            self.session.draw_library([i for i in drawn if i != turn] if turn in drawn else [*drawn, turn])
            self._list()  # one that was refused is turned back

    def _show(self) -> None:
        """Another library, or another scene under it."""
        session = self.session
        self._found, self._compared = [], None
        put(self._path, session.library_path)
        if session.library is None:
            self._said.object = FIRST
        else:
            note, count = session.library_note, session.library.sizes["spectrum"]
            self._said.object = f"{count:,} spectra{note and f'; {note}'}"
        self._list()

    def _list(self) -> None:
        session, hues = self.session, library_hues(self.session.library_drawn)
        names = [] if session.library is None else [str(name) for name in session.library["spectrum_name"].values]
        words = self._sought.lower().split()
        found = [i for i, name in enumerate(names) if all(word in name.lower() for word in words)]
        listed = [i for rank, i in enumerate(found) if rank < MOST_LISTED or i in hues]
        self._names.rows = [{"index": i, "name": names[i], "color": hues.get(i, ""), "told": ""} for i in listed]
        self._none.disabled = not (session.library is not None and hues)
        self._rank()

    def _compare(self) -> None:
        """Find what the pixel is like, beside the page, where somebody looks."""
        session, pixel = self.session, self.look.pixel
        here, cube = session.library_here, session.cube
        self._nearest.disabled = here is None or pixel is None
        if here is None or pixel is None:
            self._found, self._compared, self._is_awaited = [], None, False
            self._rank()
        elif self._compared is not None and self._compared[0] is here and self._compared[1] == pixel:
            self._take((here, pixel, self._found))
        elif self.look.tab == LIBRARY_TAB:

            def work() -> tuple:
                return here, pixel, nearest(here, cube, spectrum(session.scene_at_hand(), *pixel).values)

            self._page.work(work, self._take)

    def _take(self, found: tuple) -> None:
        here, pixel, near = found
        if here is not self.session.library_here or pixel != self.look.pixel:
            return  # that of another pixel is being found
        self._found, self._compared = near, (here, pixel)
        if self._is_awaited and near:
            first, drawn = near[0].index, self.session.library_drawn
            self.session.draw_library(drawn if first in drawn else [*drawn, first])
        self._is_awaited = False
        self._rank()

    def _rank(self) -> None:
        """The two short lists."""
        hues, near = library_hues(self.session.library_drawn), self._found
        near_to = self._compared[1] if self._compared else ()
        by_divergence = sorted((one for one in near if not isnan(one.divergence)), key=lambda one: one.divergence)
        told = [(one, f"{one.angle:.4f}") for one in near if not isnan(one.angle)]
        tolds = told, [(one, f"{one.divergence:.3g}") for one in by_divergence]
        for rows, ranked in zip(self._by, tolds, strict=True):
            rows.rows = [
                {"index": one.index, "name": one.name, "color": hues.get(one.index, ""), "told": text}
                for one, text in ranked[:SHORT]
            ]
        by_angle, by_sid = self._titles
        by_angle.object = f"row {near_to[0]}, column {near_to[1]} by spectral angle [rad]" if near else CLICK
        by_sid.object = "" if not near else SID if by_divergence else NO_SID

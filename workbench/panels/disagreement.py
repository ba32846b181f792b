"""The disagreement panel: areas where models' maps tell different classes, ranked, and a way to each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import panel as pn
import panel_material_ui as pmui

from workbench.panels.areas import AreaFinder, AreaList, Wish, found_in_words, row_of
from workbench.panels.chosen import Pixel, counted, some_of
from workbench.panels.grouped import SomeOf, grouped
from workbench.panels.layers import DISAGREEMENT_TAB
from workbench.panels.look import Look
from workbench.panels.menu import Menu, in_words
from workbench.panels.pages import Page
from workbench.panels.style import dock_row, line, note, stack, tool
from workbench.session import Session

FIRST = "Label two classes, then choose two models or more: areas where their maps differ are listed here."
ORDERS = {"the largest first": "pixels", "most models apart first": "models"}


class DisagreementPanel(pn.viewable.Viewer):
    """Models and order left, areas right.

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
        self.session, self.look, self._go = session, look, go
        self._finder = AreaFinder(page, self._found)
        self._at, self._steps = -1, 0
        self._mine: list[Pixel] = []
        self._models = SomeOf([], label="Maps by", chip=False, margin=0)
        self._models.param.update(visual_size="small", sizing_mode="stretch_width")
        self._models.param.watch(lambda event: self._choose(event.new), "value")
        self._by = pmui.Select(label="Order", options=ORDERS, size="small", margin=0, sizing_mode="stretch_width")
        self._by.param.watch(lambda _: self._renew(), "value")
        self._said, self._chosen = note(FIRST), note("")
        self._tools = (
            tool("arrow_back", "Area before, where models disagree (Shift B)", lambda: self.step(-1)),
            tool("arrow_forward", "Area after it (Shift N)", lambda: self.step(1)),
        )
        self._list = AreaList(self._clicked, sizing_mode="stretch_width", margin=0)
        page.follow(look, "rivals", self._show_rivals)
        page.follow(session, "cube", self._open)
        page.follow(session, "maps maps_note map_state classes", self._renew, now=False)
        page.follow(look, "rivals tab", self._renew, now=False)
        page.follow(look, "selection", self._show_place, now=False)

    def offer(self, menu: Menu) -> None:
        """Fill the models."""
        family = {name: family for name, (family, _) in menu.models.items()}
        self._models.offer(grouped(menu.models, family), [name for name in self.look.rivals if name in menu.models])

    def __panel__(self) -> pn.Row:
        """Choices, then the list."""
        left = stack(self._models, self._by, self._chosen, gap=10, width=260, sizing_mode="stretch_height")
        areas = pn.Column(self._list, sizing_mode="stretch_both", margin=0, styles={"overflow": "auto"})
        return dock_row(left, stack(line(self._said, *self._tools, gap=0), areas, gap=4, sizing_mode="stretch_both"))

    def step(self, by: int) -> None:
        """To another area; after the last comes the first. Where the list has to be made first, once it is there."""
        self.look.tab = DISAGREEMENT_TAB
        if len(self.look.rivals) < 2:
            self.session.refuse("no two maps are held against each other; label two classes and choose two models here")
        elif not self._is_current():
            self._steps = by
        elif self._finder.found is not None and self._finder.found.areas:
            at = self._at + by if self._at >= 0 else min(by, 0)
            self._clicked(at % len(self._finder.found.areas))

    # ------------------------------------------------------------------ which maps

    def _choose(self, names: Sequence[str]) -> None:
        if list(names) != self._known():
            self.look.rivals = list(names)

    def _show_rivals(self) -> None:
        self._models.value = self._known()

    def _known(self) -> list[str]:
        """Models held against each other, as far as the list has been offered them."""
        offered = set(self._models.options.values())
        return [name for name in self.look.rivals if name in offered]

    def _wish(self) -> Wish:
        maps = self.session.maps
        return Wish(self._by.value, {name: maps[name] for name in self.look.rivals if name in maps})

    def _is_current(self) -> bool:
        """Whether the list is of the maps there are."""
        return self._wish().is_like(self._finder.of)

    # ------------------------------------------------------------------ the list

    def _open(self) -> None:
        """Another scene: what was listed is not of it."""
        self._finder.forget()
        self._mine = []
        self._draw()
        self._renew()

    def _renew(self) -> None:
        """Look for areas once somebody looks at the tab and all maps are there; until then the last ones stay."""
        if self.look.tab != DISAGREEMENT_TAB:
            return
        wish, rivals = self._wish(), self.look.rivals
        is_behind = self.session.map_state == "computing" or bool(self.session.lacks_maps(rivals))
        if self.session.class_map is None or len(rivals) < 2 or (len(wish.maps) < 2 and not is_behind):
            self._finder.forget()
            self._steps = 0
            self._draw()
        elif not (is_behind or self._is_current()):
            self._finder.ask(wish)
        self._say()

    def _found(self) -> None:
        self._draw()
        self._renew()
        if self._steps and self._is_current():
            by, self._steps = self._steps, 0
            self.step(by)

    def _draw(self) -> None:
        found, of = self._finder.found, self._finder.of
        areas = () if found is None else found.areas
        inside = (i for i, area in enumerate(areas) if self._mine and (area.members == self._mine[0]).all(axis=1).any())
        self._at = next(inside, -1)
        for button in self._tools:
            button.disabled = not areas
        self._list.param.update(rows=[row_of(area, of.maps) for area in areas], at=-1)
        self._show_place()

    def _say(self) -> None:
        """Where one stands, on one line."""
        session, rivals, finder = self.session, self.look.rivals, self._finder
        coming, troubles = session.lacks_maps(rivals), f" {session.maps_note}." if session.maps_note else ""
        if session.class_map is None or len(rivals) < 2:
            said = FIRST
        elif coming:
            said = f"The map by {in_words(coming[0])} is being made …"
        elif finder.found is not None and self._is_current():
            said = found_in_words(finder.found, len(finder.of.maps))
        else:
            said = finder.trouble or ("" if troubles else "Areas are being looked for …")
        self._said.object = f"{said}{troubles}".strip()

    # ------------------------------------------------------------------ one of them

    def _clicked(self, place: int) -> None:
        """Bring an area into sight: its pixels are selected, its middle is as if it had been clicked."""
        found = self._finder.found
        if found is None or place >= len(found.areas):
            return
        area, self._at = found.areas[place], place
        self._mine = some_of(area.members)
        self._go(area.row, area.column)
        self.look.param.update(pixel=(area.row, area.column), selection=self._mine)
        self._show_place()

    def _show_place(self) -> None:
        """Mark the row of the area that is selected, if it is what is selected."""
        is_ours = self._at >= 0 and bool(self._mine) and self.look.selection == self._mine
        self._list.at = self._at if is_ours else -1
        pixels = counted(len(self._finder.found.areas[self._at].members), len(self._mine)) if is_ours else ""
        self._chosen.object = pixels and f"{pixels} selected: Y gives the chosen class, Esc lets go."

"""Areas where maps disagree as a page shows them: looked for beside the page, rows of a list, words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import param
import xarray as xr
from panel.custom import JSComponent

from workbench.panels.menu import in_words
from workbench.panels.pages import Page
from workbench.session.commands import sentence

if TYPE_CHECKING:
    from workbench.compare.disagreement import Area, Disagreement


class AreaList(JSComponent):
    """Rows of areas; see ``areas.js``."""

    rows = param.List(default=[], doc="Dicts of row, column, pixels, apart, why and told: dicts of name, color and by")
    at = param.Integer(default=-1, doc="Which is looked at; -1 for none")

    _esm = Path(__file__).with_name("areas.js")

    def __init__(self, on_click: Callable[[int], None], **params: object) -> None:
        super().__init__(**params)
        self._on_click = on_click

    def _handle_msg(self, message: dict) -> None:
        self._on_click(int(message["place"]))


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What is to be looked for."""

    by: str
    """``pixels`` or ``models``, which areas are ranked by."""

    maps: dict[str, xr.DataArray]
    """Class maps by model."""

    def is_like(self, other: Wish | None) -> bool:
        """Whether `other` asks for the same of the same maps."""
        if other is None or self.by != other.by or list(self.maps) != list(other.maps):
            return False
        return all(one is other.maps[name] for name, one in self.maps.items())


class AreaFinder:
    """Looks for areas beside the page, once at a time.

    Parameters
    ----------
    page : Page
        Beside which that is done.
    found : callable
        Called in the page's turn when a search has ended.
    """

    def __init__(self, page: Page, found: Callable[[], None]) -> None:
        self._page, self._told = page, found
        self.is_busy = False
        self.forget()

    def forget(self) -> None:
        """Let go of what was found."""
        self.of: Wish | None = None
        self.found: Disagreement | None = None
        self.trouble = ""

    def ask(self, wish: Wish) -> None:
        """Begin, unless a search is under way: when that has ended, whoever is told asks again."""
        if not self.is_busy:
            self.is_busy = True
            self._page.work(lambda: (wish, _areas(wish)), self._take)

    def _take(self, made: tuple[Wish, Disagreement | Exception]) -> None:
        self.is_busy = False
        self.of, found = made
        is_trouble = isinstance(found, Exception)
        self.found, self.trouble = (None, sentence(found)) if is_trouble else (found, "")
        self._told()


def _areas(wish: Wish) -> Disagreement | Exception:
    """In a thread: what maps do not agree on, or why that cannot be said."""
    from workbench.compare import areas_apart

    try:
        return areas_apart([one.values for one in wish.maps.values()], by=wish.by)
    except Exception as error:  # noqa: BLE001, the edge of a thread: the screen says it
        return error


def row_of(area: Area, maps: dict[str, xr.DataArray]) -> dict[str, object]:
    """An area as the browser takes it: each class that is told once, with the models that tell it."""
    legend = next(iter(maps.values())).attrs
    by: dict[int, list[str]] = {}
    for name, code in zip(maps, area.told, strict=True):
        if code:
            by.setdefault(code, []).append(in_words(name))
    told = [
        {"name": legend["classes"][code - 1], "color": legend["colors"][code - 1], "by": ", ".join(models)}
        for code, models in sorted(by.items(), key=lambda one: -len(one[1]))
    ]
    why = "on all of it" if area.told_on == area.pixels else f"on {area.told_on:,} of its {area.pixels:,} pixels"
    place = {"row": area.row, "column": area.column, "pixels": f"{area.pixels:,}"}
    return {**place, "apart": f"{area.apart} of {len(maps)}", "why": why, "told": told}


def found_in_words(found: Disagreement, n_maps: int) -> str:
    """How many areas there are, and how large they are together."""
    if not found.count:
        return f"The {n_maps} maps agree on every pixel."
    areas = "1 area" if found.count == 1 else f"{found.count:,} areas"
    share = 100 * found.pixels / found.known
    some = f"; the first {len(found.areas)} are listed" if len(found.areas) < found.count else ""
    thinned = f" Of every {found.step} rows and columns one was looked at: sizes are estimates."
    said = f"{n_maps} maps disagree in {areas} of {found.pixels:,} pixels together, {share:.1f} %{some}."
    return said + (thinned if found.step > 1 else "")

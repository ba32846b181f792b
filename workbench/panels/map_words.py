"""What the map shows, in words: its picture, the class map's shares, and the labels."""

from __future__ import annotations

import xarray as xr

from workbench.cubes import has_wavelengths
from workbench.panels.described import Counted, count_map, map_words
from workbench.panels.look import FORMULA, INDEX, Look
from workbench.panels.pages import Page
from workbench.panels.scene_picture import COMPONENTS
from workbench.session import Session


class MapWords:
    """Follows the map of one page; a class map is counted once, beside the page, when all of it is there."""

    def __init__(self, session: Session, look: Look, page: Page) -> None:
        self.session, self.look, self._page = session, look, page
        self._counted: tuple[xr.DataArray | None, Counted | None] = None, None
        page.follow(session, "class_map map_state counts cube", self._tell)
        page.follow(look, "picture index formula bands swipe left right", self._tell, now=False)

    def _tell(self) -> None:
        if self.session.map_state != "computing":
            self._page.words.tell("map", self._say)

    def _say(self) -> str:
        session, look = self.session, self.look
        cube, found, sure = session.cube, session.class_map, session.confidence
        if cube is None:
            return "No scene is open."
        if found is not self._counted[0]:
            counted = None
            if found is not None:
                values = None if sure is None or sure.shape != found.shape else sure.values
                counted = count_map(found.values, values, len(found.attrs["classes"]))
            self._counted = found, counted
        shown = [look.left, look.right] if look.swipe else [picture_words(cube, look)]
        classes = [] if found is None else found.attrs["classes"]
        return map_words(shown, self._counted[1], classes, session.map_note, session.counts)


def picture_words(cube: xr.DataArray, look: Look) -> str:
    """What the picture is of."""
    if look.picture in (INDEX, FORMULA):
        return f"{look.picture} {look.index if look.picture == INDEX else look.formula}"
    if look.picture in COMPONENTS:
        return look.picture
    if not has_wavelengths(cube):
        return f"{look.picture}, bands {', '.join(str(band + 1) for band in look.bands)}"
    waves = cube["wavelength"].values[list(look.bands)]
    return f"{look.picture}, {', '.join(f'{wave:.0f}' for wave in waves)} nm"

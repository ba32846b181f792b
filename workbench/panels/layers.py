"""What the map can show, by name: each layer is a painter of windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import possible_presets, preset_bands
from workbench.panels.advised import advised
from workbench.panels.graticule import with_graticule
from workbench.panels.index_picture import picture_of_formula, picture_of_index
from workbench.panels.kept import kept_here
from workbench.panels.level import colors_of, shown
from workbench.panels.look import FORMULA, INDEX, Look
from workbench.panels.maps import Painter
from workbench.panels.menu import in_words
from workbench.panels.painters import of_codes, of_confidence, of_disagreement
from workbench.panels.pictures import label_picture
from workbench.panels.scene_picture import (
    COMPONENTS,
    Part,
    ScenePicture,
    picture_of_bands,
    picture_of_components,
)
from workbench.panels.view import ViewGrid, Window
from workbench.session import Session

PICTURE, CLASS_MAP, CONFIDENCE, TRUTH = "picture", "class map", "confidence", "truth"
DISAGREEMENT, DISAGREEMENT_TAB = "where models disagree", "Disagreement"
"""The layer, and the dock's tab that lists its areas."""

MAP_BY = "map by "


def map_name(model: str) -> str:
    """The layer that is a model's class map."""
    return MAP_BY + in_words(model)


@dataclass(frozen=True, slots=True)
class Layer:
    """One thing to look at."""

    painter: Painter
    """Draws its part of a window."""

    is_flat: bool
    """Few colours with sharp edges, not a photograph."""


class Layers:
    """Layers of one page. Pictures of bands are made once and kept while their bands and stretch are wanted.

    Parameters
    ----------
    session, look
        What is shown.
    sharpen : callable
        Called with a picture and the part of it that has to be read for the window on the screen.
    """

    def __init__(self, session: Session, look: Look, sharpen: Callable[[ScenePicture, Part], None]) -> None:
        self.session, self.look, self._sharpen = session, look, sharpen
        self.models: dict[str, str] = {}
        self._met: set[str] = set()
        self._pictures: dict[tuple, ScenePicture] = {}
        self._legends: dict[tuple, str] = {}

    def groups(self) -> dict[str, list[str]]:
        """Layers there are now by heading, for a swipe to choose from; a model's map is made when it is chosen."""
        session = self.session
        if session.cube is None:
            return {"Now on the map": [PICTURE]}
        computed = [CLASS_MAP, CONFIDENCE] if session.class_map is not None else [CLASS_MAP]
        computed += [DISAGREEMENT] if len(self.look.rivals) > 1 else []
        truth = [TRUTH] if session.truth is not None else []
        pictures = {"Pictures": [*possible_presets(session.cube), *COMPONENTS]}
        maps: dict[str, list[str]] = {}
        for name, family in self.models.items():
            maps.setdefault(f"Maps, {family}", []).append(map_name(name))
        return {"Now on the map": [PICTURE, *computed, *truth], **pictures, **maps}

    def meet_maps(self) -> None:
        """Hold every map that is there for the first time against the others."""
        new = [name for name in self.session.maps if name not in self._met]
        if new:
            self._met |= set(new)
            self.look.rivals = list(dict.fromkeys([*self.look.rivals, *new]))

    def swiped_maps(self) -> list[str]:
        """Models whose maps the swipe shows."""
        look = self.look
        sides = {look.left, look.right} if look.swipe else set()
        shown = [name for name in self.models if map_name(name) in sides]
        return list(dict.fromkeys([*shown, *(look.rivals if DISAGREEMENT in sides else ())]))

    def wanted_maps(self) -> list[str]:
        """Models whose maps this page shows, or lists the differences of."""
        listed = self.look.rivals if self.look.tab == DISAGREEMENT_TAB else ()
        return list(dict.fromkeys([*self.swiped_maps(), *listed]))

    def prepare(self, name: str) -> None:
        """Render what `name` needs, if it is a picture of bands; may take seconds on a large scene."""
        self._picture(name)

    def legend(self) -> str:
        """What the colours of the picture stand for, where they do not speak for themselves."""
        look = self.look
        what = _what(look, look.picture)
        return self._legends.get((self.session.scene, what, look.percent), "") if look.is_explained else ""

    def layer(self, name: str) -> Layer:
        """The layer called `name`; one that is not there yet is clear."""
        session = self.session
        if name == CLASS_MAP:
            sure = session.confidence if self.look.by_confidence else None
            return self._codes(session.class_map, sure)
        if name.startswith(MAP_BY):
            found = {map_name(model): one for model, one in session.maps.items()}
            return self._codes(found.get(name))
        if name == DISAGREEMENT:
            rivals = [session.maps[model] for model in self.look.rivals if model in session.maps]
            return Layer(of_disagreement(rivals), is_flat=True)
        if name == TRUTH:
            return self._codes(session.truth)
        if name == CONFIDENCE:
            return Layer(of_confidence(session.confidence), is_flat=False)
        picture = self._picture(name)
        return Layer(lambda window: None if picture is None else self._paint(picture, window), is_flat=False)

    def _codes(self, codes: xr.DataArray | None, sure: xr.DataArray | None = None) -> Layer:
        return Layer(of_codes(codes, colors_of(codes, self.session, self.look), sure), is_flat=sure is None)

    def _paint(self, picture: ScenePicture, window: Window) -> NDArray[np.uint8]:
        wanted = picture.wanted(window)
        if wanted is not None:
            picture.ask(wanted)
            self._sharpen(picture, wanted)
        return picture.cut(window)

    def marks(self, grid: ViewGrid) -> Layer:
        """Labels, what is selected, rings round pixels whose spectra are drawn, and what is advised on a walk."""
        session, look = self.session, self.look
        labels = session.labels
        by_name = {name: color for name, (_, color) in shown(session, look).items()}
        colors = list(by_name.values())
        dots = [(mark.geometry, by_name[mark.class_name]) for mark in session.marks if mark.is_pixel]
        spots = [(*grid.position_of(point.x, point.y), color, False) for point, color in dots]
        rings = [(one.pixel, color) for one, color in kept_here(session)]
        rings += [] if look.pixel is None or look.pixel in dict(rings) else [(look.pixel, "#ffffff")]
        waiting, current = advised(session, look)
        rings = [ring for ring in rings if current is None or ring[0] != current[0]]
        spots += [(*grid.position(*pixel), color, True) for pixel, color in (*waiting, *rings)]
        aim = [(*grid.position(*current[0]), current[1])] if current else []
        lit = grid.mercator(np.array(look.selection, int))
        codes = np.zeros(grid.shape, "int16") if labels is None else labels.values

        def paint(window: Window) -> NDArray[np.uint8]:
            placed, aimed = (
                [(*window.spot(latitude, longitude), *rest) for latitude, longitude, *rest in some]
                for some in (spots, aim)
            )
            drawn = label_picture(window, codes, colors, placed, *aimed, lit=window.spots(lit))
            return with_graticule(drawn, window, has_crs=grid.has_crs) if look.graticule else drawn

        return Layer(paint, is_flat=True)

    def _picture(self, name: str) -> ScenePicture | None:
        cube, look = self.session.cube, self.look
        kind = look.picture if name == PICTURE else name
        if cube is None or (name != PICTURE and kind not in (*possible_presets(cube), *COMPONENTS)):
            return None
        explained = kind in (INDEX, FORMULA, *COMPONENTS)
        what = _what(look, kind) if explained else look.bands if name == PICTURE else preset_bands(cube, name)
        key = (self.session.scene, what, look.percent)
        if key not in self._pictures:
            kept = dict(list(self._pictures.items())[-3:])
            if kind == INDEX:
                made, self._legends[key] = picture_of_index(cube, look.index, look.percent)
            elif kind == FORMULA:
                made, self._legends[key] = picture_of_formula(cube, look.formula, look.percent)
            elif kind in COMPONENTS:
                made, self._legends[key] = picture_of_components(cube, kind, look.percent)
            else:
                made = picture_of_bands(cube, what, look.percent)
            self._pictures = {**kept, key: made}
        return self._pictures[key]


def _what(look: Look, picture: str) -> tuple[str, str]:
    """A picture that is explained, by its kind and what of that kind it is."""
    return picture, {INDEX: look.index, FORMULA: look.formula}.get(picture, "")

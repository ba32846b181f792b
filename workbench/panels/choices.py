"""The layers panel: which bands, how bright, how much class map, and two layers side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import panel as pn
import panel_material_ui as pmui

from workbench.cubes import band_title, formula_bands, good_bands, index_names, possible_presets
from workbench.panels.base_maps import NONE, PUBLIC, BaseMap
from workbench.panels.grouped import OneOf, grouped
from workbench.panels.histogram import histogram_of
from workbench.panels.layers import Layers
from workbench.panels.look import FORMULA, INDEX, OWN_BANDS, Look
from workbench.panels.menu import Menu
from workbench.panels.pages import Page
from workbench.panels.playing import Playing
from workbench.panels.scene_picture import COMPONENTS
from workbench.panels.style import heading, line, note, put, stack, tool
from workbench.session import Session
from workbench.session.commands import sentence

CHANNELS = ("Red", "Green", "Blue")


class LayersPanel(pn.viewable.Viewer):
    """Widgets of a :class:`Look`; it changes nothing else."""

    def __init__(
        self,
        session: Session,
        look: Look,
        layers: Layers,
        page: Page,
        base_maps: Mapping[str, BaseMap] = PUBLIC,
        **params: object,
    ) -> None:
        super().__init__(**params)
        self.session, self.look, self._layers, self._page = session, look, layers, page
        small = {"size": "small", "margin": 0, "sizing_mode": "stretch_width"}
        self._is_writing = False
        self._picture = pmui.Select(label="Picture", options=[OWN_BANDS], **small)
        self._picture.param.watch(self._choose, "value")
        self._bands = [pmui.TextInput(label=name, **small) for name in CHANNELS]
        for box in self._bands:
            box.param.watch(self._set_bands, "value")
        self._index = pmui.AutocompleteInput(
            label="Index", options=[], case_sensitive=False, min_characters=0, restrict=True, visible=False, **small
        )
        self._index.param.watch(lambda event: event.new and look.param.update(index=event.new), "value")
        self._formula = pmui.TextInput(label="Formula, then Enter", visible=False, **small)
        self._formula.param.watch(self._set_formula, "enter_pressed")
        self._rgb = line(*self._bands)
        self._titles = note("")
        self._playing = Playing(session, look, page)
        self._play = tool("slideshow", "Play the bands one after the other, or stop (Shift A)", self.play)
        self._histogram = pn.pane.HTML("", height=36, margin=0, sizing_mode="stretch_width")
        page.follow(look, "drawn percent", self._count, now=False)
        self._percent = pmui.RangeSlider(label="Stretch [%]", start=0, end=100, step=0.5, **small)
        self._percent.param.watch(lambda event: look.param.update(percent=event.new), "value_throttled")
        self._model = OneOf(session.model, label="Class map by", **small)
        self._model.param.watch(lambda event: session.param.update(model=event.new), "value")
        self._live = pmui.Switch(label="Follow the labels", value=session.live, size="small", margin=0)
        self._live.param.watch(lambda event: session.param.update(live=event.new), "value")
        self._once = tool("refresh", "Make the class map once, now (Shift Q)", session.update_map)
        self._opacity = pmui.FloatSlider.from_param(
            look.param.opacity, label="Class map opacity", description="", start=0, end=1, step=0.05, **small
        )
        self._unsure = _switch(look.param.by_confidence, "Fade where unsure")
        self._swipe = _switch(look.param.swipe, "Swipe left | right")
        self._left = pmui.Select.from_param(
            look.param.left, label="Left", description="", groups=layers.groups(), **small
        )
        self._right = pmui.Select.from_param(
            look.param.right, label="Right", description="", groups=layers.groups(), **small
        )
        self._lines = _switch(look.param.graticule, "Graticule")
        self._coast = _switch(look.param.coast, "Coastline")
        self._online = pmui.Select(label="Base map (asks the network)", options=[NONE, *base_maps], **small)
        self._online.param.watch(lambda event: look.param.update(base_map=event.new), "value")
        page.follow(look, "base_map", lambda: self._online.param.update(value=look.base_map))
        page.follow(session, "cube", self._open)
        page.follow(look, "picture index formula bands percent legend", self._draw)
        page.follow(session, "class_map truth cube", self._list)
        page.follow(look, "swipe rivals", self._list)
        page.follow(session, "model", self._show_model, now=False)
        page.follow(session, "live", lambda: self._live.param.update(value=session.live), now=False)

    def offer(self, menu: Menu) -> None:
        """Fill the models."""
        family = {name: family for name, (family, _) in menu.models.items()}
        self._layers.models = family
        self._model.offer(grouped(menu.models, family), self.session.model)
        self._list()

    def __panel__(self) -> pn.Column:
        """From the ground up: picture, class map, two layers, base map."""
        return stack(
            heading("Layers", self._play),
            self._picture, self._rgb, self._index, self._formula, self._titles, self._histogram, self._percent,
            pmui.Divider(margin=0, sizing_mode="stretch_width"),
            self._model, line(self._live, pn.Spacer(sizing_mode="stretch_width"), self._once), self._opacity,
            self._unsure,
            pmui.Divider(margin=0, sizing_mode="stretch_width"),
            self._swipe, self._left, self._right,
            pmui.Divider(margin=0, sizing_mode="stretch_width"),
            self._lines, self._coast, self._online, gap=14,
        )  # fmt: skip

    def _count(self) -> None:
        """Draw how bright the three bands are, once they are on the map."""
        cube, look = self.session.cube, self.look
        self._histogram.visible = not look.is_explained
        if cube is None or look.is_explained or max(look.bands) >= cube.sizes["band"]:
            return
        asked = cube, look.bands, look.percent
        self._page.work(lambda: (asked, histogram_of(*asked)), self._take_histogram)

    def _take_histogram(self, found: tuple) -> None:
        asked, drawn = found
        if asked[0] is self.session.cube and asked[1:] == (self.look.bands, self.look.percent):
            self._histogram.object = drawn

    def play(self) -> None:
        """Show the bands one after the other, or stop."""
        self._playing.turn()

    def _open(self) -> None:
        cube = self.session.cube
        if cube is not None:
            names = index_names(cube)
            self._index.options = names
            pictures = [*possible_presets(cube), OWN_BANDS, *COMPONENTS, *([INDEX] if names else []), FORMULA]
            shown = self.look.picture if self.look.picture in pictures else pictures[0]
            self._picture.param.update(options=pictures, value=shown)
            self._online.disabled = self._coast.disabled = cube.rio.crs is None
            self._draw()

    def _draw(self) -> None:
        cube, look = self.session.cube, self.look
        if cube is None or look.picture not in self._picture.options or max(look.bands) >= cube.sizes["band"]:
            return  # between two scenes the one is shown, the other's choices are not yet there
        self._percent.value, self._picture.value = look.percent, look.picture
        self._rgb.visible, self._index.visible = not look.is_explained, look.picture == INDEX
        self._formula.visible = look.picture == FORMULA
        if look.is_explained:
            if look.picture == INDEX:
                self._index.value = look.index
            if self._formula.value != look.formula:  # what is being typed stays
                put(self._formula, look.formula)
            self._titles.object = look.legend or "computing …"
            return
        self._is_writing = True  # three boxes change one by one: between them stands what nobody typed
        try:
            for box, text in zip(self._bands, self._shown_bands(), strict=True):
                put(box, text)
        finally:
            self._is_writing = False
        self._titles.object = " · ".join(band_title(cube, band) for band in look.bands)

    def _show_model(self) -> None:
        if self.session.model in self._model.names:
            self._model.value = self.session.model

    def _list(self) -> None:
        groups = self._layers.groups()
        for select in (self._left, self._right):
            select.param.update(groups=groups, visible=self.look.swipe)

    def _choose(self, event: object) -> None:
        if event.new != self.look.picture:
            self.look.show(self.session.cube, event.new)

    def _set_formula(self, _: object) -> None:
        """Show what was typed; what is no formula stays in its field to be mended, and the picture as it was."""
        typed = (self._formula.value_input or self._formula.value).strip()
        try:
            formula_bands(self.session.cube, typed)
        except ValueError as error:
            self.session.refuse(sentence(error))
            return
        self.session.tell("")
        self.look.param.update(formula=typed, legend="")

    def _set_bands(self, _: object) -> None:
        """Show the good bands nearest to what was typed; what is no number goes back."""
        typed = [box.value for box in self._bands]
        if self._is_writing or typed == self._shown_bands() or not all(typed):
            return
        axis = np.where(good_bands(self.session.cube), self._axis(), np.nan)
        try:
            bands = tuple(int(np.nanargmin(np.abs(axis - float(text)))) for text in typed)
        except ValueError:
            self.session.refuse(f"a band is chosen by a number, got {', '.join(typed)}; for example 860")
            bands = self.look.bands
        self.look.param.update(picture=OWN_BANDS, bands=bands)
        self._draw()

    def _shown_bands(self) -> list[str]:
        return [f"{value:.0f}" for value in self._axis()[list(self.look.bands)]]

    def _axis(self) -> np.ndarray:
        """Wavelengths [nm], or band numbers where there are none."""
        wavelength = self.session.cube["wavelength"].values.astype(float)
        return wavelength if np.isfinite(wavelength).any() else np.arange(len(wavelength)) + 1.0


def _switch(parameter: object, label: str) -> pmui.Switch:
    return pmui.Switch.from_param(parameter, label=label, description="", size="small", margin=0)

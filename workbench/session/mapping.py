"""The live class map: it follows every label and every new embedding."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import param
import xarray as xr
from numpy.typing import NDArray

from workbench.session.at_hand import AtHand
from workbench.session.commands import command, sentence
from workbench.session.growing import Growing, Place
from workbench.session.keeping import Keeping
from workbench.session.kept_map import MapKeeper, Wish
from workbench.session.library import WithLibrary
from workbench.session.live import Refit
from workbench.session.marks import LabelState
from workbench.session.painting import Painting
from workbench.session.selecting import Selecting

if TYPE_CHECKING:
    from workbench.probe import ClassMap, Model

WITHOUT_RUN, WITH_RUN = "svm", "auto"
"""The model used until the user chooses one: the recommended one, as soon as it has the embedding that it wants."""


class Mapping(Painting, Selecting, Keeping, WithLibrary):
    """Model, class map and confidence; the numbers are computed in a thread, the newest labels win."""

    model = param.String(default=WITHOUT_RUN, doc="Name in `models`; set it to choose another")
    live = param.Boolean(default=True, doc="Does the map follow by itself? If not, update_map() makes it once")
    embedding = param.ClassSelector(class_=xr.DataArray, doc="(feature, y, x) of the active run; None without")
    class_map = param.ClassSelector(class_=xr.DataArray, doc="(y, x) int16, 0 = no data; names and colours are its own")
    confidence = param.ClassSelector(class_=xr.DataArray, doc="(y, x) 0…1, NaN = no data")
    map_state = param.Selector(default="idle", objects=["idle", "computing", "ready", "needs labels"])
    map_seconds = param.Number(default=0.0, doc="Fit and prediction together [s]")
    maps_kept = param.Integer(default=0, doc="Number of the newest class map that was put away")
    map_note = param.String(default="", doc="Why there is no map, and what to do first")

    def __init__(self, folder: str | Path, **params: object) -> None:
        self._asked = self._shown = 0
        self._sight: Place | None = None
        self._asked_labels: xr.DataArray | None = None
        self._asked_model = ""
        self._chosen = self._suggesting = self._is_spectral = False
        self._at_hand = AtHand()
        self._wish: Wish | None = None
        self._keeper = MapKeeper()
        self._refit = Refit(self._deliver)
        super().__init__(folder, **params)
        self.param.watch(self._model_set, "model")
        self.param.watch(lambda _: self._follow(), "live")

    @property
    def models(self) -> dict[str, Model]:
        """The models there are, by name. The first time takes seconds: scikit-learn and torch are imported."""
        from workbench.probe import MODELS

        return MODELS

    @property
    def is_by_embedding(self) -> bool:
        """Whether the class map is of what an encoder learnt, rather than of spectra alone."""
        return self.class_map is not None and self.embedding is not None and not self._is_spectral

    @property
    def is_behind(self) -> bool:
        """Whether the class map is of other labels than there are, since it does not follow them."""
        return self.map_state == "ready" and not np.array_equal(self.labels, self._asked_labels)

    @command
    def update_map(self) -> None:
        """Make the class map of the labels there are, now."""
        self._update_map()

    def look_at(self, sight: Place | None) -> None:
        """Rows and columns of the scene that somebody has in sight: there the next class map comes first."""
        self._sight = sight

    def wait_for_map(self, timeout: float | None = None) -> bool:
        """Until the last wish is answered; for scripts and tests. False if that took longer than `timeout` seconds."""
        return self._refit.wait(timeout)

    def _follow(self) -> None:
        if self.live:
            self._update_map()

    def _labels_changed(self, before: LabelState) -> None:
        super()._labels_changed(before)
        if self.map_state == "ready" and np.array_equal(self.labels, self._asked_labels):
            # Only names or colours are new.
            self.class_map = self.class_map.assign_attrs(self.labels.attrs)
        else:
            self._follow()

    def _without_a_scene(self) -> dict[str, object]:
        maps = {"embedding": None, "class_map": None, "confidence": None, "map_state": "idle", "map_note": ""}
        return {**super()._without_a_scene(), **maps}

    def _scene_changed(self) -> None:
        self._shown, self._sight = self._asked, None
        self._at_hand.forget()
        super()._scene_changed()

    def _model_set(self, _: object) -> None:
        self._chosen = self._chosen or not self._suggesting
        self._save_state()
        self._follow()

    def _show_embedding(self, embedding: xr.DataArray | None) -> None:
        """Use another embedding from now on; the model goes with it unless the user has chosen one."""
        self.embedding = embedding
        wanted = WITHOUT_RUN if embedding is None else self._recommended(embedding)
        if not self._chosen and self.model != wanted:
            self._suggesting = True
            try:
                self.model = wanted
            finally:
                self._suggesting = False
        elif not (self._is_spectral and self.map_state == "ready"):
            self._follow()

    def _recommended(self, embedding: xr.DataArray) -> str:
        """The recommended model if it takes this embedding, else the one of the objective that it was learnt by."""
        learnt_by = embedding.attrs.get("objective")
        return WITH_RUN if learnt_by in (None, self.models[WITH_RUN].objective) else learnt_by

    def _update_map(self) -> None:
        self._asked += 1
        state, note = self._first_step()
        if note:
            self._refit.forget()
            self._shown = self._asked
            self.param.update(class_map=None, confidence=None, map_state=state, map_note=note)
            return
        self._asked_labels, self._asked_model = self.labels, self.model
        self._wish = Wish(self._asked, self.scene, self.cube, self.labels, self._map_of())
        self.param.update(map_state="computing", map_note="")
        wish = self._asked, self.model, self.cube, self.labels, self.embedding
        self._refit.ask(self._asked, partial(self._growing_map, *wish))

    def _first_step(self) -> tuple[str, str]:
        """What the user has to do before there can be a map."""
        if self.cube is None:
            return "idle", "open a scene first"
        if len(self.classes) < 2:
            return "needs labels", "add at least two classes, then click pixels of each"
        without = [name for name, pixels in self.counts.items() if not pixels]
        if len(self.classes) - len(without) < 2:
            return "needs labels", f"label at least two classes: click pixels of {' or '.join(without[:3])}"
        return "", ""

    def _map(
        self,
        model: str,
        cube: xr.DataArray,
        labels: xr.DataArray,
        embedding: xr.DataArray | None,
        **watched: object,
    ) -> tuple[ClassMap, bool]:
        """In the background: the map, and whether it is of spectra."""
        from workbench.probe import classify_scene, find_model

        row = find_model(model)
        self.scene_at_hand()
        cube, features = self._at_hand.seen(row, cube, embedding)
        return classify_scene(model, cube, labels, embedding=embedding, features=features, **watched), not row.embeds

    def _growing_map(self, number: int, model: str, cube: xr.DataArray, labels: xr.DataArray, *rest: object) -> object:
        """The same, what is in sight first; told part by part, and ended by a newer wish."""
        is_spectral = not self.models[model].embeds if model in self.models else True

        def tell(codes: NDArray, confidence: NDArray) -> None:
            maps = labels.copy(data=codes), labels.copy(data=confidence)
            self.post(partial(self._part_done, number, *maps, is_spectral))

        sight, last = self._sight, (self.class_map, self.confidence)
        growing = Growing(labels, last, sight, tell, lambda: number == self._asked and number > self._shown)
        return self._map(model, cube, labels, *rest, sight=sight, each=growing.take)

    def _part_done(self, number: int, class_map: xr.DataArray, confidence: xr.DataArray, is_spectral: bool) -> None:
        with self.lock:
            if number == self._asked and number > self._shown:
                self._is_spectral = is_spectral
                self.param.update(class_map=class_map, confidence=confidence)

    def _map_of(self) -> dict[str, object]:
        """By what the map is made."""
        return {"model": self.model}

    def _deliver(self, generation: int, result: tuple[ClassMap, bool] | Exception) -> None:
        """In the background: show what came out, then put it away unless a newer one is wanted."""
        self.post(partial(self._map_done, generation, result))
        wish = self._wish
        if isinstance(result, Exception) or wish is None or wish.number != generation:
            return
        try:
            self._keeper.keep(self.folder, wish, result[0])
            self.post(partial(self.param.update, maps_kept=generation))
        except Exception as error:  # noqa: BLE001, the edge of a thread: the screen says it
            self.post(partial(self.refuse, f"the class map is shown, but was not put away: {sentence(error)}"))

    def _map_done(self, generation: int, result: tuple[ClassMap, bool] | Exception) -> None:
        with self.lock:
            newest = generation == self._asked
            if generation <= self._shown or (isinstance(result, Exception) and not newest):
                return
            self._shown = generation
            if isinstance(result, Exception):
                self.param.update(class_map=None, confidence=None, map_state="idle", map_note=sentence(result))
                return
            made, self._is_spectral = result
            self.param.update(
                class_map=made.class_map,
                confidence=made.confidence,
                map_seconds=made.seconds,
                map_state="ready" if newest else "computing",
            )

    def _remembered(self) -> dict:
        chosen = {"model": self.model} if self._chosen else {}
        return super()._remembered() | chosen | {"live": self.live, "current_class": self.current_class}

"""The live class map: it follows every label and every new embedding."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import param
import xarray as xr

from workbench.session.commands import command
from workbench.session.kept_map import Wish
from workbench.session.map_making import MapMaking
from workbench.session.marks import LabelState

WITHOUT_RUN, WITH_RUN = "svm", "auto"
"""The model used until the user chooses one: the recommended one, as soon as it has the embedding that it wants."""


class Mapping(MapMaking):
    """Which model makes the map, and when: the newest labels win."""

    model = param.String(default=WITHOUT_RUN, doc="Name in `models`; set it to choose another")
    live = param.Boolean(default=True, doc="Does the map follow by itself? If not, update_map() makes it once")

    def __init__(self, folder: str | Path, **params: object) -> None:
        self._asked_labels: xr.DataArray | None = None
        self._asked_model = ""
        self._chosen = self._suggesting = False
        super().__init__(folder, **params)
        self.param.watch(self._model_set, "model")
        self.param.watch(lambda _: self._follow(), "live")

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

    def _map_of(self) -> dict[str, object]:
        """By what the map is made."""
        return {"model": self.model}

    def _remembered(self) -> dict:
        chosen = {"model": self.model} if self._chosen else {}
        return super()._remembered() | chosen | {"live": self.live, "current_class": self.current_class}

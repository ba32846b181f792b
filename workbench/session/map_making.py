"""How the class map is made: in a thread, what is in sight first, the newest wish before all others; then put away."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import param
import xarray as xr
from numpy.typing import NDArray

from workbench.session.at_hand import AtHand
from workbench.session.commands import sentence
from workbench.session.grouping import Grouping
from workbench.session.growing import Growing, Place
from workbench.session.keeping import Keeping
from workbench.session.kept_map import MapKeeper, Wish
from workbench.session.library import WithLibrary
from workbench.session.live import Refit
from workbench.session.painting import Painting
from workbench.session.selecting import Selecting

if TYPE_CHECKING:
    from workbench.probe import ClassMap, Model


class MapMaking(Painting, Selecting, Grouping, Keeping, WithLibrary):
    """Class map and confidence, and what they are made of."""

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
        self._is_spectral = False
        self._at_hand = AtHand()
        self._wish: Wish | None = None
        self._keeper = MapKeeper()
        self._refit = Refit(self._deliver, self._put_away)
        super().__init__(folder, **params)

    @property
    def models(self) -> dict[str, Model]:
        """The models there are, by name. The first time takes seconds: scikit-learn and torch are imported."""
        from workbench.probe import MODELS

        return MODELS

    def look_at(self, sight: Place | None) -> None:
        """Rows and columns of the scene that somebody has in sight: there the next class map comes first."""
        self._sight = sight

    def wait_for_map(self, timeout: float | None = None) -> bool:
        """Until the last wish is answered; for scripts and tests. False if that took longer than `timeout` seconds."""
        return self._refit.wait(timeout)

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
        from workbench.probe import find_model

        is_spectral = not find_model(model).embeds

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

    def _deliver(self, generation: int, result: tuple[ClassMap, bool] | Exception) -> None:
        """In the background: show what came out."""
        self.post(partial(self._map_done, generation, result))

    def _put_away(self, generation: int, result: tuple[ClassMap, bool] | Exception) -> None:
        """In the background, once labels have ceased to come: keep the newest map in the folder."""
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

"""Class maps of other models beside the one on the screen, of the same labels, so that they can be compared.

The map on the screen comes first; the others follow one after the other in a thread of their own, as long as a page
shows them. Those there are stay until the next labels have a map on the screen.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import partial
from pathlib import Path

import param
import xarray as xr

from workbench.session.commands import sentence
from workbench.session.live import Refit
from workbench.session.mapping import Mapping

Basis = tuple[xr.DataArray | None, xr.DataArray | None, xr.DataArray | None]
"""What maps are made of: the scene, its labels, what an encoder learnt."""


class Rivals(Mapping):
    """The maps there are, by model."""

    maps = param.Dict(default={}, doc="Class maps (y, x) by model, all of the same labels and embedding")
    maps_note = param.String(default="", doc="Why a map that is wanted cannot be made; empty when all is well")

    def __init__(self, folder: str | Path, **params: object) -> None:
        self._wanted: dict[Hashable, tuple[str, ...]] = {}
        self._basis: Basis = (None, None, None)
        self._failed: dict[str, str] = {}
        self._rivals_asked = 0
        self._rival = Refit(lambda asked, made: self.post(partial(self._rival_done, asked, made)))
        super().__init__(folder, **params)
        self.param.watch(lambda *_: self._take_class_map(), ["class_map", "map_state", "embedding"])

    def want_maps(self, who: Hashable, models: Iterable[str] = ()) -> None:
        """Say by which models `who` shows maps; they are made, and made again for other labels, until it wants none."""
        with self.lock:
            self._wanted.pop(who, None)
            if names := tuple(models):
                self._wanted[who] = names
            self._next_rival()

    def lacks_maps(self, models: Iterable[str]) -> list[str]:
        """Those of `models` whose maps are on their way, or wait until there are labels."""
        return [name for name in models if name not in self.maps and name not in self._failed]

    def wait_for_maps(self, timeout: float | None = None) -> bool:
        """Until the maps that are wanted are there; for scripts and tests. False if that took longer."""
        return self._refit.wait(timeout) and self._rival.wait(timeout)

    def _without_a_scene(self) -> dict[str, object]:
        return {**super()._without_a_scene(), "maps": {}, "maps_note": ""}

    def _take_class_map(self) -> None:
        """File the map on the screen under its model; other labels or another embedding need all maps anew."""
        with self.lock:
            if self.class_map is None:
                self._basis = None, None, None
                self.param.update(maps={}, maps_note="")
                return
            if self.map_state != "ready":
                return
            basis = self.cube, self._asked_labels, self.embedding
            is_new = any(ours is not theirs for ours, theirs in zip(basis, self._basis, strict=True))
            if is_new:
                self._basis, self._failed = basis, {}
            legend = {name: self.class_map.attrs[name] for name in ("classes", "colors")}
            kept = {} if is_new else {name: one.assign_attrs(legend) for name, one in self.maps.items()}
            self.param.update(maps={**kept, self._asked_model: self.class_map}, maps_note=self._troubles())
            self._next_rival()

    def _next_rival(self) -> None:
        """Ask for the first map that somebody wants and that is not there."""
        missing = self.lacks_maps(name for names in self._wanted.values() for name in names)
        if missing and self._asked_model in self.maps and self.map_state == "ready":
            self._rivals_asked += 1
            self._rival.ask(self._rivals_asked, partial(self._rival_map, self._basis, missing[0]))

    def _rival_map(self, basis: Basis, model: str) -> tuple[Basis, str, xr.DataArray | str] | None:
        """In the background: the map, or in words why there is none; nothing if nobody needs it any more."""
        if basis is not self._basis or model in self.maps:
            return None
        try:
            return basis, model, self._map(model, *basis)[0].class_map
        except Exception as error:  # noqa: BLE001, the edge of a thread: the screen says it
            return basis, model, sentence(error)

    def _rival_done(self, asked: int, result: tuple[Basis, str, xr.DataArray | str] | None) -> None:
        with self.lock:
            if result is not None and result[0] is self._basis:
                _, model, made = result
                if isinstance(made, str):
                    self._failed[model] = made
                    self.maps_note = self._troubles()
                else:
                    legend = {name: self.class_map.attrs[name] for name in ("classes", "colors")}
                    self.maps = {**self.maps, model: made.assign_attrs(legend)}
            if asked == self._rivals_asked:
                self._next_rival()

    def _troubles(self) -> str:
        return "; ".join(f"no map by {model}: {reason}" for model, reason in self._failed.items())

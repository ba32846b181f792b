"""What models look at, made of a scene once and kept: its good bands in memory, its features and descriptions.

The live class map asks for it after every label; suggestions and doubts ask for the same beside it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from workbench.cubes import good_bands

if TYPE_CHECKING:
    from workbench.probe import Descriptions, Model

IN_MEMORY = 2**30
"""A scene up to this size [bytes] is kept in memory once a model has looked at its spectra."""


class AtHand:
    """The scene that was looked at last, and what was made of it; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scene: xr.DataArray | None = None
        self._made: dict[str, xr.DataArray | Descriptions | None] = {}
        self.spectra: xr.DataArray | None = None

    def forget(self) -> None:
        """Let go of all, unless it is being made: then the next scene that is looked at takes its place."""
        if self._lock.acquire(blocking=False):
            self._scene, self._made, self.spectra = None, {}, None
            self._lock.release()

    def seen(
        self, row: Model, cube: xr.DataArray, embedding: xr.DataArray | None
    ) -> tuple[xr.DataArray, xr.DataArray | Descriptions | None]:
        """The cube and the features to hand to ``classify_scene`` and its like.

        Parameters
        ----------
        row : Model
            Who will look.
        cube : xarray.DataArray of shape (n_bands, height, width)
            The open scene.
        embedding : xarray.DataArray of shape (n_features, height, width), optional
            The one in use.

        Returns
        -------
        cube, features
            The cube's good bands in memory where they fit, else `cube`; None where the model takes no features, or
            they are too many to be kept.

        Raises
        ------
        ValueError
            If the encoder in use learnt by another objective than the model's.
        """
        learnt_by = "" if not row.embeds or embedding is None else embedding.attrs.get("objective", row.objective)
        if learnt_by and learnt_by != row.objective:
            raise ValueError(
                f"{row.name} wants an encoder that learnt by {row.objective}, but the one in use learnt by "
                f"{learnt_by}; choose the model {learnt_by}, or another encoder"
            )
        with self._lock:
            if row.features == "embedding":
                return cube, None
            cube = self._spectra(cube)
            return cube, self._features(cube, row.features, embedding)

    def features(self, cube: xr.DataArray, name: str) -> xr.DataArray | None:
        """A row of ``FEATURES`` as a map (feature, y, x); None where it is too large to be kept."""
        with self._lock:
            return self._features(self._spectra(cube), name, None)

    def _spectra(self, cube: xr.DataArray) -> xr.DataArray:
        if self._scene is not cube:
            self._scene, self._made, self.spectra = cube, {}, None
        if self.spectra is None and cube.nbytes <= IN_MEMORY:
            good = np.flatnonzero(good_bands(cube))  # else every map would leave the others out anew
            self.spectra = cube.isel(band=good).compute()
        return cube if self.spectra is None else self.spectra

    def _features(
        self, cube: xr.DataArray, name: str, embedding: xr.DataArray | None
    ) -> xr.DataArray | Descriptions | None:
        from workbench.probe import FEATURES, describe, feature_map, fits_in_memory

        made = self._made.get(name)
        if name == "descriptions" and embedding is not None:
            if made is None:
                self._made[name] = describe(cube, embedding=embedding, keep=True)
            elif made.kinds["embedding"].values is not embedding:
                self._made[name] = made.with_embedding(embedding)
        elif name not in FEATURES:
            return None
        elif name not in self._made:
            learnt = FEATURES[name].learn(cube)
            self._made[name] = feature_map(cube, learnt) if fits_in_memory(cube, learnt) else None
        return self._made.get(name)

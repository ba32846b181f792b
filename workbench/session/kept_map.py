"""The class map of a session on disk, so that who repeats the session can hold theirs against it.

``class_map.npy`` has two layers (2, y, x) of float32, the class codes and the confidence; ``class_map.json`` says of
which labels, model and run they are. The live map is made again whenever the session opens; nobody reads it from here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.files import replacing, write_json
from workbench.session.folder import MAP, MAP_CARD, read_json
from workbench.session.origin import conditions, scene_origin
from workbench.session.runs import read_embedding

if TYPE_CHECKING:
    from workbench.probe import ClassMap


@dataclass(frozen=True, slots=True)
class KeptMap:
    """A class map, and what it is of."""

    layers: NDArray[np.float32]
    """Class codes and confidence (2, height, width), mapped from their file."""

    card: dict
    """``model``, ``run``, ``labels``, ``sha256``, ``origin``."""

    @property
    def is_whole(self) -> bool:
        """Whether the card is that of the layers."""
        return len(self.layers) == 2 and digest(self.layers) == self.card.get("sha256")


def digest(values: NDArray) -> str:
    """SHA-256 of an array's shape, type and values."""
    head = json.dumps([list(values.shape), values.dtype.str]).encode()
    return hashlib.sha256(head + np.ascontiguousarray(values).tobytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Wish:
    """What the newest class map is to be of."""

    number: int
    """How many were asked for before it, and itself."""

    scene: str
    """Where the scene lies."""

    cube: xr.DataArray
    """The scene."""

    labels: xr.DataArray
    """(y, x), 0 = unlabelled."""

    of: dict
    """Names of the model and of the run."""


class MapKeeper:
    """Puts maps away. Which file the scene is takes a while to find out; it is looked at once a scene."""

    def __init__(self) -> None:
        self._scene: tuple[xr.DataArray, dict] | None = None

    def keep(self, folder: Path, wish: Wish, made: ClassMap) -> None:
        """Put a map away with what it is of. The card comes last: one that is not of its map is told by its digest.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        if self._scene is None or self._scene[0] is not wish.cube:
            self._scene = wish.cube, {"scene": scene_origin(wish.scene, wish.cube), **conditions()}
        layers = layers_of(made.class_map, made.confidence)
        with replacing(folder / MAP) as draft, draft.open("wb") as file:
            np.save(file, layers, allow_pickle=False)
        known = {"labels": digest(wish.labels.values), "sha256": digest(layers)}
        write_json(folder / MAP_CARD, {**wish.of, **known, "origin": self._scene[1]})


def layers_of(class_map: xr.DataArray, confidence: xr.DataArray) -> NDArray[np.float32]:
    """Both as one array (2, height, width)."""
    return np.stack([class_map.values.astype("float32"), confidence.values.astype("float32")])


def read_map(folder: Path) -> KeptMap | None:
    """The map that was put away last; None without one.

    Raises
    ------
    ValueError
        If the files hold anything else.
    """
    if not ((folder / MAP).exists() and (folder / MAP_CARD).exists()):
        return None
    return KeptMap(read_embedding(folder / MAP), read_json(folder / MAP_CARD))

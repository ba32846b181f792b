"""What classifiers of scenes have in common: fitted to a cube and its labels, asked block by block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.patches import Block, Place, blocks_of, seen_first
from workbench.probe.embed import like_scene

Taken = TypeVar("Taken")


class SceneClassifier(ABC):
    """A classifier that takes cubes, since it looks at more of a scene than a pixel at a time."""

    classes_: NDArray[np.integer]
    """Codes of the classes that have labels; set by :meth:`fit`."""

    @abstractmethod
    def fit(self, cube: xr.DataArray, labels: xr.DataArray) -> SceneClassifier:
        """Learn from the labelled pixels (labels > 0) of a cube."""

    @abstractmethod
    def predict_block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Probability of each of ``classes_`` in a block read with :attr:`halo`, (n_classes, height, width)."""

    @property
    @abstractmethod
    def halo(self) -> int:
        """Pixels round a block that must be read with it."""

    @property
    @abstractmethod
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""

    @abstractmethod
    def learnt(self) -> list[NDArray]:
        """Every number it decides by."""

    def predict_blocks(self, cube: xr.DataArray) -> Iterator[tuple[Place, NDArray]]:
        """Probability of each of ``classes_`` block by block, (n_classes, height, width); NaN without data."""
        return self.each_block(cube, lambda chances: chances)

    def each_block(
        self, cube: xr.DataArray, take: Callable[[NDArray], Taken], sight: Place | None = None
    ) -> Iterator[tuple[Place, Taken]]:
        """Block by block, those in `sight` first: where it lies and what `take` makes of the probabilities there."""
        for piece in seen_first(blocks_of(*cube.shape[1:], (self.side, self.side), self.halo), sight):
            yield piece.place, take(self.predict_block(cube, piece))

    def predict_proba(self, cube: xr.DataArray) -> xr.DataArray:
        """Probability of each of ``classes_`` at every pixel, dims (``feature``, ``y``, ``x``); NaN without data."""
        chances = np.empty((len(self.classes_), *cube.shape[1:]), "float32")
        for (rows, columns), values in self.predict_blocks(cube):
            chances[:, rows, columns] = values
        return like_scene(chances, cube)

    def predict(self, cube: xr.DataArray) -> xr.DataArray:
        """Code of the most probable class at every pixel, dims (``y``, ``x``), int16; 0 without data."""
        chances = self.predict_proba(cube).values
        codes = np.where(np.isfinite(chances[0]), self.classes_[np.nan_to_num(chances).argmax(axis=0)], 0)
        return like_scene(codes.astype("int16"), cube)

"""Opinions of a scene: simple classifiers of its descriptions, each brought to what its confidence proved to be worth.

All of them decide by planes, so those of one description are asked by one product of matrices, some pixels at a time,
which is how the class map of the recommended model keeps up with labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from workbench.probe.columnwise import Columnwise, Standard, room_for
from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.prototypes import NearestAngle
from workbench.probe.svm import LinearSVM

LEAST = 1e-3
"""No opinion may rule a class out: its chance counts as at least this."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """One classifier of one description."""

    title: str
    description: str
    build: Callable[[int], Columnwise]
    prior: float = 1.0
    """What it weighs, against the others, before a label speaks for it."""

    sees: str = "centred"
    """Features as they are, ``"raw"``; less their mean over the labels; or ``"standard"``, in units of their spread."""

    def formed(self, table: NDArray, codes: NDArray, seed: int) -> Formed:
        """Learnt from rows (n, n_features) and their classes."""
        standard = None if self.sees == "raw" else Standard.of(table, spread=self.sees == "standard")
        head = self.build(seed).learn(table if standard is None else standard(table), codes)
        return Formed(self, standard, head)


@dataclass(frozen=True, slots=True)
class Formed:
    """An opinion that was formed, and what it counts for."""

    opinion: Opinion
    standard: Standard | None
    head: Columnwise
    temperature: float = 1.0
    share: float = 1.0

    def chances(self, table: NDArray) -> NDArray[np.floating]:
        """Chances (n, n_classes) of rows (n, n_features)."""
        return self.head.chances(table if self.standard is None else self.standard(table))


OPINIONS = (
    Opinion("spectra", "spectra", lambda seed: ShrunkLDA(), sees="standard"),
    Opinion("angles", "spectra", lambda seed: NearestAngle(0.03), prior=5.0, sees="raw"),
    Opinion("margins", "spectra", lambda seed: LinearSVM(0.1, random_state=seed), sees="standard"),
    Opinion("wide margins", "spectra", lambda seed: LinearSVM(0.001, random_state=seed), prior=3.0, sees="standard"),
    Opinion("noise fractions", "noise_fractions", lambda seed: ShrunkLDA()),
    Opinion("superpixels", "superpixels", lambda seed: ShrunkLDA()),
    Opinion("surroundings", "edge_means", lambda seed: ShrunkLDA()),
    Opinion("embedding", "embedding", lambda seed: ShrunkLDA()),
)


def add_what_is_said(total: NDArray[np.float32], columns: NDArray, opinions: Sequence[Formed]) -> None:
    """Add the weighted logarithmic chances by opinions of one description, some pixels at a time.

    Parameters
    ----------
    total : ndarray of shape (n_classes, n), float32
        What they are added to; NaN where there is no data.
    columns : ndarray of shape (n_features, n)
        The description; NaN where there is no data.
    opinions : sequence of Formed
        Those who see the same have the same mean and spread, as they learnt from the same labels.
    """
    ways = [way for way in ("raw", "centred", "standard") if any(one.opinion.sees == way for one in opinions)]
    room, even = room_for(len(columns), np.dtype("float32")), np.ones(len(columns), "float32")
    width = room.shape[1]
    asked = [_Together([one for one in opinions if one.opinion.sees == way], width) for way in ways]
    for start in range(0, columns.shape[1], width):
        some, sum_ = columns[:, start : start + width], total[:, start : start + width]
        here = room[:, : some.shape[1]]
        here[...] = some
        with np.errstate(invalid="ignore"):
            empty = ~np.isfinite(even @ here)  # one NaN makes the sum one
        if some_empty := empty.any():
            here[:, empty] = 0
        for together in asked:
            together.add_to(sum_, here)
        if some_empty:
            sum_[:, empty] = np.nan


class _Together:
    """Opinions that see the same: one product for all their planes."""

    def __init__(self, opinions: Sequence[Formed], width: int) -> None:
        dtype, standard = np.dtype("float32"), opinions[0].standard
        planes = [one.head.planes(dtype) for one in opinions]
        self._shift = self._factor = None
        if standard is not None:
            self._shift = standard.mean_.astype(dtype)[:, None]
            self._factor = (1 / standard.scale_).astype(dtype)[:, None] if (standard.scale_ != 1).any() else None
        self._weights = np.concatenate([one.weights for one in planes])
        self._offsets = np.concatenate([one.offsets for one in planes])
        self._room = np.empty((len(self._weights), width), dtype)
        ends = np.cumsum([0, *(len(one.weights) for one in planes)])
        rows = (slice(*pair) for pair in pairwise(ends))
        self._heard = list(zip(rows, planes, opinions, strict=True))

    def add_to(self, total: NDArray, columns: NDArray) -> None:
        """Add to logarithmic chances what is said of columns, which are shifted and scaled in place."""
        if self._shift is not None:
            columns -= self._shift
        if self._factor is not None:
            columns *= self._factor
        scores = np.matmul(self._weights, columns, out=self._room[:, : columns.shape[1]])
        scores += self._offsets
        for rows, planes, one in self._heard:
            said = tempered(planes.couple(scores[rows], columns), one.temperature)
            said *= np.float32(one.share)
            total += said


def tempered(chances: NDArray, temperature: float) -> NDArray:
    """Logarithm of chances (n_classes, …) made flatter by a temperature above 1, sharper by one below."""
    cooled = np.log(chances + chances.dtype.type(1e-5))
    cooled *= chances.dtype.type(1 / temperature)
    cooled -= np.log(np.exp(cooled).sum(axis=0))
    return np.maximum(cooled, chances.dtype.type(np.log(LEAST)), out=cooled)

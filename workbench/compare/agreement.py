"""How far people who label the same scene agree: beyond chance, pair by pair and all together.

Cohen's kappa is of two people, on the pixels that both labelled. Krippendorff's alpha (nominal) is of any number, and
takes pixels that some of them left out: each pixel that two or more labelled counts. Neither says who is right.

References
----------
Cohen (1960). *A coefficient of agreement for nominal scales.* doi:10.1177/001316446002000104. Krippendorff (2011).
*Computing Krippendorff's Alpha-Reliability.* https://repository.upenn.edu/asc_papers/43.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from workbench.compare.people import Opinions
from workbench.compare.redrawn import groups_of_marks, redrawn_interval


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people, on the pixels that both labelled."""

    a: str
    """One of them."""

    b: str
    """The other."""

    confusion: NDArray[np.int64]
    """Pixels by what A says (rows) and B says (columns), in the order of all classes."""

    groups: int
    """Groups of marks that share pixels: what the interval takes for independent."""

    kappa: float
    """Cohen's, -1 to 1; NaN where they share no pixel, or both gave one and the same class only."""

    kappa_ci95: tuple[float, float]
    """95 % interval; NaN where there is none (see ``redrawn``)."""

    @property
    def pixels(self) -> int:
        """Labelled by both."""
        return int(self.confusion.sum())

    @property
    def agreement(self) -> float:
        """Share of them with the same class from both, 0…1; NaN without any."""
        return float(np.trace(self.confusion) / self.pixels) if self.pixels else float("nan")


@dataclass(frozen=True, slots=True)
class Agreement:
    """All of them, on the pixels that two or more labelled."""

    pairs: tuple[Pair, ...]
    """Each two people, in the order they were given."""

    pixels: int
    """Labelled by two people or more."""

    agreement: float
    """Share of them on which all who labelled them agree, 0…1."""

    groups: int
    """Groups of marks that share pixels."""

    alpha: float
    """Krippendorff's, nominal; NaN where everybody gave one and the same class only."""

    alpha_ci95: tuple[float, float]
    """95 % interval; NaN where there is none."""


def agreement_of(opinions: Opinions, *, seed: int = 0) -> Agreement:
    """How far people agree.

    Parameters
    ----------
    opinions : Opinions
        Their labels (``side_by_side``).
    seed : int
        Of the intervals' draws.

    Returns
    -------
    Agreement
    """
    names = opinions.names
    pairs = tuple(_pair(opinions, *who, seed) for who in combinations(range(len(names)), 2))
    shared = opinions.said > 1
    codes, groups = opinions.codes[:, shared], groups_of_marks(opinions.marks[:, shared])
    size = len(opinions.classes)
    parts, cells = _by_group(groups, *_coincidences(codes, size))
    alpha = _spread_out(krippendorff_alpha, cells, size)
    return Agreement(
        pairs=pairs,
        pixels=int(shared.sum()),
        agreement=float(opinions.agreed[shared].mean()),
        groups=len(parts),
        alpha=float(alpha(parts.sum(axis=0)[None])[0]),
        alpha_ci95=redrawn_interval(parts, alpha, seed),
    )


def cohen_kappa(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cohen's kappa of confusion tables of shape (n, K, K); NaN where one class is all there is."""
    total = confusion.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        same = np.trace(confusion, axis1=1, axis2=2) / total
        chance = (confusion.sum(axis=1) * confusion.sum(axis=2)).sum(axis=1) / total**2
        return np.where(chance < 1, (same - chance) / (1 - chance), np.nan)


def krippendorff_alpha(coincidences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Krippendorff's nominal alpha of coincidence tables of shape (n, K, K); NaN where one class is all there is."""
    each = coincidences.sum(axis=1)
    total = each.sum(axis=1)
    other = total - np.trace(coincidences, axis1=1, axis2=2)
    expected = total**2 - (each**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 1e-9 * total**2, 1 - (total - 1) * other / expected, np.nan)


def _pair(opinions: Opinions, a: int, b: int, seed: int) -> Pair:
    who, size = [a, b], len(opinions.classes)
    shared = (opinions.codes[who] > 0).all(axis=0)
    if not shared.any():
        nothing = np.zeros((size, size), int)
        return Pair(opinions.names[a], opinions.names[b], nothing, 0, float("nan"), (float("nan"),) * 2)
    one, other = opinions.codes[who][:, shared].astype(np.int64) - 1
    groups = groups_of_marks(opinions.marks[who][:, shared])
    parts, cells = _by_group(groups, np.arange(len(one)), one * size + other, np.ones(len(one)))
    kappa = _spread_out(cohen_kappa, cells, size)
    confusion = np.bincount(one * size + other, minlength=size**2).reshape(size, size)
    value = float(cohen_kappa(confusion[None].astype(float))[0])
    names = opinions.names[a], opinions.names[b]
    return Pair(*names, confusion, len(parts), value, redrawn_interval(parts, kappa, seed))


def _coincidences(codes: NDArray[np.int32], size: int) -> tuple[NDArray, NDArray, NDArray]:
    """Pixel, cell of the coincidence table, and weight, of each ordered pair of values of one pixel."""
    values = codes.astype(np.int64) - 1
    weight = 1 / ((values >= 0).sum(axis=0) - 1)
    found = []
    for one, other in combinations(range(len(values)), 2):
        where = np.flatnonzero((values[one] >= 0) & (values[other] >= 0))
        left, right = values[one, where], values[other, where]
        found += [(where, left * size + right, weight[where]), (where, right * size + left, weight[where])]
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))


def _by_group(groups: NDArray, where: NDArray, cell: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    """What each group of pixels adds to each cell, and which cells these are: only those that occur."""
    cells, column = np.unique(cell, return_inverse=True)
    shape = (int(groups.max()) + 1, len(cells))
    return coo_array((weight, (groups[where], column)), shape=shape).toarray(), cells


def _spread_out(coefficient: object, cells: NDArray, size: int) -> object:
    """A coefficient of whole tables, for sums over the cells that occur."""

    def of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = np.unique(np.concatenate([cells // size, cells % size]))
        few = np.searchsorted(there, cells // size), np.searchsorted(there, cells % size)
        tables = np.zeros((len(sums), len(there), len(there)))
        tables[:, *few] = sums
        return coefficient(tables)

    return of_sums

"""What several people say of the same pixels: their labels side by side, classes matched by their names.

Only labelled pixels are held, since people label a few of very many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's labels of a scene."""

    name: str
    """Who it is."""

    classes: tuple[str, ...]
    """Names of the classes that he or she could choose, those without a label among them."""

    pixels: NDArray[np.int64]
    """Numbers of the labelled pixels, row by row from the upper left, increasing."""

    codes: NDArray[np.integer]
    """Of each of them the class, 1 for the first of `classes`."""

    marks: NDArray[np.integer]
    """Of each of them the mark it was labelled by: pixels of one mark were labelled by one decision."""


@dataclass(frozen=True, slots=True)
class Opinions:
    """Labels of several people, a row each, on all pixels that any of them labelled."""

    names: tuple[str, ...]
    """Whose they are."""

    classes: tuple[str, ...]
    """Those of all: the first person's, then what the next ones have beside them."""

    pixels: NDArray[np.int64]
    """Numbers of the pixels, increasing."""

    codes: NDArray[np.int32]
    """0 = not labelled, else the class, 1 for the first of `classes`; shape (people, pixels)."""

    marks: NDArray[np.int64]
    """-1 where not labelled; no two people have a number in common. Shape (people, pixels)."""

    only: dict[str, str]
    """Classes that one person has and nobody else, with his or her name."""

    @property
    def said(self) -> NDArray[np.int64]:
        """How many people labelled each pixel."""
        return (self.codes > 0).sum(axis=0)

    @property
    def agreed(self) -> NDArray[np.bool_]:
        """Whether all who labelled a pixel gave it one class."""
        least = np.where(self.codes > 0, self.codes, np.iinfo(np.int32).max).min(axis=0)
        return least == self.codes.max(axis=0)


def side_by_side(people: Sequence[Person]) -> Opinions:
    """The labels of `people` on the same pixels.

    Parameters
    ----------
    people : sequence of Person
        Two or more, of different names, on one grid.

    Returns
    -------
    Opinions

    Raises
    ------
    ValueError
        If there are fewer than two, somebody has no label, or no pixel has labels of two.
    """
    if len(people) < 2:
        raise ValueError(f"agreement takes the labels of two people or more, got those of {len(people)}; name another")
    if empty := [one.name for one in people if not len(one.pixels)]:
        raise ValueError(f"agreement takes labels on the scene, but {empty[0]} gave none; leave that one out")
    classes = list(dict.fromkeys(name for one in people for name in one.classes))
    pixels = np.unique(np.concatenate([one.pixels for one in people]))
    codes = np.zeros((len(people), len(pixels)), np.int32)
    marks = np.full(codes.shape, -1, np.int64)
    behind = 0
    for row, one in enumerate(people):
        there = np.searchsorted(pixels, one.pixels)
        codes[row, there] = np.array([classes.index(name) + 1 for name in one.classes], np.int32)[one.codes - 1]
        numbers = np.unique(one.marks, return_inverse=True)[1]
        marks[row, there] = numbers + behind
        behind += int(numbers.max()) + 1
    if not ((codes > 0).sum(axis=0) > 1).any():
        raise ValueError(
            f"no pixel was labelled by two of {', '.join(one.name for one in people)}; "
            "have them label the same places, such as areas drawn on the same fields"
        )
    having = {name: [one.name for one in people if name in one.classes] for name in classes}
    only = {name: who[0] for name, who in having.items() if len(who) == 1}
    return Opinions(tuple(one.name for one in people), tuple(classes), pixels, codes, marks, only)

"""A class map while it is made: told as soon as what somebody looks at is done, and dropped for newer labels."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Place = tuple[slice, slice]

EVERY = 2.0
"""Seconds from one telling to the next."""


class Superseded(Exception):
    """Newer labels are waiting, so that the rest of this map is not wanted."""


class Growing:
    """What is done of a map, and the last map where nothing is done yet.

    Parameters
    ----------
    labels : xarray.DataArray of shape (height, width)
        What the map is made of.
    last : tuple of xarray.DataArray or None
        Class map and confidence that are shown now; left out where their classes are not these.
    sight : (rows, columns), optional
        What somebody looks at.
    tell : callable
        Takes class codes and confidence, (height, width), while some of them are the last map's.
    is_wanted : callable
        Whether the map is still wanted.
    """

    def __init__(
        self,
        labels: xr.DataArray,
        last: tuple[xr.DataArray | None, xr.DataArray | None],
        sight: Place | None,
        tell: Callable[[NDArray, NDArray], None],
        is_wanted: Callable[[], bool],
    ) -> None:
        self._shape, self._sight, self._tell, self._is_wanted = labels.shape, sight, tell, is_wanted
        self._last = last if last[0] is not None and _same_classes(last[0], labels) else None
        self._maps: tuple[NDArray, NDArray] | None = None
        self._missing = labels.size
        self._unseen = 0 if sight is None else _area(sight)
        self._told = time.monotonic()

    def take(self, place: Place, codes: NDArray, confidence: NDArray) -> None:
        """One more block is done.

        Raises
        ------
        Superseded
            If the map is not wanted any more.
        """
        if not self._is_wanted():
            raise Superseded
        self._missing -= codes.size
        if not self._missing and self._maps is None:  # it came in one piece
            return
        for whole, part in zip(self._begun(), (codes, confidence), strict=True):
            whole[place] = part
        is_seen = False
        if self._unseen:
            self._unseen -= _area(tuple(map(_common, place, self._sight)))
            is_seen = not self._unseen
        now = time.monotonic()
        if self._missing and (is_seen or now - self._told > EVERY):
            self._told = now
            self._tell(*(whole.copy() for whole in self._maps))

    def _begun(self) -> tuple[NDArray, NDArray]:
        if self._maps is None and self._last is not None:
            self._maps = tuple(one.values.copy() for one in self._last)
        elif self._maps is None:
            self._maps = np.zeros(self._shape, "int16"), np.full(self._shape, np.nan, "float32")
        return self._maps


def _same_classes(last: xr.DataArray, labels: xr.DataArray) -> bool:
    """Whether the codes of a map mean in the labels what they mean in the map."""
    before = list(last.attrs["classes"])
    return last.shape == labels.shape and before == list(labels.attrs["classes"])[: len(before)]


def _common(one: slice, other: slice) -> slice:
    start = max(one.start, other.start)
    return slice(start, max(start, min(one.stop, other.stop)))


def _area(place: Place) -> int:
    return (place[0].stop - place[0].start) * (place[1].stop - place[1].start)

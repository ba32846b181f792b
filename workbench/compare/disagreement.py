"""Where class maps disagree, as a list: connected areas, and which classes are told there.

An area is pixels that touch along an edge, on each of which at least two maps name different classes; a map without
data there takes no part. What is told in an area is what the maps say on most of its pixels, word for word: a choice of
one class a map, not the mean of many. Where maps disagree at least one is wrong, so the areas are where a look at the
scene, or a label, settles most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

MOST_PIXELS = 1 << 22
"""Of a larger scene every second, third … row and column is looked at."""

MOST_AREAS = 200
"""Areas that are listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """Connected pixels on which maps disagree."""

    row: int
    column: int
    """The pixel of it that is nearest to the middle of all of them."""

    pixels: int
    """Its size; of a scene that was thinned out, as the pixels looked at stand for."""

    told: tuple[int, ...]
    """The class that each map names on most of it, in the order of the maps; 0 for no data."""

    told_on: int
    """On how many of its pixels they are told just so."""

    apart: int
    """Maps that tell another class there than most maps do."""

    members: NDArray[np.intp]
    """Row and column of its pixels that were looked at, shape (n, 2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Disagreement:
    """What was found between some maps."""

    areas: tuple[Area, ...]
    """At most ``MOST_AREAS``, ranked."""

    count: int
    """Areas there are."""

    pixels: int
    """Pixels of all of them together."""

    known: int
    """Pixels on which at least two maps have data."""

    step: int
    """Every so many rows and columns were looked at; above 1, sizes are estimates and small areas are missed."""


def areas_apart(
    maps: Sequence[NDArray[np.integer]], *, by: str = "pixels", most: int = MOST_AREAS, most_pixels: int = MOST_PIXELS
) -> Disagreement:
    """Connected areas on which maps disagree, ranked.

    Parameters
    ----------
    maps : sequence of array of shape (height, width)
        Class codes of the same pixels, 0 = no data; at least two.
    by : str
        ``pixels``: the largest area first, among equals that where more maps are apart; ``models``: the other way
        round.
    most : int
        Areas to list.
    most_pixels : int
        Pixels to look at; a larger scene is thinned out.

    Returns
    -------
    Disagreement

    Raises
    ------
    ValueError
        If there are fewer than two maps, their sizes differ, or `by` is unknown.

    Examples
    --------
    >>> one, two = np.array([[1, 1, 2], [1, 1, 2]]), np.array([[1, 2, 2], [1, 2, 1]])
    >>> [(area.pixels, area.told) for area in areas_apart([one, two]).areas]
    [(3, (1, 2))]
    """
    if by not in ("pixels", "models"):
        raise ValueError(f"areas are ranked by pixels or models, got {by!r}; choose one of them")
    if len(maps) < 2 or len({one.shape for one in maps}) > 1:
        got = ", ".join(f"{one.shape[0]} by {one.shape[1]}" for one in maps) or "none"
        raise ValueError(f"at least two maps of one size are held against each other, got {got}; make another one")
    height, width = maps[0].shape
    step = max(1, int(np.ceil(np.sqrt(height * width / most_pixels))))
    seen = np.stack([one[::step, ::step] for one in maps])
    low = np.where(seen > 0, seen, np.iinfo(seen.dtype).max).min(axis=0)
    apart = low < seen.max(axis=0)
    known = int(((seen > 0).sum(axis=0) > 1).sum()) * step**2
    labels, count = ndimage.label(apart)
    rows, columns = np.nonzero(apart)
    area = labels[rows, columns] - 1
    if not count:
        return Disagreement((), 0, 0, known, step)
    sizes = np.bincount(area, minlength=count)
    told, told_on = _told(seen[:, rows, columns], area)
    outside = (told > 0).sum(axis=1) - _most_frequent(told)
    keys = (sizes, outside) if by == "pixels" else (outside, sizes)
    ranked = np.lexsort((np.arange(count), -keys[1], -keys[0]))[:most]
    found = [
        Area(*place, int(sizes[i]) * step**2, tuple(told[i].tolist()), int(told_on[i]) * step**2, int(outside[i]), own)
        for i, (place, own) in zip(ranked, _places(area, step * rows, step * columns, ranked), strict=True)
    ]
    return Disagreement(tuple(found), count, len(area) * step**2, known, step)


def _told(codes: NDArray[np.integer], area: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What the maps say together on most pixels of each area (n_areas, n_maps), and on how many."""
    ids, told = np.zeros(codes.shape[1], np.int64), np.zeros((1, 0), np.int64)
    base = int(codes.max()) + 1
    for one in codes:  # each way to say it gets a number
        ways, ids = np.unique(ids * base + one, return_inverse=True)
        told = np.column_stack([told[ways // base], ways % base])
    pairs, counts = np.unique(area * len(told) + ids, return_counts=True)
    of, way = pairs // len(told), pairs % len(told)
    order = np.lexsort((way, -counts, of))
    first = order[np.unique(of[order], return_index=True)[1]]
    return told[way[first]], counts[first]


def _most_frequent(told: NDArray[np.integer]) -> NDArray[np.int64]:
    """How many maps tell the class that most of them tell, by area."""
    most = np.zeros(len(told), np.int64)
    for code in np.unique(told[told > 0]):
        np.maximum(most, (told == code).sum(axis=1), out=most)
    return most


def _places(
    area: NDArray[np.intp], rows: NDArray[np.intp], columns: NDArray[np.intp], wanted: NDArray[np.intp]
) -> list[tuple[tuple[int, int], NDArray[np.intp]]]:
    """The middle pixel of each wanted area, and all its pixels."""
    place = np.full(area.max() + 1, -1)
    place[wanted] = np.arange(len(wanted))
    ours = place[area] >= 0
    area, pixels = place[area[ours]], np.stack([rows[ours], columns[ours]], axis=1)
    order = np.argsort(area, kind="stable")
    found = []
    for own in np.split(pixels[order], np.cumsum(np.bincount(area))[:-1]):
        away = ((own - own.mean(axis=0)) ** 2).sum(axis=1)
        found.append((tuple(own[away.argmin()].tolist()), own))
    return found

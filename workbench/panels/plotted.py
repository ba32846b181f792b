"""What the plot of the embedding holds, as plain arrays: drawn pixels, labelled ones, and which a pointer means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from workbench.session import LabelClass

if TYPE_CHECKING:
    from workbench.probe.plane import Plane

Pixel = tuple[int, int]
"""Row and column."""

MOST_LABELLED = 2000
"""Labelled pixels in the plot; of more, evenly chosen ones."""

REACH = 12.0
"""How far a click may miss a point [pixels of the screen]."""

NO_PIXELS = np.zeros((0, 2), int)
"""None."""

NO_CLASS = "#98a2ad"
"""Of points that have no class: neutral, and seen on white and on black."""


@dataclass(frozen=True, eq=False)
class Plotted:
    """Points and the pixels that they stand for."""

    plane: Plane
    """What they lie in."""

    pixels: NDArray[np.intp]
    """Row and column, shape (n, 2): those drawn and not labelled, then the labelled ones."""

    points: NDArray[np.float64]
    """Where they lie, shape (n, 2)."""

    labelled: int
    """How many of the last ones are labelled."""

    labels: int
    """How many pixels of the scene are."""

    def among(self, pixels: Sequence[Pixel]) -> NDArray[np.bool_]:
        """Which points stand for one of `pixels`, shape (n,)."""
        wanted = {tuple(pixel) for pixel in pixels}
        return np.array([pixel in wanted for pixel in map(tuple, self.pixels.tolist())], bool)

    def mark(self, pixel: Pixel | None) -> NDArray[np.float64]:
        """Where a pixel lies that need not be in the plot, (1, 2); by UMAP the drawn one most like it. None: (0, 2)."""
        if pixel is None:
            return self.points[:0]
        found = self.points[self.among([pixel])]
        if len(found):
            return found[:1]
        if self.plane.method == "umap":  # which takes seconds to lay one pixel
            return self.plane.points[self.plane.nearest(*pixel)]
        place = self.plane.place(np.array([pixel]))
        return place[np.isfinite(place).all(axis=1)]

    def inside(self, x: Sequence[float], y: Sequence[float]) -> list[Pixel]:
        """The pixels whose points lie in a polygon of these corners."""
        if len(x) < 3:
            return []
        area = shapely.make_valid(shapely.Polygon(np.stack([x, y], axis=1)))
        return list(map(tuple, self.pixels[shapely.contains_xy(area, *self.points.T)].tolist()))

    def near(self, x: float, y: float, scale: tuple[float, float]) -> Pixel | None:
        """The pixel whose point is next to a place, None if none is within reach.

        Parameters
        ----------
        x, y : float
            In the plane.
        scale : (float, float)
            Pixels of the screen to a unit of either axis.
        """
        away = np.hypot(*((self.points - (x, y)) * scale).T)
        if not away.size or away.min() > REACH:
            return None
        row, column = self.pixels[len(away) - 1 - away[::-1].argmin()].tolist()  # the labelled ones lie on top
        return row, column


def plot(plane: Plane, labels: NDArray[np.integer] | None, known: dict[Pixel, tuple[float, float]]) -> Plotted:
    """The drawn pixels of a plane and the labelled ones of the scene.

    Parameters
    ----------
    plane : Plane
        With its drawn pixels.
    labels : ndarray of shape (height, width) or None
        0 = unlabelled.
    known : dict of (row, column) to place
        Pixels that were laid before; what is laid now is put there, NaN where there is no data.
    """
    given = np.zeros((0, 2), int) if labels is None else np.argwhere(labels > 0)
    shown = given[np.linspace(0, len(given) - 1, min(len(given), MOST_LABELLED)).astype(int)]
    if not known:
        known.update(zip(map(tuple, plane.pixels.tolist()), map(tuple, plane.points.tolist()), strict=True))
    new = [pixel for pixel in map(tuple, shown.tolist()) if pixel not in known]
    if new:
        known.update(zip(new, map(tuple, plane.place(np.array(new)).tolist()), strict=True))
    places = np.array([known[pixel] for pixel in map(tuple, shown.tolist())]).reshape(-1, 2)
    seen = np.isfinite(places).all(axis=1)
    on_top = set(map(tuple, shown.tolist()))
    free = np.array([pixel not in on_top for pixel in map(tuple, plane.pixels.tolist())], bool)
    pixels = np.concatenate([plane.pixels[free], shown[seen]])
    points = np.concatenate([plane.points[free], places[seen]])
    return Plotted(plane, pixels, points, int(seen.sum()), len(given))


def points(
    places: NDArray[np.floating], pixels: NDArray[np.integer] = NO_PIXELS,
    codes: NDArray[np.integer] | None = None, classes: Sequence[LabelClass] = (),
) -> dict[str, object]:  # fmt: skip
    """Points as the browser takes them.

    Parameters
    ----------
    places : ndarray of shape (n, 2)
        Where they lie.
    pixels : ndarray of shape (n, 2)
        What they stand for, where that is told.
    codes : ndarray of shape (height, width), optional
        Class codes of the scene, which tell colour and name.
    classes : sequence of LabelClass
        The legend.
    """
    table = {one.code: (one.color, one.name) for one in classes}
    found = [0] * len(pixels) if codes is None else codes[pixels[:, 0], pixels[:, 1]].tolist()
    told = [table.get(code, (NO_CLASS, "")) for code in found]
    data = {"row": pixels[:, 0], "column": pixels[:, 1], "color": [c for c, _ in told], "name": [n for _, n in told]}
    return {"x": places[:, 0], "y": places[:, 1], **(data if len(pixels) == len(places) else {})}


def titles_of(plane: Plane) -> tuple[str, str]:
    """Of the two axes."""
    if plane.method == "umap":
        return "UMAP 1", "UMAP 2"
    return tuple(f"PC {i} ({100 * part:.1f} %)" for i, part in enumerate((*plane.share, 0.0)[:2], 1))


def in_words(found: Plotted) -> str:
    """What is in the plot."""
    plane = found.plane
    what = "what the encoder learnt" if plane.of == "embedding" else "their spectra"
    some = f"{found.labelled:,} of " if found.labelled < found.labels else ""
    return (
        f"{len(plane.pixels):,} pixels drawn evenly (seed {plane.seed}) and {some}{found.labels:,} labelled, by {what}."
    )

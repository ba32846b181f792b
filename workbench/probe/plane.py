"""Pixels of a scene as points in a plane, where like lies by like: what an encoder learnt, or the spectra, to be seen.

By principal components, or by UMAP (L. McInnes et al. 2018, arXiv:1802.03426) where the package umap-learn is. The
plane is learnt from pixels drawn evenly over the scene, labels play no part; other pixels are laid into it afterwards,
so that a new label moves none of the points there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import components_of, good_bands, read_pixels

Read = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.floating]]
"""Rows and columns to what is known of those pixels, (n, n_values); NaN where there is no data."""

Lay = Callable[[NDArray[np.floating]], NDArray[np.floating]]
"""Complete values (n, n_values) to points (n, 2)."""

MOST = 3000
"""Pixels that are drawn."""


@dataclass(frozen=True, eq=False)
class Plane:
    """Drawn pixels as points, and a way to lay others beside them."""

    pixels: NDArray[np.intp]
    """Row and column of the drawn pixels with data, shape (n, 2)."""

    points: NDArray[np.float64]
    """Where they lie, shape (n, 2)."""

    values: NDArray[np.float32]
    """What is known of them, shape (n, n_values)."""

    method: str
    """``pca`` or ``umap``."""

    of: str
    """``embedding`` or ``spectra``."""

    seed: int
    """Of the draw, and of UMAP."""

    share: tuple[float, ...]
    """Of the variance of the drawn pixels, by axis; empty for UMAP, whose axes have none."""

    read: Read
    """Of the scene that they come from."""

    lay: Lay
    """Into this plane."""

    def place(self, pixels: NDArray[np.intp]) -> NDArray[np.float64]:
        """Where other pixels (n, 2) lie; NaN where there is no data. By UMAP that takes seconds."""
        pixels = np.asarray(pixels, int).reshape(-1, 2)
        values = self.read(*pixels.T)
        known, points = np.isfinite(values).all(axis=1), np.full((len(pixels), 2), np.nan)
        if known.any():
            points[known] = self.lay(values[known])
        return points

    def nearest(self, row: int, column: int, n: int = 1) -> NDArray[np.intp]:
        """Which of the drawn pixels are most like a pixel, by all of their values, the most alike first."""
        (wanted,) = self.read(np.array([row]), np.array([column])).astype("float64")
        if not np.isfinite(wanted).all():
            return np.zeros(0, np.intp)
        return np.argsort(((self.values - wanted) ** 2).sum(axis=1), kind="stable")[:n]

    def like(self, row: int, column: int, n: int) -> list[tuple[int, int]]:
        """Row and column of those pixels."""
        return [tuple(pixel) for pixel in self.pixels[self.nearest(row, column, n)].tolist()]


def methods() -> list[str]:
    """Ways to lay pixels into a plane that there are here."""
    return ["pca", *(["umap"] if find_spec("umap") else [])]


def draw_pixels(shape: tuple[int, int], n: int = MOST, seed: int = 0) -> NDArray[np.intp]:
    """At most `n` pixels, evenly over a scene of `shape` (height, width): one at random of each cell of a grid.

    Returns
    -------
    ndarray of shape (n_drawn, 2)
        Row and column; the same for the same seed.
    """
    height, width = shape
    down = int(np.clip(round((n * height / width) ** 0.5), 1, min(height, n)))
    across = int(np.clip(n // down, 1, width))
    random = np.random.default_rng(seed).random((2, down, across))
    top, left = (np.arange(parts + 1) * size // parts for parts, size in ((down, height), (across, width)))
    rows = top[:-1, None] + (random[0] * np.diff(top)[:, None]).astype(int)
    columns = left[None, :-1] + (random[1] * np.diff(left)[None]).astype(int)
    return np.stack([rows.ravel(), columns.ravel()], axis=1)


def scene_plane(
    cube: xr.DataArray, embedding: xr.DataArray | None = None, method: str = "pca", *, n: int = MOST, seed: int = 0
) -> Plane:
    """Lay pixels of a scene into a plane.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; only the drawn pixels of a lazy one are read.
    embedding : xarray.DataArray of shape (n_features, height, width), optional
        What an encoder learnt of it; if given, that is laid out, else the spectra in the good bands.
    method : str
        ``pca`` or, with the package umap-learn, ``umap``.
    n : int
        How many pixels are drawn.
    seed : int
        Draws them, and lays them out by UMAP.

    Raises
    ------
    ValueError
        If the method is not there, or fewer than four drawn pixels have data throughout.
    """
    if method not in methods():
        there = " or ".join(methods())
        raise ValueError(f"pixels are laid out by {there}, got {method!r}; the package umap-learn brings umap")
    read: Read = partial(_spectra, cube, np.flatnonzero(good_bands(cube)))
    if embedding is not None:
        read = partial(_learnt, embedding)
    pixels = draw_pixels(cube.shape[1:], n, seed)
    values = read(*pixels.T)
    known = np.isfinite(values).all(axis=1)
    pixels, values = pixels[known], values[known]
    if len(pixels) < 4:
        where = "every good band; mark the empty bands bad" if embedding is None else "the embedding; use another run"
        raise ValueError(f"four drawn pixels with data are needed, got {len(pixels)} that have it in {where}")
    points, share, lay = (_by_components if method == "pca" else partial(_by_umap, seed=seed))(values)
    of = "spectra" if embedding is None else "embedding"
    return Plane(pixels, points, values.astype("float32"), method, of, seed, share, read, lay)


def _spectra(
    cube: xr.DataArray, bands: NDArray[np.intp], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.float32]:
    return read_pixels(cube, rows, columns)[:, bands]


def _learnt(embedding: xr.DataArray, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
    return np.stack([plane[rows, columns] for plane in embedding.values], axis=1)


def _by_components(values: NDArray[np.floating]) -> tuple[NDArray[np.float64], tuple[float, ...], Lay]:
    """Points, shares of the variance, and how others are laid there."""
    found = components_of(values.astype("float64"), 2)

    def lay(others: NDArray[np.floating]) -> NDArray[np.float64]:
        points = (others.astype("float64") - found.mean) @ found.axes
        return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))  # a single band is a line

    return lay(values), tuple(float(part) for part in found.share), lay


def _by_umap(values: NDArray[np.floating], seed: int) -> tuple[NDArray[np.float64], tuple[float, ...], Lay]:
    """The same by UMAP, in one thread: only so does a seed repeat it."""
    from umap import UMAP

    fitted = UMAP(n_components=2, n_neighbors=min(15, len(values) - 1), random_state=seed, n_jobs=1)
    points = fitted.fit_transform(values).astype("float64")
    return points, (), lambda others: fitted.transform(others).astype("float64")

"""Spectra smoothed inside their superpixel, seen where superpixels differ: the idea of S³-ULDA.

Each pixel is replaced by a weighted mean of the nearest pixels of its own superpixel, so that noise goes and borders
stay, and projected to directions that tell superpixels apart against the spread inside them (an unsupervised LDA,
superpixels as its classes). Beside these global features stand local ones.

Departures from S³-ULDA (IEEE TGRS 2023, code at XinweiJiang/S3-ULDA): pieces are small and by SLIC instead of a few
dozen by entropy rate; neighbours come from a window of known width, so that blocks give the same numbers; the
directions are learnt from spectra before they are smoothed; the local features are the pixel's own principal
components, unsmoothed, instead of a projection a superpixel, whose axes cannot be compared between superpixels: where a
scene is of mixed pixels, smoothing alone loses what there is; and nothing is chosen on test labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.patches import Block, Place, blocks_of, scene_tensor
from workbench.probe.projections import DIRECTIONS, Projection, pca_features
from workbench.probe.superpixels import superpixels
from workbench.probe.tables import block_side

CELL = 8
"""Width of a superpixel [pixels], about."""

NEAREST = 15
"""Pixels that are averaged; S³-ULDA takes 13 to 17."""

WINDOW = 9
"""Width of the square they come from [pixels]."""

TILE = 64 * CELL
"""A larger scene is cut into tiles of this side [pixels] first, which no superpixel leaves: memory stays bounded."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Projections of spectra, smoothed inside superpixels, and of the pixel alone."""

    pieces: NDArray[np.int32]
    """Superpixel of every pixel of the scene, shape (height, width)."""

    apart: Projection
    """What tells superpixels apart; smoothed."""

    own: Projection
    """Principal components; not smoothed."""

    halo: int = WINDOW // 2
    """Half the window."""

    @property
    def n_features(self) -> int:
        """Directions of both projections."""
        return self.apart.n_features + self.own.n_features

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return block_side(len(self.own.mean), 4, self.halo)

    def block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Features (n_features, height, width) of a block; NaN where there is no data."""
        spectra = scene_tensor(piece.read(cube)).numpy()
        # A mean of projections is the projection of the mean.
        together = smoothed(self.apart.of(spectra), self.pieces[piece.wide])
        return np.concatenate([together, self.own.of(spectra)])[:, *piece.inner]


def nearest_steps(window: int = WINDOW) -> list[tuple[int, int]]:
    """Steps to the pixels of a square, the nearest first; of equal ones those above, then to the left."""
    half = window // 2
    steps = [(down, right) for down in range(-half, half + 1) for right in range(-half, half + 1)]
    return sorted(steps, key=lambda step: (step[0] ** 2 + step[1] ** 2, step))


def smoothed(pictures: NDArray, pieces: NDArray, nearest: int = NEAREST, window: int = WINDOW) -> NDArray:
    """Every pixel replaced by a weighted mean of the nearest pixels of its superpixel.

    Parameters
    ----------
    pictures : ndarray of shape (n, height, width)
        NaN where there is no data.
    pieces : ndarray of int, shape (height, width)
        Superpixel of each pixel, -1 where there is no data.
    nearest : int
        Pixels that count, itself among them; fewer where the window holds fewer of the superpixel.
    window : int
        Width of the square they come from [pixels].

    Returns
    -------
    ndarray of shape (n, height, width), float32
        Weights are exp(-d² / (window / 2)²) of the distance d [pixels].
    """
    height, width = pieces.shape
    half = window // 2
    filled = np.pad(np.nan_to_num(pictures), ((0, 0), (half, half), (half, half)))
    around = np.pad(pieces, half, constant_values=-1)
    total, weights = np.zeros(pictures.shape, "float32"), np.zeros((height, width), "float32")
    taken = np.zeros((height, width), "int16")
    for down, right in nearest_steps(window):
        place = slice(half + down, half + down + height), slice(half + right, half + right + width)
        counts = (around[place] == pieces) & (taken < nearest) & (pieces >= 0)
        weight = np.float32(np.exp(-(down**2 + right**2) / (window / 2) ** 2)) * counts
        total += weight * filled[:, *place]
        weights += weight
        taken += counts
    with np.errstate(invalid="ignore"):
        return np.where(pieces >= 0, total / weights, np.float32(np.nan))


def superpixel_features(cube: xr.DataArray) -> Smoothed:
    """Superpixels of a scene, tile by tile, and what tells them apart."""
    components = pca_features(cube)
    pieces, variety = np.empty(cube.shape[1:], "int32"), Spread(components.n_features)
    first, side = 0, part_side(len(components.mean))
    for tile in tiles_of(*cube.shape[1:]):
        pictures = np.empty((components.n_features, *pieces[tile].shape), "float32")
        for piece, here in parts_of(tile, side):
            pictures[:, *here] = components.block(cube, piece)
        variety.add(pictures)
        mine = superpixels(pictures, CELL)
        pieces[tile] = np.where(mine >= 0, mine + first, -1)
        first = max(first, int(pieces[tile].max(initial=-1)) + 1)
    apart, spread = discriminants(cube, components, pieces)
    # One factor brings the components to the variety of the directions; among themselves they keep theirs.
    factor = np.float32(np.sqrt(spread / variety.total)) if variety.total > 0 else np.float32(1)
    return Smoothed(pieces, Projection(components.mean, apart), Projection(components.mean, factor * components.axes))


def discriminants(cube: xr.DataArray, components: Projection, pieces: NDArray) -> tuple[NDArray[np.float32], float]:
    """Directions of spectra that tell superpixels apart against the spread inside them, the most telling first.

    Returns
    -------
    ndarray of shape (n, n_good), float
        Along each the variance inside superpixels is 1; and the sum of the variances along them over the scene.
    """
    n_good = len(components.mean)
    scatter, between, n_pixels, n_pieces = np.zeros((n_good, n_good)), np.zeros((n_good, n_good)), 0, 0
    for tile in tiles_of(*cube.shape[1:]):
        known = pieces[tile] >= 0
        if not known.any():
            continue
        codes = np.where(known, pieces[tile] - pieces[tile][known].min(), -1)
        count = np.bincount(codes[known])
        sums = np.zeros((len(count), n_good))
        for piece, here in parts_of(tile, part_side(n_good)):
            mine = codes[here]
            spectra = scene_tensor(piece.read(cube)).numpy()[:, mine >= 0].T.astype("float64") - components.mean
            scatter += spectra.T @ spectra
            for band in range(n_good):
                sums[:, band] += np.bincount(mine[mine >= 0], spectra[:, band], len(count))
        between += (sums / np.maximum(count, 1)[:, None]).T @ sums
        n_pixels, n_pieces = n_pixels + int(count.sum()), n_pieces + int((count > 0).sum())
    variance, axes = np.linalg.eigh((scatter - between) / max(1, n_pixels - n_pieces))
    whiten = axes / np.sqrt(np.maximum(variance, 1e-6 * variance[-1] or 1.0))
    _, turn = np.linalg.eigh(whiten.T @ between @ whiten)
    apart = (whiten @ turn[:, ::-1][:, :DIRECTIONS]).T
    apart *= np.sign(apart[np.arange(len(apart)), np.abs(apart).argmax(axis=1)])[:, None]
    return np.ascontiguousarray(apart, "float32"), float(np.trace(apart @ scatter @ apart.T) / max(1, n_pixels))


def tiles_of(height: int, width: int) -> list[Place]:
    """Parts of a scene that are cut into superpixels by themselves."""
    return [piece.place for piece in blocks_of(height, width, (TILE, TILE))]


def part_side(n_good: int) -> int:
    """Side of a part of a tile [pixels]: of its spectra there are several copies, twice as wide as they were read."""
    return block_side(n_good, copies=12)


def parts_of(tile: Place, side: int) -> Iterator[tuple[Block, Place]]:
    """Blocks of a tile, at most `side` across, and where each lies in the tile."""
    for piece in blocks_of(*(part.stop - part.start for part in tile), (side, side)):
        place = tuple(
            slice(own.start + part.start, own.stop + part.start) for own, part in zip(piece.place, tile, strict=True)
        )
        yield Block(place, place), piece.place


class Spread:
    """Variance of pictures that come in parts."""

    def __init__(self, n_pictures: int) -> None:
        self._sums, self._squares, self._n = np.zeros(n_pictures), np.zeros(n_pictures), 0

    def add(self, pictures: NDArray) -> None:
        """Take in a part (n_pictures, height, width), NaN where there is no data."""
        known = pictures[:, np.isfinite(pictures).all(axis=0)].astype("float64")
        self._sums += known.sum(axis=1)
        self._squares += np.square(known).sum(axis=1)
        self._n += known.shape[1]

    @property
    def total(self) -> float:
        """Of all pictures together."""
        n = max(1, self._n)
        return float((self._squares / n - np.square(self._sums / n)).sum())

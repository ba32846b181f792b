"""Noise fractions averaged with what is alike round them, twice: fields come out even and keep their borders.

A pixel is replaced by a mean of its surroundings, each weighted by how like it is in the first fractions (a joint
bilateral filter, Petschnigg et al. 2004); then once more, by likeness in what came out. The first likeness is looked
for in means of 3 × 3 pixels, which are less noisy, so that one bright pixel does not stand for its own kind. What
"alike" is comes from the scene: the usual difference of two neighbours in its middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.patches import Block, blocks_of, scene_tensor
from workbench.probe.projections import Projection, mnf_features
from workbench.probe.tables import block_side

GUIDES = 5
"""Fractions in which likeness is looked for."""

RADII = (5, 4)
"""Half the window of each round, less a half [pixels]."""

WIDTHS = (4.0, 8.0)
"""Weights are exp(-d² / (width · d₀²)): of the squared difference d², d₀² the median of neighbours."""

EDGE_FOOTPRINT = 2 * (1 + sum(RADII)) + 1

MIDDLE = 256
"""Side of the part of the scene whose neighbours say what is alike [pixels]."""


@dataclass(frozen=True, eq=False)
class EdgeMeans:
    """Noise fractions of a scene, averaged within their own kind."""

    fractions: Projection
    """Before."""

    scales: tuple[float, float]
    """Median squared difference of neighbours before each round."""

    halo: int = EDGE_FOOTPRINT // 2
    """Both windows and the 3 × 3 means."""

    @property
    def n_features(self) -> int:
        """As many as there are fractions."""
        return self.fractions.n_features

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return block_side(len(self.fractions.mean), 4, self.halo)

    def block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Averaged fractions (n_features, height, width) of a block; NaN where there is no data."""
        pictures = self.fractions.of(scene_tensor(piece.read(cube)).numpy())
        for turn, scale in enumerate(self.scales):
            pictures = averaged(pictures, guide_of(pictures, turn), RADII[turn], WIDTHS[turn] * scale)
        return pictures[:, *piece.inner]


def edge_features(cube: xr.DataArray, fractions: Projection | None = None) -> EdgeMeans:
    """Averaged noise fractions of a scene, those given or its own, and what is alike in it."""
    fractions = mnf_features(cube) if fractions is None else fractions
    top, left = (max(0, (size - MIDDLE) // 2) for size in cube.shape[1:])
    middle = cube.isel(y=slice(top, top + MIDDLE), x=slice(left, left + MIDDLE))
    pictures, scales = np.empty((fractions.n_features, *middle.shape[1:]), "float32"), []
    for piece in blocks_of(*middle.shape[1:], (fractions.side // 2,) * 2):
        pictures[:, *piece.place] = fractions.block(middle, piece)
    for turn, (radius, width) in enumerate(zip(RADII, WIDTHS, strict=True)):
        guide = guide_of(pictures, turn)
        scales.append(usual_step(guide))
        pictures = averaged(pictures, guide, radius, width * scales[-1])
    return EdgeMeans(fractions, tuple(scales))


def guide_of(pictures: NDArray, turn: int) -> NDArray:
    """Pictures in which likeness is looked for: the first few, in the first round as means of 3 × 3."""
    first = pictures[:GUIDES]
    return averaged(first, np.where(np.isfinite(first[:1]), np.float32(0), np.nan), 1, 1.0) if turn == 0 else first


def usual_step(pictures: NDArray) -> float:
    """Median squared difference of two neighbours with data, over all pictures together; 1 where there are none."""
    across = np.square(pictures[:, :, 1:] - pictures[:, :, :-1]).sum(axis=0)
    down = np.square(pictures[:, 1:] - pictures[:, :-1]).sum(axis=0)
    steps = np.concatenate([across[np.isfinite(across)], down[np.isfinite(down)]])
    return float(np.median(steps)) or 1.0 if steps.size else 1.0


def averaged(pictures: NDArray, guide: NDArray, radius: int, width: float) -> NDArray:
    """Every pixel replaced by a mean of the square round it, weighted by likeness.

    Parameters
    ----------
    pictures : ndarray of shape (n, height, width)
        NaN where there is no data; that does not count, and stays.
    guide : ndarray of shape (n_guides, height, width)
        Pictures in which likeness is looked for; NaN at the same pixels.
    radius : int
        Half the square's width, less a half [pixels].
    width : float
        Weights are exp(-d² / width) of the squared difference d² in the guide.

    Returns
    -------
    ndarray of shape (n, height, width), float32
    """
    has_data = np.isfinite(guide[0])
    height, across = has_data.shape
    edge = ((0, 0), (radius, radius), (radius, radius))
    guide = np.nan_to_num(guide).astype("float32", copy=False)
    filled = np.pad(np.nan_to_num(pictures).astype("float32", copy=False), edge)
    beside, known = np.pad(guide, edge), np.pad(has_data, radius)
    total, weights = np.zeros(pictures.shape, "float32"), np.zeros(has_data.shape, "float32")
    for down in range(2 * radius + 1):
        for right in range(2 * radius + 1):
            place = slice(down, down + height), slice(right, right + across)
            step = np.square(beside[:, *place] - guide).sum(axis=0)
            weight = np.exp(step / np.float32(-width)) * known[place]
            total += weight * filled[:, *place]
            weights += weight
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(has_data, total / weights, np.float32(np.nan))

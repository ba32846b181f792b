"""Extended morphological profiles: how bright and dark spots of each size leave the picture one after another.

An opening takes away what is brighter than its surroundings and smaller than a square; a closing what is darker. Both
are by reconstruction, so that what is left keeps its outline, and are made of the scene's first principal components.
Departures from Benediktsson et al. (2005): squares instead of discs, and reconstruction from at most ``FURTHER`` pixels
outside the square (partial reconstruction, Bellens et al. 2008), which keeps one long bright road from holding all it
touches. That bound also makes a pixel's profile depend on a window of known width: blocks give the same numbers, and
the block split knows how far apart train and test must be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from workbench.patches import Block, scene_tensor
from workbench.probe.projections import Projection, pca_features

COMPONENTS = 4
RADII = (1, 2, 4)
"""Half-widths of the squares [pixels]: 3, 5 and 9 across."""

FURTHER = 2
"""Pixels that a reconstruction goes on beyond a square."""

PROFILE_FOOTPRINT = 2 * (2 * max(RADII) + FURTHER) + 1


@dataclass(frozen=True, eq=False)
class Profiles:
    """Components of a scene with their openings and closings."""

    components: Projection
    """The pictures, before."""

    radii: Sequence[int] = RADII
    """Half-widths of the squares [pixels]."""

    further: int = FURTHER
    """Pixels of reconstruction beyond a square."""

    @property
    def n_features(self) -> int:
        """Every component, its openings and its closings."""
        return self.components.n_features * (1 + 2 * len(self.radii))

    @property
    def halo(self) -> int:
        """A square in, and out again."""
        return 2 * max(self.radii) + self.further

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return max(16, self.components.side - 2 * self.halo)

    def block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Profiles (n_features, height, width) of a block, a component's picture before its openings and closings."""
        pictures = self.components.of(scene_tensor(piece.read(cube)).numpy())
        has_data = np.isfinite(pictures[0])
        profiles = []
        for picture in pictures:
            profiles.append(picture)
            for radius in self.radii:
                profiles.append(opened(picture, radius, radius + self.further))
                profiles.append(-opened(-picture, radius, radius + self.further))
        return np.stack([np.where(has_data, one, np.nan)[*piece.inner] for one in profiles]).astype("float32")


def profile_features(cube: xr.DataArray) -> Profiles:
    """Profiles of the first components of a scene."""
    return Profiles(pca_features(cube, COMPONENTS))


def opened(picture: NDArray, radius: int, steps: int) -> NDArray:
    """A picture without bright spots narrower than a square, what is left grown back under the picture.

    Parameters
    ----------
    picture : ndarray of shape (height, width)
        NaN where there is no data; neither that nor what lies outside counts.
    radius : int
        Half the square's width, less a half [pixels].
    steps : int
        Times it may grow by a pixel in all eight directions.

    Returns
    -------
    ndarray of shape (height, width)
        NaN where the picture is.
    """
    has_data = np.isfinite(picture)
    low = np.where(has_data, picture, np.inf)
    ceiling = np.where(has_data, picture, -np.inf)
    grown = minimum_filter(low, 2 * radius + 1, mode="constant", cval=np.inf)
    grown = np.minimum(grown, ceiling)
    for _ in range(steps):
        grown = np.minimum(maximum_filter(grown, 3, mode="constant", cval=-np.inf), ceiling)
    return np.where(has_data, grown, np.nan)

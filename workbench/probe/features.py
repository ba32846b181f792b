"""What a model may be fitted to besides spectra and embeddings: features made of a scene, one table, a row each.

A kind learns from a scene what it must, its spectra alone, never a label; what it learnt then gives the features of
any block, the same numbers whatever the blocks. So a comparison makes them once for all its draws, and a scene larger
than memory is mapped block by block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.patches import Block, Place, blocks_of, seen_first
from workbench.probe.edge_features import EDGE_FOOTPRINT, edge_features
from workbench.probe.embed import like_scene
from workbench.probe.profiles import PROFILE_FOOTPRINT, profile_features
from workbench.probe.projections import mnf_features, pca_features
from workbench.probe.superpixel_features import WINDOW, superpixel_features
from workbench.probe.tables import blocks_with
from workbench.probe.window_features import WINDOWS, window_features

IN_MEMORY = 2 << 30
"""Features up to this size [bytes] are made once for a whole scene and kept."""


class Features(Protocol):
    """What a kind learnt from a scene; a value that can be sent to another machine."""

    n_features: int
    """How many it gives a pixel."""

    halo: int
    """Pixels round a block that must be read with it."""

    side: int
    """Side of a block that takes little memory [pixels]."""

    def block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Features (n_features, height, width) of a block's ``place``, float32; NaN where there is no data."""


@dataclass(frozen=True, slots=True)
class FeatureKind:
    """One kind of features."""

    name: str
    """As models name it."""

    title: str
    """What a pixel is described by, in a few words."""

    footprint: int
    """Width of the square of pixels that a pixel's features look at."""

    learns: bool
    """Whether it learns from the spectra of all of a scene's pixels."""

    learn: Callable[[xr.DataArray], Features]
    """From a scene to what gives its features."""


FEATURES = {
    row.name: row
    for row in (
        FeatureKind("components", "the first 15 principal components of the scene", 1, True, pca_features),
        FeatureKind("noise_fractions", "the first 15 minimum noise fractions of the scene", 1, True, mnf_features),
        FeatureKind(
            "windows",
            "the spectrum joined with the means of 7 × 7 and 11 × 11 pixels round it",
            max(WINDOWS),
            False,
            window_features,
        ),
        FeatureKind(
            "profiles",
            "openings and closings by reconstruction of the first 4 principal components",
            PROFILE_FOOTPRINT,
            True,
            profile_features,
        ),
        FeatureKind(
            "superpixels",
            "spectra smoothed inside superpixels where these differ, and the pixel's own principal components",
            WINDOW,
            True,
            superpixel_features,
        ),
        FeatureKind(
            "edge_means",
            "minimum noise fractions averaged twice with what is alike round them",
            EDGE_FOOTPRINT,
            True,
            edge_features,
        ),
    )
}


def feature_blocks(
    cube: xr.DataArray, features: Features, sight: Place | None = None
) -> Iterator[tuple[Place, NDArray]]:
    """Features block by block, those in `sight` first: where each lies, and its values (n_features, height, width)."""
    for piece in seen_first(blocks_of(*cube.shape[1:], (features.side, features.side), features.halo), sight):
        yield piece.place, features.block(cube, piece)


def feature_rows(cube: xr.DataArray, features: Features, wanted: NDArray) -> NDArray:
    """Features (n, n_features) of some pixels, counted along the scene's rows; only their surroundings are read."""
    out = np.empty((len(wanted), features.n_features), "float32")
    for inside, (rows, columns), piece in blocks_with(wanted, *cube.shape[1:], features.side, features.halo):
        out[inside] = features.block(cube, piece)[:, rows, columns].T
    return out


def feature_map(cube: xr.DataArray, features: Features) -> xr.DataArray:
    """Features of every pixel, in memory.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene they were learnt from.
    features : Features
        Of a row of ``FEATURES``.

    Returns
    -------
    xarray.DataArray of shape (n_features, height, width), float32
        Dims (``feature``, ``y``, ``x``); NaN where the scene has no data.
    """
    out = np.empty((features.n_features, *cube.shape[1:]), "float32")
    for (rows, columns), values in feature_blocks(cube, features):
        out[:, rows, columns] = values
    return like_scene(out, cube)


def fits_in_memory(cube: xr.DataArray, features: Features) -> bool:
    """Whether the features of every pixel are few enough to keep."""
    return 4 * features.n_features * cube.sizes["y"] * cube.sizes["x"] <= IN_MEMORY

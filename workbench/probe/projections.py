"""Spectra seen along a few directions of their scene: its principal components, its minimum noise fractions.

With 5 labels a class and 200 bands no covariance of the classes can be known; in 15 directions that hold nearly all of
the scene's variety, or of its signal, it can. The directions come from all pixels of the scene, the test pixels'
spectra among them, so a model of them is transductive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import fit_components, fit_mnf
from workbench.patches import Block, scene_tensor
from workbench.probe.tables import block_side

DIRECTIONS = 15
"""As many as published few-label comparisons keep (10 to 30)."""


@dataclass(frozen=True, eq=False)
class Projection:
    """Spectra less their mean, along some directions."""

    mean: NDArray[np.float32]
    """Of the good bands, shape (n_good,)."""

    axes: NDArray[np.float32]
    """Shape (n_features, n_good)."""

    halo: int = 0
    """A pixel alone."""

    @property
    def n_features(self) -> int:
        """Directions."""
        return len(self.axes)

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return block_side(len(self.mean))

    def block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Scores (n_features, height, width) of a block; NaN where there is no data."""
        return self.of(scene_tensor(piece.read(cube)).numpy())[:, *piece.inner]

    def of(self, spectra: NDArray) -> NDArray:
        """Scores (n_features, …) of spectra (n_good, …)."""
        flat = spectra.reshape(len(spectra), -1) - self.mean[:, None]
        return (self.axes @ flat).reshape(-1, *spectra.shape[1:])


def pca_features(cube: xr.DataArray, n: int = DIRECTIONS) -> Projection:
    """The first `n` principal components of a scene."""
    fitted = fit_components(cube, n)
    return Projection(fitted.mean.astype("float32"), np.ascontiguousarray(fitted.axes.T, "float32"))


def mnf_features(cube: xr.DataArray, n: int = DIRECTIONS) -> Projection:
    """The `n` components of a scene with the most signal to noise, as :func:`workbench.cubes.fit_mnf` finds them."""
    fitted = fit_mnf(cube)
    return Projection(fitted.mean.astype("float32"), np.ascontiguousarray(fitted.forward[:n], "float32"))

"""What every encoder promises."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from workbench.patches import BandScaler


class Encoder(Protocol):
    """An ``nn.Module`` from a batch to embeddings, and dense over a block: the same numbers both ways."""

    dim: int
    """Length of an embedding."""

    n_bands: int
    """Bands it takes."""

    footprint: int
    """Width of the square of pixels an embedding depends on."""

    windows: tuple[int, ...]
    """Odd widths of the windows whose means it sees; none if it sees patches."""

    copies: float
    """How many copies of a block's bands as float32 a map of it takes, about: it bounds the blocks."""

    scaler: BandScaler
    """Brings a scene's bands to the scale it learnt with."""

    wavelength: NDArray[np.floating]
    """Centres of its bands [nm], NaN where unknown; set by the recipe."""

    quantity: str
    """What the scene it learnt from holds: reflectance, radiance or dn; set by the recipe."""

    arguments: dict
    """With these its class makes it again."""

    recipe: object
    """The ``Recipe`` it was made with; set by the recipe."""

    def __call__(self, batch: Tensor) -> Tensor:
        """From (n, n_bands, size, size) to (n, dim)."""

    def dense(self, block: Tensor) -> Tensor:
        """From (n, n_bands, height, width) to (n, dim, height, width)."""

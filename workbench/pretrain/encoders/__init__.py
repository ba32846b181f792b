"""The encoders there are: one table, a row each.

``Encoder`` says what every one of them promises; ``EncoderKind`` is a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.patches import BandScaler
from workbench.pretrain.encoders.spectral import SpectralEncoder

__all__ = ["ENCODERS", "Encoder", "EncoderKind", "SpectralEncoder", "find_encoder"]


class Encoder(Protocol):
    """An ``nn.Module`` from a batch to embeddings, and dense over a block: the same numbers both ways."""

    dim: int
    """Length of an embedding."""

    n_bands: int
    """Bands it takes."""

    footprint: int
    """Width of the square of pixels an embedding depends on."""

    windows: tuple[int, ...]
    """Odd widths of the windows whose means it sees."""

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


@dataclass(frozen=True, slots=True)
class EncoderKind:
    """One kind of encoder, as the user may choose it."""

    name: str
    """As typed on the command line."""

    title: str
    """What it sees, in a few words."""

    paper: str
    """Where it comes from."""

    needs: str
    """What a scene must have for it."""

    module: type[nn.Module]
    """Its class; ``module(n_bands, dim=…, **arguments)`` makes one."""

    arguments: dict
    """What sets it apart from other rows of the same class."""

    reach: int
    """How far away its training looks for a neighbour, unless told [pixels]."""


ENCODERS = {
    row.name: row
    for row in (
        EncoderKind(
            "context",
            "a pixel's spectrum, with the means of 7 × 7 and 11 × 11 pixels round it",
            "this project",
            "a scene of at least 11 × 11 pixels",
            SpectralEncoder,
            {"windows": (1, 7, 11)},
            8,
        ),
        EncoderKind(
            "pixel",
            "a pixel's spectrum alone",
            "Ait Ali Braham et al. 2022, arXiv:2206.12117",
            "any scene",
            SpectralEncoder,
            {"windows": (1,)},
            3,
        ),
    )
}


def find_encoder(name: str) -> EncoderKind:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in ENCODERS:
        raise ValueError(f"no encoder is named {name!r}; choose one of: {', '.join(ENCODERS)}")
    return ENCODERS[name]

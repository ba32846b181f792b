"""A transformer along a pixel's spectrum: groups of neighbouring bands are its tokens, and each knows its wavelength.

Position is the wavelength itself, not the number of the band: two groups are as far apart as their centres, gaps where
water vapour took the bands included. Where a scene has no wavelengths, bands count as 10 nm apart.

Changed from the paper: groups lie side by side; no cross-layer fusion; the embedding is the mean of the tokens.

References
----------
Hong et al. (2022). *SpectralFormer: Rethinking Hyperspectral Image Classification With Transformers.* IEEE TGRS 60.
arXiv:2107.02988
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from workbench.pretrain.encoders.pixelwise import PixelEncoder
from workbench.pretrain.encoders.vit import Block, start_linears

STEP = 10.0
"""Distance of two bands that have no wavelength [nm]."""


class SpectralTransformer(PixelEncoder):
    """Tokens of neighbouring bands through blocks of attention.

    Parameters
    ----------
    n_bands : int
        Good bands of the scene.
    wavelength : sequence of float, optional
        Their centres [nm]; without them, or with a NaN among them, bands count as evenly spaced.
    group : int
        Bands a token; the last may have fewer.
    dim : int
        Length of an embedding.
    width, depth, heads : int
        Of the blocks.
    """

    def __init__(
        self,
        n_bands: int,
        *,
        wavelength: Sequence[float] | None = None,
        group: int = 10,
        dim: int = 64,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__(n_bands, dim)
        centres = None if wavelength is None or not np.isfinite(wavelength).all() else [float(w) for w in wavelength]
        if centres is not None and len(centres) != n_bands:
            raise ValueError(f"one wavelength a band is needed, got {len(centres)} for {n_bands} bands")
        self.arguments = {
            "n_bands": n_bands,
            "wavelength": centres,
            "group": group,
            "dim": dim,
            "width": width,
            "depth": depth,
            "heads": heads,
        }
        self.group, self.missing = group, -n_bands % group
        self.tokens = nn.Linear(group, width)
        self.blocks = nn.Sequential(*(Block(width, heads, ratio=2) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, dim)
        start_linears(self)
        nn.init.trunc_normal_(self.tokens.weight, std=group**-0.5)
        middles = [float(part.mean()) for part in torch.tensor(centres or np.arange(n_bands) * STEP).split(group)]
        self.register_buffer("positions", waves_of(torch.tensor(middles) / STEP, width), persistent=False)

    def spectra(self, pixels: Tensor) -> Tensor:
        """Embeddings (n, dim) of spectra (n, n_bands)."""
        groups = nn.functional.pad(pixels, (0, self.missing)).unflatten(1, (-1, self.group))
        return self.head(self.norm(self.blocks(self.tokens(groups) + self.positions)).mean(dim=1))


def waves_of(places: Tensor, width: int) -> Tensor:
    """Sines and cosines of places on a line, of wavelengths from 2π to 10,000 · 2π.

    Parameters
    ----------
    places : Tensor of shape (n,)
        In any unit.
    width : int
        Features a place, even.

    Returns
    -------
    Tensor of shape (n, width)
        Sines, then cosines.

    References
    ----------
    Vaswani et al. (2017). *Attention Is All You Need.* NeurIPS. arXiv:1706.03762
    """
    angles = places[:, None] * 10_000.0 ** (-torch.arange(width // 2) / (width // 2))
    return torch.cat([angles.sin(), angles.cos()], dim=1)

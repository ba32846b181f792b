"""Views of spectra: the same ground under another sun, through a poorer sensor. Batched tensor operations, no loops.

Every function takes a scaled batch of shape (n, n_bands, …); whatever follows the bands (a patch, window means)
shares a sample's draw. Hue, grey and blur of photographs have no meaning for two hundred bands.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def illuminate(batch: Tensor, black: Tensor, sd: float, generator: Generator | None = None) -> Tensor:
    """Brighter or darker by a factor a sample: slope, shadow, haze.

    Parameters
    ----------
    batch : Tensor of shape (n, n_bands, …)
        Scaled.
    black : Tensor of shape (n_bands,)
        What zero reflectance is in the scaled batch (``BandScaler.black``).
    sd : float
        Standard deviation of the factor's logarithm.
    generator : torch.Generator, optional
        Source of the draws.
    """
    factor = torch.exp(sd * torch.randn(len(batch), generator=generator, device=batch.device))
    zero = black.view(1, -1, *[1] * (batch.ndim - 2))
    return zero + (batch - zero) * factor.view(-1, *[1] * (batch.ndim - 1))


def drop_bands(batch: Tensor, chance: float, generator: Generator | None = None) -> Tensor:
    """Set bands to their mean (0 when scaled), each with the same chance in every sample."""
    kept = torch.rand(batch.shape[:2], generator=generator, device=batch.device) >= chance
    return batch * kept.view(*batch.shape[:2], *[1] * (batch.ndim - 2))


def add_noise(batch: Tensor, sd: float, generator: Generator | None = None) -> Tensor:
    """White noise in every value, `sd` in units of a band's spread over the scene."""
    return batch + sd * torch.randn(batch.shape, generator=generator, device=batch.device)

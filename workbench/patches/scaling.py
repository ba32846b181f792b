"""Band by band to zero mean and unit spread; the scaler travels with the encoder that learnt with it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class BandScaler(nn.Module):
    """Subtracts each band's mean and divides by its spread.

    Parameters
    ----------
    n_bands : int
        Bands it is for. Until :meth:`fit`, it changes nothing.

    Attributes
    ----------
    mean, scale : Tensor of shape (n_bands,)
        In the cube's units.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, n_bands: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_bands))
        self.register_buffer("scale", torch.ones(n_bands))

    def fit(self, pixels: Tensor) -> BandScaler:
        """Learn from pixels of shape (n_bands, n) or a scene (n_bands, height, width); pixels with NaN do not count.

        Raises
        ------
        ValueError
            If fewer than two pixels have data.
        """
        table = pixels.flatten(1)
        has_data = torch.stack([band.isfinite() for band in table]).all(dim=0)
        n = int(has_data.sum())
        if n < 2:
            raise ValueError(
                f"scaling needs at least 2 pixels with data in every band, got {n}; "
                "mark empty bands as bad or choose another part of the scene"
            )
        for some, mean, scale in zip(*(part.split(16) for part in (table, self.mean, self.scale)), strict=True):
            exact = some[:, has_data].double()
            spread = exact.std(dim=1)
            # A constant band says nothing: it becomes 0, not noise blown up.
            spread[spread <= 1e-6 * exact.mean(dim=1).abs().clamp_min(1e-12)] = float("inf")
            mean.copy_(exact.mean(dim=1))
            scale.copy_(spread)
        return self

    @property
    def black(self) -> Tensor:
        """What zero reflectance becomes, shape (n_bands,): illumination works around this point."""
        return -self.mean / self.scale

    def forward(self, values: Tensor) -> Tensor:
        """Scale `values` of shape (n, n_bands, …) or, for one block, (1, n_bands, height, width)."""
        shape = (1, -1, *[1] * (values.ndim - 2))
        return (values - self.mean.view(shape)) / self.scale.view(shape)

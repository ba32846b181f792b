"""What encoders of single spectra have in common: a patch counts by its centre, a block pixel by pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.patches import BandScaler

AT_ONCE = 512
"""Pixels of a block that go through the layers at a time."""


class PixelEncoder(nn.Module):
    """An encoder that sees a pixel's spectrum alone; a subclass says what becomes of it in ``spectra``.

    Parameters
    ----------
    n_bands : int
        Good bands of the scene.
    dim : int
        Length of an embedding.
    """

    footprint = 1
    windows = (1,)
    copies = 8.0

    def __init__(self, n_bands: int, dim: int) -> None:
        super().__init__()
        self.n_bands, self.dim = n_bands, dim
        self.scaler = BandScaler(n_bands)

    def spectra(self, pixels: Tensor) -> Tensor:
        """Embeddings (n, dim) of spectra (n, n_bands)."""
        raise NotImplementedError

    def forward(self, batch: Tensor) -> Tensor:
        """Embeddings of a batch, shape (n, dim).

        Parameters
        ----------
        batch : Tensor of shape (n, n_bands, size, size) or (n, n_bands, 1)
            Patches, of which the centre is looked at, or pixels as :class:`workbench.patches.ScenePairs` yields them;
            scaled by `scaler`.
        """
        middle = batch.shape[-1] // 2
        return self.spectra(batch[:, :, middle, middle] if batch.ndim == 4 else batch[:, :, 0])

    def dense(self, block: Tensor) -> Tensor:
        """Embeddings of every pixel of a block, shape (n, dim, height, width); NaN where there is no data.

        Parameters
        ----------
        block : Tensor of shape (n, n_bands, height, width)
            Scaled by `scaler`.
        """
        out = block.new_full((len(block), self.dim, *block.shape[2:]), torch.nan)
        for image, embedding in zip(block.flatten(2), out.flatten(2), strict=True):
            with_data = image.isfinite().all(dim=0).nonzero()[:, 0]
            for some in with_data.split(AT_ONCE):
                embedding[:, some] = self.spectra(image[:, some].T).T
        return out

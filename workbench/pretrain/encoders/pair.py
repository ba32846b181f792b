"""Two encoders of two kinds of data of one place, as one module; each half is an encoder that may be used alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.pretrain.encoders.spectral import SpectralEncoder


class PairEncoder(nn.Module):
    """Embeddings of two batches, or two blocks, of the same places, one after the other.

    What is common to both and what is one's own is told apart in the heads of the objective, which are thrown away;
    as published, the embedding is that of the first and then that of the second, whole.

    Parameters
    ----------
    first, second : SpectralEncoder
        With equal windows; each has its own bands, scaler and length.

    Attributes
    ----------
    dim : int
        Length of both embeddings together.
    footprint : int
        Pixels of context across.
    """

    def __init__(self, first: SpectralEncoder, second: SpectralEncoder) -> None:
        super().__init__()
        if first.windows != second.windows:
            raise ValueError(
                f"two encoders of one place look at the same windows, got {first.windows} and {second.windows}; "
                "make both of one kind"
            )
        self.first, self.second = first, second
        self.dim, self.footprint = first.dim + second.dim, first.footprint

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Embeddings (n, dim) of two batches, each as its encoder takes it."""
        return torch.cat([self.first(first), self.second(second)], dim=1)

    def dense(self, first: Tensor, second: Tensor) -> Tensor:
        """Embeddings (n, dim, height, width) of two blocks, each (n, n_bands, height, width) and scaled."""
        return torch.cat([self.first.dense(first), self.second.dense(second)], dim=1)

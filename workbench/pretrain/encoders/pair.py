"""Two encoders of two kinds of data of one place, as one module; each half is an encoder that may be used alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from workbench.pretrain.encoders.protocol import Encoder

AT_ONCE = 1 << 24
"""Numbers that go through an encoder at a time."""


def embedded(half: nn.Module, table: Tensor) -> Tensor:
    """Embeddings (n, dim) of window means or patches, so many at a time that what lies between layers fits."""
    return torch.cat([half(part) for part in table.split(max(1, AT_ONCE // table[0].numel()))])


class PairEncoder(nn.Module):
    """Embeddings of two batches, or two blocks, of the same places, one after the other.

    What is common to both and what is one's own is told apart in the heads of the objective, which are no part of an
    embedding; as published, the embedding is that of the first and then that of the second, whole.

    Parameters
    ----------
    first, second : Encoder
        With equal windows, or of equal patches; each has its own bands, scaler and length.

    Attributes
    ----------
    dim : int
        Length of both embeddings together.
    footprint : int
        Pixels of context across.
    heads : tuple of two nn.Module, or none
        From each half's embedding to the features that were compared, kept to explain them. They go where this module
        goes, but their weights are not among its own: whoever trains them has them already.
    n_common : int
        So many of those features, the first, were to agree.
    """

    def __init__(self, first: Encoder, second: Encoder) -> None:
        super().__init__()
        if first.windows != second.windows:
            raise ValueError(
                f"two encoders of one place look at the same windows, got {first.windows} and {second.windows}; "
                "make both of one kind"
            )
        if first.footprint != second.footprint:
            raise ValueError(
                f"two encoders of one place look at patches of one width, got {first.footprint} and "
                f"{second.footprint} pixels; make both of one size"
            )
        self.first, self.second = first, second
        self.dim, self.footprint = first.dim + second.dim, first.footprint
        self.heads: tuple[nn.Module, ...] = ()  # in a tuple torch does not find them
        self.n_common = 0

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Embeddings (n, dim) of two batches, each as its encoder takes it."""
        return torch.cat([self.first(first), self.second(second)], dim=1)

    def dense(self, first: Tensor, second: Tensor) -> Tensor:
        """Embeddings (n, dim, height, width) of two blocks, each (n, n_bands, height, width) and scaled."""
        return torch.cat([self.first.dense(first), self.second.dense(second)], dim=1)

    def compile(self, *args: object, **kwargs: object) -> None:
        """As any module's, each half by itself: an objective asks them one by one."""
        for half in (self.first, self.second):
            half.compile(*args, **kwargs)

    def train(self, mode: bool = True) -> PairEncoder:
        """As any module's; the heads too."""
        for head in self.heads:
            head.train(mode)
        return super().train(mode)

    def _apply(self, change: Callable[[Tensor], Tensor], recurse: bool = True) -> PairEncoder:
        """What moves this module moves the heads."""
        for head in self.heads:
            head._apply(change)
        return super()._apply(change, recurse)

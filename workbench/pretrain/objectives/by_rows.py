"""Objectives whose loss compares features, a row a place: rows may come from several parts of a batch.

What is dear, the networks, is in ``features`` and looks at any part of a batch; what needs the whole batch at once, the
comparison, is in ``terms`` and has no weights. Between the two a run may put the rows of several parts together: those
of micro-batches that follow each other, or of other processes.
"""

from __future__ import annotations

from torch import Tensor, nn


class ByRows(nn.Module):
    """Each objective says its ``features`` and its ``terms``; calling it is the one after the other."""

    def features(self, encoder: nn.Module, batch: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """What is compared: tensors whose first axis is the place, row by row the same one in all."""
        raise NotImplementedError(f"{type(self).__name__} says its features")

    def terms(self, *features: Tensor) -> dict[str, Tensor]:
        """Named terms of the loss, of all rows of a batch; no weights take part, only buffers may."""
        raise NotImplementedError(f"{type(self).__name__} says its terms")

    def forward(self, encoder: nn.Module, batch: Tensor | tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Loss terms of a batch."""
        return self.terms(*self.features(encoder, batch))

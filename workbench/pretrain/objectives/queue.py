"""A queue of features of earlier batches: first in, first out, on the device, without waiting for it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize


class FeatureQueue(nn.Module):
    """The latest features of unit length, and random directions until there are enough.

    Parameters
    ----------
    size : int
        Features held.
    width : int
        Length of each.

    Attributes
    ----------
    features : Tensor of shape (size, width)
        In no order that matters to a loss.
    seen : Tensor, int64
        Features ever put in.
    """

    features: Tensor
    seen: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("features", normalize(torch.randn(size, width), dim=1))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    @property
    def is_full(self) -> bool:
        """Whether no random direction is left; the host waits for the device to know."""
        return int(self.seen) >= len(self.features)

    @torch.no_grad()
    def put(self, features: Tensor) -> None:
        """Replace the oldest by `features` of shape (n, width), the last of them where they are too many."""
        # Of two features for one place none is sure to win, so a batch that goes round more than once loses its first.
        skipped = max(0, len(features) - len(self.features))
        places = self.seen + torch.arange(skipped, len(features), device=self.features.device)
        self.features[places % len(self.features)] = features[skipped:].detach().to(self.features.dtype)
        self.seen += len(features)

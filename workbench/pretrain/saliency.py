r"""What stands out in the common and in the unique features of a pair, and which bands make it stand out.

The sign and the order of features mean nothing, so a group of them is told in one number: the mean square of its
features, each with zero mean and unit variance over the scene. That number is 1 on average over the scene. It is laid
to the bands by integrated gradients along the straight line from the mean spectrum to the pixel's,

.. math::

    a_b(x) = x_b \int_0^1 \partial_b E(\alpha x)\, d\alpha,\qquad \sum_b a_b(x) = E(x) - E(0)

in scaled values, where 0 is the mean spectrum. Unlike gradient × input they add up to what is explained.

References
----------
Sundararajan, Taly, Yan (2017). *Axiomatic Attribution for Deep Networks.* ICML. arXiv:1703.01365
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

GROUPS = ("common", "unique")
"""In the order of the features."""

PATH = 32
"""Points on the line from the mean spectrum to a pixel's."""


class StandOut(nn.Module):
    """How far a pixel stands out from a scene, in the common features and in the unique ones, as one half sees it.

    Parameters
    ----------
    half : nn.Module
        An encoder of a pair.
    head : nn.Module
        Its head.
    scene : Tensor of shape (n, n_bands, n_windows)
        Scaled window means of pixels of the scene: what is usual there.
    n_common : int
        So many features, the first, are the common ones.
    """

    def __init__(self, half: nn.Module, head: nn.Module, scene: Tensor, n_common: int) -> None:
        super().__init__()
        self.encoder, self.head, self.n_common = half.eval(), head.eval(), n_common
        with torch.no_grad():
            usual = head(half(scene))
        self.mean, self.spread = usual.mean(dim=0), usual.square().mean(dim=0).sub(usual.mean(dim=0).square())
        self.spread = self.spread.clamp_min(0).add(1e-6).sqrt()

    def features(self, embedding: Tensor) -> Tensor:
        """Features (n, width) of embeddings (n, dim), with zero mean and unit variance over the scene."""
        return (self.head(embedding) - self.mean) / self.spread

    def groups(self, features: Tensor) -> Tensor:
        """Mean squares (n, 2) of the common and the unique ones of some features; 0 for a group without any."""
        square, n_common = features.square(), self.n_common
        sums = torch.stack([square[:, :n_common].sum(dim=1), square[:, n_common:].sum(dim=1)], dim=1)
        return sums / sums.new_tensor([max(1, n_common), max(1, square.shape[1] - n_common)])

    def forward(self, batch: Tensor) -> Tensor:
        """How far pixels stand out, shape (n, 2), of window means (n, n_bands, n_windows)."""
        return self.groups(self.features(self.encoder(batch)))


def integrated_gradients(stand_out: StandOut, batch: Tensor, points: int = PATH) -> Tensor:
    """What each band adds to how far pixels stand out.

    Parameters
    ----------
    stand_out : StandOut
        What is explained.
    batch : Tensor of shape (n, n_bands, n_windows)
        Scaled window means of the pixels.
    points : int
        Of the midpoint rule for the integral.

    Returns
    -------
    Tensor of shape (n, 2, n_bands)
        Common, unique. A band's windows are added up. The sum over bands is what :class:`StandOut` says of the pixel,
        less what it says of the mean spectrum, up to the rule's error.
    """
    total = [torch.zeros_like(batch) for _ in GROUPS]
    for k in range(points):
        there = (batch * ((k + 0.5) / points)).requires_grad_()
        sums = stand_out(there).sum(dim=0)
        for i, part in enumerate(sums):
            total[i] += torch.autograd.grad(part, there, retain_graph=i == 0)[0]
    return torch.stack([(batch * part / points).sum(dim=2) for part in total], dim=1)

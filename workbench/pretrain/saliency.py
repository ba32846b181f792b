r"""What stands out in the common and in the unique features of a pair, and which bands bring it.

The sign and the order of features mean nothing, so they are told by the group. With every feature :math:`z_i` at zero
mean and unit variance over the scene, a pixel stands out by their mean square, which is 1 on average.

Integrated gradients along the straight line from the mean spectrum, 0 in scaled values, lay each feature to the bands:

.. math::

    a_{ib}(x) = x_b \int_0^1 \partial_b z_i(\alpha x)\, d\alpha,\qquad \sum_b a_{ib}(x) = z_i(x) - z_i(0)

A band's part of the variance is the covariance of :math:`a_{ib}` and :math:`z_i` over pixels, mean over the group.
These parts add up to 1, whatever the features of the mean spectrum; gradient × input adds up to nothing, and
integrated gradients of the mean square leave out what the mean spectrum has of it, which can be all.

References
----------
Sundararajan, Taly, Yan (2017). *Axiomatic Attribution for Deep Networks.* ICML. arXiv:1703.01365
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.pretrain.encoders.pair import embedded

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
    scene : Tensor of shape (n, n_bands, n_windows) or (n, n_bands, size, size)
        Scaled window means of pixels of the scene, or patches: what is usual there.
    n_common : int
        So many features, the first, are the common ones.
    """

    def __init__(self, half: nn.Module, head: nn.Module, scene: Tensor, n_common: int) -> None:
        super().__init__()
        self.encoder, self.head, self.n_common = half.eval(), head.eval(), n_common
        with torch.no_grad():
            usual = head(embedded(half, scene))
        self.mean, self.spread = usual.mean(dim=0), usual.square().mean(dim=0).sub(usual.mean(dim=0).square())
        self.spread = self.spread.clamp_min(0).add(1e-6).sqrt()

    def features(self, embedding: Tensor) -> Tensor:
        """Features (n, width) of embeddings (n, dim), with zero mean and unit variance over the scene."""
        return (self.head(embedding) - self.mean) / self.spread

    def means(self, values: Tensor) -> Tensor:
        """Means (n, 2) over the common and over the unique ones of (n, width); 0 for a group without any."""
        parts = values[:, : self.n_common], values[:, self.n_common :]
        return torch.stack([part.sum(dim=1) / max(1, part.shape[1]) for part in parts], dim=1)

    def forward(self, batch: Tensor) -> Tensor:
        """How far pixels stand out, shape (n, 2), of window means or patches."""
        return self.means(self.features(self.encoder(batch)).square())


def integrated_gradients(look: StandOut, batch: Tensor, points: int = PATH) -> Tensor:
    """What each band brings of the features of pixels, each feature times itself, mean over the group.

    Parameters
    ----------
    look : StandOut
        What is explained.
    batch : Tensor of shape (n, n_bands, n_windows) or (n, n_bands, size, size)
        Scaled window means of the pixels, or the patches round them.
    points : int
        Of the midpoint rule for the integral.

    Returns
    -------
    Tensor of shape (n, 2, n_bands)
        Common, unique; 0 for a group without features. A band's windows, or the pixels of its patch, are added up. The
        mean over the pixels of the scene is a band's part of the variance. Of one pixel the sum over bands is the mean
        over the group of
        :math:`z_i(x) (z_i(x) - z_i(0))`, up to the rule's error.
    """
    total = [torch.zeros_like(batch) for _ in GROUPS]
    with torch.no_grad():
        weight = look.features(look.encoder(batch))
    for k in range(points):
        there = (batch * ((k + 0.5) / points)).requires_grad_()
        sums = look.means(weight * look.features(look.encoder(there))).sum(dim=0)
        for i, part in enumerate(sums):
            total[i] += torch.autograd.grad(part, there, retain_graph=i == 0)[0]
    return torch.stack([(batch * part / points).flatten(2).sum(dim=2) for part in total], dim=1)

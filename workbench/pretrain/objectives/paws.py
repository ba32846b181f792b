r"""PAWS for pixels: two views of a place are given to the same class by a few labelled spectra, without a classifier.

A view is compared with all spectra of a labelled support batch; their classes, weighted by likeness, are its
prediction: :math:`p(z) = \mathrm{softmax}(z S^T / \tau)\, Y`. With the sharpened prediction of the other view,
:math:`\rho(q) \propto q^{1/T}`, as target (no gradient), the loss is

.. math::

    L = \overline{H(\rho(p_2), p_1) + H(\rho(p_1), p_2)}\,/\,2 + \log K - H\big(\overline{\rho(p)}\big)

whose last part, me-max, keeps the classes in use and is 0 when they are used evenly.

Changed from the papers: the second view is of a neighbouring pixel and the views are spectral; there are no small extra
views; me-max is counted from its least value. The script published with the paper for hyperspectral scenes saves its
weights before it trains them, does not cross the two views, and draws its views once; none of that is repeated here.

References
----------
Assran, Caron, Misra, Bojanowski, Joulin, Ballas, Rabbat (2021). *Semi-Supervised Learning of Visual Features by
Non-Parametrically Predicting View Assignments with Support Samples.* ICCV. arXiv:2104.13963

Pande, Ait Ali Braham, Wang, Albrecht, Banerjee, Zhu (2023). *Semi-Supervised Learning for Hyperspectral Images by
Non-Parametrically Predicting View Assignment.* IGARSS. arXiv:2306.10955
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.pretrain.views import SpectralViews

NEGLIGIBLE = 1e-4
"""Shares of a target below this become 0, as published."""


class PAWS(nn.Module):
    """Spectral views of neighbours and of the support, one head, the loss above.

    Its batch is a tuple of plain tensors: pixels, their neighbours, labelled pixels (the support) and the classes of
    these, counted from 0. The support holds equally many of every class.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    n_classes : int
        Classes of the support.
    width : int
        Features in which likeness is measured.
    temperature : float
        Of likeness, :math:`\\tau`: the smaller, the more the nearest support counts.
    sharpening : float
        Of targets, :math:`T`; 1 leaves them as they are.
    smoothing : float
        Share of a support's label that is spread over all classes.
    support_views : int
        Views of each support a step.
    evenness : float
        Weight of me-max; less than 1 where classes are known to be of very unequal size.
    views : SpectralViews, optional
        How views are drawn; by default as `SpectralViews` says, from `generator`.
    generator : torch.Generator, optional
        Source of the draws of the default views.
    """

    def __init__(
        self,
        dim: int,
        n_classes: int,
        *,
        width: int = 128,
        temperature: float = 0.1,
        sharpening: float = 0.25,
        smoothing: float = 0.1,
        support_views: int = 2,
        evenness: float = 1.0,
        views: SpectralViews | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.n_classes, self.support_views = n_classes, support_views
        self.temperature, self.sharpening, self.smoothing, self.evenness = temperature, sharpening, smoothing, evenness
        self.views = views or SpectralViews(generator=generator)
        self.head = nn.Sequential(nn.Linear(dim, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, encoder: nn.Module, batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        """Loss terms of (pixels, neighbours, support, classes of the support); the first three (n, n_bands, …)."""
        anchor, neighbour, support, codes = batch
        sides = [anchor, neighbour, *[support] * self.support_views]
        features = self.head(encoder(torch.cat([self.views(side, encoder.scaler.black) for side in sides])))
        views, supports = features.split([2 * len(anchor), len(support) * self.support_views])
        targets = smoothed(codes.repeat(self.support_views), self.n_classes, self.smoothing)
        predictions = soft_neighbours(views, supports, targets, self.temperature)
        terms = paws_loss(*predictions.chunk(2), sharpening=self.sharpening)
        return {**terms, "me_max": self.evenness * terms["me_max"]}


def paws_loss(left: Tensor, right: Tensor, *, sharpening: float) -> dict[str, Tensor]:
    """Compare the predictions for two batches of views.

    Parameters
    ----------
    left, right : Tensor of shape (n, n_classes)
        Chances of each class; row by row, the same place.
    sharpening : float
        Temperature of the targets.

    Returns
    -------
    dict of scalar Tensor
        ``agreement``, mean cross-entropy of each view's prediction from the other's sharpened one [nat]; ``me_max``,
        how far the mean sharpened prediction is from using all classes evenly [nat], 0 when it does.

    Raises
    ------
    ValueError
        If the batches differ in shape.
    """
    if left.shape != right.shape:
        raise ValueError(f"two batches of one shape are needed, got {tuple(left.shape)} and {tuple(right.shape)}")
    predictions = torch.cat([left, right])
    with torch.no_grad():
        targets = sharpen(torch.cat([right, left]), sharpening)
        targets[targets < NEGLIGIBLE] = 0
    tiny = torch.finfo(predictions.dtype).tiny
    mean = sharpen(predictions, sharpening).mean(dim=0).clamp_min(tiny)
    return {
        "agreement": -(targets * predictions.clamp_min(tiny).log()).sum(dim=1).mean(),
        "me_max": math.log(predictions.shape[1]) + (mean * mean.log()).sum(),
    }


def soft_neighbours(views: Tensor, support: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Chances of each class, from the classes of all supports, each weighted by its likeness.

    Parameters
    ----------
    views : Tensor of shape (n, width)
        Features of what is to be classified.
    support : Tensor of shape (n_support, width)
        Features of what is labelled.
    targets : Tensor of shape (n_support, n_classes)
        Their labels, rows that sum to 1.
    temperature : float
        By which cosines are divided before the softmax.

    Returns
    -------
    Tensor of shape (n, n_classes)
        Rows sum to 1.
    """
    cosines = functional.normalize(views, dim=1) @ functional.normalize(support, dim=1).T
    return (cosines / temperature).softmax(dim=1) @ targets


def sharpen(chances: Tensor, temperature: float) -> Tensor:
    """Rows raised to the power of 1 / temperature and brought back to sum 1; a temperature of 1 changes nothing."""
    # From the largest of a row downwards: small chances of many classes must not all become 0.
    powers = (chances / chances.amax(dim=1, keepdim=True)) ** (1 / temperature)
    return powers / powers.sum(dim=1, keepdim=True)


def smoothed(codes: Tensor, n_classes: int, smoothing: float) -> Tensor:
    """One-hot rows (n, n_classes) of codes (n,) from 0, a share of each spread evenly over all classes."""
    return functional.one_hot(codes, n_classes) * (1 - smoothing) + smoothing / n_classes

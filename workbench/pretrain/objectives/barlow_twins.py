r"""Barlow Twins for spectra: two views of a place agree in every feature, and no two features say the same.

.. math::

    L = \sum_i (1 - C_{ii})^2 + \lambda \sum_i \sum_{j \ne i} C_{ij}^2

where :math:`C` is the correlation, over a batch, between the features of the two views.

Changed from the papers: the second view is of a neighbouring pixel; the views are spectral (lost bands, illumination,
noise); the head is small, since a batch holds hundreds of pixels, not thousands of photographs.

References
----------
Zbontar, Jing, Misra, LeCun, Deny (2021). *Barlow Twins: Self-Supervised Learning via Redundancy Reduction.*
ICML. arXiv:2103.03230

Ait Ali Braham, Mou, Chanussot, Mairal, Zhu (2022). *Self-Supervised Learning for Few Shot Hyperspectral Image
Classification.* IGARSS. arXiv:2206.12117
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.pretrain.objectives.by_rows import ByRows
from workbench.pretrain.objectives.heads import perceptron
from workbench.pretrain.views import SpectralViews


class BarlowTwins(ByRows):
    """Spectral views of neighbours, one head, the loss above.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    width : int
        Features compared by the loss.
    redundancy : float
        Weight of the off-diagonal term, :math:`\\lambda`.
    views : SpectralViews, optional
        How views are drawn; by default as `SpectralViews` says, from `generator`.
    generator : torch.Generator, optional
        Source of the draws of the default views.
    """

    def __init__(
        self,
        dim: int,
        *,
        width: int = 256,
        redundancy: float = 5.1e-3,
        views: SpectralViews | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.redundancy, self.views = redundancy, views or SpectralViews(generator=generator)
        self.head = perceptron(dim, width, width)

    def features(self, encoder: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Of pairs, each (n, n_bands, …): features of the two views."""
        views = [self.views(side, encoder.scaler.black) for side in batch]
        return self.head(encoder(torch.cat(views))).chunk(2)

    def terms(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
        """The loss of features of the two views."""
        return barlow_twins_loss(left, right, redundancy=self.redundancy)


def barlow_twins_loss(left: Tensor, right: Tensor, *, redundancy: float) -> dict[str, Tensor]:
    """Compare two batches of features.

    Parameters
    ----------
    left, right : Tensor of shape (n, width)
        Features of the two views; row by row, the same place. At least two rows.
    redundancy : float
        Weight of the off-diagonal term.

    Returns
    -------
    dict of scalar Tensor
        ``invariance``, 0 when the views agree; ``redundancy``, 0 when features are uncorrelated. Their sum is the loss.

    Raises
    ------
    ValueError
        If the batches differ in shape or have a single row.
    """
    if left.shape != right.shape or len(left) < 2:
        raise ValueError(
            f"two batches of one shape with 2 rows or more are needed, got {tuple(left.shape)} and {tuple(right.shape)}"
        )
    correlation = standardise(left).T @ standardise(right) / len(left)
    diagonal = correlation.diagonal()
    return {
        "invariance": (1 - diagonal).square().sum(),
        "redundancy": redundancy * (correlation.square().sum() - diagonal.square().sum()),
    }


def standardise(features: Tensor) -> Tensor:
    """Zero mean and unit variance over the batch; a constant feature becomes 0, not NaN."""
    centred = features - features.mean(dim=0)
    return centred / centred.square().mean(dim=0).add(1e-6).sqrt()

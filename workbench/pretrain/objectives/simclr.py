r"""SimCLR for spectra: of all views in a batch, a view is most like the other view of its own place.

.. math::

    L = -\frac{1}{2n} \sum_i \log
        \frac{\exp(s_{ii'} / \tau)}{\sum_{j \ne i} \exp(s_{ij} / \tau)}

over all :math:`2n` views, where :math:`i'` is the other view of the same place and :math:`s` the cosine.

Published: batches of 4096, a head of 2048 and 128 features, :math:`\tau` 0.1 to 0.5, the LARS optimiser, crops and
colours as views. Changed: the second view is of a neighbouring pixel and the views are spectral; batches are of
hundreds and the head is small, so that a laptop does it. A scene has few kinds of ground, so most of a batch's pixels
are of a kind with others in it: a temperature of 0.5 pushes those apart less than 0.1 would.

References
----------
Chen, Kornblith, Norouzi, Hinton (2020). *A Simple Framework for Contrastive Learning of Visual Representations.* ICML.
arXiv:2002.05709
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from workbench.pretrain.objectives.by_rows import ByRows
from workbench.pretrain.objectives.heads import perceptron
from workbench.pretrain.views import SpectralViews


class SimCLR(ByRows):
    """Spectral views of neighbours, one head, the loss above.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    hidden, width : int
        Features inside the head, and out of it.
    temperature : float
        :math:`\\tau`; the smaller, the more the nearest strangers count.
    views : SpectralViews, optional
        How views are drawn; by default as `SpectralViews` says, from `generator`.
    generator : torch.Generator, optional
        Source of the draws of the default views.
    """

    def __init__(
        self,
        dim: int,
        *,
        hidden: int = 256,
        width: int = 64,
        temperature: float = 0.5,
        views: SpectralViews | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.temperature, self.views = temperature, views or SpectralViews(generator=generator)
        self.head = perceptron(dim, hidden, width)

    def features(self, encoder: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Of pairs, each (n, n_bands, …): features of the two views."""
        views = [self.views(side, encoder.scaler.black) for side in batch]
        return self.head(encoder(torch.cat(views))).chunk(2)

    def terms(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
        """The loss of features of the two views."""
        return nt_xent_loss(left, right, temperature=self.temperature)


def nt_xent_loss(left: Tensor, right: Tensor, *, temperature: float) -> dict[str, Tensor]:
    """Normalised, temperature-scaled cross-entropy of finding the other view among all.

    Parameters
    ----------
    left, right : Tensor of shape (n, width)
        Features of the two views; row by row, the same place.
    temperature : float
        Divides the cosines.

    Returns
    -------
    dict of scalar Tensor
        ``contrast``: log(2n − 1) when all features are one, near 0 when only the two of a place are alike.
    """
    n = len(left)
    features = normalize(torch.cat([left, right]).float(), dim=1)
    likeness = (features @ features.T / temperature).fill_diagonal_(-torch.inf)
    return {"contrast": cross_entropy(likeness, torch.arange(2 * n, device=left.device).roll(n))}

r"""SimSiam for spectra: each view predicts the other's features, which are held still; there are no strangers.

.. math::

    L = 1 - \tfrac{1}{2} \cos(p_1, \bar z_2) - \tfrac{1}{2} \cos(p_2, \bar z_1)

with features :math:`z` of the two views and predictions :math:`p` of them; no gradient flows into :math:`\bar z`. The
loss is least, too, when all features are one. That it does not come to that is owed to the predictor and to the
gradient that is stopped.

Published (ImageNet, and the review of self-supervised learning in remote sensing): a head of three layers of 2048
features, batch-normalised also at its end, a predictor with 512 features inside, SGD at 0.05. Changed: the second view
is of a neighbouring pixel and the views are spectral, and gentle: nothing here pushes features apart, and what strong
views leave is little more than brightness. Head and predictor are small, and the predictor is wider inside than out: a
narrow one served a linear probe worse. 1 is added, so that the loss is never negative and 0 when each view foretells
the other.

References
----------
Chen, He (2021). *Exploring Simple Siamese Representation Learning.* CVPR. arXiv:2011.10566

Wang, Albrecht, Ait Ali Braham, Mou, Zhu (2022). *Self-Supervised Learning in Remote Sensing: A Review.* IEEE GRSM.
arXiv:2206.13188
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from workbench.pretrain.objectives.by_rows import ByRows
from workbench.pretrain.objectives.heads import perceptron
from workbench.pretrain.views import SpectralViews


class SimSiam(ByRows):
    """Spectral views of neighbours, one head, one predictor, the loss above.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    width : int
        Features compared by the loss.
    hidden : int
        Features inside head and predictor.
    views : SpectralViews, optional
        How views are drawn; by default gently, from `generator`.
    generator : torch.Generator, optional
        Source of the draws of the default views.
    """

    def __init__(
        self,
        dim: int,
        *,
        width: int = 64,
        hidden: int = 256,
        views: SpectralViews | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.views = views or SpectralViews.gentle(generator)
        self.head = perceptron(dim, hidden, hidden, width, last_norm=True)
        self.predictor = perceptron(width, hidden, width)

    def features(self, encoder: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Of pairs, each (n, n_bands, …): predictions and features of the two views."""
        features = self.head(encoder(torch.cat([self.views(side, encoder.scaler.black) for side in batch])))
        return *self.predictor(features).chunk(2), *features.chunk(2)

    def terms(self, *features: Tensor) -> dict[str, Tensor]:
        """The loss of both predictions and both features."""
        return prediction_loss(features[:2], features[2:])


def prediction_loss(predictions: tuple[Tensor, Tensor], features: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """How far each view's prediction points from the other view's features.

    Parameters
    ----------
    predictions, features : pair of Tensor of shape (n, width)
        Of the two views; row by row, the same place. No gradient flows into the features.

    Returns
    -------
    dict of scalar Tensor
        ``distance``: one minus the mean cosine, 0 to 2.
    """
    pairs = zip(predictions, reversed(features), strict=True)
    forth, back = (cosine_similarity(told.float(), held.detach().float()).mean() for told, held in pairs)
    return {"distance": 1 - (forth + back) / 2}

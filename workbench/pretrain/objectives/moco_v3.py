r"""MoCo-v3 for spectra: a view predicts which of its teacher's views in the batch is of the same place, both ways.

.. math::

    L = \ell(q_1, k_2) + \ell(q_2, k_1), \qquad
    \ell(q, k) = -\frac{2 \tau}{n} \sum_i \log \frac{\exp(q_i k_i / \tau)}{\sum_j \exp(q_i k_j / \tau)}

with the learner's predictions :math:`q` and the teacher's features :math:`k` of the two views, all of unit length.
There is no queue: the strangers are the rest of the batch.

Published (ImageNet, SSL4EO-S12): batches of 4096 and 256, momentum 0.99 rising to 1, :math:`\tau` 0.2, heads of 4096
and 256 features with batch norm in every layer, a vision transformer whose patch embedding is frozen. Changed: the
second view is of a neighbouring pixel and the views are spectral; the heads are small; the momentum begins lower,
since training takes hundreds of steps, not a hundred thousand. Nothing is frozen: the encoder is the user's choice.

References
----------
Chen, Xie, He (2021). *An Empirical Study of Training Self-Supervised Vision Transformers.* ICCV. arXiv:2104.02057
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from workbench.pretrain.objectives.heads import perceptron
from workbench.pretrain.objectives.teacher import Taught
from workbench.pretrain.views import SpectralViews


class MoCoV3(Taught):
    """Spectral views of neighbours, each seen by the learner and by its teacher; only the learner predicts.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    hidden, width : int
        Features inside head and predictor, and out of them.
    temperature : float
        :math:`\\tau`.
    momentum : float
        Share of itself that the teacher keeps in the first step; it rises to 1.
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
        temperature: float = 0.2,
        momentum: float = 0.97,
        views: SpectralViews | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(momentum)
        self.temperature, self.views = temperature, views or SpectralViews(generator=generator)
        self.head = perceptron(dim, hidden, hidden, width, last_norm=True)
        self.predictor = perceptron(width, hidden, width, last_norm=True)

    def features(self, encoder: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Of pairs, each (n, n_bands, …): the learner's predictions of both views, the teacher's features."""
        views = torch.cat([self.views(side, encoder.scaler.black) for side in batch])
        return *self.predictor(self.head(encoder(views))).chunk(2), *self.taught(views).chunk(2)

    def terms(self, first: Tensor, second: Tensor, key_1: Tensor, key_2: Tensor) -> dict[str, Tensor]:
        """The loss, both ways."""
        forth, back = (
            batch_loss(queries, keys, temperature=self.temperature)
            for queries, keys in ((first, key_2), (second, key_1))
        )
        return {"contrast": forth + back}


def batch_loss(queries: Tensor, keys: Tensor, *, temperature: float) -> Tensor:
    """Cross-entropy of finding the key of the same place among those of the batch, times twice the temperature.

    Parameters
    ----------
    queries, keys : Tensor of shape (n, width)
        The learner's predictions and the teacher's features; row by row, the same place.
    temperature : float
        Divides the cosines; that the loss is multiplied by it keeps gradients alike for any.

    Returns
    -------
    Tensor, scalar
        2 `temperature` log(n) when all features are one, near 0 when only the two of a place are alike.
    """
    likeness = normalize(queries.float(), dim=1) @ normalize(keys.float(), dim=1).T / temperature
    return 2 * temperature * cross_entropy(likeness, torch.arange(len(queries), device=queries.device))

r"""MoCo-v2 for spectra: a view is more like its teacher's view of the place than like a queue of earlier places.

.. math::

    L = -\frac{1}{n} \sum_i \log
        \frac{\exp(q_i k_i / \tau)}{\exp(q_i k_i / \tau) + \sum_m \exp(q_i m / \tau)}

with the learner's features :math:`q` of one view, the teacher's :math:`k` of the other and the teacher's :math:`m` of
earlier batches, all of unit length.

Published (ImageNet, SSL4EO-S12): a queue of 65,536, momentum 0.999, :math:`\tau` 0.2, a head of 2048 and 128 features,
SGD; SpectralEarth has 32,768, 0.1 and batch norm in the head, and takes two seasons of a place as the two views.
Changed: the second view is of a neighbouring pixel and the views are spectral; the queue is of a few thousand, since
a small scene has no more pixels and each would be its own stranger; the momentum begins lower and rises to 1, since a
teacher that keeps 0.999 of itself has hardly moved in 800 steps. Batches are not shuffled between devices: teacher
and learner see different views, and a batch norm over 512 pixels tells little of any one.

References
----------
He, Fan, Wu, Xie, Girshick (2020). *Momentum Contrast for Unsupervised Visual Representation Learning.* CVPR.
arXiv:1911.05722

Chen, Fan, Girshick, He (2020). *Improved Baselines with Momentum Contrastive Learning.* arXiv:2003.04297
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from workbench.pretrain.objectives.heads import perceptron
from workbench.pretrain.objectives.queue import FeatureQueue
from workbench.pretrain.objectives.teacher import Taught
from workbench.pretrain.views import SpectralViews


class MoCoV2(Taught):
    """Spectral views of neighbours, one for the learner and one for its teacher; a queue of the teacher's features.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    hidden, width : int
        Features inside the head, and out of it.
    queue : int
        Features of earlier batches that are held.
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
        queue: int = 2048,
        temperature: float = 0.2,
        momentum: float = 0.97,
        views: SpectralViews | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(momentum)
        self.temperature, self.views = temperature, views or SpectralViews(generator=generator)
        self.head = perceptron(dim, hidden, width)
        self.queue = FeatureQueue(queue, width)
        self.waiting: Tensor | None = None

    def features(self, encoder: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Of pairs, each (n, n_bands, …): the learner's features of one view, the teacher's of the other."""
        seen, other = (self.views(side, encoder.scaler.black) for side in batch)
        keys = normalize(self.taught(other).float(), dim=1)
        return self.head(encoder(seen)), keys

    def terms(self, queries: Tensor, keys: Tensor) -> dict[str, Tensor]:
        """The loss; the keys wait for the queue."""
        self.waiting = keys
        return queue_loss(queries, keys, self.queue.features, temperature=self.temperature)

    def after_step(self, encoder: nn.Module, step: int, steps: int) -> None:
        """Let the teacher follow, and the features it gave for the last batch join the queue."""
        super().after_step(encoder, step, steps)
        if self.waiting is not None:
            self.queue.put(self.waiting)
            self.waiting = None


def queue_loss(queries: Tensor, keys: Tensor, strangers: Tensor, *, temperature: float) -> dict[str, Tensor]:
    """Cross-entropy of finding the key of the same place among the strangers.

    Parameters
    ----------
    queries : Tensor of shape (n, width)
        The learner's features.
    keys : Tensor of shape (n, width)
        The teacher's, of unit length; row by row, the same place.
    strangers : Tensor of shape (size, width)
        The teacher's of earlier batches, of unit length.
    temperature : float
        Divides the cosines.

    Returns
    -------
    dict of scalar Tensor
        ``contrast``: log(1 + size) when all features are one, near 0 when only the two of a place are alike.
    """
    queries = normalize(queries.float(), dim=1)
    own = (queries * keys).sum(dim=1, keepdim=True)
    likeness = torch.cat([own, queries @ strangers.T], dim=1) / temperature
    return {"contrast": cross_entropy(likeness, likeness.new_zeros(len(queries), dtype=torch.int64))}

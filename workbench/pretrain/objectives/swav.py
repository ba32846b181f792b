r"""SwAV for spectra: one view foretells to which prototypes the other is assigned, and all prototypes are used alike.

.. math::

    L = -\frac{1}{2} \sum_{v \in \{1, 2\}} \frac{1}{V - 1} \sum_{w \ne v} \frac{1}{n} \sum_i
        q_v(i) \cdot \log \mathrm{softmax}(s_w(i) / \tau)

with cosines :math:`s_w` of view :math:`w`'s features and the prototypes; the assignments :math:`q_v`, of the two whole
views, are shared out evenly over the prototypes by Sinkhorn and Knopp's algorithm. Small views, if any, only foretell.

Published (ImageNet; the review of self-supervised learning in remote sensing): 3000 (500) prototypes, a queue of 3840
(1280) features since the batch of 256 (64) is smaller than that, :math:`\tau` 0.1, :math:`\epsilon` 0.05, 3 rounds, a
head of 2048 and 128 features, 2 crops and 6 small ones, LARS. Changed: the second view is of a neighbouring pixel and
the views are spectral; prototypes are a few dozen, as kinds of ground are, so that a batch of 512 needs no queue and
there is none by default; there are no small views by default, since each costs as much as a whole one; prototypes have
unit length by construction, not by a step after the optimiser's, and are not frozen in the beginning: the rate is low
then.

References
----------
Caron, Misra, Mairal, Goyal, Bojanowski, Joulin (2020). *Unsupervised Learning of Visual Features by Contrasting Cluster
Assignments.* NeurIPS. arXiv:2006.09882

Cuturi (2013). *Sinkhorn Distances: Lightspeed Computation of Optimal Transport.* NeurIPS. arXiv:1306.0895
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from workbench.pretrain.objectives.by_rows import ByRows
from workbench.pretrain.objectives.heads import Prototypes, perceptron
from workbench.pretrain.objectives.queue import FeatureQueue
from workbench.pretrain.views import SpectralViews


class SwAV(ByRows):
    """Spectral views of neighbours, one head, prototypes, the loss above.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    hidden, width : int
        Features inside the head, and out of it.
    n_prototypes : int
        Directions to which pixels are assigned.
    queue : int
        Features of earlier batches that take part in the assignment of each whole view, once there are as many; 0 for
        none. Needed where a batch has fewer samples than there are prototypes.
    small_views : int
        Views of a part of the spectrum, or small crops, beside the two whole ones.
    temperature : float
        :math:`\\tau`.
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
        n_prototypes: int = 64,
        queue: int = 0,
        small_views: int = 0,
        temperature: float = 0.1,
        views: SpectralViews | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.small_views, self.temperature = small_views, temperature
        self.views = views or SpectralViews(generator=generator)
        self.head, self.prototypes = perceptron(dim, hidden, width), Prototypes(width, n_prototypes)
        self.queues = nn.ModuleList(FeatureQueue(queue, width) for _ in range(2 if queue else 0))
        self.waiting: tuple[Tensor, ...] = ()

    def features(self, encoder: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Of pairs, each (n, n_bands, …): unit features of both whole views, the scores of all."""
        whole = [self.views(side, encoder.scaler.black) for side in batch]
        small = [self.views.small(batch[k % 2], encoder.scaler.black) for k in range(self.small_views)]
        features = self.head(encoder(torch.cat(whole)))
        more = [self.head(encoder(torch.cat(small)))] if small else []
        scores = self.prototypes(torch.cat([features, *more])).float().chunk(2 + len(small))
        return *normalize(features.detach().float(), dim=1).chunk(2), *scores

    def terms(self, *features: Tensor) -> dict[str, Tensor]:
        """The loss; the features wait for the queues."""
        self.waiting, scores = features[:2], features[2:]
        earlier = [self.prototypes(queue.features).detach().float() for queue in self.queues if queue.is_full]
        return swapped_loss(scores, earlier, temperature=self.temperature)

    def after_step(self, encoder: nn.Module, step: int, steps: int) -> None:
        """Let the features of the last batch join the queues."""
        for queue, features in zip(self.queues, self.waiting, strict=False):
            queue.put(features)


def swapped_loss(
    scores: Sequence[Tensor],
    earlier: Sequence[Tensor] = (),
    *,
    temperature: float,
    epsilon: float = 0.05,
    rounds: int = 3,
) -> dict[str, Tensor]:
    """Cross-entropy of each view's assignment and what the other views say of it.

    Parameters
    ----------
    scores : sequence of Tensor of shape (n, n_prototypes)
        Cosines with the prototypes: of the two whole views, then of small ones; row by row, the same place.
    earlier : sequence of Tensor of shape (size, n_prototypes)
        Scores of earlier samples that take part in the assignment of the two whole views; or none.
    temperature : float
        Divides the scores of what is foretold.
    epsilon, rounds : float, int
        See :func:`sinkhorn`.

    Returns
    -------
    dict of scalar Tensor
        ``doubt``, the entropy of the assignments: no gradient changes it; and ``divergence`` of what is foretold from
        them, 0 when all views agree. Their sum, the cross-entropy, is the loss.
    """
    spoken = [(view / temperature).log_softmax(dim=1) for view in scores]
    doubt, divergence = scores[0].new_zeros(()), scores[0].new_zeros(())
    for v, own in enumerate(scores[:2]):
        assigned = sinkhorn(torch.cat([own, *earlier[v : v + 1]]), epsilon=epsilon, rounds=rounds)[: len(own)]
        entropy = torch.special.entr(assigned).sum(dim=1).mean()
        others = [-(assigned * told).sum(dim=1).mean() for w, told in enumerate(spoken) if w != v]
        doubt = doubt + entropy / 2
        divergence = divergence + (torch.stack(others).mean() - entropy) / 2
    return {"doubt": doubt, "divergence": divergence}


@torch.no_grad()
def sinkhorn(scores: Tensor, *, epsilon: float = 0.05, rounds: int = 3) -> Tensor:
    """Share samples out over prototypes: each sample whole, every prototype as much as any other.

    Parameters
    ----------
    scores : Tensor of shape (n, n_prototypes)
        How well a prototype suits a sample.
    epsilon : float
        The larger, the softer the shares.
    rounds : int
        The more, the more evenly the prototypes are used.

    Returns
    -------
    Tensor of shape (n, n_prototypes)
        Shares; each row's sum is 1, each column's comes to n / n_prototypes with the rounds. No gradient.
    """
    shares = scores / epsilon
    for _ in range(rounds):
        shares = shares - shares.logsumexp(dim=0, keepdim=True)
        shares = shares - shares.logsumexp(dim=1, keepdim=True)
    return shares.exp()

r"""DINO for spectra: a learner that sees part of the spectrum says what its teacher says of the whole of it.

.. math::

    L = -\frac{1}{|P|} \sum_{(v, w) \in P} \frac{1}{n} \sum_i
        \mathrm{softmax}\Big(\frac{t_v(i) - c}{\tau_t}\Big) \cdot \log \mathrm{softmax}\Big(\frac{s_w(i)}{\tau_s}\Big)

over the pairs :math:`P` of a whole view :math:`v`, seen by the teacher :math:`t`, and any other view :math:`w`, seen by
the learner :math:`s`. That the teacher is centred by its running mean :math:`c` keeps one output from winning always;
that it is sharpened by a small :math:`\tau_t` keeps all from being alike.

Published (ImageNet, SSL4EO-S12): 65,536 outputs behind a head of 2048, 2048 and 256 features, :math:`\tau_s` 0.1,
:math:`\tau_t` 0.04, or from there to 0.07, momentum 0.996 rising to 1, 2 whole crops and 8 small ones, centre at 0.9;
SpectralEarth has 128 outputs and no small crops. Changed: the second whole view is of a neighbouring pixel; a small
view of a spectrum is one run of neighbouring bands, half of them or more, as a small crop is part of a picture, and
there are 2, since each costs as much as a whole one; views are gentle, since nothing pushes features apart; head and
outputs are small; batch norm is in the head, as its authors have it for encoders other than transformers; the momentum
begins lower, since training takes hundreds of steps; the last layer is not frozen in the beginning: the rate is low
then.

References
----------
Caron, Touvron, Misra, Jégou, Mairal, Bojanowski, Joulin (2021). *Emerging Properties in Self-Supervised Vision
Transformers.* ICCV. arXiv:2104.14294
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from workbench.pretrain.objectives.heads import Prototypes, perceptron
from workbench.pretrain.objectives.teacher import Taught
from workbench.pretrain.views import SpectralViews


class DINO(Taught):
    """Two whole spectral views of neighbours and some small ones, a learner and its teacher, the loss above.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    hidden, width : int
        Features inside the head, and before its last layer.
    n_outputs : int
        Features compared by the loss.
    small_views : int
        Views of a part of the spectrum, or small crops.
    sharpness : pair of float
        The teacher's temperature :math:`\\tau_t` in the first step, and once `warm` has passed.
    warm : float
        Share of the steps over which it goes from the one to the other.
    temperature : float
        The learner's, :math:`\\tau_s`.
    momentum : float
        Share of itself that the teacher keeps in the first step; it rises to 1.
    centre_momentum : float
        Share of itself that the centre keeps in a step.
    views : SpectralViews, optional
        How views are drawn; by default gently, from `generator`.
    generator : torch.Generator, optional
        Source of the draws of the default views.

    Attributes
    ----------
    centre : Tensor of shape (n_outputs,)
        Running mean of the teacher's outputs.
    teacher_temperature : Tensor, scalar
        As it stands.
    """

    centre: Tensor
    teacher_temperature: Tensor

    def __init__(
        self,
        dim: int,
        *,
        hidden: int = 256,
        width: int = 64,
        n_outputs: int = 256,
        small_views: int = 2,
        sharpness: tuple[float, float] = (0.04, 0.04),
        warm: float = 0.3,
        temperature: float = 0.1,
        momentum: float = 0.99,
        centre_momentum: float = 0.9,
        views: SpectralViews | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(momentum)
        self.small_views, self.temperature, self.centre_momentum = small_views, temperature, centre_momentum
        self.sharpness, self.warm = sharpness, warm
        self.views = views or SpectralViews.gentle(generator)
        self.head = nn.Sequential(*perceptron(dim, hidden, hidden, width), Prototypes(width, n_outputs))
        self.register_buffer("centre", torch.zeros(n_outputs))
        self.register_buffer("teacher_temperature", torch.tensor(sharpness[0]))
        self.waiting: Tensor | None = None

    def features(self, encoder: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Of pairs, each (n, n_bands, …): what the teacher says of both whole views, the learner of all."""
        whole = torch.cat([self.views(side, encoder.scaler.black) for side in batch])
        small = [self.views.small(batch[k % 2], encoder.scaler.black) for k in range(self.small_views)]
        targets = self.taught(whole).float()
        # Whole and small views have each their own statistics in the batch norms, as crops of one size have.
        said = [*self.head(encoder(whole)).chunk(2)]
        said += self.head(encoder(torch.cat(small))).chunk(len(small)) if small else []
        return *targets.chunk(2), *said

    def terms(self, *said: Tensor) -> dict[str, Tensor]:
        """The loss; what the teacher says waits for its centre."""
        self.waiting = torch.cat(said[:2])
        return centred_loss(
            said[:2],
            said[2:],
            self.centre,
            teacher_temperature=self.teacher_temperature,
            temperature=self.temperature,
        )

    def after_step(self, encoder: nn.Module, step: int, steps: int) -> None:
        """Let teacher and centre follow, and set the teacher's temperature for the next step."""
        super().after_step(encoder, step, steps)
        if self.waiting is not None:
            self.centre.lerp_(self.waiting.mean(dim=0), 1 - self.centre_momentum)
            self.waiting = None
        cold, warm = self.sharpness
        self.teacher_temperature.fill_(cold + (warm - cold) * min(1.0, step / max(1.0, self.warm * steps)))


def centred_loss(
    targets: Sequence[Tensor],
    said: Sequence[Tensor],
    centre: Tensor,
    *,
    teacher_temperature: float | Tensor,
    temperature: float,
) -> dict[str, Tensor]:
    """Cross-entropy of what the teacher says of each whole view and the learner of every other view.

    Parameters
    ----------
    targets : sequence of Tensor of shape (n, n_outputs)
        The teacher's outputs for whole views; no gradient flows into them.
    said : sequence of Tensor of shape (n, n_outputs)
        The learner's, for the same views in the same order and then for small ones.
    centre : Tensor of shape (n_outputs,)
        Taken off the teacher's.
    teacher_temperature, temperature : float
        Divide the teacher's and the learner's.

    Returns
    -------
    dict of scalar Tensor
        ``doubt``, the entropy of what the teacher says, and ``divergence`` of the learner from it, 0 when they agree.
        Their sum, the cross-entropy, is the loss. All embeddings have become one when the divergence is 0 and the
        doubt 0 or log(n_outputs).
    """
    sure = [((target.detach() - centre) / teacher_temperature).softmax(dim=1) for target in targets]
    spoken = [(one.float() / temperature).log_softmax(dim=1) for one in said]
    pairs = [(v, w) for v in range(len(sure)) for w in range(len(spoken)) if v != w]
    entropy = [torch.special.entr(target).sum(dim=1).mean() for target in sure]
    doubt = torch.stack([entropy[v] for v, _ in pairs]).mean()
    crossed = torch.stack([-(sure[v] * spoken[w]).sum(dim=1).mean() for v, w in pairs]).mean()
    return {"doubt": doubt, "divergence": crossed - doubt}

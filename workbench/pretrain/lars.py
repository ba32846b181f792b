r"""LARS: each layer's step is a fixed share of its weights' length, so that batches of thousands learn like small ones.

.. math::

    g \leftarrow g + \beta w,\qquad m \leftarrow \mu m + \eta \frac{|w|}{|g|}\, g,\qquad w \leftarrow w - \gamma m

As SimCLR, SwAV and Barlow Twins use it: biases and the weights of norms (all with one axis) take plain steps without
decay.

References
----------
You, Gitman, Ginsburg (2017). *Large Batch Training of Convolutional Networks.* arXiv:1708.03888
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class LARS(torch.optim.Optimizer):
    """Stochastic gradient descent with momentum, scaled layer by layer.

    Parameters
    ----------
    params : iterable of Tensor
        What learns.
    lr : float
        Rate, :math:`\\gamma`.
    momentum : float
        :math:`\\mu`.
    weight_decay : float
        :math:`\\beta`.
    trust : float
        Share of a layer's length that a step of rate 1 has, :math:`\\eta`.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.2,
        *,
        momentum: float = 0.9,
        weight_decay: float = 1e-6,
        trust: float = 1e-3,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust})

    @torch.no_grad()
    def step(self) -> None:
        """Take one step."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                step = weight.grad
                if weight.ndim > 1:
                    step = step.add(weight, alpha=group["weight_decay"])
                    length, slope = weight.norm(), step.norm()
                    share = group["trust"] * length / slope
                    step = step * torch.where((length > 0) & (slope > 0), share, 1.0)
                memory = self.state[weight]
                if "momentum" not in memory:
                    memory["momentum"] = torch.zeros_like(weight)
                weight.sub_(memory["momentum"].mul_(group["momentum"]).add_(step), alpha=group["lr"])

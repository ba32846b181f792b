"""Heads: small networks between an embedding and a loss, thrown away after the pretraining."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize


def perceptron(*widths: int, last_norm: bool = False) -> nn.Sequential:
    """Linear layers from ``widths[0]`` to ``widths[-1]``, batch norm and ReLU between them.

    Parameters
    ----------
    *widths : int
        Features in, of each hidden layer, and out.
    last_norm : bool
        Whether the output is batch-normalised too, without scale and shift of its own.
    """
    layers: list[nn.Module] = []
    for into, out in pairwise(widths[:-1]):
        layers += [nn.Linear(into, out), nn.BatchNorm1d(out), nn.ReLU(inplace=True)]
    layers.append(nn.Linear(widths[-2], widths[-1]))
    return nn.Sequential(*layers, *([nn.BatchNorm1d(widths[-1], affine=False)] if last_norm else []))


class Prototypes(nn.Module):
    """Cosines of features with learnt directions.

    Parameters
    ----------
    width : int
        Features.
    n_prototypes : int
        Directions.
    """

    def __init__(self, width: int, n_prototypes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_prototypes, width))

    def forward(self, features: Tensor) -> Tensor:
        """From (n, width) to cosines in −1…1, shape (n, n_prototypes)."""
        return linear(normalize(features, dim=1), normalize(self.weight, dim=1))

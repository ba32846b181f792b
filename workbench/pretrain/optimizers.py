"""The optimisers there are: one table, a row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from workbench.pretrain.lars import LARS


@dataclass(frozen=True, slots=True)
class OptimizerKind:
    """One way from gradients to weights, as the user may choose it."""

    name: str
    """As typed on the command line."""

    suits: str
    """Where it is at home."""

    rate: float
    """Peak rate that suits batches of a few hundred."""

    make: Callable[..., torch.optim.Optimizer]
    """``make(parameters, lr=RATE)``."""


OPTIMIZERS = {
    row.name: row
    for row in (
        OptimizerKind("adamw", "any encoder, batches of hundreds", 1e-3, torch.optim.AdamW),
        OptimizerKind(
            "sgd",
            "convolutions, long runs; momentum 0.9",
            0.05,
            partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-4),
        ),
        OptimizerKind("lars", "convolutions, batches of thousands", 0.2, LARS),
    )
}
"""By name."""


def find_optimizer(name: str) -> OptimizerKind:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in OPTIMIZERS:
        raise ValueError(f"no optimiser is named {name!r}; choose one of: {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name]

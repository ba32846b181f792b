"""The teacher of MoCo and DINO: a copy of encoder and head that takes no gradient and follows the learner slowly.

It is a moving average of the learner's weights. Its batch norms are no part of that: in training mode, as published,
they work with the batch and gather statistics of their own.
"""

from __future__ import annotations

import math
from copy import deepcopy

import torch
from torch import Tensor, nn

from workbench.pretrain.objectives.by_rows import ByRows


class Teacher(nn.Module):
    """Copies of an encoder and a head, without gradients."""

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = (deepcopy(module).requires_grad_(False) for module in (encoder, head))

    @torch.no_grad()
    def forward(self, batch: Tensor) -> Tensor:
        """What the head makes of the batch's embeddings, shape (n, width)."""
        return self.head(self.encoder(batch))

    @torch.no_grad()
    def follow(self, encoder: nn.Module, head: nn.Module, momentum: float) -> None:
        """Every weight keeps the share `momentum` of itself and takes the rest from the learner."""
        for own, learner in ((self.encoder, encoder), (self.head, head)):
            for mine, new in zip(own.parameters(), learner.parameters(), strict=True):
                mine.lerp_(new, 1 - momentum)


class Taught(ByRows):
    """What objectives with a teacher have in common; each sets `head` to what learner and teacher both have.

    Parameters
    ----------
    momentum : float
        Share of itself that the teacher keeps in the first step; it rises to 1 along a cosine.
    """

    head: nn.Module
    teacher: Teacher | None

    def __init__(self, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_module("teacher", None)

    def prepare(self, encoder: nn.Module) -> None:
        """Make the teacher: once, before the first step."""
        self.teacher = Teacher(encoder, self.head)

    def after_step(self, encoder: nn.Module, step: int, steps: int) -> None:
        """Let the teacher follow, after step `step` (from 1) of `steps`."""
        self._called().follow(encoder, self.head, cosine_momentum(step - 1, steps=steps, start=self.momentum))

    def taught(self, batch: Tensor) -> Tensor:
        """What the teacher says of a batch, shape (n, width), without gradients."""
        return self._called()(batch)

    def _called(self) -> Teacher:
        if self.teacher is None:
            raise RuntimeError("the teacher is made from an encoder, but there was none; call prepare(encoder) first")
        return self.teacher


def cosine_momentum(step: int, *, steps: int, start: float) -> float:
    """Momentum after `step` steps of `steps`: from `start` to 1 along half a cosine."""
    return 1 - (1 - start) * 0.5 * (1 + math.cos(math.pi * step / steps))

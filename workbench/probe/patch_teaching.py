"""How heads are taught: rates and steps, in which order patches come, and how they are laid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from workbench.probe.patch_modes import check_mode

AT_ONCE = 8
"""Patches of which features are taken at a time, where nothing learns."""


@dataclass(frozen=True, slots=True)
class Teaching:
    """How a head, and what learns with it, is taught."""

    mode: str = "frozen"
    """What of the encoder learns; see ``MODES``."""

    head: str = "linear"
    """Name in ``HEADS``."""

    steps: int = 300
    """Optimiser steps at most."""

    batch: int = 8
    """Patches a step."""

    learning_rate: float = 1e-2
    """Peak rate of a head whose last layer sees 64 features; of more, less by as much: a step of Adam moves an answer
    by the rate times their number."""

    encoder_rate: float = 1e-3
    """Peak rate of what learns of the encoder."""

    weight_decay: float = 1e-4
    """Of AdamW."""

    looks: int = 20
    """Times that the validation loss is looked at."""

    patience: int = 6
    """Looks without a lower loss that end the training."""

    seed: int = 0
    """Of the head's weights, the order and the turns."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        check_mode(self.mode)
        for name in ("steps", "batch", "looks", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at how far the teaching is."""

    step: int
    steps: int
    loss: float
    """Of the last batch."""
    val_loss: float
    """Mean over the validation patches; NaN without any."""


def parts(some: Sequence[int]) -> list[np.ndarray]:
    """A few patches at a time."""
    return np.split(np.asarray(some), range(AT_ONCE, len(some), AT_ONCE))


def batches(train: Sequence[int], size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Patches in a new order each round, for ever; a single one is shown twice, as batch norms need two."""
    train = np.asarray(train)
    while True:
        order = rng.permutation(train)
        for some in np.split(order, range(size, len(order), size)):
            yield some if len(some) > 1 else np.repeat(some, 2)


def turned(batch: Tensor, turn: int) -> Tensor:
    """One of the eight ways to lay a square."""
    if turn & 1:
        batch = batch.flip(-1)
    if turn & 2:
        batch = batch.flip(-2)
    return batch.transpose(-1, -2) if turn & 4 and batch.shape[-1] == batch.shape[-2] else batch

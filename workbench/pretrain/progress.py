"""Where a training stands, as it is told to whoever watches: a report now and then, every step in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands."""

    step: int
    """Steps done so far, from 1."""

    steps: int
    """Steps that were asked for; fewer are done if the loss stops falling."""

    terms: dict[str, float]
    """The weighted terms of the loss by name, each the mean since the last report."""

    seconds: float
    """Since the first step began [s]; of a run that was gone on with, without the time between."""

    samples: int
    """Samples (pixels or patches, counted once a view pair) seen so far."""

    each: tuple[dict[str, float], ...] = ()
    """The same terms of each step since the last report, the latest last."""

    rates: tuple[float, ...] = ()
    """The learning rate of each of these steps."""

    @property
    def loss(self) -> float:
        """Sum of the terms."""
        return sum(self.terms.values())

    @property
    def rate(self) -> float:
        """Samples a second so far."""
        return self.samples / self.seconds if self.seconds else 0.0


def memory() -> dict[str, int]:
    """Bytes that this process holds: ``memory_bytes`` resident, and ``gpu_bytes`` where a GPU is used."""
    held = {"memory_bytes": psutil.Process().memory_info().rss}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        held["gpu_bytes"] = torch.cuda.memory_allocated()
    return held


def on_the_host(told: Sequence[dict[str, Tensor]]) -> tuple[dict[str, float], ...]:
    """Terms of several steps as numbers, in one transfer."""
    names = list(told[-1])
    values = torch.stack([torch.stack([terms[name].float() for name in names]) for terms in told]).tolist()
    return tuple(dict(zip(names, row, strict=True)) for row in values)


def check_finite(each: tuple[dict[str, float], ...], done: int) -> None:
    """Refuse to go on from a loss that is not finite."""
    for k, terms in enumerate(each):
        if not all(map(math.isfinite, terms.values())):
            first = done - len(each) + 1 + k
            since = "" if first == done else f", since step {first}"
            raise FloatingPointError(
                f"the loss at step {done} is not finite ({terms}){since}; lower the learning rate or look for NaN "
                "pixels"
            )

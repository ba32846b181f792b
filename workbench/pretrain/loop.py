"""The one training loop. It is a generator: it draws nothing, writes nothing and starts no thread.

Lightning Fabric stands behind it for the device, mixed precision and, launched by ``torchrun``, several of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

import torch
from torch import Tensor, nn


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
    """Since the first step began [s]."""

    samples: int
    """Samples (pixels or patches, counted once a view pair) seen so far."""

    @property
    def loss(self) -> float:
        """Sum of the terms."""
        return sum(self.terms.values())

    @property
    def rate(self) -> float:
        """Samples a second so far."""
        return self.samples / self.seconds if self.seconds else 0.0


class _Step(nn.Module):
    """Encoder and objective as one module, so that Fabric wraps the whole of a step."""

    def __init__(self, encoder: nn.Module, objective: nn.Module) -> None:
        super().__init__()
        self.encoder, self.objective = encoder, objective

    def forward(self, batch: Tensor | tuple[Tensor, ...]) -> dict[str, Tensor]:
        return self.objective(self.encoder, batch)


def train(
    encoder: nn.Module,
    objective: nn.Module,
    batches: Iterable[Tensor | tuple[Tensor, ...]],
    *,
    steps: int,
    every: int = 10,
    learning_rate: float = 1e-3,
    patience: int = 0,
    precision: str = "32-true",
    device: str | torch.device = "cpu",
) -> Iterator[Progress]:
    """Train `encoder` in place, reporting now and then.

    Stop early by not asking for the next report; the encoder keeps what it has learnt. Whenever a report is handed
    out the encoder is in evaluation mode, so that a map may be made of it there and then.

    Parameters
    ----------
    encoder, objective : nn.Module
        Called as ``objective(encoder, batch)``, which returns named loss terms, each a scalar. Their sum is the loss.
        An objective may have ``prepare(encoder)``, called once before the first step, and ``after_step(encoder, step,
        steps)``, called after each step of the optimiser: a teacher is made in the one and follows in the other.
    batches : iterable of Tensor, or of tuples of them
        On `device`; endless, or at least `steps` long.
    steps : int
        Optimiser steps to take.
    every : int
        Steps from one report to the next. A report makes the host wait for the GPU.
    learning_rate : float
        Peak rate; it rises over the first tenth of the steps and falls to zero along a cosine.
    patience : int
        End early once the mean loss of this many steps is not 0.1 % below that of as many before; 0 never does.
    precision : str
        Fabric's word: ``"32-true"``, or ``"bf16-mixed"`` where the device is fast at it.
    device : str or torch.device
        Where encoder and batches are.

    Yields
    ------
    Progress
        At least one, at the last step.

    Raises
    ------
    FloatingPointError
        If a term is not finite when it is reported: training past it would hide where it began.
    """
    from lightning_fabric import Fabric  # seconds to import, and only training needs it

    device = torch.device(device)
    if hasattr(objective, "prepare"):
        objective.prepare(encoder)
    fabric = Fabric(
        accelerator={"cuda": "cuda", "mps": "mps"}.get(device.type, "cpu"),
        devices=[device.index or 0] if device.type == "cuda" else 1,
        precision=precision,
    )
    step = _Step(encoder, objective)
    optimizer = torch.optim.AdamW(step.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(warm_cosine, steps=steps))
    model, optimizer = fabric.setup(step, optimizer)
    watch = _Plateau(patience)
    sums: dict[str, Tensor] = {}
    began, since, samples = time.monotonic(), 0, 0

    step.train()
    for done, batch in enumerate(islice(batches, steps), start=1):
        terms = model(batch)
        optimizer.zero_grad()
        loss = torch.stack(list(terms.values())).sum()
        fabric.backward(loss)
        optimizer.step()
        schedule.step()
        if hasattr(objective, "after_step"):
            objective.after_step(encoder, done, steps)
        sums = {name: sums.get(name, 0) + term.detach() for name, term in terms.items()}
        samples += len(batch if isinstance(batch, Tensor) else batch[0])
        ends = done == steps or watch.is_flat(loss.detach())
        if done % every == 0 or ends:
            means = {name: float(total) / (done - since) for name, total in sums.items()}
            progress = Progress(done, steps, means, time.monotonic() - began, samples)
            if not math.isfinite(progress.loss):
                raise FloatingPointError(
                    f"the loss at step {done} is not finite ({means}); lower the learning rate or look for NaN pixels"
                )
            sums, since = {}, done
            step.eval()
            yield progress
            step.train()
        if ends:
            break
    step.eval()


def warm_cosine(step: int, *, steps: int) -> float:
    """Share of the peak rate at a step: it rises over the first tenth of the steps and falls along a cosine."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


class _Plateau:
    """Tells when a loss has stopped falling; it makes the host wait for the device once in `patience` steps."""

    def __init__(self, patience: int) -> None:
        self.patience, self.count, self.total, self.before = patience, 0, 0.0, math.inf

    def is_flat(self, loss: Tensor) -> bool:
        if not self.patience:
            return False
        self.count, self.total = self.count + 1, self.total + loss
        if self.count < self.patience:
            return False
        mean, before = float(self.total) / self.patience, self.before
        self.count, self.total, self.before = 0, 0.0, mean
        return mean > 0.999 * before

"""The one training loop. It is a generator: it draws nothing, writes nothing and starts no thread.

Lightning Fabric stands behind it for the device and mixed precision, ``processes`` for several that learn as one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

import torch
from torch import Tensor, nn

from workbench.pretrain.compiling import check_compiler
from workbench.pretrain.optimizers import find_optimizer
from workbench.pretrain.processes import made_equal, sum_gradients, world
from workbench.pretrain.progress import Progress, check_finite, on_the_host
from workbench.pretrain.schedule import Plateau, warm_cosine
from workbench.pretrain.state import RunState, optimizer_tensors, take_optimizer
from workbench.pretrain.stepping import Batch, Step, check_parts, gradients
from workbench.pretrain.synced_norm import sync_norms


class Run:
    """A training of `encoder` in place, which can be put away after any report and gone on with.

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
    accumulate : int
        Batches that make one step together; see :mod:`workbench.pretrain.stepping`.
    optimizer : str
        Name in ``OPTIMIZERS``.
    learning_rate : float
        Peak rate; it rises over the first tenth of the steps and falls to zero along a cosine.
    patience : int
        End early once the mean loss of this many steps is not 0.1 % below that of as many before; 0 never does.
    precision : str
        Fabric's word: ``"32-true"``, or ``"bf16-mixed"`` where the device is fast at it.
    compiled : bool
        Whether PyTorch compiles the encoder before the first step.
    device : str or torch.device
        Where encoder and batches are.
    sources : sequence of torch.Generator
        All that batches and objective draw from: put away and restored with the run.
    """

    def __init__(
        self,
        encoder: nn.Module,
        objective: nn.Module,
        batches: Iterable[Batch],
        *,
        steps: int,
        accumulate: int = 1,
        optimizer: str = "adamw",
        learning_rate: float = 1e-3,
        patience: int = 0,
        precision: str = "32-true",
        compiled: bool = False,
        device: str | torch.device = "cpu",
        sources: Sequence[torch.Generator] = (),
    ) -> None:
        self.encoder, self.objective, self.batches, self.steps = encoder, objective, batches, steps
        check_parts(objective, accumulate)
        self.accumulate, self.optimizer_kind = accumulate, find_optimizer(optimizer)
        self.learning_rate, self.precision, self.device = learning_rate, precision, torch.device(device)
        self.compiled = compiled
        if compiled:
            check_compiler(self.device)
        self.sources, self.watch = tuple(sources), Plateau(patience)
        self.done, self.samples, self.seconds = 0, 0, 0.0
        self.step: Step | None = None

    def _set_up(self) -> None:
        """What the first step needs and nobody before it: teacher, optimiser, Fabric."""
        from lightning_fabric import Fabric  # seconds to import, and only training needs it

        if self.step is not None:
            return
        if hasattr(self.objective, "prepare"):
            self.objective.prepare(self.encoder)
        kind = self.device.type
        self.fabric = Fabric(
            accelerator={"cuda": "cuda", "mps": "mps"}.get(kind, "cpu"),
            devices=[self.device.index or 0] if kind == "cuda" else 1,
            precision=self.precision,
        )
        self.step = Step(self.encoder, self.objective)
        if self.compiled:
            self.encoder.compile(dynamic=False)  # in place: names of weights stay as they are
        if world() > 1:
            sync_norms(self.step)
            made_equal(self.step.state_dict().values())
        self.optimizer = self.optimizer_kind.make(self.step.parameters(), lr=self.learning_rate)
        schedule = partial(warm_cosine, steps=self.steps)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, schedule)
        self.model, self.stepper = self.fabric.setup(self.step, self.optimizer)

    def reports(self, every: int = 10, also_every: int = 0) -> Iterator[Progress]:
        """Train, reporting every so many steps and at the last one; see :func:`workbench.pretrain.train`.

        Parameters
        ----------
        every : int
            Steps from one report to the next. A report makes the host wait for the GPU.
        also_every : int
            Reports come at the multiples of this, too; 0 for no more.
        """
        self._set_up()
        began, before = time.monotonic(), self.seconds
        told: list[dict[str, Tensor]] = []
        rates: list[float] = []
        self.step.train()
        batches = islice(self.batches, (self.steps - self.done) * self.accumulate)
        for parts in zip(*[batches] * self.accumulate, strict=False):
            rates.append(self.optimizer.param_groups[0]["lr"])
            terms = self._one_step(parts)
            told.append(terms)
            ends = self.done == self.steps or self.watch.is_flat(torch.stack(list(terms.values())).sum())
            if self.done % every == 0 or ends or (also_every and self.done % also_every == 0):
                each = on_the_host(told)
                self.seconds = before + time.monotonic() - began
                check_finite(each, self.done)
                told = []
                self.step.eval()
                means = {name: sum(terms[name] for terms in each) / len(each) for name in each[-1]}
                yield Progress(self.done, self.steps, means, self.seconds, self.samples, each, tuple(rates))
                rates = []
                self.step.train()
            if ends:
                break
        self.step.eval()

    def _one_step(self, parts: Sequence[Batch]) -> dict[str, Tensor]:
        """One step of the optimiser; the terms of its loss, without gradients."""
        self.stepper.zero_grad()
        terms = gradients(self.fabric, self.model, parts, self.sources)
        sum_gradients(self.step.parameters())
        self.stepper.step()
        self.schedule.step()
        self.done += 1
        self.samples += world() * sum(len(part if isinstance(part, Tensor) else part[0]) for part in parts)
        if hasattr(self.objective, "after_step"):
            self.objective.after_step(self.encoder, self.done, self.steps)
        return {name: term.detach() for name, term in terms.items()}

    def state(self) -> RunState:
        """All that going on takes, as it stands after the last report.

        Raises
        ------
        FloatingPointError
            If a weight is not finite: a run is not put away spoilt.
        """
        self._set_up()
        tensors = {f"model.{name}": tensor for name, tensor in self.step.state_dict().items()}
        for name, tensor in tensors.items():
            if not tensor.isfinite().all():
                raise FloatingPointError(
                    f"{name.removeprefix('model.')} is not finite after step {self.done}; lower the learning rate or "
                    "look for NaN pixels"
                )
        tensors |= optimizer_tensors(self.optimizer)
        tensors |= {f"source.{k}": source.get_state() for k, source in enumerate(self.sources)}
        scaler = getattr(self.fabric.strategy.precision, "scaler", None)
        numbers = {
            "done": self.done,
            "samples": self.samples,
            "seconds": self.seconds,
            "watch": self.watch.state(),
            "scaler": scaler.state_dict() if scaler else None,
        }
        copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
        return RunState(copies, numbers)

    def restore(self, state: RunState) -> None:
        """Stand where `state` was taken; the next report is of the steps after it.

        Raises
        ------
        ValueError
            If it is of another run.
        """
        self._set_up()
        try:
            self.step.load_state_dict(state.part("model"))
            take_optimizer(self.optimizer, state)
            for k, source in enumerate(self.sources):
                source.set_state(state.tensors[f"source.{k}"])
            self.done, self.samples, self.seconds = (state.numbers[name] for name in ("done", "samples", "seconds"))
            self.watch.take(state.numbers["watch"])
            if scaler := getattr(self.fabric.strategy.precision, "scaler", None):
                scaler.load_state_dict(state.numbers["scaler"])
        except (KeyError, RuntimeError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"this is the state of another run ({reason}); start again") from error
        self.schedule.last_epoch = self.done
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * warm_cosine(self.done, steps=self.steps)

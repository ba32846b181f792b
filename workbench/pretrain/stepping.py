"""From a batch to gradients: at once, or part by part where the whole would not fit into memory.

A loss that compares all rows of a batch cannot be summed over its parts. So the parts' features are made first without
gradients; the loss of all of them says which way each feature should go; then each part is run again, with the same
draws, and passes that on to the weights. The gradient is that of the whole batch; batch norms go by a part.

References
----------
Gao, Zhang, Han, Callan (2021). *Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup.* RepL4NLP.
arXiv:2101.06983
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from workbench.pretrain.objectives.by_rows import ByRows
from workbench.pretrain.processes import gathered, world

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Batch = Tensor | tuple[Tensor, ...]


class Step(nn.Module):
    """Encoder and objective as one module, so that Fabric wraps the whole of a step."""

    def __init__(self, encoder: nn.Module, objective: nn.Module) -> None:
        super().__init__()
        self.encoder, self.objective = encoder, objective

    def forward(self, batch: Batch) -> tuple[Tensor, ...] | dict[str, Tensor]:
        """Features, of an objective that compares rows; else the terms of the loss."""
        if isinstance(self.objective, ByRows):
            return self.objective.features(self.encoder, batch)
        return self.objective(self.encoder, batch)


def check_parts(objective: nn.Module, parts: int) -> None:
    """Refuse several parts, one after the other or in several processes, for what needs its batch whole."""
    parts *= world()
    if parts > 1 and not isinstance(objective, ByRows):
        raise ValueError(
            f"{type(objective).__name__} needs its whole batch at once and cannot be given {parts} parts; use one"
        )


def gradients(fabric: Fabric, model: nn.Module, parts: Sequence[Batch], sources: Sequence[torch.Generator]) -> dict:
    """Add the gradient of the loss of a batch to the weights; of several processes, each has a summand.

    Parameters
    ----------
    fabric : Fabric
        Knows precision and device.
    model : nn.Module
        A :class:`Step` as `fabric` has set it up.
    parts : sequence of batches
        Together the batch.
    sources : sequence of torch.Generator
        What the objective draws from.

    Returns
    -------
    dict of scalar Tensor
        The terms of the loss.
    """
    objective = model.module.objective
    if not isinstance(objective, ByRows):
        terms = model(parts[0])
        fabric.backward(_sum(terms))
        return terms
    if len(parts) == 1:
        with fabric.autocast():
            terms = objective.terms(*map(gathered, model(parts[0])))
        fabric.backward(_sum(terms))
        return terms
    made, again = _without_gradients(model, parts, sources)
    rows = [torch.cat(columns).requires_grad_(columns[0].is_floating_point()) for columns in zip(*made, strict=True)]
    with fabric.autocast():
        terms = objective.terms(*map(gathered, rows))
    wanted = [number for number, row in enumerate(rows) if row.requires_grad]
    ways = torch.autograd.grad(_sum(terms), [rows[number] for number in wanted], allow_unused=True)
    sizes = [len(columns[0]) for columns in made]
    slopes = {number: way.split(sizes) for number, way in zip(wanted, ways, strict=True) if way is not None}
    for number, (part, rewind) in enumerate(zip(parts, again, strict=True)):
        rewind()
        features = model(part)
        pulls = [(features[k] * slope[number]).sum() for k, slope in slopes.items() if features[k].requires_grad]
        fabric.backward(torch.stack(pulls).sum())
    return terms


def _without_gradients(
    model: nn.Module, parts: Sequence[Batch], sources: Sequence[torch.Generator]
) -> tuple[list[tuple[Tensor, ...]], list[Callable[[], None]]]:
    """Features of each part, and for each what brings all draws back to where they were before it."""
    made, again = [], []
    with torch.no_grad(), _statistics_kept(model):
        for part in parts:
            again.append(_rewind(sources, next(model.parameters()).device))
            made.append(model(part))
    return made, again


def _rewind(sources: Sequence[torch.Generator], device: torch.device) -> Callable[[], None]:
    states = [source.get_state() for source in sources]
    everywhere = torch.get_rng_state()  # what dropout draws from
    on_gpu = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def back() -> None:
        for source, state in zip(sources, states, strict=True):
            source.set_state(state)
        torch.set_rng_state(everywhere)
        if on_gpu is not None:
            torch.cuda.set_rng_state(on_gpu, device)

    return back


@contextmanager
def _statistics_kept(model: nn.Module) -> Iterator[None]:
    """The running statistics of batch norms as they were: each part shall count once."""
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    kept = [(buffer, buffer.clone()) for norm in norms for buffer in norm.buffers()]
    yield
    for buffer, before in kept:
        buffer.copy_(before)


def _sum(terms: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()

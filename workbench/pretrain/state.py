"""Where a run stands, as named tensors and plain numbers: what a checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class RunState:
    """All that going on takes."""

    tensors: dict[str, Tensor]
    """On the CPU: ``model.…`` (encoder, head, teacher, queue), ``optimizer.…`` and ``source.…`` (generators)."""

    numbers: dict[str, object]
    """Steps done, samples, seconds, and what else JSON has words for."""

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors under a name, without it."""
        start = f"{name}."
        return {key.removeprefix(start): tensor for key, tensor in self.tensors.items() if key.startswith(start)}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimiser remembers of each parameter, as ``optimizer.NUMBER.NAME``."""
    return {
        f"optimizer.{number}.{name}": value
        for number, memory in optimizer.state_dict()["state"].items()
        for name, value in memory.items()
        if isinstance(value, Tensor)
    }


def take_optimizer(optimizer: torch.optim.Optimizer, state: RunState) -> None:
    """Let an optimiser remember what another of its kind did."""
    memory: dict[int, dict[str, Tensor]] = {}
    for key, value in state.part("optimizer").items():
        number, _, name = key.partition(".")
        memory.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": memory, "param_groups": optimizer.state_dict()["param_groups"]})

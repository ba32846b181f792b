"""How fast a run learns at which step, and when it has learnt enough."""

from __future__ import annotations

import math

from torch import Tensor


def warm_cosine(step: int, *, steps: int) -> float:
    """Share of the peak rate at a step: it rises over the first tenth of the steps and falls along a cosine."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


class Plateau:
    """Tells when a loss has stopped falling; it makes the host wait for the device once in `patience` steps."""

    def __init__(self, patience: int) -> None:
        self.patience, self.count, self.total, self.before = patience, 0, 0.0, math.inf

    def is_flat(self, loss: Tensor) -> bool:
        """Whether the loss of the latest steps is no lower than that of as many before; asked once a step."""
        if not self.patience:
            return False
        self.count, self.total = self.count + 1, self.total + loss
        if self.count < self.patience:
            return False
        mean, before = float(self.total) / self.patience, self.before
        self.count, self.total, self.before = 0, 0.0, mean
        return mean > 0.999 * before

    def state(self) -> list[float | None]:
        """As JSON has words for it."""
        return [self.count, float(self.total), self.before if math.isfinite(self.before) else None]

    def take(self, state: list[float | None]) -> None:
        """Stand where that was."""
        self.count, self.total = state[0], state[1]
        self.before = math.inf if state[2] is None else state[2]

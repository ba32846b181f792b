"""Where a training stands, as it is told to whoever watches: a report now and then, every step in it."""

from __future__ import annotations

from dataclasses import dataclass


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
    import psutil
    import torch

    held = {"memory_bytes": psutil.Process().memory_info().rss}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        held["gpu_bytes"] = torch.cuda.memory_allocated()
    return held

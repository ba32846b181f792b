"""How far two encoders that learn together agree, for whoever watches."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two encoders agree, on pixels drawn once."""

    diagonal: Tensor
    """Correlation of each feature between the two, shape (width,), on the CPU."""

    n_common: int
    """So many of them, the first, shall come to 1; the others to 0."""

    alone: dict[str, float]
    """``first`` and ``second``: share of the variance of the other's embedding that each alone predicts."""

    def told(self) -> dict[str, float | None]:
        """In four numbers: mean correlation of the common features, mean size of the unique ones', both ``alone``."""
        common, unique = self.diagonal[: self.n_common], self.diagonal[self.n_common :].abs()
        means = {
            name: float(part.mean()) if len(part) else None for name, part in (("common", common), ("unique", unique))
        }
        return {**means, **{f"{name}_alone": share for name, share in self.alone.items()}}

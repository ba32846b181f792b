"""How two encoders learn together, as one value that can be stored and replayed."""

from __future__ import annotations

from dataclasses import dataclass, fields

from workbench.pretrain.recipe import AUTO, Recipe


@dataclass(frozen=True, slots=True)
class PairRecipe:
    """How two encoders learn from two cubes of one place, by DeCUR. Fields not said here are those of ``Recipe``."""

    common: float = 0.875
    """Share of the features that shall agree in both, 0 to 1; the others are each one's own."""

    encoder: str = AUTO
    """Kind of both encoders."""

    steps: int = 800

    pairs: int = 512

    learning_rate: float = 1e-3

    reach: int | None = None

    dim: int = 64
    """Length of each embedding."""

    patience: int = 0

    seed: int = 0

    precision: str = "32-true"

    accumulate: int = 1

    optimizer: str = "adamw"

    compiled: bool = False

    crop: int | None = None
    """Side of the patches that encoders of patches see [pixels]; None takes the encoder's own."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant."""
        self.half()
        if not 0 <= self.common <= 1:
            raise ValueError(f"common is a share of the features, 0 to 1, got {self.common:g}; try 0.875")
        if self.crop is not None and self.crop < 1:
            raise ValueError(f"crop is the side of a patch in pixels, at least 1, got {self.crop}; try 64")

    def half(self) -> Recipe:
        """The same choices for one encoder."""
        names = (field.name for field in fields(self) if field.name not in ("common", "crop"))
        return Recipe(**{name: getattr(self, name) for name in names})

"""Values hidden by a product's quality masks, when they are asked for and only those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.stored import Source


class Hides(Protocol):
    """Anything that says which values of a selection are to be hidden: an array that fits it, or has one band."""

    def __getitem__(self, key: tuple) -> NDArray[np.bool_]:
        """Dims are kept."""
        ...


@dataclass(frozen=True, eq=False)
class Flag:
    """Where a product's quality plane holds certain numbers."""

    plane: Source
    """Of dims (y, x), or with bands and the layout of the values it is about."""

    layout: tuple[str, str, str]
    """Names of the dims of the values it is about."""

    raised: tuple[int, ...]
    """Numbers that say so."""

    def __getitem__(self, key: tuple) -> NDArray[np.bool_]:
        """In the layout, one band for all where the plane has no bands."""
        if len(self.plane.shape) == len(self.layout):
            return np.isin(self.plane[key], self.raised)
        at = dict(zip(self.layout, key, strict=True))
        found = np.isin(self.plane[at["y"], at["x"]], self.raised)
        return np.expand_dims(found, self.layout.index("band"))


@dataclass(frozen=True, eq=False)
class Masked:
    """A source whose values are NaN where one of some flags is raised."""

    source: Source
    flags: tuple[Hides, ...]
    """Each in the source's layout."""

    dtype = np.dtype("float32")

    @property
    def shape(self) -> tuple[int, ...]:
        """As the source's."""
        return self.source.shape

    def __getitem__(self, key: tuple) -> NDArray[np.float32]:
        """Dims are kept."""
        values = np.array(self.source[key], dtype="float32")
        for flag in self.flags:
            values[np.broadcast_to(flag[key], values.shape)] = np.nan
        return values


def chosen_masks(mask: str | Sequence[str] | None, known: Mapping[str, object], path: Path) -> list[str]:
    """Names in the option `mask`, as a list or parted by commas; one that the product lacks is refused."""
    asked = mask.split(",") if isinstance(mask, str) else mask or ()
    names = [name.strip().lower() for name in asked if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        has = f"has {', '.join(known)}" if known else "has none beside it or in it"
        raise CubeError(f"mask= names quality masks of the product, got {unknown[0]!r}, but {path.name} {has}")
    return names

"""What one may know of an encoder before it is made: a row of the table in ``encoders``."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import nn


@dataclass(frozen=True, slots=True)
class EncoderKind:
    """One kind of encoder, as the user may choose it."""

    name: str
    """As typed on the command line."""

    title: str
    """What it sees, in a few words."""

    paper: str
    """Where it comes from."""

    needs: str
    """What a scene must have for it."""

    module: type[nn.Module]
    """Its class; :meth:`make` makes one."""

    arguments: dict
    """What sets it apart from other rows of the same class."""

    reach: int
    """How far away its training looks for a neighbour, unless told [pixels]."""

    dim: int | None = None
    """Length of its embeddings, if that cannot be chosen."""

    knows_wavelengths: bool = False
    """Whether it is told the bands' wavelengths when it is made."""

    @property
    def size(self) -> int:
        """Side of the patches it learns from [pixels]; 0 if it learns from window means."""
        return self.arguments.get("size", 0)

    @property
    def windows(self) -> tuple[int, ...]:
        """Odd widths of the windows whose means it learns from; none if it learns from patches."""
        return () if self.size else self.arguments.get("windows", (1,))

    @property
    def footprint(self) -> int:
        """Width of the square of pixels an embedding depends on."""
        return self.size | 1 if self.size else max(self.windows)

    def seeing(self, crop: int | None) -> EncoderKind:
        """The same on patches of `crop` pixels across; None leaves it as it is.

        Raises
        ------
        ValueError
            If it is no encoder of patches and sees another width.
        """
        if self.size and crop:
            return replace(self, arguments={**self.arguments, "size": crop})
        if crop not in (None, self.footprint):
            raise ValueError(
                f"the encoder {self.name} sees {self.footprint} pixels across, got a crop of {crop}; leave crop out, "
                "or choose an encoder of patches"
            )
        return self

    def make(self, n_bands: int, dim: int, wavelength: NDArray[np.floating]) -> nn.Module:
        """A fresh one for `n_bands` bands centred at `wavelength` [nm]; `dim` counts where it can be chosen."""
        chosen = {} if self.dim else {"dim": dim}
        told = {"wavelength": wavelength.tolist()} if self.knows_wavelengths else {}
        return self.module(n_bands, **self.arguments, **chosen, **told)

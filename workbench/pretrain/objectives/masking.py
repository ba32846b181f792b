"""What is hidden from an encoder that must guess it: groups of neighbouring bands, as many in every sample.

Neighbouring bands say nearly the same, so hiding single bands hides nothing. Of a patch, squares of pixels may be
hidden group by group; of window means a group is hidden in every window, for the wide ones nearly give the pixel away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.pretrain.processes import drawn


@dataclass(frozen=True)
class Masking:
    """How much is hidden, in what pieces, and where its draws come from."""

    ratio: float
    """Share of the pieces that is hidden, between 0 and 1."""

    group: int
    """Neighbouring bands that are hidden together."""

    cell: int = 0
    """Side of the squares of a patch [pixels]; 0 hides a group in the whole patch."""

    generator: torch.Generator | None = None
    """Source of the draws."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 0 < self.ratio < 1 or self.group < 1 or self.cell < 0:
            raise ValueError(
                f"a share between 0 and 1 of groups of at least 1 band is hidden, got ratio={self.ratio:g}, "
                f"group={self.group} and cell={self.cell}; use for example 0.6, 8 and 0"
            )

    def __call__(self, pixels: Tensor) -> Tensor:
        """Where `pixels` (n, n_bands, …) are hidden, as :func:`hidden_groups` says; never where there is no data."""
        return hidden_groups(pixels, self.ratio, self.group, self.cell, self.generator) & pixels.isfinite()

    @contextmanager
    def seeded(self) -> Iterator[None]:
        """Make weights by the same source, and leave the global one alone."""
        device = "cpu" if self.generator is None else self.generator.device
        seed = torch.randint(2**31, (1,), generator=self.generator, device=device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(seed))
            yield


def hidden_groups(
    batch: Tensor, ratio: float, group: int, cell: int = 0, generator: torch.Generator | None = None
) -> Tensor:
    """Where each sample is hidden: a fixed share of its groups of bands, or of such groups in squares of pixels.

    Parameters
    ----------
    batch : Tensor of shape (n, n_bands, n_windows) or (n, n_bands, size, size)
        Only its shape and device are looked at.
    ratio : float
        Share of the pieces that is hidden, between 0 and 1; at least one piece is, and one is not.
    group : int
        Neighbouring bands that are hidden together; the last group may have fewer.
    cell : int
        Side of the squares of a patch [pixels]; the last ones may be smaller. 0 hides a group in the whole patch.
    generator : torch.Generator, optional
        Source of the draws.

    Returns
    -------
    Tensor of bool, of the shape of `batch`
        Exactly ``pieces_hidden`` pieces of every sample.

    Raises
    ------
    ValueError
        If there are fewer than two pieces.
    """
    n, n_bands, *place = batch.shape
    tall, wide = (-(-size // cell) for size in place) if cell and len(place) == 2 else (1, 1)
    bands = -(-n_bands // group)
    hidden = pieces_hidden(bands * tall * wide, ratio)
    order = drawn(torch.rand, (n, bands * tall * wide), generator=generator, device=batch.device).argsort(dim=1)
    pieces = (order.argsort(dim=1) < hidden).view(n, bands, tall, wide)
    mask = pieces.repeat_interleave(group, dim=1)[:, :n_bands]
    if tall * wide == 1:
        return mask.view(n, n_bands, *[1] * len(place)).expand(batch.shape)
    return mask.repeat_interleave(cell, dim=2)[:, :, : place[0]].repeat_interleave(cell, dim=3)[..., : place[1]]


def pieces_hidden(pieces: int, ratio: float) -> int:
    """How many of so many pieces are hidden.

    Examples
    --------
    >>> pieces_hidden(20, 0.6), pieces_hidden(3, 0.01), pieces_hidden(3, 0.99)
    (12, 1, 2)
    """
    if pieces < 2:
        raise ValueError(f"some of at least 2 pieces are hidden, got {pieces}; take smaller groups of bands")
    return min(max(1, round(ratio * pieces)), pieces - 1)

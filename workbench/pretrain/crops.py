"""Crops, flips and quarter turns of patches as batched tensor operations: no loop over samples, no worker.

From the air there is no up: all eight flips and turns of a patch are as likely. A crop is resized to one size for the
whole batch by sampling it bilinearly; pixels without data take no part, and what has no data near it stays NaN. A pixel
has data in all bands or in none. A crop that is turned as well is sampled at turned places: one pass over the numbers.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample

from workbench.pretrain.processes import drawn

RATIO = 4 / 3
"""A crop is at most this much wider than high, or higher than wide, as in the papers."""


def turn(patches: Tensor, generator: Generator | None = None) -> Tensor:
    """Each patch flipped and turned by quarters at random, its values unchanged.

    Parameters
    ----------
    patches : Tensor of shape (n, n_bands, size, size)
        NaN where there is no data.
    generator : torch.Generator, optional
        Source of the draws.
    """
    return _turned(patches, random_turns(len(patches), generator, patches.device), (-2, -1))


def random_turns(n: int, generator: Generator | None = None, device: torch.device | str = "cpu") -> Tensor:
    """Which of `n` patches are flipped across, flipped down and transposed: bool, shape (3, n, 1, 1, 1)."""
    return drawn(torch.rand, (3, n, 1, 1, 1), 1, generator=generator, device=device) < 0.5


def _turned(values: Tensor, turns: Tensor, axes: tuple[int, int]) -> Tensor:
    """Each of `values` moved as `turns` says; `axes` run down and across."""
    down, across = axes
    moves = (lambda v: v.flip(across), lambda v: v.flip(down), lambda v: v.transpose(down, across))
    for coin, move in zip(turns, moves, strict=True):
        values = torch.where(coin, move(values), values)
    return values


def random_boxes(
    n: int, area: tuple[float, float], generator: Generator | None = None, device: torch.device | str = "cpu"
) -> Tensor:
    """Where to crop: share of a patch's area uniform in `area`, place uniform, sides within ``RATIO`` of each other.

    Parameters
    ----------
    n : int
        Boxes wanted.
    area : tuple of float
        Least and largest share of the patch's area, 0 to 1.
    generator : torch.Generator, optional
        Source of the draws.
    device : torch.device or str
        Where they are wanted.

    Returns
    -------
    Tensor of shape (n, 4)
        Left, top, width, height as shares of the patch's side. A box that would be wider or higher than the patch is
        cut to it.
    """
    share, bend, across, down = drawn(torch.rand, (4, n), 1, generator=generator, device=device)
    side = (area[0] + (area[1] - area[0]) * share).sqrt()
    stretch = torch.exp((bend - 0.5) * math.log(RATIO))
    width, height = (side * stretch).clamp(max=1), (side / stretch).clamp(max=1)
    return torch.stack([across * (1 - width), down * (1 - height), width, height], dim=1)


def resized_crop(patches: Tensor, boxes: Tensor, size: int | None = None, turns: Tensor | None = None) -> Tensor:
    """Cut one box out of each patch, bring it to a size, and turn it if asked to.

    Parameters
    ----------
    patches : Tensor of shape (n, n_bands, size, size)
        NaN where there is no data.
    boxes : Tensor of shape (n, 4)
        Left, top, width, height as shares of the patch's side.
    size : int, optional
        Side of the result [pixels]; by default that of the patches.
    turns : Tensor, optional
        As :func:`random_turns` gives them.

    Returns
    -------
    Tensor of shape (n, n_bands, size, size)
        Bilinear between the pixels with data; NaN where none of the four nearest has any.
    """
    size = size or patches.shape[-1]
    steps = (torch.arange(size, device=patches.device, dtype=patches.dtype) + 0.5) / size
    # grid_sample counts from -1 to 1 across the patch.
    column, row = (2 * (boxes[:, k, None] + boxes[:, k + 2, None] * steps) - 1 for k in (0, 1))
    places = torch.stack([column[:, None].expand(-1, size, -1), row[:, :, None].expand(-1, -1, size)], dim=-1)
    if turns is not None:
        places = _turned(places, turns, (1, 2))
    has_data = patches[:, :1].isfinite()
    weight = _sample(has_data.to(patches.dtype), places)
    return _sample(patches.where(has_data, 0.0), places).div_(weight.where(weight > 0, torch.nan))


def _sample(values: Tensor, places: Tensor) -> Tensor:
    return grid_sample(values, places, mode="bilinear", padding_mode="border", align_corners=False)

"""Means over square windows, of a whole block at once or of one patch a pixel: the same numbers both ways.

A window's mean is over the pixels in it that have data; those outside the scene have none. A window with no data at
its centre is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional


def window_means(block: Tensor, windows: Sequence[int]) -> Tensor:
    """Means of the windows round every pixel.

    Parameters
    ----------
    block : Tensor of shape (n_bands, height, width)
        NaN where there is no data.
    windows : sequence of int
        Odd widths [pixels]; 1 is the pixel itself.

    Returns
    -------
    Tensor of shape (n_bands, n_windows, height, width)
    """
    has_data = block[:1].isfinite()
    filled = block if has_data.all() else block.where(has_data, 0.0)
    weight = has_data.to(block.dtype)
    means = block.new_empty((len(block), len(windows), *block.shape[1:]))
    for k, size in enumerate(windows):
        if size == 1:
            means[:, k] = block
        else:
            # No data at the centre: a weight of NaN makes the mean NaN.
            torch.div(_box(filled, size), _box(weight, size).where(has_data, torch.nan), out=means[:, k])
    return means


def centre_means(patches: Tensor, windows: Sequence[int]) -> Tensor:
    """Means of the windows round the centre of each patch.

    Parameters
    ----------
    patches : Tensor of shape (n, n_bands, size, size)
        `size` odd and at least the largest window; NaN where there is no data or no scene.
    windows : sequence of int
        Odd widths [pixels].

    Returns
    -------
    Tensor of shape (n, n_bands, n_windows)
    """
    middle = patches.shape[-1] // 2
    means = []
    for size in windows:
        low, high = middle - size // 2, middle + size // 2 + 1
        means.append(patches[..., low:high, low:high].flatten(2).nanmean(dim=2))
    return torch.stack(means, dim=2).where(patches[..., middle, middle, None].isfinite(), torch.nan)


def patches_at(block: Tensor, rows: ArrayLike, columns: ArrayLike, size: int) -> Tensor:
    """Patches round some pixels of a block.

    Parameters
    ----------
    block : Tensor of shape (n_bands, height, width)
        NaN where there is no data.
    rows, columns : array-like of int, shape (n,)
        Their places in the block.
    size : int
        Odd side of a patch [pixels].

    Returns
    -------
    Tensor of shape (n, n_bands, size, size)
        NaN where a patch leaves the block.
    """
    wide = functional.pad(block, (size // 2,) * 4, value=torch.nan)
    return wide.unfold(1, size, 1).unfold(2, size, 1)[:, rows, columns].transpose(0, 1)


def _box(block: Tensor, size: int) -> Tensor:
    """Sum over a window: down the columns, then along the rows, shifted copies added; outside is zero."""
    for axis in (1, 2):
        length, half = block.shape[axis], size // 2
        total = block.clone()
        for step in range(1, min(half, length - 1) + 1):
            total.narrow(axis, 0, length - step).add_(block.narrow(axis, step, length - step))
            total.narrow(axis, step, length - step).add_(block.narrow(axis, 0, length - step))
        block = total
    return block

"""Two cubes of one place, drawn together: the same pixels and the same neighbours from each.

Radar beside reflectance, or one half of a spectrum beside the other. Both are drawn from as a single scene is, by
equal seeds; a pixel counts only where both have data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from workbench.cubes import good_bands, valid_pixels
from workbench.patches.patch_pairs import PatchPairs
from workbench.patches.sampling import MEMORY, ScenePairs


class TwoScenes:
    """Endless batches of neighbouring pixels, each as two cubes on one grid have them.

    Parameters
    ----------
    first, second : xarray.DataArray of shape (n_bands, height, width)
        Of one grid; their bands, units and bad bands may differ. Where either has no data, neither counts.
    windows, n, reach, seed, share, device, memory
        As in :class:`workbench.patches.ScenePairs`; `memory` is for both together.
    size : int
        Side of patches, odd [pixels], which then come in place of window means; 0 for none.

    Attributes
    ----------
    sides : tuple of two ScenePairs, or of two PatchPairs
        What is drawn of each cube, with its ``scaler``.

    Raises
    ------
    ValueError
        If the cubes are not on one grid.
    """

    def __init__(
        self,
        first: xr.DataArray,
        second: xr.DataArray,
        windows: Sequence[int] = (1,),
        *,
        size: int = 0,
        n: int = 512,
        reach: int = 0,
        seed: int = 0,
        share: tuple[int, int] = (0, 1),
        device: str | torch.device = "cpu",
        memory: int | None = None,
    ) -> None:
        check_one_grid(first, second)
        both = (valid_pixels(first) & valid_pixels(second)).compute()
        memory = memory or MEMORY.get(torch.device(device).type, 2 * 2**30)
        bands = [int(good_bands(cube).sum()) for cube in (first, second)]
        # The same number of pixels of each, or the seeds would choose different ones.
        held = 1 if size else len(windows)
        affordable = max(1, memory // (4 * sum(bands) * held))
        how = {"n": n, "reach": reach, "seed": seed, "share": share, "device": device}
        sides = []
        for cube, n_bands in zip((first, second), bands, strict=True):
            known, own = cube if both.all() else cube.where(both), affordable * 4 * n_bands * held
            sides.append(
                PatchPairs(known, size, memory=own, **how) if size else ScenePairs(known, windows, memory=own, **how)
            )
        self.sides = tuple(sides)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Pixel and neighbour of the first cube, then the same two of the second.

        Each is of shape (n, n_bands, n_windows), or of patches (n, n_bands, size, size).
        """
        for first, second in zip(*self.sides, strict=True):
            yield *first, *second


def check_one_grid(first: xr.DataArray, second: xr.DataArray) -> None:
    """Refuse two cubes whose pixels do not lie on each other."""
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(
            f"two cubes of one place have one grid, got {first.shape[1:]} and {second.shape[1:]} pixels; "
            "lay one on the other's grid with workbench.cubes.stack"
        )
    for axis in ("y", "x"):
        one, other = (cube[axis].values.astype("float64") for cube in (first, second))
        step = np.abs(np.diff(one)).min(initial=1.0)
        if np.abs(one - other).max() > 1e-3 * step:
            raise ValueError(
                f"two cubes of one place have one grid, but {axis} begins at {one[0]:g} and at {other[0]:g}; "
                "lay one on the other's grid with workbench.cubes.stack"
            )

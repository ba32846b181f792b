"""How far a scene's spectra stay alike: what tells, without a label, whether a pixel's neighbours are the same cover.

Where fields are wide, the means of a pixel's surroundings and a neighbour as the second view help greatly; where pixels
are coarse and every neighbour is something else, both teach the encoder to forget the borders.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor

from workbench.patches import BandScaler, scene_tensor

MOST = 256
"""Side of the part of the scene that is looked at [pixels]."""


def likeness(cube: xr.DataArray, distances: Sequence[int]) -> list[float]:
    """Correlation of two pixels' spectra at some distances, over all bands: 1 for equal, 0 for any two of the scene.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; of a larger one its middle is read.
    distances : sequence of int
        Along rows and columns [pixels].

    Returns
    -------
    list of float
        One minus the semivariance at each distance over the variance, bands scaled to equal spread; 0 where the scene
        is not as wide as that.

    References
    ----------
    Curran (1988). *The Semivariogram in Remote Sensing: An Introduction.* Remote Sensing of Environment 24.
    doi:10.1016/0034-4257(88)90021-1
    """
    top, left = (max(0, (size - MOST) // 2) for size in cube.shape[1:])
    middle = scene_tensor(cube.isel(y=slice(top, top + MOST), x=slice(left, left + MOST)))
    scaled = BandScaler(len(middle)).fit(middle)(middle[None])[0]
    variance = float(scaled.square().mean(dim=0).nanmean())
    return [1 - _mean_square_step(scaled, distance) / (2 * variance or 1) for distance in distances]


def _mean_square_step(scaled: Tensor, distance: int) -> float:
    """Mean squared difference of two pixels at a distance; that of unrelated pixels where there are none."""
    steps = [
        (scaled.narrow(axis, distance, size - distance) - scaled.narrow(axis, 0, size - distance)).square().mean(dim=0)
        for axis, size in ((1, scaled.shape[1]), (2, scaled.shape[2]))
        if size > distance
    ]
    found = torch.cat([step[step.isfinite()] for step in steps]) if steps else torch.empty(0)
    return float(found.double().mean()) if found.numel() else 2 * float(scaled.square().mean(dim=0).nanmean())

"""How far a scene's spectra stay alike: what tells, without a label, whether a pixel's neighbours are the same cover.

Where fields are wide, the means of a pixel's surroundings and a neighbour as the second view help greatly; where pixels
are coarse and every neighbour is something else, both teach the encoder to forget the borders.
"""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from workbench.patches import BandScaler, scene_tensor

MOST = 512
"""Side of the part of the scene that is looked at [pixels]."""


def likeness(cube: xr.DataArray, distance: int) -> float:
    """Correlation of two pixels' spectra at a distance, over all bands: 1 for equal, 0 for any two of the scene.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; of a larger one its middle is read.
    distance : int
        Along rows and columns [pixels].

    Returns
    -------
    float
        One minus the semivariance at that distance over the variance, bands scaled to equal spread; 0 where the scene
        is not as wide as that.

    References
    ----------
    Curran (1988). *The Semivariogram in Remote Sensing: An Introduction.* Remote Sensing of Environment 24.
    doi:10.1016/0034-4257(88)90021-1
    """
    top, left = (max(0, (size - MOST) // 2) for size in cube.shape[1:])
    middle = scene_tensor(cube.isel(y=slice(top, top + MOST), x=slice(left, left + MOST)))
    scaled = BandScaler(len(middle)).fit(middle)(middle[None])[0]
    height, width = scaled.shape[1:]
    pairs = [
        (scaled.narrow(axis, distance, size - distance), scaled.narrow(axis, 0, size - distance))
        for axis, size in ((1, height), (2, width))
        if size > distance
    ]
    steps = torch.cat([(one - other).square().mean(dim=0).flatten() for one, other in pairs]) if pairs else scaled[:0]
    variance = float(scaled.square().mean(dim=0).nanmean())
    if not steps.isfinite().any() or variance == 0:
        return 0.0
    return 1 - float(np.float64(steps.nanmean())) / (2 * variance)

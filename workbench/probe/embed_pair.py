"""The embedding of two cubes of one place by two encoders that learnt together."""

from __future__ import annotations

import numpy as np
import xarray as xr

from workbench.patches.two_scenes import check_one_grid
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.probe.embed import embed, like_scene


def embed_pair(
    first: xr.DataArray, second: xr.DataArray, encoder: PairEncoder, *, block: int = 256, device: str = "auto"
) -> xr.DataArray:
    """Features of the first cube and then of the second at every pixel, in memory, for any model of an embedding.

    Parameters
    ----------
    first, second : xarray.DataArray of shape (n_bands, height, width)
        On one grid; the bands of each encoder are found in its cube by wavelength.
    encoder : PairEncoder
        As :func:`workbench.pretrain.pretrain_pair` makes it.
    block, device
        As in :func:`workbench.probe.embed`.

    Returns
    -------
    xarray.DataArray of shape (encoder.dim, height, width), float32
        Dims (``feature``, ``y``, ``x``); NaN where either cube has no data.

    Raises
    ------
    ValueError
        If the cubes are not on one grid, or one lacks a band of its encoder or is in other units.
    """
    check_one_grid(first, second)
    parts = [
        embed(cube, half, block=block, device=device).values
        for cube, half in ((first, encoder.first), (second, encoder.second))
    ]
    values = np.concatenate(parts)
    values[:, ~np.isfinite(values).all(axis=0)] = np.nan
    return like_scene(values, first)

"""From a cube to a tensor: only the good bands, and a pixel that misses one of them misses all."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from workbench.cubes import good_bands

DEVICES = ("cpu", "cuda", "mps")
"""What the workbench computes on."""


def pick_device(device: str = "auto") -> torch.device:
    """Where to compute.

    Parameters
    ----------
    device : str
        ``"auto"`` takes a GPU where there is one (CUDA, then Apple's MPS), else the CPU; anything else is torch's name.

    Raises
    ------
    ValueError
        If torch does not know the device, or it is not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        if torch.device(device).type not in DEVICES:
            raise RuntimeError(f"not one of {DEVICES}")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(f"device {device!r} is not here; use 'auto' or 'cpu'") from error
    return torch.device(device)


def scene_tensor(cube: xr.DataArray, device: str | torch.device = "cpu", bands: NDArray | None = None) -> Tensor:
    """The good bands of a cube, or of a block of one.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Lazy cubes are read here.
    device : str or torch.device
        Where the tensor is wanted.
    bands : ndarray of int or bool, optional
        Other bands than the good ones.

    Returns
    -------
    Tensor of shape (n_chosen, height, width), float32
        In the cube's units. NaN in every band of a pixel that lacks any of them.
    """
    chosen = good_bands(cube) if bands is None else bands
    values = np.array(cube.isel(band=chosen).values, dtype="float32", order="C", copy=None)
    has_data = np.isfinite(values).all(axis=0)
    if not has_data.all():
        values = np.where(has_data, values, np.float32(np.nan))
    return torch.from_numpy(values if values.flags.writeable else values.copy()).to(device)

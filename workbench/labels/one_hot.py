"""Labels of patches in an HDF5 file, a row each with a 1 at its class, as So2Sat keeps them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray


def one_hot_labels(path: str | Path, name: str) -> NDArray[np.intp]:
    """Classes 0…K−1 of the rows of the array `name` in an HDF5 file; no image is read.

    Raises
    ------
    ValueError
        If the file is damaged or has no such array of two axes.
    """
    try:
        with h5py.File(path, "r") as file:
            rows = file[name][:]
    except (OSError, KeyError) as error:
        raise ValueError(f"{path} has no array {name!r} of labels, or is damaged ({error}); copy it again") from error
    if rows.ndim != 2:
        raise ValueError(f"labels are a row a patch, but {name!r} in {path} has the shape {rows.shape}; copy it again")
    return rows.argmax(axis=1)

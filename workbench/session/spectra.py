"""The mean spectrum of each class's labelled pixels, or of any others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import read_pixels

MOST = 400
"""Labelled pixels a class whose spectra are read for its mean."""

Shaper = Callable[[NDArray], NDArray]
"""Spectra (n, n_bands) to others of the same shape."""


def class_spectra(
    cube: xr.DataArray,
    labels: xr.DataArray,
    read: dict[tuple[int, int], NDArray] | None = None,
    shaper: Shaper | None = None,
) -> dict[int, tuple[NDArray, NDArray]]:
    """Mean and standard deviation of the labelled pixels' spectra.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K classes.
    read : dict of (row, column) to spectrum, optional
        What was read before; what is read now is put there, so that after a label only its own pixels are.
    shaper : callable, optional
        What is done to each spectrum (n, n_bands) before the mean is taken.

    Returns
    -------
    dict of (mean, sd)
        Each of shape (n_bands,), by class code, over at most 400 pixels a class, evenly chosen; NaN does not count.
    """
    rows, columns = np.nonzero(labels.values)
    codes = labels.values[rows, columns]
    found = {}
    for code in np.unique(codes):
        which = np.flatnonzero(codes == code)
        which = which[np.linspace(0, len(which) - 1, min(len(which), MOST)).astype(int)]
        found[int(code)] = mean_spectrum(cube, rows[which], columns[which], read, shaper)
    return found


def mean_spectrum(
    cube: xr.DataArray,
    rows: NDArray,
    columns: NDArray,
    read: dict[tuple[int, int], NDArray] | None = None,
    shaper: Shaper | None = None,
) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation of some pixels' spectra, each of shape (n_bands,); NaN does not count.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    rows, columns : ndarray of int, shape (n,)
        Which pixels, at least one.
    read, shaper : optional
        As :func:`class_spectra` takes them.
    """
    values = _spectra(cube, rows, columns, {} if read is None else read)
    values = values if shaper is None else shaper(values)
    known = np.isfinite(values)
    n = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / n
    spread = np.sqrt(np.where(known, (values - mean) ** 2, 0).sum(axis=0) / n)
    seen = known.any(axis=0)
    return np.where(seen, mean, np.nan), np.where(seen, spread, np.nan)


def _spectra(cube: xr.DataArray, rows: NDArray, columns: NDArray, read: dict[tuple[int, int], NDArray]) -> NDArray:
    """(n, n_bands), as float64 for sums."""
    if cube.chunks is None:
        return read_pixels(cube, rows, columns).astype("float64")
    pixels = list(zip(rows.tolist(), columns.tolist(), strict=True))
    new = [i for i, pixel in enumerate(pixels) if pixel not in read]
    for i, values in zip(new, read_pixels(cube, rows[new], columns[new]), strict=True):
        read[pixels[i]] = values
    return np.stack([read[pixel] for pixel in pixels]).astype("float64")

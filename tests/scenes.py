"""Small cubes made by hand, for tests that need to know every value."""

from __future__ import annotations

import numpy as np
import xarray as xr

from workbench.cubes import check_cube


def make_cube(values: np.ndarray, wavelength: np.ndarray | None = None, good: np.ndarray | None = None) -> xr.DataArray:
    """Cube of `values` (n_bands, height, width); evenly spaced wavelengths from 450 to 2400 nm unless told."""
    n_bands, height, width = values.shape
    wavelength = np.linspace(450, 2400, n_bands) if wavelength is None else wavelength
    coords = {
        "wavelength": ("band", wavelength),
        "y": np.arange(height) + 0.5,
        "x": np.arange(width) + 0.5,
    }
    if good is not None:
        coords["good"] = ("band", good)
    attrs = {"quantity": "reflectance", "units": "1", "sensor": "", "source": "", "format": ""}
    return check_cube(xr.DataArray(values.astype("float32"), dims=("band", "y", "x"), coords=coords, attrs=attrs))


def two_fields(
    height: int = 24, width: int = 30, n_bands: int = 12, seed: int = 0
) -> tuple[xr.DataArray, xr.DataArray]:
    """Two kinds of ground side by side, with noise, and their truth (1 left, 2 right)."""
    rng = np.random.default_rng(seed)
    spectra = np.stack([np.linspace(0.1, 0.5, n_bands), np.linspace(0.4, 0.2, n_bands)])
    truth = np.where(np.arange(width) < width // 2, 0, 1)[None].repeat(height, axis=0)
    values = spectra[truth].transpose(2, 0, 1) + rng.normal(0, 0.02, (n_bands, height, width))
    cube = make_cube(values)
    labels = xr.DataArray(
        (truth + 1).astype("int16"),
        dims=("y", "x"),
        coords={"y": cube.y, "x": cube.x},
        attrs={"classes": ["left", "right"], "colors": ["#0072b2", "#d55e00"]},
    )
    return cube, labels


def few(labels: xr.DataArray, budget: int, seed: int = 0) -> xr.DataArray:
    """Keep `budget` labels a class, drawn at random."""
    rng = np.random.default_rng(seed)
    kept = np.zeros_like(labels.values)
    for code in range(1, len(labels.attrs["classes"]) + 1):
        where = rng.permutation(np.flatnonzero(labels.values == code))[:budget]
        kept.flat[where] = code
    return labels.copy(data=kept)

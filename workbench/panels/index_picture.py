"""Pictures of one value a pixel, worked out of a few bands: an index of the catalogue, or a formula of one's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import (
    band_title,
    even_sample,
    formula_bands,
    formula_values,
    index_bands,
    read_bands,
    read_window,
    spectral_index,
)
from workbench.panels.pictures import scalar_picture
from workbench.panels.scene_picture import ScenePicture


def picture_of_index(cube: xr.DataArray, name: str, percent: tuple[float, float]) -> tuple[ScenePicture, str]:
    """A spectral index from dark blue to yellow at two percentiles, and a legend in words."""
    bands = index_bands(cube, name)
    made, ends = _picture_of(
        cube, lambda rows, columns: spectral_index(read_window(cube, bands, rows, columns), name).values, percent
    )
    told = spectral_index(read_window(cube, bands, slice(1), slice(1)), name).attrs
    return made, f"{told['long_name']} = {told['formula']}; {ends}"


def picture_of_formula(cube: xr.DataArray, formula: str, percent: tuple[float, float]) -> tuple[ScenePicture, str]:
    """A formula of bands likewise; see :func:`workbench.cubes.band_formula`."""
    taken = formula_bands(cube, formula)

    def values(rows: slice, columns: slice) -> NDArray[np.float32]:
        planes = read_bands(cube, list(taken.values()), rows, columns)
        return formula_values(formula, dict(zip(taken, planes, strict=True)))

    made, ends = _picture_of(cube, values, percent)
    return (
        made,
        f"{formula.strip()}; {ends}; {', '.join(f'{name} = {band_title(cube, taken[name])}' for name in taken)}",
    )


def _picture_of(
    cube: xr.DataArray, values: Callable[[slice, slice], NDArray[np.floating]], percent: tuple[float, float]
) -> tuple[ScenePicture, str]:
    """Values by rows and columns as a picture, and what the ends of its colours stand for."""
    sample = values(*even_sample(cube))
    known = sample[np.isfinite(sample)]
    low, high = (float(v) for v in np.percentile(known, percent)) if known.size else (0.0, 1.0)
    high = high if high > low else low + 1e-6

    def read(rows: slice, columns: slice) -> NDArray[np.uint8]:
        return scalar_picture((values(rows, columns) - low) / (high - low))

    return ScenePicture(cube.shape[1:], read), f"dark blue {low:.3g}, yellow {high:.3g}"

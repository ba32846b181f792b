"""GeoTIFFs of one grid with a date in each name, as a series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.dates import Series, dates_in_names
from workbench.cubes.geotiff import understand_raster
from workbench.cubes.many import rasters_in
from workbench.cubes.mosaic_header import Header
from workbench.cubes.multispectral import stack_of, stack_told
from workbench.cubes.opened import Opened
from workbench.cubes.raster import Raster
from workbench.cubes.raster_words import told


def is_dated(path: Path) -> bool:
    """Whether rasters of a folder or a pattern have a date each, and the first two cover the same ground."""
    paths = rasters_in(path)
    if len(paths) < 2 or not dates_in_names(paths):
        return False
    one, other = (Raster(path) for path in paths[:2])
    return one.shape == other.shape and one.dataset.transform.almost_equals(other.dataset.transform)


def dated_scenes(path: Path, sensor: str) -> Series:
    """GeoTIFFs of one grid, by date."""
    paths = rasters_in(path)
    dates = dates_in_names(paths)
    if not dates:
        raise CubeError(
            f"a series is GeoTIFFs with a date of its own in each name, like b_2015-07-11.tif, but those of {path} "
            "have not; rename them"
        )
    order = np.argsort(dates)
    paths, dates = [paths[i] for i in order], [dates[i] for i in order]
    first = Raster(paths[0])
    shared = Header.of(first.dataset)
    for other in paths[1:]:
        raster = Raster(other)
        difference = shared.differs(Header.of(raster.dataset))
        if not difference and raster.shape != first.shape:
            difference = f"{raster.shape[1:]} pixels where the first has {first.shape[1:]}"
        elif not difference and not first.dataset.transform.almost_equals(raster.dataset.transform, 1e-3):
            difference = "another place than the first"
        elif not difference and str(raster.dataset.nodata) != str(first.dataset.nodata):
            difference = f"nodata {raster.dataset.nodata} where the first has {first.dataset.nodata}"
        if difference:
            raise CubeError(f"dates of a series lie on one grid, but {other.name} has {difference}; leave it out")
    sensor = sensor or stack_told(told(paths[0]), ("sentinel", "landsat"))
    bands = stack_of(sensor, first.shape[0], paths[0].name) if sensor else None
    understood = understand_raster(first, first.dataset, paths[0], bands)
    opened = Opened()

    def scene(i: int) -> xr.DataArray:
        source = Dated(opened, paths[i], first.shape, first.dtype)
        return replace(understood, stored=replace(understood.stored, source=source)).cube()

    return Series(dates, "", len(paths), scene)


@dataclass(frozen=True, eq=False)
class Dated:
    """A raster of a series, open only while it is among the last used."""

    opened: Opened
    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype

    def __getitem__(self, key: tuple) -> NDArray:
        """Bands, rows and columns."""
        return self.opened[self.path][key]

"""Patches of eo-learn: a folder with arrays (time, row, column, band) in ``.npy``, their box and their dates.

``bbox.geojson`` gives the CRS and the rectangle that the pixels fill; ``timestamps.json`` the dates, which belong to
an array only if there are as many as it has scenes. Older patches keep both as pickles, which are never opened.
Wavelengths stand nowhere: an array whose name says Sentinel-2, or ``sensor=``, tells them by the number of bands.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError

from workbench.cubes.contract import CubeError
from workbench.cubes.dates import Series, is_date
from workbench.cubes.grid import place
from workbench.cubes.multispectral import Bands, sensor_told, stack_of
from workbench.cubes.numpy_files import DAMAGE
from workbench.cubes.scaling import understand
from workbench.cubes.sources import lazy_cube
from workbench.cubes.stored import Stored

DIMS = ("y", "x", "band")
"""Dims of one scene of an array."""

_LARGEST = 2**24


def is_patch(path: Path) -> bool:
    """A folder with a box and an array of four dims."""
    if not path.is_dir() or not (path / "bbox.geojson").is_file():
        return False
    return any(len(_shape(file) or ()) == 4 for file in _files(path))


def array_of(path: Path, variable: str) -> Path:
    """The file of the patch's one array of scenes, or of the one named."""
    found = {file.stem: file for file in _files(path) if len(_shape(file) or ()) == 4}
    wanted = [variable] if variable else list(found)
    if len(wanted) != 1 or wanted[0] not in found:
        listed = ", ".join(f"{name} {_shape(file)}" for name, file in found.items()) or "none"
        raise CubeError(f"one array (time, row, column, band) is read, but {path.name} has {listed}; pass variable=")
    return found[wanted[0]]


def dates_of(path: Path, count: int) -> tuple[list[str], str]:
    """Dates of an array of `count` scenes, ISO 8601; none, and why, where they are not known."""
    file = path / "timestamps.json"
    if not file.is_file():
        return [], f"{path.name} has no timestamps.json"
    told = _json(file)
    if not isinstance(told, list) or not all(isinstance(text, str) and is_date(text[:19]) for text in told):
        raise CubeError(f"timestamps.json is a list of dates, but that of {path.name} is not; correct it")
    if len(told) != count:
        return [], f"timestamps.json has {len(told)} dates for {count} scenes, so that none is known"
    return [text[:19] for text in told], ""


def grid_of(path: Path, height: int, width: int) -> tuple[CRS, Affine]:
    """CRS and transform: the box filled with the array's pixels."""
    told = _json(path / "bbox.geojson")
    try:
        name = told["crs"]["properties"]["name"]
        corners = np.array(told["coordinates"][0], dtype=float)
        (left, bottom), (right, top) = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
        crs = CRS.from_user_input(name)
    except (KeyError, TypeError, ValueError, IndexError, CRSError) as error:
        raise CubeError(
            f"bbox.geojson has a CRS and a rectangle, but that in {path.name} has not; copy it again"
        ) from error
    if not (math.isfinite(left + right + top + bottom) and right > left and top > bottom):
        raise CubeError(
            f"bbox.geojson is a rectangle, got x {left:g} to {right:g}, y {bottom:g} to {top:g}; copy it again"
        )
    return crs, Affine((right - left) / width, 0, left, 0, (bottom - top) / height, top)


def scenes(path: Path, variable: str, sensor: str) -> Series:
    """Scenes of an array of eo-learn's."""
    file = array_of(path, variable)
    count, height, width, n_bands = opened(file).shape
    crs, transform = grid_of(path, height, width)
    dates, note = dates_of(path, count)
    sensor = sensor or sensor_told(file.stem)
    bands = stack_of(sensor, n_bands, file.name) if sensor else _unknown(n_bands)
    stored = [Stored(Scene(file, i), DIMS) for i in range(count)]
    whole = np.dtype(opened(file).dtype).kind in "iu"
    if whole and bands.divisor:
        scaling = bands.scaling()
    else:
        few = np.unique(np.linspace(0, count - 1, min(5, count)).astype(int))
        sample = np.concatenate([stored[i].sample() for i in few], axis=1)
        words = "reflectance" if bands.divisor else file.stem  # in Sentinel-2 "L1C" is no radiance
        scaling = understand(sample, words, has_wavelengths=bool(np.isfinite(bands.wavelength).all()))
    order = bands.order()
    coords = bands.coords()
    if order is not None:
        coords = {name: (dim, values[order], *rest) for name, (dim, values, *rest) in coords.items()}
    attrs = {
        **scaling.attrs,
        "sensor": bands.sensor,
        "wavelength_note": bands.note,
        "stored_dtype": str(opened(file).dtype),
        "variable": file.stem,
    }

    def scene(i: int) -> xr.DataArray:
        values = replace(stored[i], scaling=scaling, order=order)
        return place(lazy_cube(values, (n_bands, 1, width), coords, attrs), crs, transform)

    return Series(dates, note, count, scene)


def _unknown(n_bands: int) -> Bands:
    nan = (np.nan,) * n_bands
    return Bands("", tuple(f"band {i + 1}" for i in range(n_bands)), nan, nan, "band number only")


@dataclass(frozen=True, eq=False)
class Scene:
    """One scene of an array, read from its file when pixels are asked for."""

    path: Path
    index: int

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width, n_bands)."""
        return opened(self.path).shape[1:]

    @property
    def dtype(self) -> np.dtype:
        """As stored."""
        return opened(self.path).dtype

    def __getitem__(self, key: tuple) -> NDArray:
        """Rows, columns and bands."""
        return np.array(opened(self.path)[self.index][key])


def opened(path: Path) -> NDArray:
    """An array of numbers, mapped and not read."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except DAMAGE as error:
        raise CubeError(f"{path.name} is cut off, damaged or no array of numbers; copy it again") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "uif" or not array.size:
        raise CubeError(f"scenes are numbers, but {path.name} holds {getattr(array, 'dtype', 'none')}; choose another")
    return array


def _files(path: Path) -> list[Path]:
    """Arrays of the patch: in its folder, or in that of its data."""
    return [file for folder in (path, path / "data") if folder.is_dir() for file in sorted(folder.glob("*.npy"))]


def _shape(path: Path) -> tuple[int, ...] | None:
    try:
        return opened(path).shape
    except CubeError:
        return None


def _json(path: Path) -> object:
    if path.stat().st_size > _LARGEST:
        raise CubeError(f"{path.name} has at most 16 MB, got {path.stat().st_size} bytes; correct it")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CubeError(f"{path.name} in {path.parent.name} is no JSON; copy it again") from error

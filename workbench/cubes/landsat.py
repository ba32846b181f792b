"""Landsat 4–9, Collection 2: level-1 and level-2 products (folder, zip or tar), and stacks of bands in one GeoTIFF.

Level 2 gives surface reflectance by the scale and offset of its metadata (2.75e-5, −0.2); level 1 gives reflectance at
the top of the atmosphere, ``(MULT × number + ADD) / sin(sun elevation)``, with the sun's elevation at the scene's
centre. Bands of reflected light at 30 m are read: no panchromatic band, no thermal one. Masks are bits of QA_PIXEL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import geotiff
from workbench.cubes.acquired import utc
from workbench.cubes.archives import Files, files_of, glanced_names
from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.grid import place
from workbench.cubes.landsat_mtl import ENDINGS, Metadata, read_metadata
from workbench.cubes.masked import Masked, chosen_masks
from workbench.cubes.multispectral import landsat, stack_told
from workbench.cubes.opened import BandFiles, Plane, band_by_band
from workbench.cubes.raster import Raster
from workbench.cubes.raster_words import told
from workbench.cubes.scaling import Scaling
from workbench.cubes.stored import Stored
from workbench.cubes.unpacking import rasters

MASKS = {"dilated_cloud": 1, "cirrus": 2, "cloud": 3, "shadow": 4, "snow": 5, "water": 7}
"""Bits of QA_PIXEL; Landsat 4 to 7 see no cirrus."""

_MTL = re.compile(r"L[COTEM]0[4-9]_[A-Z0-9]+_\d{6}_.*_MTL\.(txt|json|xml)$")
_PRODUCT, _IMAGE = "PRODUCT_CONTENTS", "IMAGE_ATTRIBUTES"


def recognises(path: Path) -> bool:
    """A product with its metadata, these metadata, or a stack that says Landsat."""
    if path.suffix.lower() in (".tif", ".tiff"):
        return bool(stack_told(told(path), "landsat"))
    if _MTL.search(path.name):
        return path.is_file()
    return any(_MTL.search(name) for name in glanced_names(path))


def read(path: Path, *, mask: str = "", sensor: str = "") -> xr.DataArray:
    """The product or stack, lazily.

    Parameters
    ----------
    path : Path
        The folder or archive, its metadata, or a GeoTIFF.
    mask : str
        Names of a product's masks, parted by commas, where pixels become NaN.
    sensor : str
        Which Landsat a stack is of, such as ``landsat-7``, where its name does not say.
    """
    if path.suffix.lower() in (".tif", ".tiff"):
        if mask:
            raise CubeError(f"mask= is for products, but {path.name} is a stack without masks; leave it out")
        return geotiff.read(path, sensor=sensor or stack_told(told(path), "landsat") or "landsat")
    if sensor:
        raise CubeError(f"sensor= is for stacks, but {path.name} says which it is; leave it out")
    files = files_of(path.parent if path.is_file() and _MTL.search(path.name) else path)
    metadata, folder = _metadata(files)
    return _product(files, folder, metadata, mask)


def _metadata(files: Files) -> tuple[Metadata, str]:
    """The product's metadata, and where in an archive its files lie."""
    found = [name for ending in ENDINGS for name in files.members if _MTL.search(name) and name.endswith(ending)]
    if len({PurePosixPath(name).name.split("_MTL")[0] for name in found}) != 1:
        raise CubeError(f"a folder has one Landsat product, but {files.path.name} has {len(found)}; name its MTL file")
    name = PurePosixPath(found[0])
    return read_metadata(name.name, files.content(found[0])), found[0][: -len(name.name)]


def _product(files: Files, folder: str, metadata: Metadata, mask: str) -> xr.DataArray:
    level = metadata.text(_PRODUCT, "PROCESSING_LEVEL")
    spacecraft = metadata.text(_IMAGE, "SPACECRAFT_ID")
    if not re.fullmatch(r"LANDSAT_[45789]", spacecraft) or level[:2] not in ("L1", "L2"):
        raise CubeError(f"levels 1 and 2 of Landsat 4 to 9 are read, got {level!r} of {spacecraft!r}; open another")
    number = int(spacecraft[-1])
    names = ("B1", "B2", "B3", "B4", "B5", "B7")
    if number >= 8:
        names = ("B1", "B2", "B3", "B4", "B5", *(("B9",) if level[1] == "1" else ()), "B6", "B7")
    bands = landsat(number).pick(names)
    keys = [name.replace("B", "BAND_") for name in names]
    paths = rasters(files, [_member(files, folder, metadata, f"FILE_NAME_{key}") for key in keys])
    grid = Raster(paths[0])
    _check_grids(paths, grid)
    known = {name: bit for name, bit in MASKS.items() if number >= 8 or name != "cirrus"}
    quality = "FILE_NAME_QUALITY_L1_PIXEL"
    known = known if quality in metadata.groups[_PRODUCT] else {}
    source = BandFiles(tuple(paths), (1.0,) * len(paths), grid.shape[1:], nodata=0)
    masks = chosen_masks(mask, known, Path(metadata.name))
    if masks:
        plane_path = rasters(files, [_member(files, folder, metadata, quality)])
        _check_grids(plane_path, grid)
        plane = Plane(BandFiles(tuple(plane_path), (1.0,), grid.shape[1:], nodata=1))
        source = Masked(source, tuple(Bit(plane, known[name]) for name in masks))
    scaling = _scaling(metadata, level, keys)
    attrs = {
        **scaling.attrs,
        "sensor": bands.sensor,
        "level": level,
        "wavelength_note": bands.note,
        "stored_dtype": str(grid.dtype),
        "acquired": utc(f"{metadata.text(_IMAGE, 'DATE_ACQUIRED')}T{metadata.text(_IMAGE, 'SCENE_CENTER_TIME')}"),
        "masks": list(known),
    }
    block = grid.dataset.block_shapes[0]
    stored = Stored(source, nodata=0, scaling=scaling, block=block)
    blocks = stored.blocks(band_by_band(stored.shape, block))
    cube = xr.DataArray(blocks, dims=DIMS, coords=bands.coords(), attrs=attrs)
    cube.encoding["preferred_chunks"] = dict(zip(("y", "x"), block, strict=True))
    return place(cube, grid.dataset.crs, grid.dataset.transform)


def _member(files: Files, folder: str, metadata: Metadata, key: str) -> str:
    """A file of the product that its metadata name."""
    name = metadata.text(_PRODUCT, key)
    if folder + name not in files.members:
        raise CubeError(f"{metadata.name} names the file {name[:80]!r}, but {files.path.name} lacks it; copy it again")
    return folder + name


def _check_grids(paths: list[Path], grid: Raster) -> None:
    for path in paths:
        other = Raster(path)
        same = other.dataset.crs == grid.dataset.crs and other.dataset.transform.almost_equals(grid.dataset.transform)
        if not same or other.shape != (1, *grid.shape[1:]):
            raise CubeError(
                f"bands of a product lie on one grid, but {path.name} has {other.shape} pixels where {grid.shape} are "
                "expected, or lies elsewhere; copy the product again"
            )


def _scaling(metadata: Metadata, level: str, keys: list[str]) -> Scaling:
    """From numbers to reflectance."""
    group = "LEVEL1_RADIOMETRIC_RESCALING" if level[1] == "1" else "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"
    gains, offsets = (
        np.array([metadata.number(group, f"REFLECTANCE_{word}_{key}") for key in keys]) for word in ("MULT", "ADD")
    )
    how = "surface reflectance, scaled as the metadata state"
    if level[1] == "1":
        elevation = metadata.number(_IMAGE, "SUN_ELEVATION")
        if not 0 < elevation <= 90:
            raise CubeError(
                f"reflectance needs the sun above the horizon, got SUN_ELEVATION = {elevation:g} in {metadata.name}; "
                "choose a scene by day"
            )
        gains, offsets = (values / np.sin(np.radians(elevation)) for values in (gains, offsets))
        how = f"reflectance at the top of the atmosphere, as the metadata state, for a sun {elevation:.2f}° high"
    return Scaling("reflectance", how, tuple(gains.tolist()), tuple(offsets.tolist()))


@dataclass(frozen=True, eq=False)
class Bit:
    """Where a bit of a quality plane is set."""

    plane: Plane
    bit: int
    """From 0."""

    def __getitem__(self, key: tuple) -> NDArray[np.bool_]:
        """One band for all."""
        return ((self.plane[key[1:]].astype("int32") >> self.bit) & 1 > 0)[None]

"""Sentinel-2 level-1C and level-2A products (``.SAFE`` folders), and stacks of its bands in one GeoTIFF.

A product keeps its bands in files of 10, 20 and 60 m; they are read on one grid of the ``resolution`` asked for, from
the file of that resolution, else the next coarser (its pixels repeated), else the finest (its pixels averaged). Masks
are the scene classification of level 2A, and of level 1C the cloud raster that products have from baseline 04.00.

A stack is one whose name, folder, tags or descriptions say Sentinel-2, and whose descriptions name its bands or which
has 12 or 13. It does not say whether the offset of baseline 04.00 is in its numbers: none is assumed, and
``offset=-1000`` adds it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine

from workbench.cubes import geotiff
from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.grid import place
from workbench.cubes.masked import Flag, Masked, chosen_masks
from workbench.cubes.multispectral import number, stack_told
from workbench.cubes.opened import BandFiles, Plane, band_by_band
from workbench.cubes.raster import Raster
from workbench.cubes.raster_words import told
from workbench.cubes.scaling import Scaling
from workbench.cubes.sentinel2_files import Product, product_of
from workbench.cubes.sentinel2_header import Header, read_header
from workbench.cubes.stored import Stored

RESOLUTIONS = (10, 20, 60)
"""Pixel sizes [m] of the files."""

L1C_SIZES = {"B01": 60, "B02": 10, "B03": 10, "B04": 10, "B08": 10, "B09": 60, "B10": 60}
"""Pixel sizes [m] of bands of level 1C; all others have 20."""

SCENE_CLASSES = {
    "saturated": (1,),
    "dark": (2,),
    "shadow": (3,),
    "water": (6,),
    "cloud": (8, 9),
    "cirrus": (10,),
    "snow": (11,),
}
"""Masks of level 2A, and the classes of its scene classification."""

CLOUD_BANDS = {"cloud": 0, "cirrus": 1, "snow": 2}
"""Masks of level 1C, and the bands of its cloud raster."""


def recognises(path: Path) -> bool:
    """A folder with a product's metadata, these metadata, or a stack that says Sentinel-2."""
    if path.suffix.lower() in (".tif", ".tiff"):
        return bool(stack_told(told(path), "sentinel"))
    try:
        return product_of(path) is not None
    except (CubeError, OSError):
        return False


def read(
    path: Path,
    *,
    resolution: int | str = 10,
    bands: str = "",
    mask: str = "",
    tile: str = "",
    offset: float | str = 0.0,
) -> xr.DataArray:
    """The product or stack, lazily.

    Parameters
    ----------
    path : Path
        The folder, its metadata, or a GeoTIFF.
    resolution : int
        Pixel size of a product's cube [m]: 10, 20 or 60.
    bands : str
        Names of the product's bands to read, parted by commas; by default all of its level.
    mask : str
        Names of a product's masks, parted by commas, where pixels become NaN.
    tile : str
        Which tile of a product that has several, such as ``33UUU``.
    offset : float
        Added to the numbers of a stack; a product states its own.
    """
    product = product_of(path)
    if product is None:
        if mask or bands or tile or str(resolution) != "10":
            raise CubeError(f"resolution=, bands=, mask= and tile= are for products, but {path.name} is none")
        return geotiff.read(path, sensor="sentinel-2", offset=offset)
    if number(offset, "offset"):
        raise CubeError(f"offset= is for stacks, but {product.name} states its own offset; leave it out")
    if str(resolution) not in map(str, RESOLUTIONS):
        raise CubeError(f"resolution= is 10, 20 or 60 m, got {resolution!r}; Sentinel-2 has no other")
    header = read_header(product)
    names = _chosen(header, bands)
    granule = _granule(product, tile)
    size, level = int(resolution), header.level
    files = {name: _file(product, granule, name, size, level) for name in names}
    return _cube(header, files, size, *_masked(product, granule, level, size, mask))


def _chosen(header: Header, bands: str) -> list[str]:
    """Names of the bands to read, by wavelength."""
    has = [name for name in header.bands if header.level == "L1C" or name != "B10"]
    asked = [name.strip().upper() for name in bands.split(",") if name.strip()] or has
    unknown = [name for name in asked if name not in has]
    if unknown:
        raise CubeError(f"bands= names bands of the product, got {unknown[0]!r}, but it has {', '.join(has)}")
    return sorted(dict.fromkeys(asked), key=lambda name: header.bands[name].wavelength)


def _granule(product: Product, tile: str) -> str:
    """The folder of the product's one tile, or of the one asked for."""
    found = sorted(
        {name.split("/")[1] for name in product.members if name.startswith("GRANULE/") and "/IMG_DATA/" in name}
    )
    if not found:
        raise CubeError(f"a product has its bands in GRANULE, but {product.name} has none; copy it again")
    chosen = [name for name in found if tile.strip().upper() in name.upper()]
    if len(chosen) != 1:
        names = ", ".join(found)
        raise CubeError(f"one tile is read at a time, but tile={tile!r} fits {len(chosen)} of {names}; pass tile=")
    return f"GRANULE/{chosen[0]}/"


def _file(product: Product, granule: str, band: str, resolution: int, level: str) -> tuple[Path, int]:
    """The file of a band to read it from, and its pixel size [m]."""
    ending = f"_{band}.jp2" if level == "L1C" else f"_{band}_{{}}m.jp2"
    sizes = (L1C_SIZES.get(band, 20),) if level == "L1C" else RESOLUTIONS
    found = {
        size: name
        for size in sizes
        for name in product.members
        if name.startswith(f"{granule}IMG_DATA/") and name.endswith(ending.format(size))
    }
    if not found:
        raise CubeError(f"{product.name} has no file of band {band}; copy it again, or name those it has with bands=")
    size = min(found, key=lambda size: (size < resolution, size))
    return product.image(found[size]), size


def _masked(
    product: Product, granule: str, level: str, resolution: int, mask: str
) -> tuple[tuple[Path, int] | None, dict[str, tuple[int, tuple[int, ...]]], list[str]]:
    """The raster of the product's masks, which band and numbers of it each mask is, and the masks asked for."""
    if level == "L2A":
        try:
            raster = _file(product, granule, "SCL", max(resolution, 20), level)
        except CubeError:
            raster = None
        known = {name: (0, classes) for name, classes in SCENE_CLASSES.items()}
    else:
        name = f"{granule}QI_DATA/MSK_CLASSI_B00.jp2"
        raster = (product.image(name), 60) if name in product.members else None
        known = {name: (band, (1,)) for name, band in CLOUD_BANDS.items()}
    known = known if raster else {}
    return raster, known, chosen_masks(mask, known, Path(product.name))


def _cube(
    header: Header,
    files: dict[str, tuple[Path, int]],
    resolution: int,
    raster: tuple[Path, int] | None,
    known: dict[str, tuple[int, tuple[int, ...]]],
    masks: list[str],
) -> xr.DataArray:
    """The bands of `files` on one grid."""
    finest, size = min(files.values(), key=lambda found: found[1])
    grid = Raster(finest)
    scale = resolution / size
    shape = (round(grid.shape[1] / scale), round(grid.shape[2] / scale))
    transform = grid.dataset.transform
    transform = transform if scale == 1 else transform @ transform.scale(scale)
    source = _on_grid(tuple(files.values()), resolution, shape, transform)
    if masks:
        planes = {band: _on_grid((raster,), resolution, shape, transform, band) for band, _ in known.values()}
        flags = (Flag(Plane(planes[known[name][0]]), DIMS, known[name][1]) for name in masks)
        source = Masked(source, tuple(flags))
    bands = [header.bands[name] for name in files]
    offsets = tuple(band.offset / header.divisor for band in bands)
    said = "with its offsets" if any(offsets) else "without an offset"
    scaling = Scaling(
        "reflectance",
        f"(stored + offset) / {header.divisor:g}, {said}, as the metadata of baseline {header.baseline} state",
        1 / header.divisor,
        offsets,
    )
    coords = {
        "wavelength": ("band", np.array([band.wavelength for band in bands]), {"units": "nm"}),
        "band_name": ("band", np.array(list(files), dtype=object)),
    }
    widths = np.array([band.fwhm for band in bands])
    if np.isfinite(widths).any():
        coords["fwhm"] = ("band", widths, {"units": "nm"})
    coarser = ", ".join(name for name, (_, size) in files.items() if size > resolution)
    finer = ", ".join(name for name, (_, size) in files.items() if size < resolution)
    attrs = {
        **scaling.attrs,
        "sensor": header.spacecraft,
        "level": header.level,
        "wavelength_note": "as the product's metadata state",
        "stored_dtype": str(grid.dtype),
        "acquired": header.acquired,
        "masks": list(known),
        "resampling": f"{resolution} m; pixels repeated in {coarser or 'no band'}, averaged in {finer or 'no band'}",
    }
    rows, columns = (max(1, round(block / scale)) for block in grid.dataset.block_shapes[0])
    stored = Stored(source, nodata=0, scaling=scaling, block=(rows, columns))
    blocks = stored.blocks(band_by_band(stored.shape, stored.block))
    cube = xr.DataArray(blocks, dims=DIMS, coords=coords, attrs=attrs)
    cube.encoding["preferred_chunks"] = {"y": rows, "x": columns}
    return place(cube, grid.dataset.crs, transform)


def _on_grid(
    files: tuple[tuple[Path, int], ...], resolution: int, shape: tuple[int, int], transform: Affine, band: int = 0
) -> BandFiles:
    """Band number `band` of some files as bands on the grid; files that do not cover it are refused."""
    for path, size in files:
        raster = Raster(path)
        ratio = size / resolution
        own = raster.dataset.transform
        corner = np.allclose((own.c, own.f), (transform.c, transform.f), atol=1e-3)
        if not corner or any(abs(n * ratio - whole) >= 1 for n, whole in zip(raster.shape[1:], shape, strict=True)):
            raise CubeError(
                f"bands of a product cover the same ground, but {path.name} has {raster.shape[1:]} pixels of {size} m "
                f"where {shape} of {resolution} m are needed; copy the product again"
            )
        if band >= raster.shape[0]:
            raise CubeError(
                f"{path.name} should have {band + 1} bands or more, but has {raster.shape[0]}; copy it again"
            )
    paths, ratios = tuple(path for path, _ in files), tuple(size / resolution for _, size in files)
    return BandFiles(paths, ratios, shape, nodata=0, index=band)

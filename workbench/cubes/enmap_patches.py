"""Patches of EnMAP L2A scenes: SpectralEarth and HySpecNet-11k, GeoTIFFs of reflectance × 10⁴ without wavelengths.

Both can have 202 bands, of which the 131st to 145th are not the same ones. The band count cannot tell them apart; their
places do: ``enmap/<7 digits>/<scene>.tif`` is SpectralEarth's; ``…-Y<digits>_X<digits>-SPECTRAL_IMAGE.TIF`` and
``tile_<n>-patch_<n>-SPECTRAL_IMAGE.TIF`` are HySpecNet's, whole (224 bands) or reduced. Others are left alone.
Braham et al. (2024), *SpectralEarth*, arXiv:2408.08447; Fuchs and Demir (2023), *HySpecNet-11k*, arXiv:2306.00385.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.acquired import utc_in_name
from workbench.cubes.archives import files_of
from workbench.cubes.contract import CubeError
from workbench.cubes.enmap_bands import HYSPECNET, SPECTRAL_EARTH, WAVELENGTH
from workbench.cubes.enmap_quality import masks_of, raised
from workbench.cubes.grid import place
from workbench.cubes.masked import Masked, chosen_masks
from workbench.cubes.products import Product, native
from workbench.cubes.raster import Raster
from workbench.cubes.scaling import Scaling
from workbench.cubes.sources import lazy_cube
from workbench.cubes.stored import Stored

_HYSPECNET = re.compile(
    r"(?P<stem>ENMAP\d\d-____L2A-\w+-Y\d+_X\d+|tile_\d+-patch_\d+)[-.]SPECTRAL_IMAGE\.TIF", re.IGNORECASE
)
_SCALING = Scaling("reflectance", "surface reflectance, divided by 10,000 as the archive's paper says", 1e-4)
_NODATA = -32768


def recognises(path: Path) -> bool:
    """By its place and name, and by its number of bands."""
    try:
        return isinstance(path, Path) and bool(_archive(path)) and _bands(path, Raster(path)) is not None
    except (CubeError, OSError):
        return False


def read(path: Path, *, mask: str | Sequence[str] | None = None) -> xr.DataArray:
    """The patch, lazily; pixels under a quality `mask` are NaN, of which only HySpecNet has some."""
    image = Raster(path)
    bands = _bands(path, image)
    if bands is None:
        raise CubeError(
            f"a patch of SpectralEarth has 202 bands and of HySpecNet 202 or 224, named as delivered, but {path.name} "
            f"has {image.shape[0]}; give it back its place and name"
        )
    archive = _archive(path)
    masks, flags = {}, ()
    if archive == "HySpecNet-11k":
        stem = _HYSPECNET.fullmatch(path.name)["stem"]
        product = Product(files_of(path.resolve().parent, stem), stem, path.name)
        masks = masks_of(product)
        flags = raised(product, image, masks, chosen_masks(mask, masks, path))
    else:
        chosen_masks(mask, masks, path)
    nodata = image.dataset.nodata
    stored = Stored(
        Masked(image, flags) if flags else image,
        nodata=_NODATA if nodata is None else nodata,
        scaling=_SCALING,
        block=image.dataset.block_shapes[0],
    )
    coords = {
        "wavelength": ("band", WAVELENGTH[bands - 1], {"units": "nm"}),
        "band_name": ("band", np.array([f"EnMAP band {band}" for band in bands], dtype=object)),
    }
    if len(bands) == len(WAVELENGTH):
        coords["good"] = ("band", np.isin(bands, HYSPECNET))
    attrs = {
        **_SCALING.attrs,
        "sensor": "EnMAP",
        "archive": archive,
        "acquired": utc_in_name(path.name),
        "masks": list(masks),
        "stored_dtype": str(image.dtype),
        "wavelength_note": f"nominal wavelengths of the {len(bands)} EnMAP bands of {archive}, good to 1 nm",
    }
    return place(lazy_cube(stored, native(image), coords, attrs), image.dataset.crs, image.dataset.transform)


def _archive(path: Path) -> str:
    """Its name, or nothing."""
    if _HYSPECNET.fullmatch(path.name):
        return "HySpecNet-11k"
    place, root = path.absolute().parent, path.absolute().parent.parent
    is_there = root.name == "enmap" and re.fullmatch(r"\d{7}", place.name) and path.suffix.lower() == ".tif"
    return "SpectralEarth" if is_there else ""


def _bands(path: Path, image: Raster) -> NDArray[np.intp] | None:
    """Numbers of the bands, from 1, or None."""
    whole = np.arange(1, len(WAVELENGTH) + 1)
    known = {"SpectralEarth": (SPECTRAL_EARTH,), "HySpecNet-11k": (HYSPECNET, whole)}.get(_archive(path), ())
    return next((bands for bands in known if len(bands) == image.shape[0]), None)

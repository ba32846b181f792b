"""DESIS products L1C and L2A by DLR: a GeoTIFF and a METADATA.xml, in a folder or an archive.

After the product specification (PAV-DLR-ICD-003). Stored numbers × ``gainOfBand`` + ``offsetOfBand`` are surface
reflectance (L2A), or radiance in mW cm⁻² µm⁻¹ sr⁻¹ (L1C), of which one is one µW cm⁻² nm⁻¹ sr⁻¹. The quality masks of
L2A are the first eight layers of ``QL_QUALITY-2``; its last two, aerosol and water vapour, are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.acquired import utc
from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.dlr_metadata import read_metadata
from workbench.cubes.grid import place
from workbench.cubes.masked import Flag, Masked, chosen_masks
from workbench.cubes.products import Kind, Plane, Product, find_product, native
from workbench.cubes.raster import Raster
from workbench.cubes.scaling import Scaling
from workbench.cubes.sources import lazy_cube
from workbench.cubes.stored import Stored

KIND = Kind(
    "a DESIS product",
    re.compile(
        r"(?P<stem>DESIS-HSI-(?P<level>L\w\w)-DT\w+-\d{8}T\d{6}-V\d+)-(?P<part>METADATA|SPECTRAL_IMAGE)\.(?:XML|TIF)",
        re.IGNORECASE,
    ),
    "METADATA",
)
MASKS = {
    "cloud": (5, 6),
    "shadow": (0,),
    "haze": (3, 4),
    "snow": (2,),
    "land": (1,),
    "water": (7,),
}
"""Names of masks and the layers, from 0, that raise them where they are 1; for clouds and haze over land and water."""

_LAYERS = 8
_NODATA = -32768
_BAND = "specific/bandCharacterisation/band"


def recognises(path: Path) -> bool:
    """By the names of the product's files."""
    return KIND.is_in(path)


def read(path: Path, *, mask: str | Sequence[str] | None = None, product: str = "") -> xr.DataArray:
    """The scene, lazily; pixels under a quality `mask` are NaN."""
    found = find_product(path, KIND, product)
    about = read_metadata(found)
    level = found.name.split("-")[2].upper()
    if level not in ("L1C", "L2A"):
        raise CubeError(f"a DESIS product is read on its grid, as L1C or L2A, but {found.name} is {level}; get another")
    name = found.find("-SPECTRAL_IMAGE.tif")
    if name is None:
        raise CubeError(f"a DESIS product has a SPECTRAL_IMAGE.tif, but {path.name} has none; copy the product whole")
    image = found.rasters([name])[0]
    centres = about.each(_BAND, "wavelengthCenterOfBand")
    if len(centres) != image.shape[0]:
        raise CubeError(
            f"{about.name} describes {len(centres)} bands, but its image has {image.shape[0]}; copy the product again"
        )
    layers = found.find("-QL_QUALITY-2.tif")
    masks = MASKS if layers and found.files.members[layers].size else {}
    wanted = chosen_masks(mask, masks, path)
    source = Masked(image, _raised(found, layers, image, wanted)) if wanted else image
    scaling = Scaling(
        "radiance" if level == "L1C" else "reflectance",
        "scaled by gainOfBand and offsetOfBand of the metadata"
        + (", in mW cm⁻² µm⁻¹ sr⁻¹, which is our unit" if level == "L1C" else ""),
        tuple(about.each(_BAND, "gainOfBand")),
        tuple(about.each(_BAND, "offsetOfBand")),
    )
    nodata = image.dataset.nodata
    stored = Stored(
        source,
        nodata=_NODATA if nodata is None else nodata,
        scaling=scaling,
        block=image.dataset.block_shapes[0],
    )
    coords = {
        "wavelength": ("band", centres, {"units": "nm"}),
        "fwhm": ("band", about.each(_BAND, "wavelengthWidthOfBand"), {"units": "nm"}),
    }
    attrs = {
        **scaling.attrs,
        "sensor": "DESIS",
        "level": level,
        "product": found.name,
        "acquired": utc(about.text("base/temporalCoverage/startTime")),
        "masks": list(masks),
        "stored_dtype": str(image.dtype),
        "wavelength_note": "",
    }
    sun = {
        "sun_elevation": 90 - about.number("specific/sunZenithAngle"),
        "sun_azimuth": about.number("specific/sunAzimuthAngle"),
    }
    attrs |= {name: angle for name, angle in sun.items() if np.isfinite(angle)}
    return place(lazy_cube(stored, native(image), coords, attrs), image.dataset.crs, image.dataset.transform)


def _raised(product: Product, name: str, image: Raster, wanted: Sequence[str]) -> tuple[Flag, ...]:
    layers = product.rasters([name])[0]
    if layers.shape[0] < _LAYERS or layers.shape[1:] != image.shape[1:]:
        raise CubeError(
            f"the {_LAYERS} quality layers lie on the image of {image.shape[1:]} pixels, but {product.name} has "
            f"{layers.shape}; copy the product again"
        )
    return tuple(Flag(Plane(layers, number), DIMS, (1,)) for mask in wanted for number in MASKS[mask])

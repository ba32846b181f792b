"""EO-1 Hyperion L1T and L1Gst: a GeoTIFF a band and a text of metadata (MTL), in a folder or an archive.

After USGS's description of EO-1 products. Stored numbers divided by ``SCALING_FACTOR_VNIR`` (40) or ``_SWIR`` (80) are
radiance in W m⁻² µm⁻¹ sr⁻¹, of which ten are one µW cm⁻² nm⁻¹ sr⁻¹. Wavelengths are nominal. Outside the swath every
band is 0; inside, a band may be 0 where the air absorbs all light. So no data is where a visible band is 0, in which
the air itself is always bright by day; bands that are not calibrated have none at all.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.acquired import utc
from workbench.cubes.archives import shown
from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.grid import place
from workbench.cubes.hyperion_bands import CALIBRATED, FWHM, VNIR, WAVELENGTH
from workbench.cubes.masked import Flag, Masked
from workbench.cubes.opened import BandFiles
from workbench.cubes.products import Kind, Plane, Product, find_product
from workbench.cubes.raster import Raster
from workbench.cubes.scaling import Scaling
from workbench.cubes.sources import lazy_cube
from workbench.cubes.stored import Stored
from workbench.cubes.unpacking import rasters

KIND = Kind(
    "a Hyperion product",
    re.compile(r"(?P<stem>EO1H\w+?)_(?P<part>MTL|B\d{3})_(?P<level>L1T|L1GST)\.(?:TXT|TIF)", re.IGNORECASE),
    "MTL",
)

_OURS = 0.1
"""µW cm⁻² nm⁻¹ sr⁻¹ in one W m⁻² µm⁻¹ sr⁻¹."""

_BRIGHT = 20
"""The band, at 549 nm, that tells the swath from what lies outside."""


def recognises(path: Path) -> bool:
    """By the names of the product's files."""
    return KIND.is_in(path)


def read(path: Path, *, product: str = "") -> xr.DataArray:
    """The scene, lazily; bands that were not delivered are left out."""
    found = find_product(path, KIND, product)
    about = _metadata(found)
    bands, files = _bands(found)
    factors = [_factor(about, name, found) for name in ("SCALING_FACTOR_VNIR", "SCALING_FACTOR_SWIR")]
    first = Raster(files[0])
    _check(files, first, found)
    image = BandFiles(tuple(files), (1.0,) * len(files), first.shape[1:], 0.0)
    calibrated = np.isin(bands, CALIBRATED)
    if not calibrated.any():
        raise CubeError(f"a Hyperion product has a calibrated band, but {path.name} has none; copy the product whole")
    bright = np.flatnonzero(calibrated)[np.abs(bands[calibrated] - _BRIGHT).argmin()]
    outside = Flag(Plane(Raster(files[bright])), DIMS, (0,))
    gain = np.where(bands <= VNIR, _OURS / factors[0], _OURS / factors[1])
    scaling = Scaling(
        "radiance",
        f"divided by {factors[0]:g} (VNIR) and {factors[1]:g} (SWIR), and by 10 from W m⁻² µm⁻¹ sr⁻¹",
        tuple(np.where(calibrated, gain, np.nan)),
    )
    coords = {
        "wavelength": ("band", WAVELENGTH[bands - 1], {"units": "nm"}),
        "fwhm": ("band", FWHM[bands - 1], {"units": "nm"}),
        "good": ("band", calibrated),
        "band_name": ("band", np.array([f"B{band:03d}" for band in bands], dtype=object)),
    }
    order = np.argsort(WAVELENGTH[bands - 1])
    coords = {name: (dim, values[order], *rest) for name, (dim, values, *rest) in coords.items()}
    stored = Stored(Masked(image, (outside,)), scaling=scaling, block=first.dataset.block_shapes[0], order=order)
    attrs = {
        **scaling.attrs,
        "sensor": "Hyperion",
        "level": _level(found),
        "product": found.name,
        "acquired": utc(f"{about.get('ACQUISITION_DATE', '')}T{about.get('START_TIME', '').split(' ')[-1]}"),
        "stored_dtype": str(first.dtype),
        "wavelength_note": "nominal wavelengths, good to some nm; detectors overlap, bands were sorted",
    }
    cube = lazy_cube(stored, (1, *first.dataset.block_shapes[0]), coords, attrs)
    return place(cube, first.dataset.crs, first.dataset.transform)


def _level(product: Product) -> str:
    return KIND.file.fullmatch(shown(product.key))["level"].upper()


def _metadata(product: Product) -> dict[str, str]:
    text = product.files.content(product.key).decode("latin-1")
    return {name: value for name, value in re.findall(r'^\s*(\w+)\s*=\s*"?(.*?)"?\s*$', text, re.MULTILINE)}


def _factor(about: dict[str, str], name: str, product: Product) -> float:
    try:
        value = float(about.get(name, ""))
    except ValueError:
        value = np.nan
    if not (np.isfinite(value) and value > 0):
        got = about.get(name, "nothing")
        raise CubeError(
            f"{name} is a positive number, got {got[:20]!r} in {shown(product.key)}; copy the product again"
        )
    return value


def _bands(product: Product) -> tuple[np.ndarray, list[Path]]:
    """Numbers of the bands that are there, and their files."""
    level = _level(product)
    names = {band: product.find(f"_B{band:03d}_{level}.TIF") for band in range(1, len(WAVELENGTH) + 1)}
    there = {band: name for band, name in names.items() if name}
    if not there:
        raise CubeError(
            f"a Hyperion product has a GeoTIFF a band, but {product.files.path.name} has none; copy it whole"
        )
    return np.array(list(there)), rasters(product.files, list(there.values()))


def _check(files: list[Path], first: Raster, product: Product) -> None:
    """Refuse bands that do not lie on one grid; reads headers only."""
    for file in files:
        shape = Raster(file).shape
        if shape != (1, *first.shape[1:]):
            raise CubeError(
                f"a band of Hyperion is one plane of {first.shape[1:]} rows and columns, but {file.name} of "
                f"{product.name} has {shape}; copy the product again"
            )

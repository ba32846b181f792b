"""EnMAP products L1B, L1C and L2A by DLR: GeoTIFFs and a METADATA.XML, in a folder, a zip or a tar.gz.

After the product specification (EN-PCV-ICD-2009) and real METADATA.XML files. Stored numbers × ``GainOfBand`` +
``OffsetOfBand`` are surface reflectance (L2A), or radiance in W m⁻² nm⁻¹ sr⁻¹ (L1), of which one is 100 µW cm⁻² nm⁻¹
sr⁻¹. L1C and L2A hold both detectors on one grid, sorted by wavelength. L1B holds each by itself and on no grid: the
detectors see a place some 20 rows apart, so one is read at a time, and ``enmap_swath`` says where its pixels lie.
No data is what the GeoTIFF says, or else the XML's ``backgroundValue``; a band whose statistics in the XML are void
(the water vapour bands of L2A) is not good.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.acquired import utc
from workbench.cubes.contract import CubeError
from workbench.cubes.dlr_metadata import Metadata, read_metadata
from workbench.cubes.enmap_quality import masks_of, raised
from workbench.cubes.enmap_swath import swath
from workbench.cubes.grid import place
from workbench.cubes.masked import Masked, chosen_masks
from workbench.cubes.products import Kind, Product, find_product, native
from workbench.cubes.raster import Raster
from workbench.cubes.scaling import Scaling
from workbench.cubes.sources import lazy_cube
from workbench.cubes.stored import Stored
from workbench.cubes.wavelengths import detector_order

KIND = Kind(
    "an EnMAP product",
    re.compile(
        r"(?P<stem>ENMAP\d\d-____L(?:1B|1C|2A)-\w+)-(?P<part>METADATA|SPECTRAL_IMAGE(?:_VNIR|_SWIR)?)(?:_COG)?\.(?:XML|TIF)",
        re.IGNORECASE,
    ),
    "METADATA",
)
LEVELS = ("L1B", "L1C", "L2A")
DETECTORS = ("vnir", "swir")

_RADIANCE = 100.0
"""µW cm⁻² nm⁻¹ sr⁻¹ in one W m⁻² nm⁻¹ sr⁻¹."""


def recognises(path: Path) -> bool:
    """By the names of the product's files."""
    return KIND.is_in(path)


def read(path: Path, *, mask: str | Sequence[str] | None = None, detector: str = "", product: str = "") -> xr.DataArray:
    """The scene, lazily; pixels under a quality `mask` are NaN, `detector` of L1B is vnir or swir."""
    found = find_product(path, KIND, product)
    about = read_metadata(found)
    level = about.text("base/level")
    if level not in LEVELS:
        raise CubeError(f"an EnMAP product is of level {', '.join(LEVELS)}, got {level!r} in {about.name}; get another")
    detector = _detector(detector, level, path)
    image, bands = _image(found, about, detector)
    masks = masks_of(found, detector)
    flags = raised(found, image, masks, chosen_masks(mask, masks, path))
    source = Masked(image, flags) if flags else image

    centres = about.each(_BAND, "wavelengthCenterOfBand")[bands]
    coords = {
        "wavelength": ("band", centres, {"units": "nm"}),
        "fwhm": ("band", about.each(_BAND, "FWHMOfBand")[bands], {"units": "nm"}),
    }
    if (void := _void(about, bands)).any():
        coords["good"] = ("band", ~void)
    order, note = detector_order(centres)
    if order is not None:
        coords = {name: (dim, values[order], *rest) for name, (dim, values, *rest) in coords.items()}
    nodata = image.dataset.nodata
    scaling = _scaling(about, level, bands)
    stored = Stored(
        source,
        nodata=about.number("specific/backgroundValue") if nodata is None else nodata,
        scaling=scaling,
        block=image.dataset.block_shapes[0],
        order=order,
    )
    attrs = {
        **scaling.attrs,
        "sensor": "EnMAP",
        "level": level,
        "product": found.name,
        "acquired": utc(about.text("base/temporalCoverage/startTime")),
        "masks": list(masks),
        "stored_dtype": str(image.dtype),
        "wavelength_note": note,
    }
    sun = {name: about.number(f"specific/{tag}/center") for name, tag in _SUN.items()}
    attrs |= {name: angle for name, angle in sun.items() if np.isfinite(angle)}
    cube = lazy_cube(stored, native(image), coords, attrs)
    if level == "L1B":
        return place(cube, None, None).assign_coords(swath(about, int(bands[0]), image.shape[1:]))
    return place(cube, image.dataset.crs, image.dataset.transform)


_BAND = "specific/bandCharacterisation/bandID"
_SUN = {"sun_elevation": "sunElevationAngle", "sun_azimuth": "sunAzimuthAngle"}


def _detector(detector: str, level: str, path: Path) -> str:
    """Of L1B vnir or swir, by the option, the name of the file or else the first; of others none."""
    wanted = str(detector).strip().lower()
    if wanted and wanted not in DETECTORS:
        raise CubeError(f"detector= is one of {', '.join(DETECTORS)}, got {detector!r} for {path.name}")
    if level != "L1B":
        if wanted:
            raise CubeError(
                f"detector= is for EnMAP L1B, but {path.name} is {level} with both on one grid; leave it out"
            )
        return ""
    return wanted or next((name for name in DETECTORS if f"_image_{name}" in path.name.lower()), DETECTORS[0])


def _image(product: Product, about: Metadata, detector: str) -> tuple[Raster, NDArray[np.intp]]:
    """The GeoTIFF of the pixels, and which of the metadata's bands it holds."""
    end = f"-SPECTRAL_IMAGE{'_' * bool(detector)}{detector.upper()}"
    name = product.find(f"{end}.TIF", f"{end}_COG.TIF", f"{end}.GEOTIFF")
    if name is None:
        other = about.text("processing/productFormat")
        raise CubeError(
            f"an EnMAP product has its pixels in {product.name}{end}.TIF, but {product.files.path.name} has none "
            f"(it was ordered as {other}); copy it whole, or order it as GeoTIFF+Metadata"
        )
    image = product.rasters([name])[0]
    bands = np.arange(len(about.each(_BAND, "wavelengthCenterOfBand")))
    if detector:
        first = about.whole("specific/numberOfVNIRBands")
        bands = bands[:first] if detector == "vnir" else bands[first:]
    if len(bands) != image.shape[0]:
        raise CubeError(
            f"{about.name} describes {len(bands)} bands, but its image has {image.shape[0]}; copy the product again"
        )
    return image, bands


def _void(about: Metadata, bands: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Bands for which the processor found no valid pixel: it writes a mean of -1000000 and a deviation of 0."""
    path = "product/bandStatistics/bandID"
    if len(about.root.findall(path)) <= bands[-1]:
        return np.zeros(len(bands), dtype=bool)
    return (about.each(path, "mean")[bands] <= -1e6) & (about.each(path, "stdDeviation")[bands] == 0)


def _scaling(about: Metadata, level: str, bands: NDArray[np.intp]) -> Scaling:
    gain, offset = (about.each(_BAND, tag)[bands] for tag in ("GainOfBand", "OffsetOfBand"))
    if level == "L2A":
        how = "surface reflectance, scaled by GainOfBand and OffsetOfBand of the metadata"
        return Scaling("reflectance", how, tuple(gain), tuple(offset))
    how = "radiance, scaled by GainOfBand and OffsetOfBand of the metadata and ×100 from W m⁻² nm⁻¹ sr⁻¹"
    return Scaling("radiance", how, tuple(gain * _RADIANCE), tuple(offset * _RADIANCE))

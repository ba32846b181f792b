"""GeoTIFF and GDAL's virtual mosaics: place from the file, bands from its band tags, numbers by its scale and offset.

Wavelengths are looked for in band tags ``wavelength``, ``fwhm``, ``bbl`` (as ENVI and the EnMAP-Box write them), then
in GDAL's ``IMAGERY`` domain, then in the bands' descriptions. Pixels are read when they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.io import DatasetReader

from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.grid import place
from workbench.cubes.multispectral import Bands, number, stack_of
from workbench.cubes.raster import BLOCK, Raster
from workbench.cubes.scaling import Scaling, understand
from workbench.cubes.sensors import named_sensor
from workbench.cubes.stored import Source, Stored
from workbench.cubes.wavelengths import detector_order, from_band_names, in_nanometres


def recognises(path: Path) -> bool:
    """By the ending; what is wrong inside is said on reading."""
    return path.suffix.lower() in (".tif", ".tiff", ".vrt")


def read(path: Path, *, sensor: str = "", offset: float | str = 0.0) -> xr.DataArray:
    """The scene, lazily; `sensor` names that of a stack which does not, `offset` is added to Sentinel-2's numbers."""
    raster = Raster(path)
    named = [name or "" for name in raster.dataset.descriptions]
    bands = stack_of(sensor, raster.shape[0], path.name, named) if sensor else None
    return understand_raster(raster, raster.dataset, path, bands, offset=number(offset, "offset")).cube()


@dataclass(frozen=True, slots=True)
class Understood:
    """What a raster's header says, and its numbers."""

    stored: Stored
    """The numbers, with their scaling."""

    coords: dict[str, tuple]
    """Of the bands, in the cube's order."""

    attrs: dict[str, object]
    """Of the cube."""

    crs: CRS | str | None
    """Where the pixels lie."""

    transform: Affine
    """(column, row) of a pixel's corner to map units."""

    chunks: dict[str, int]
    """Bands, rows and columns that are read together."""

    def cube(self) -> xr.DataArray:
        """The same as a cube."""
        cube = xr.DataArray(self.stored.blocks(self.chunks), dims=DIMS, coords=self.coords, attrs=self.attrs)
        cube.encoding["preferred_chunks"] = dict(zip(("y", "x"), self.stored.block, strict=True))
        return place(cube, self.crs, self.transform)


def understand_raster(
    raster: Source,
    source: DatasetReader,
    path: Path,
    bands: Bands | None = None,
    scaling: Scaling | None = None,
    *,
    offset: float = 0.0,
) -> Understood:
    """What the numbers of `raster` mean by the header of `source`, which may be one tile or date of it.

    Parameters
    ----------
    raster : Source of shape (n_bands, height, width)
        The numbers.
    source : DatasetReader
        The file whose header counts.
    path : Path
        Its name, or that of the scene.
    bands : Bands, optional
        What is known of the bands, where the header does not say.
    scaling : Scaling, optional
        What the numbers mean, where it is known.
    offset : float
        Added to the whole numbers of bands that have a ``divisor``, before the division.
    """
    if source.dtypes[0].startswith("complex"):
        raise CubeError(f"a cube holds real numbers, got {source.dtypes[0]} in {path.name}; write its amplitude")
    stored = Stored(raster, nodata=source.nodata, block=source.block_shapes[0])
    coords, note = (bands.coords(), bands.note) if bands else _header_bands(source, path)
    centres = coords["wavelength"][1]
    words = " ".join([path.stem, *(f"{k} {v}" for k, v in source.tags().items()), *(u or "" for u in source.units)])
    if bands and bands.divisor:
        words = "reflectance"  # in these products "L1C" is no radiance
    unscaled = set(source.scales) <= {1.0} and set(source.offsets) <= {0.0}
    if scaling is None and unscaled and bands and bands.divisor and np.dtype(source.dtypes[0]).kind in "iu":
        scaling = bands.scaling(offset)
    elif offset:
        raise CubeError(f"offset= is added to whole numbers of Sentinel-2, but {path.name} holds none; leave it out")
    scaling = scaling or understand(
        stored.sample(),
        words,
        has_wavelengths=bool(np.isfinite(centres).all()),
        gain=None if unscaled else _one(source.scales),
        offset=0.0 if unscaled else _one(source.offsets),
        stated="the file's scale and offset",
    )
    attrs = {
        **scaling.attrs,
        "sensor": bands.sensor if bands else named_sensor(path.stem) or named_sensor(words),
        "stored_dtype": source.dtypes[0],
        "wavelength_note": note,
    }
    order, overlap = (bands.order(), note) if bands else detector_order(centres)
    if order is not None:
        coords = {name: (dim, values[order], *rest) for name, (dim, values, *rest) in coords.items()}
        attrs["wavelength_note"] = overlap
    crs = source.crs
    if crs is not None and crs.to_epsg() is not None:
        crs = f"EPSG:{crs.to_epsg()}"
    stored = replace(stored, scaling=scaling, order=order)
    return Understood(stored, coords, attrs, crs, source.transform, _chunks(source))


def _header_bands(source: DatasetReader, path: Path) -> tuple[dict[str, tuple], str]:
    """Coordinates of the bands by their tags and descriptions, and a word on where they stand."""
    tags = [_lower(source.tags(i)) | _imagery(source.tags(i, ns="IMAGERY")) for i in source.indexes]
    centres = _numbers(tags, "wavelength", path)
    note = ""
    if centres is not None:
        centres = in_nanometres(centres, tags[0].get("wavelength_units", tags[0].get("wavelength units", "")))
    else:
        centres = from_band_names([name or "" for name in source.descriptions])
        note = "wavelengths from the band descriptions" if centres is not None else "band number only"
    centres = np.full(source.count, np.nan) if centres is None else centres
    coords = {"wavelength": ("band", centres, {"units": "nm"})}
    fwhm, good = _numbers(tags, "fwhm", path), _numbers(tags, "bbl", path)
    if fwhm is not None and np.isfinite(fwhm).any():
        # A width of 0.01 or of 10 tells its unit.
        coords["fwhm"] = ("band", in_nanometres(fwhm, "um" if np.nanmax(fwhm) < 1 else "nm"), {"units": "nm"})
    if good is not None:
        coords["good"] = ("band", good > 0)
    if not np.isfinite(centres).all():
        names = [name or f"band {i}" for name, i in zip(source.descriptions, source.indexes, strict=True)]
        coords["band_name"] = ("band", np.array(names, dtype=object))
    return coords, note


def _chunks(source: DatasetReader) -> dict[str, int]:
    """Blocks of whole rows that follow the file: all bands where pixels are interleaved, runs of bands otherwise."""
    pixel_interleaved = source.interleaving is not None and source.interleaving.value.lower() == "pixel"
    bands = source.count if pixel_interleaved else max(1, min(source.count, BLOCK // (source.height * source.width)))
    rows = max(1, BLOCK // (bands * source.width))
    block = source.block_shapes[0][0]
    return {"band": bands, "y": min(source.height, max(block, rows // block * block)), "x": source.width}


def _lower(tags: dict[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in tags.items()}


def _imagery(tags: dict[str, str]) -> dict[str, str]:
    """GDAL's own words for the same, in µm."""
    found = {"wavelength": tags.get("CENTRAL_WAVELENGTH_UM"), "fwhm": tags.get("FWHM_UM")}
    found = {key: value for key, value in found.items() if value}
    return found | ({"wavelength_units": "Micrometers"} if "wavelength" in found else {})


def _numbers(tags: list[dict[str, str]], name: str, path: Path) -> NDArray[np.float64] | None:
    """One number a band; NaN for a band without the tag, None if no band has it."""
    if not any(name in tag for tag in tags):
        return None
    try:
        return np.array([float(tag.get(name, "nan")) for tag in tags])
    except ValueError as error:
        raise CubeError(f"the band tag {name!r} is a number, but in {path.name} {error}; correct the tag") from error


def _one(values: tuple[float, ...]) -> float | tuple[float, ...]:
    return values[0] if len(set(values)) == 1 else tuple(values)

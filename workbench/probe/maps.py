"""Class maps on disk: Cloud-Optimised GeoTIFFs that any GIS opens in the right place, colours and names."""

from __future__ import annotations

import warnings
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import rioxarray  # noqa: F401  (gives DataArrays their .rio)
import xarray as xr
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from workbench.cubes import transform_of
from workbench.files import replacing

MOST_CLASSES = 255


def write_class_map(class_map: xr.DataArray, confidence: xr.DataArray, path: str | Path) -> list[Path]:
    """Write a class map, and its confidence beside it as ``…_confidence.tif``.

    Category names have no place inside a GeoTIFF; GDAL keeps them in a small file beside it (``….tif.aux.xml``), and
    so do we.

    Parameters
    ----------
    class_map : xarray.DataArray of shape (height, width)
        0 = no data, 1…K; ``attrs["classes"]`` and ``attrs["colors"]`` ("#rrggbb").
    confidence : xarray.DataArray of shape (height, width)
        0 to 1, NaN where there is no data.
    path : str or Path
        Ends in ``.tif``.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ValueError
        If the suffix is another, or there are more than 255 classes.
    """
    path = Path(path)
    names, colors = list(class_map.attrs["classes"]), list(class_map.attrs["colors"])
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise ValueError(f"a class map is written as GeoTIFF, got {path.name}; use {path.stem}.tif")
    if len(names) > MOST_CLASSES:
        raise ValueError(f"a colour table holds {MOST_CLASSES} classes, got {len(names)}; merge some")
    beside = path.with_name(f"{path.stem}_confidence{path.suffix}")
    table = {code: (*_rgb(color), 255) for code, color in enumerate(colors, start=1)}
    _write(class_map.astype("uint8"), path, nodata=0, colors={0: (0, 0, 0, 0), **table})
    _write(confidence.astype("float32"), beside, nodata=np.nan)
    aux = path.with_name(f"{path.name}.aux.xml")
    with replacing(aux) as draft:
        draft.write_text(_category_names(["no data", *names]), encoding="utf-8")
    return [path, beside, aux]


def _write(image: xr.DataArray, path: Path, *, nodata: float, colors: dict | None = None) -> None:
    profile = {
        "driver": "COG",
        "count": 1,
        "dtype": image.dtype,
        "height": image.shape[0],
        "width": image.shape[1],
        "crs": image.rio.crs,
        "transform": transform_of(image),
        "nodata": nodata,
        "compress": "deflate",
        "overview_resampling": "nearest",
    }
    with warnings.catch_warnings(), replacing(path) as draft:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a scene without a CRS is allowed
        # In memory first: on a full disk GDAL cries on the terminal and names no reason; Python says what is wrong.
        with MemoryFile() as memory:
            with memory.open(**profile) as file:
                file.write(image.values, 1)
                if colors:
                    file.write_colormap(1, colors)
            draft.write_bytes(memory.getbuffer())


def _rgb(color: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(color.removeprefix("#")))


def _category_names(names: list[str]) -> str:
    """GDAL's own layout of a file of category names."""
    rows = "\n".join(f"      <Category>{escape(name)}</Category>" for name in names)
    return (
        '<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>\n'
        f"{rows}\n    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n"
    )

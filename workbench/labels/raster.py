"""Labels from a raster: a truth map in a ``.mat`` file, a GeoTIFF, an ENVI classification.

Codes are made dense: 1, 10, 11… become 1…K named ``"1"``, ``"10"``, ``"11"``…; category names and the colour table are
taken where the file has them. 0, no data, NaN and negative values are unlabelled. A raster on another grid is
resampled by nearest neighbour: class codes must not be averaged.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import rasterio
import rasterio.shutil
import xarray as xr
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.warp import Resampling, reproject

from workbench.cubes import mat
from workbench.cubes.drivers import driver_of
from workbench.cubes.envi import binary_of
from workbench.labels.columns import MAX_CLASSES
from workbench.labels.grid import Grid, grid_of, short_name
from workbench.labels.rasterise import as_labels

RASTER_SUFFIXES = (".tif", ".tiff", ".img", ".bsq", ".bil", ".bip", ".dat", ".hdr", ".vrt", ".png")


def read_mat(path: Path, cube: xr.DataArray, layer: str | None = None) -> xr.DataArray:
    """Labels from the array of a MATLAB file that has the scene's height and width.

    Parameters
    ----------
    path : Path
        The file.
    cube : xarray.DataArray
        The scene.
    layer : str, optional
        Name of the array; needed only where several fit.

    Returns
    -------
    xarray.DataArray of shape (height, width)

    Raises
    ------
    ValueError
        If no array fits the scene, or several do.
    """
    grid = grid_of(cube)
    shape = (grid.height, grid.width)
    arrays = mat.arrays(path)
    fitting = {name: array.ndim for name, array in arrays.items() if array.shape[:2] == shape and array.ndim in (2, 3)}
    # The cube itself may lie beside its map of classes: shares of materials are read unasked where no map is there.
    likely = [name for name, n_dims in fitting.items() if n_dims == min(fitting.values())]
    if layer is None and len(likely) == 1:
        layer = likely[0]
    if layer not in fitting:
        found = ", ".join(f"{name} {' × '.join(map(str, array.shape))}" for name, array in arrays.items())
        if layer is None and fitting:
            raise ValueError(
                f"{path.name} has several arrays of the scene's size; pass layer= one of: {', '.join(likely)}"
            )
        raise ValueError(
            f"labels without a CRS must have the scene's size, {grid.height} × {grid.width}, "
            f"but {path.name} has: {found or 'no array'}; check that it belongs to this scene"
        )
    values = np.asarray(arrays[layer])
    return from_codes(values if values.ndim == 2 else largest_share(values, path.name), cube, path.name)


def largest_share(shares: np.ndarray, name: str) -> np.ndarray:
    """Code of the material that covers most of each pixel, from abundances (height, width, n_materials).

    Raises
    ------
    ValueError
        If they are no shares: each from 0 to 1, all of a pixel together 1.
    """
    total = shares.sum(axis=2)
    if shares.min() < -0.01 or np.abs(total[total != 0] - 1).max(initial=0.0) > 0.01:
        raise ValueError(
            f"labels in three dimensions are shares of materials that add up to 1, but those of {name} add up to "
            f"{total.min():.3g} to {total.max():.3g}; give a map of classes"
        )
    return np.where(total > 0, shares.argmax(axis=2) + 1, 0)


def read_raster(path: Path, cube: xr.DataArray) -> xr.DataArray:
    """Labels from the first band of any raster GDAL opens, on the scene's grid.

    Parameters
    ----------
    path : Path
        The file.
    cube : xarray.DataArray
        The scene.

    Returns
    -------
    xarray.DataArray of shape (height, width)

    Raises
    ------
    ValueError
        If it cannot be read, does not hold classes, or cannot be placed on the scene.
    """
    grid = grid_of(cube)
    if path.suffix.lower() == ".hdr":
        path = binary_of(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            with rasterio.open(path, driver=driver_of(path)) as source:
                if source.count != 1:
                    raise ValueError(
                        f"a truth map has one band, but {path.name} has {source.count}; save the class band alone"
                    )
                values = np.ma.filled(source.read(1, masked=True).astype(float), np.nan)
                values = _on_grid(values, source, grid, path.name)
                names, colors = _legend(source)
        except RasterioIOError as error:
            raise ValueError(f"{path.name} cannot be read as a raster: {error}; check the file") from error
    return from_codes(values, cube, path.name, names, colors)


def from_codes(
    values: np.ndarray,
    cube: xr.DataArray,
    name: str,
    names: dict[int, str] | None = None,
    colors: dict[int, str] | None = None,
) -> xr.DataArray:
    """Labels from class codes on the scene's grid.

    Parameters
    ----------
    values : array of shape (height, width)
        Whole numbers; 0, negative and NaN are unlabelled.
    cube : xarray.DataArray
        The scene.
    name : str
        What to call the file in an error.
    names, colors : dict from code to name or ``#rrggbb``, optional
        The file's legend. Named classes are kept even where no pixel has them.

    Returns
    -------
    xarray.DataArray of shape (height, width)

    Raises
    ------
    ValueError
        If the values are not classes.
    """
    values = np.where(np.isfinite(values) & (values > 0), values, 0)
    if (values != np.round(values)).any():
        raise ValueError(
            f"a truth map holds whole-number codes, but {name} has {values[values != np.round(values)][0]:g}"
        )
    present = np.unique(values[values > 0]).astype(int).tolist()
    if len(present) > MAX_CLASSES:
        raise ValueError(
            f"a truth map has at most {MAX_CLASSES} classes, but {name} has {len(present)}; is it an image?"
        )
    names = {code: text for code, text in (names or {}).items() if code > 0 and text}
    codes = sorted({*present, *names})
    dense = np.zeros(int(max(codes, default=0)) + 1, np.int16)
    dense[codes] = np.arange(1, len(codes) + 1)
    own = [colors[code] for code in codes] if colors and all(code in colors for code in codes) else None
    return as_labels(dense[values.astype(int)], cube, [names.get(code, str(code)) for code in codes], own)


def _on_grid(values: np.ndarray, source: rasterio.DatasetReader, grid: Grid, name: str) -> np.ndarray:
    """The values on the scene's grid, by nearest neighbour where the grids differ."""
    same_size = values.shape == (grid.height, grid.width)
    if source.crs is None or grid.crs is None:
        if not same_size:
            raise ValueError(
                f"labels that share no CRS with the scene must have its size, {grid.height} × {grid.width}, "
                f"but {name} has {source.height} × {source.width}; give both a CRS or check that they belong together"
            )
        return values
    if same_size and source.transform.almost_equals(grid.transform, 1e-6) and source.crs == grid.crs:
        return values
    placed = np.full((grid.height, grid.width), np.nan)
    reproject(
        values,
        placed,
        src_transform=source.transform,
        src_crs=source.crs,
        src_nodata=np.nan,
        dst_transform=grid.transform,
        dst_crs=grid.crs.to_wkt(),
        dst_nodata=np.nan,
        resampling=Resampling.nearest,
    )
    if np.isnan(placed).all():
        raise ValueError(f"no pixel of {name} ({short_name(grid.crs)} after warping) lies on the scene; check its CRS")
    return placed


def _legend(source: rasterio.DatasetReader) -> tuple[dict[int, str], dict[int, str]]:
    """Category names and colours by code; GDAL tells them in its XML, rasterio has no call for the names."""
    with tempfile.TemporaryDirectory() as folder:
        description = Path(folder) / "legend.vrt"
        rasterio.shutil.copy(source, description, driver="VRT")
        band = ElementTree.parse(description).getroot().find("VRTRasterBand")
    names = [(node.text or "").strip() for node in band.iterfind("CategoryNames/Category")]
    entries = [[int(node.get(c)) for c in ("c1", "c2", "c3")] for node in band.iterfind("ColorTable/Entry")]
    colors = {code: "#{:02x}{:02x}{:02x}".format(*entry) for code, entry in enumerate(entries)}
    return dict(enumerate(names)), colors

"""AVIRIS-3 scenes, from files written after the public specification (the layout that JPL's own readers use)."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from affine import Affine
from pyproj import CRS

from workbench.cubes import CubeError, describe, open_cube, transform_of

BANDS, HEIGHT, WIDTH = 15, 8, 11
WAVELENGTHS = np.linspace(390, 2490, BANDS)
GRID = Affine(5, 0, 500_000, 0, -5, 3_800_000)


def write(path: Path, values: np.ndarray, quantity: str = "reflectance", **changes) -> Path:
    """A scene as JPL's readers find it; the changes spoil parts."""
    with h5py.File(path, "w") as file:
        file.attrs["time_coverage_start"] = changes.get("start", "2023-10-08T17:39:43Z")
        group = file.create_group(changes.get("group", quantity))
        group["wavelength"] = changes.get("wavelengths", WAVELENGTHS)
        group["wavelength"].attrs["units"] = "nanometers"
        group["fwhm"] = np.full(BANDS, 7.5)
        cube = group.create_dataset(quantity, data=values, chunks=(3, 4, 5), compression="gzip")
        cube.attrs["_FillValue"] = np.float32([-9999])
        file["northing"] = np.arange(changes.get("rows", HEIGHT), dtype=float)
        file["easting"] = np.arange(WIDTH, dtype=float)
        file["transverse_mercator"] = np.bytes_("")
        file["transverse_mercator"].attrs["spatial_ref"] = changes.get("wkt", CRS.from_epsg(32611).to_wkt())
        file["transverse_mercator"].attrs["GeoTransform"] = changes.get("grid", "500000 5 0 3800000 0 -5")
        if "rows" in changes:
            file["lon"], file["lat"] = np.meshgrid(np.linspace(7, 8, WIDTH), np.linspace(50, 49, HEIGHT))
    return path


@pytest.fixture
def values() -> np.ndarray:
    values = np.random.default_rng(0).random((BANDS, HEIGHT, WIDTH)).astype("float32")
    values[:, :2, 0] = -9999
    return values


@pytest.mark.parametrize("quantity", ["reflectance", "radiance"])
def test_a_scene_of_the_specification_lies_on_its_grid(tmp_path, values, quantity):
    cube = open_cube(write(tmp_path / "AV320231008t173943_004_L2A_OE_0b1c2d3e_RFL_ORT.nc", values, quantity))
    np.testing.assert_array_equal(cube, np.where(values == -9999, np.nan, values))
    np.testing.assert_allclose(cube.wavelength, WAVELENGTHS, atol=1e-6)
    np.testing.assert_array_equal(cube.fwhm, 7.5)
    assert cube.rio.crs.to_epsg() == 32611
    assert transform_of(cube) == GRID
    facts = describe(cube)
    assert (facts["format"], facts["sensor"], facts["quantity"]) == ("aviris", "AVIRIS-3", quantity)
    assert facts["acquired"] == "2023-10-08T17:39:43Z"


def test_radiance_of_the_specification_off_the_grid_is_a_swath(tmp_path, values):
    cube = open_cube(write(tmp_path / "ang20230708t173943_RDN.nc", values, "radiance", rows=HEIGHT + 3, start="soon"))
    assert cube.rio.crs is None
    np.testing.assert_allclose(cube.longitude[2], np.linspace(7, 8, WIDTH))
    np.testing.assert_allclose(cube.latitude[:, 2], np.linspace(50, 49, HEIGHT))
    assert (cube.attrs["sensor"], cube.attrs["acquired"]) == ("AVIRIS-NG", "2023-07-08T17:39:43Z")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wavelengths": WAVELENGTHS[:4]}, r"reflectance/wavelength has 15 values, got shape \(4,\) in scene.nc"),
        ({"wavelengths": WAVELENGTHS * np.nan}, r"wavelength has 15 numbers, got text, NaN or infinity in scene.nc"),
        ({"wavelengths": WAVELENGTHS[::-1]}, r"wavelengths must increase"),
        ({"grid": "500000 5 0"}, r"a geotransform has 6 numbers that span a pixel, got '500000 5 0' in scene.nc"),
        ({"grid": "1 0 0 1 0 0"}, r"a geotransform has 6 numbers that span a pixel, got '1 0 0 1 0 0'"),
        ({"wkt": "somewhere"}, r"a CRS is WKT or an EPSG code, got 'somewhere' in scene.nc"),
    ],
)
def test_a_scene_that_breaks_the_specification_is_refused_in_a_sentence(tmp_path, values, changes, message):
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(write(tmp_path / "scene.nc", values, **changes))
    assert "\n" not in str(refusal.value)


def test_another_product_is_refused_in_a_sentence(tmp_path, values):
    path = write(tmp_path / "scene.nc", values, group="observation_parameters")
    with pytest.raises(CubeError, match=r"has a group reflectance or radiance .* but scene.nc has none; open the RFL"):
        open_cube(path, format="aviris")

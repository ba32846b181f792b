"""NEON reflectance, from files written after the public specification (NEON's data product tutorials)."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from affine import Affine

from workbench.cubes import CubeError, describe, open_cube, transform_of

BANDS, HEIGHT, WIDTH = 20, 7, 9
WAVELENGTHS = np.linspace(380, 2510, BANDS).astype("float32")
MAP_INFO = "UTM,  1.000,  1.000, 368000.00, 4307000.0, 1.0, 1.0, 18, North, WGS-84, units=Meters, 0"


def write(path: Path, stored: np.ndarray, **changes) -> Path:
    """A tile of SERC as NEON publishes it; the changes spoil parts."""
    with h5py.File(path, "w") as file:
        group = file.create_group(f"SERC/{changes.get('kind', 'Reflectance')}")
        group.attrs["Band_Window_1_Nanometers"] = changes.get("window", np.array([1340.0, 1445.0]))
        group.attrs["Band_Window_2_Nanometers"] = np.array([1790.0, 1955.0])
        cube = group.create_dataset("Reflectance_Data", data=stored, chunks=(3, 4, BANDS), compression="gzip")
        cube.attrs["Data_Ignore_Value"] = np.array([-9999.0])
        cube.attrs["Scale_Factor"] = changes.get("scale", np.array([10000.0]))
        spectral = group.create_group("Metadata/Spectral_Data")
        spectral["Wavelength"] = changes.get("wavelengths", WAVELENGTHS)
        spectral["Wavelength"].attrs["Units"] = "nanometers"
        spectral["FWHM"] = np.full(BANDS, 5.8, "float32")
        place = group.create_group("Metadata/Coordinate_System")
        place["Map_Info"] = np.bytes_(changes.get("map_info", MAP_INFO))
        place["EPSG Code"] = np.bytes_(changes.get("epsg", "32618"))
        place["Proj4"] = np.bytes_("+proj=utm +zone=18 +ellps=WGS84 +datum=WGS84 +units=m +no_defs")
    return path


@pytest.fixture
def stored() -> np.ndarray:
    stored = np.random.default_rng(0).integers(0, 6000, (HEIGHT, WIDTH, BANDS)).astype("int16")
    stored[0, :2] = -9999
    return stored


@pytest.mark.parametrize(
    ("name", "acquired"),
    [
        ("NEON_D02_SERC_DP3_368000_4306000_bidirectional_reflectance.h5", ""),
        ("NEON_D02_SERC_DP1_20170817_161435_reflectance.h5", "2017-08-17T16:14:35Z"),
    ],
)
def test_reflectance_of_the_specification_is_scaled_placed_and_free_of_water_vapour(tmp_path, stored, name, acquired):
    cube = open_cube(write(tmp_path / name, stored))
    expected = np.where(stored == -9999, np.nan, stored / 1e4).transpose(2, 0, 1)
    np.testing.assert_allclose(cube, expected, rtol=1e-6)
    np.testing.assert_allclose(cube.wavelength, WAVELENGTHS, atol=1e-6)
    np.testing.assert_allclose(cube.fwhm, 5.8, rtol=1e-6)
    bad = [1340 <= w <= 1445 or 1790 <= w <= 1955 for w in WAVELENGTHS]
    assert sum(bad) >= 2
    np.testing.assert_array_equal(cube.good, ~np.array(bad))
    assert cube.rio.crs.to_epsg() == 32618
    assert transform_of(cube) == Affine(1, 0, 368_000, 0, -1, 4_307_000)
    facts = describe(cube)
    assert (facts["format"], facts["acquired"], facts["quantity"]) == ("neon", acquired, "reflectance")
    assert cube.attrs["site"] == "SERC"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wavelengths": WAVELENGTHS[:4]}, r"SERC/\S*Wavelength has 20 values, got shape \(4,\) in scene.h5"),
        ({"wavelengths": WAVELENGTHS * np.nan}, r"Wavelength has 20 numbers, got text, NaN or infinity in scene.h5"),
        ({"window": np.array([1340.0])}, r"a 'Band_Window' has 2 numbers, got shape \(\) in scene.h5"),
        ({"scale": 0.0}, r"reflectance names its 'Scale_Factor', got 0.0 in scene.h5"),
        ({"scale": "many"}, r"'Scale_Factor' of \S+ is a number, got 'many' in scene.h5"),
        ({"map_info": "UTM, 1, 1, here, 4307000, 1, 1, 18, North, WGS-84"}, r"'map info' .* holds six numbers"),
        ({"epsg": "-9"}, r"a CRS is WKT or an EPSG code, got 'EPSG:-9' in scene.h5"),
        ({"kind": "Radiance"}, r"a NEON scene is reflectance, but scene.h5 holds radiance"),
    ],
)
def test_a_file_that_breaks_the_specification_is_refused_in_a_sentence(tmp_path, stored, changes, message):
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(write(tmp_path / "scene.h5", stored, **changes))
    assert "\n" not in str(refusal.value)


def test_two_dims_are_no_scene_of_the_specification(tmp_path):
    path = write(tmp_path / "scene.h5", np.ones((HEIGHT, WIDTH, BANDS), "int16"))
    with h5py.File(path, "r+") as file:
        del file["SERC/Reflectance/Reflectance_Data"]
        file["SERC/Reflectance/Reflectance_Data"] = np.ones((3, 4))
    with pytest.raises(CubeError, match=r"Reflectance_Data has \? × \? × \? values, got shape \(3, 4\) in scene.h5"):
        open_cube(path)

"""Radar and elevation: bands that have no wavelength, with their units said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from workbench.cubes import CubeError, describe, open_cube, transform_of

GRID = {"crs": "EPSG:32633", "transform": Affine(10, 0, 366_000, 0, -10, 5_810_000)}


def write(path: Path, values: np.ndarray, descriptions: tuple[str, ...] = (), unit: str = "", **profile) -> Path:
    count, height, width = values.shape
    shape = {"count": count, "height": height, "width": width, "dtype": values.dtype}
    path.parent.mkdir(exist_ok=True)
    with rasterio.open(path, "w", driver="GTiff", **shape, **GRID, **profile) as file:
        file.write(values)
        for i, name in enumerate(descriptions, 1):
            file.set_band_description(i, name)
        if unit:
            file.units = [unit] * count
    return path


@pytest.fixture
def power() -> np.ndarray:
    return np.random.default_rng(0).exponential(0.1, (2, 6, 7)).astype("float32")


@pytest.mark.realdata
@pytest.mark.parametrize("place", ["38D_378R_2_3", "433D_629L_3_1", "637U_59R_1_3"])
def test_real_backscatter_is_rasterios_in_decibels(real_data, place):
    path = real_data / f"terramind/S1RTC/{place}.tif"
    cube = open_cube(path)
    with rasterio.open(path) as oracle:
        np.testing.assert_allclose(cube, oracle.read(), rtol=1e-6)
        assert transform_of(cube)[:6] == pytest.approx(oracle.transform[:6])
        assert cube.attrs["acquired"] == oracle.tags()["datetime"][:19] + "Z"
    assert cube.band_name.values.tolist() == ["VV", "VH"]
    assert np.isnan(cube.wavelength).all()
    facts = describe(cube)
    assert (facts["format"], facts["sensor"], facts["units"]) == ("sentinel-1", "Sentinel-1", "dB")
    assert "usual order is assumed" in facts["wavelength_note"]
    assert float(cube[0].mean()) > float(cube[1].mean())  # land sends less back in the crossed polarisation


@pytest.mark.parametrize(
    ("make", "units", "said"),
    [
        (lambda power: 10 * np.log10(power), "dB", "numbers below 0 are no power"),
        (lambda power: power, "power", "no number is below 0"),
        (lambda power: (power * 3000).astype("uint16"), "amplitude", "whole numbers"),
    ],
)
def test_decibels_power_and_amplitude_are_told_apart(tmp_path, power, make, units, said):
    path = write(tmp_path / "S1A_IW_GRDH_1SDV_20220724T052635.tif", make(power))
    cube = open_cube(path)
    np.testing.assert_array_equal(cube, make(power).astype("float32"))
    assert cube.attrs["units"] == units
    assert said in cube.attrs["scaling"]
    assert cube.attrs["acquired"] == "2022-07-24T05:26:35Z"


def test_what_the_user_says_of_the_units_counts(tmp_path, power):
    path = write(tmp_path / "s1_grd.tif", power)
    assert open_cube(path, units="dB").attrs["units"] == "dB"
    with pytest.raises(CubeError, match=r"units= is one of dB, power, amplitude, got 'sigma'"):
        open_cube(path, units="sigma")


@pytest.mark.parametrize(
    ("name", "descriptions", "expected"),
    [
        ("s1_a", ("Gamma0_VH", "Gamma0_VV"), ["VH", "VV"]),
        ("S1A_IW_GRDH_1SDH_20220724T052635", (), ["HH", "HV"]),
        ("sentinel-1_vh_vv", (), ["VH", "VV"]),
        ("s1_a", (), ["VV", "VH"]),
    ],
)
def test_polarisations_are_those_the_file_names(tmp_path, power, name, descriptions, expected):
    cube = open_cube(write(tmp_path / f"{name}.tif", power, descriptions))
    assert cube.band_name.values.tolist() == expected


def test_one_band_of_unknown_polarisation_is_not_guessed(tmp_path, power):
    cube = open_cube(write(tmp_path / "s1_a.tif", power[:1]))
    assert cube.band_name.values.tolist() == ["backscatter"]
    assert open_cube(write(tmp_path / "s1_vh.tif", power[:1])).band_name.values.tolist() == ["VH"]


@pytest.mark.realdata
def test_a_real_elevation_model_is_rasterios_in_metres(real_data):
    path = real_data / "terramind/DEM/433D_629L_3_1.tif"
    cube = open_cube(path)
    with rasterio.open(path) as oracle:
        np.testing.assert_array_equal(cube, oracle.read())
    assert cube.band_name.values.tolist() == ["elevation [m]"]
    assert (cube.attrs["format"], cube.attrs["units"]) == ("elevation", "m")
    assert "states no unit" in cube.attrs["scaling"]


def test_feet_nodata_and_scale_of_a_model_are_kept(tmp_path):
    values = np.arange(42, dtype="int16").reshape(1, 6, 7)
    values[0, 2, 2] = -32768
    path = write(tmp_path / "srtm30.tif", values, unit="foot", nodata=-32768)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.5,), (100.0,)
    cube = open_cube(path)
    expected = values.astype(float) * 0.5 + 100
    expected[0, 2, 2] = np.nan
    np.testing.assert_array_equal(cube, expected)
    assert cube.band_name.values.tolist() == ["elevation [ft]"]


@pytest.mark.parametrize("name", ["academy", "modern", "s10", "is1", "classes1a"])
def test_other_names_are_not_taken_for_radar_or_elevation(tmp_path, power, name):
    assert open_cube(write(tmp_path / "plain" / f"{name}.tif", power[:1])).attrs["format"] == "geotiff"

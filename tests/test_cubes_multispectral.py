"""Bands of multispectral sensors are those published, and given to a stack only where it says whose bands it holds."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import spyndex
from affine import Affine

from workbench.cubes import CubeError, open_cube
from workbench.cubes.multispectral import SENTINEL_2, STACKS, landsat, sensor_told

GRID = {"crs": "EPSG:32633", "transform": Affine(30, 0, 366_000, 0, -30, 5_810_000)}


def write(path, values: np.ndarray, descriptions: tuple[str, ...] = (), tags: dict[str, str] | None = None):
    count, height, width = values.shape
    shape = {"count": count, "height": height, "width": width, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", **shape, **GRID) as file:
        file.write(values)
        file.update_tags(**(tags or {}))
        for i, name in enumerate(descriptions, 1):
            file.set_band_description(i, name)
    return path


@pytest.fixture
def numbers() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 9000, (12, 6, 7)).astype("uint16")


@pytest.mark.parametrize(
    ("platform", "bands", "within"),
    [
        ("sentinel2a", SENTINEL_2, 0.6),
        ("sentinel2b", SENTINEL_2, 17),
        ("landsat5", landsat(5), 30),
        ("landsat7", landsat(7), 15),
        ("landsat8", landsat(8), 4),
        ("landsat9", landsat(9), 4),
    ],
)
def test_wavelengths_are_those_that_spyndex_publishes(platform, bands, within):
    known = {band.band: band for entry in spyndex.bands.values() if (band := getattr(entry, platform, None))}
    assert len(known) >= 6
    for name, band in known.items():
        i = [name.replace("B0", "B") for name in bands.names].index(name)
        assert bands.wavelength[i] == pytest.approx(band.wavelength, abs=within)


def test_every_known_stack_has_increasing_wavelengths_once_it_is_sorted(tmp_path):
    for sensor, counts in STACKS.items():
        for count in counts:
            path = write(tmp_path / "a.tif", np.arange(count * 6, dtype="int16").reshape(count, 2, 3) + 1)
            cube = open_cube(path, sensor=sensor, format="geotiff")
            assert (np.diff(cube.wavelength) > 0).all()
            assert sorted(cube.band_name.values.tolist()) == sorted(counts[count])


@pytest.mark.parametrize(
    ("text", "sensor"),
    [
        ("S2A_MSIL1C_20220724T101559_N0400", "sentinel-2"),
        ("T33UUU S2L2A", "sentinel-2"),
        ("sentinel_2_stack", "sentinel-2"),
        ("L7_ETMs", "landsat-7"),
        ("LT05_L1TP_192024", "landsat-5"),
        ("LC09_L2SP_193024", "landsat-9"),
        ("Landsat 8 OLI", "landsat-8"),
        ("LE07", "landsat-7"),
        ("is2", ""),
        ("classes2a", ""),
        ("landsat", ""),
        ("el707", ""),
    ],
)
def test_a_sensor_is_told_by_whole_words(text, sensor):
    assert sensor_told(text) == sensor


def test_a_stack_of_another_name_stays_as_stored_until_its_sensor_is_told(tmp_path, numbers):
    path = write(tmp_path / "a.tif", numbers)
    plain = open_cube(path)
    assert np.isnan(plain.wavelength).all()
    np.testing.assert_array_equal(plain, numbers)
    told = open_cube(path, sensor="Sentinel 2")
    np.testing.assert_allclose(told, numbers / 1e4, rtol=1e-6)
    assert told.sel(wavelength=1613.7).band_name == "B11"
    assert "bands by their number, B01 to B12" in told.attrs["wavelength_note"]
    assert "offset=-1000 adds it" in told.attrs["scaling"]
    np.testing.assert_allclose(open_cube(path, sensor="sentinel-2", offset="-1000"), numbers / 1e4 - 0.1, atol=1e-6)


def test_descriptions_say_which_bands_in_which_order(tmp_path, numbers):
    names = ("B12", "B8A", "B4")
    path = write(tmp_path / "a.tif", numbers[:3], names)
    cube = open_cube(path, sensor="sentinel-2")
    assert cube.band_name.values.tolist() == ["B04", "B8A", "B12"]
    np.testing.assert_allclose(cube, numbers[[2, 1, 0]] / 1e4, rtol=1e-6)
    assert "as their descriptions name them" in cube.attrs["wavelength_note"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sensor": "landsat-8"}, r"a stack of landsat-8 has 6, 7, 9, 11 bands, but a.tif has 12; leave sensor= out"),
        ({"sensor": "spot"}, r"sensor= is one of sentinel-2, landsat-4, .*, got 'spot'"),
        ({"sensor": "sentinel-2", "offset": "much"}, r"offset= is a number, got 'much'"),
        ({"offset": "-1000"}, r"offset= is added to whole numbers of Sentinel-2, but a.tif holds none; leave it out"),
        ({"sensor": "sentinel-2", "offset": "nan"}, r"offset= is a number, got 'nan'"),
    ],
)
def test_what_a_stack_cannot_be_is_refused(tmp_path, numbers, options, message):
    with pytest.raises(CubeError, match=message):
        open_cube(write(tmp_path / "a.tif", numbers), **options)


@pytest.mark.parametrize("name", ["S2A_MSIL1C_20220724T101559", "T33UUU_S2-L1C"])
def test_level_1c_of_sentinel_2_is_reflectance_and_no_radiance(tmp_path, numbers, name):
    cube = open_cube(write(tmp_path / f"{name}.tif", (numbers / 1e4).astype("float32")))
    assert (cube.attrs["quantity"], cube.attrs["sensor"]) == ("reflectance", "Sentinel-2")
    np.testing.assert_allclose(cube, numbers / 1e4, rtol=1e-6)

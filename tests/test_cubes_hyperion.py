"""Hyperion products, written here after the names and fields of USGS's specification, read as rasterio reads a band."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.test_cubes_geotiff import GRID, write
from workbench.cubes import CubeError, describe, open_cube, spectrum, transform_of
from workbench.cubes.hyperion_bands import FWHM, WAVELENGTH
from workbench.cubes.landsat import recognises as landsat_recognises
from workbench.cubes.raster import Raster

STEM = "EO1H1980332004342110KF"
MTL = """GROUP = L1_METADATA_FILE
  GROUP = PRODUCT_METADATA
    PRODUCT_TYPE = "L1T"
    SPACECRAFT_ID = "EO1"
    SENSOR_ID = "HYPERION"
    ACQUISITION_DATE = 2004-12-07
    START_TIME = "2004 342 10:11:12"
  END_GROUP = PRODUCT_METADATA
  GROUP = RADIANCE_SCALING
    SCALING_FACTOR_VNIR = 40.000000
    SCALING_FACTOR_SWIR = 80.000000
  END_GROUP = RADIANCE_SCALING
END_GROUP = L1_METADATA_FILE
END
"""
CALIBRATED = [*range(8, 58), *range(77, 225)]


def stored(band: int) -> np.ndarray:
    """Numbers of one band: 0 outside the swath, and all 0 where it is not calibrated."""
    values = np.random.default_rng(band).integers(-20, 9000, (1, 6, 7)).astype("int16")
    values[0, 2, 2] = 0 if band == 150 else 5000  # no light inside the swath
    values[0, :, 0] = 0
    return values if band in CALIBRATED else np.zeros_like(values)


def specification(folder: Path, level: str = "L1T", bands=range(1, 243), mtl: str = MTL) -> Path:
    """A product as USGS describes it; returns its metadata."""
    folder.mkdir(exist_ok=True)
    for band in bands:
        write(folder / f"{STEM}_B{band:03d}_{level}.TIF", stored(band), crs="EPSG:32633", transform=GRID)
    path = folder / f"{STEM}_MTL_{level}.TXT"
    path.write_text(mtl)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return specification(tmp_path_factory.mktemp("hyperion") / "p")


def test_bands_are_radiance_by_the_specification_s_factors_sorted_by_wavelength(whole):
    cube = open_cube(whole)
    assert cube.shape == (242, 6, 7)
    np.testing.assert_array_equal(cube.wavelength, np.sort(WAVELENGTH))
    with rasterio.open(whole.with_name(f"{STEM}_B040_L1T.TIF")) as oracle:
        assert transform_of(cube) == oracle.transform
        assert cube.rio.crs == oracle.crs
    for name, values, fwhm, good in zip(
        cube.band_name.values, cube.values, cube.fwhm.values, cube.good.values, strict=True
    ):
        band = int(name[1:])
        assert good == (band in CALIBRATED)
        assert fwhm == FWHM[band - 1]
        # W m⁻² µm⁻¹ sr⁻¹ to µW cm⁻² nm⁻¹ sr⁻¹: 10⁶ µW a W, 10⁴ cm² a m², 10³ nm a µm.
        expected = stored(band)[0] / (40 if band <= 70 else 80) * 1e6 / 1e4 / 1e3
        expected[:, 0] = np.nan
        np.testing.assert_allclose(values, expected if good else np.nan, rtol=1e-6, err_msg=name)
    facts = describe(cube)
    assert (facts["format"], facts["sensor"], facts["acquired"]) == ("hyperion", "Hyperion", "2004-12-07T10:11:12Z")
    assert "nominal" in facts["wavelength_note"]


def test_a_zero_inside_the_swath_is_a_value(whole):
    cube = open_cube(whole)
    assert cube.values[list(cube.band_name.values).index("B150"), 2, 2] == 0


def test_nominal_wavelengths_are_evenly_spaced_as_the_spectrometers_are():
    np.testing.assert_allclose(np.diff(WAVELENGTH[:70]), 10.1755, atol=0.02)
    np.testing.assert_allclose(np.diff(WAVELENGTH[70:]), 10.09, atol=0.12)
    # The calibrated ranges that USGS states: 426–925 and 912–2395 nm.
    assert [round(WAVELENGTH[band - 1]) for band in (8, 57, 77, 224)] == [427, 925, 912, 2396]


def test_folder_archive_and_band_open_the_same_cube(whole, tmp_path):
    few = specification(tmp_path / "p", "L1GST", [20, 40, 57, 77, 100, 120])
    expected = open_cube(few)
    with zipfile.ZipFile(tmp_path / "EO1H.ZIP", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in few.parent.iterdir():
            archive.write(file, f"{STEM}/{file.name}")
    for path in (few.parent, tmp_path / "EO1H.ZIP", few.with_name(f"{STEM}_B057_L1GST.TIF")):
        cube = open_cube(path)
        assert cube.attrs["format"] == "hyperion"
        np.testing.assert_array_equal(cube, expected)
    assert not landsat_recognises(few)
    assert not landsat_recognises(few.parent)


def test_a_pixel_reads_a_pixel_of_each_band(whole, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = open_cube(whole)
    read = []
    plain = Raster.__getitem__
    monkeypatch.setattr(Raster, "__getitem__", lambda self, key: read.append(plain(self, key)) or read[-1])
    values = spectrum(cube, 3, 5)
    assert sum(block.size for block in read) <= 242 + 30  # and the band that tells the swath, a time a block
    np.testing.assert_array_equal(spectrum(pickle.loads(pickle.dumps(cube)), 3, 5), values)


@pytest.mark.parametrize(
    ("bands", "mtl", "message"),
    [
        ([20, 21], MTL.replace("40.000000", "0"), r"SCALING_FACTOR_VNIR is a positive number, got '0' in EO1H"),
        ([20, 21], MTL.replace("80.000000", "many"), r"SCALING_FACTOR_SWIR is a positive number, got 'many'"),
        ([20, 21], "hello", r"SCALING_FACTOR_VNIR is a positive number, got 'nothing'"),
        ([], MTL, r"has a GeoTIFF a band, but p has none; copy it whole"),
        ([1, 242], MTL, r"has a calibrated band, but .* has none"),
    ],
)
def test_a_fault_is_named(tmp_path, bands, mtl, message):
    path = specification(tmp_path / "p", bands=bands, mtl=mtl)
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(path)
    assert "\n" not in str(refusal.value)


def test_bands_of_other_sizes_and_empty_ones_are_named(tmp_path):
    path = specification(tmp_path / "p", bands=[20, 21])
    other = path.with_name(f"{STEM}_B021_L1T.TIF")
    write(other, stored(21)[:, :5], crs="EPSG:32633", transform=GRID)
    with pytest.raises(
        CubeError, match=r"one plane of \(6, 7\) rows and columns, but EO1H.*B021_L1T.TIF .* \(1, 5, 7\)"
    ):
        open_cube(path)
    other.write_bytes(b"")
    with pytest.raises(CubeError, match=r"B021_L1T.TIF of p is empty"):
        open_cube(path)

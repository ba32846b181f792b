"""DESIS products, written here after the names and fields of DLR's specification, read as rasterio reads them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.test_cubes_geotiff import GRID, write
from workbench.cubes import CubeError, describe, open_cube, transform_of
from workbench.cubes.desis import recognises
from workbench.cubes.remote import Address

STEM = "DESIS-HSI-{level}-DT0483531728_001-20200804T234520-V0210"
N_BANDS = 12
CENTRES = 401.3 + 2.55 * np.arange(N_BANDS)
STORED = np.random.default_rng(2).integers(1, 9000, (N_BANDS, 8, 9)).astype("int16")
STORED[:, 0, :3] = -32768


def specification(folder: Path, level: str = "L2A", n_bands: int = N_BANDS, gain: str = "", **profile) -> Path:
    """A product as the specification describes it; returns its metadata."""
    folder.mkdir(exist_ok=True)
    stem = STEM.format(level=level)
    gains = [gain or ("0.0001" if level == "L2A" else f"{0.001 + 0.0001 * i}") for i in range(n_bands)]
    bands = "".join(
        f"<band><bandNumber>{i + 1}</bandNumber><wavelengthCenterOfBand>{CENTRES[i]:.2f}</wavelengthCenterOfBand>"
        f"<wavelengthWidthOfBand>{3.5 + i / 10}</wavelengthWidthOfBand><response>0.1,1.0,0.1</response>"
        f"<wavelengths>400,401,402</wavelengths><gainOfBand>{gains[i]}</gainOfBand>"
        f"<offsetOfBand>{'0' if level == 'L2A' else i}</offsetOfBand></band>"
        for i in range(n_bands)
    )
    xml = folder / f"{stem}-METADATA.xml"
    xml.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><hsi_doc><base><temporalCoverage><startTime>2020-08-04T23:45:20.535000Z'
        "</startTime></temporalCoverage></base><specific><sunZenithAngle>30.5</sunZenithAngle><sunAzimuthAngle>170"
        f"</sunAzimuthAngle><bandCharacterisation>{bands}</bandCharacterisation></specific></hsi_doc>"
    )
    place = {"crs": "EPSG:32611", "transform": GRID, "interleave": "pixel"}
    write(folder / f"{stem}-SPECTRAL_IMAGE.tif", STORED, **place, **profile)
    return xml


def quality(xml: Path, layers: np.ndarray) -> None:
    write(Path(str(xml).replace("METADATA.xml", "QL_QUALITY-2.tif")), layers.astype("uint8"), crs="EPSG:32611")


@pytest.mark.parametrize("nodata", [None, -32768])
def test_l2a_is_reflectance_at_the_specification_s_wavelengths(tmp_path, nodata):
    xml = specification(tmp_path / "p", nodata=nodata)
    cube = open_cube(xml)
    with rasterio.open(next(xml.parent.glob("*.tif"))) as oracle:
        np.testing.assert_allclose(cube, np.where(STORED == -32768, np.nan, oracle.read() / 1e4), rtol=1e-6)
        assert transform_of(cube) == oracle.transform
        assert cube.rio.crs == oracle.crs
    np.testing.assert_allclose(cube.wavelength, CENTRES.round(2))
    np.testing.assert_allclose(cube.fwhm, 3.5 + np.arange(N_BANDS) / 10)
    facts = describe(cube)
    assert (facts["format"], facts["sensor"], facts["acquired"]) == ("desis", "DESIS", "2020-08-04T23:45:20Z")
    assert (facts["quantity"], facts["masks"]) == ("reflectance", [])
    assert (cube.attrs["sun_elevation"], cube.attrs["sun_azimuth"]) == (59.5, 170)


def test_l1c_is_radiance_in_the_specification_s_unit_which_is_ours(tmp_path):
    cube = open_cube(specification(tmp_path / "p", "L1C"))
    i = np.arange(N_BANDS)[:, None, None]
    expected = np.where(STORED == -32768, np.nan, STORED * (0.001 + 0.0001 * i) + i)
    # mW cm⁻² µm⁻¹ sr⁻¹ to µW cm⁻² nm⁻¹ sr⁻¹: a thousand µW a mW, a thousand nm a µm.
    np.testing.assert_allclose(cube, expected * 1000 / 1000, rtol=1e-5)
    assert cube.attrs["units"] == "µW cm⁻² nm⁻¹ sr⁻¹"


def test_masks_are_the_layers_that_the_specification_lists(tmp_path):
    xml = specification(tmp_path / "p")
    layers = np.zeros((10, 8, 9))
    for layer in range(8):
        layers[layer, 4, layer] = 1
    layers[8:] = 1  # aerosol and water vapour, 1 everywhere
    quality(xml, layers)
    plain = open_cube(xml)
    assert plain.attrs["masks"] == ["cloud", "shadow", "haze", "snow", "land", "water"]
    hidden = {"shadow": [0], "land": [1], "snow": [2], "haze": [3, 4], "cloud": [5, 6], "water": [7]}
    for name, columns in hidden.items():
        expected = plain.values.copy()
        expected[:, 4, columns] = np.nan
        np.testing.assert_array_equal(open_cube(xml, mask=name), expected, err_msg=name)
    expected[:, 4, [5, 6]] = np.nan
    np.testing.assert_array_equal(open_cube(xml, mask="cloud,water"), expected)
    with pytest.raises(CubeError, match=r"got 'fog', but DESIS-.* has cloud, shadow, haze, snow, land, water"):
        open_cube(xml, mask="fog")
    quality(xml, layers[:, :7])
    with pytest.raises(
        CubeError, match=r"quality layers lie on the image of \(8, 9\) pixels, but DESIS-.* \(10, 7, 9\)"
    ):
        open_cube(xml, mask="cloud")


def test_folder_archive_and_image_open_the_same_cube(tmp_path):
    xml = specification(tmp_path / "p")
    with zipfile.ZipFile(tmp_path / "order.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in xml.parent.iterdir():
            archive.write(file, f"DESIS/{file.name}")
    expected = open_cube(xml)
    for path in (tmp_path / "p", tmp_path / "order.zip", next(xml.parent.glob("*IMAGE.tif"))):
        cube = open_cube(path)
        assert cube.attrs["format"] == "desis"
        np.testing.assert_array_equal(cube, expected)


def test_what_is_no_whole_product_is_refused_in_a_sentence(tmp_path):
    refusals = [
        (specification(tmp_path / "l1b", "L1B"), r"read on its grid, as L1C or L2A, but DESIS-HSI-L1B-.* is L1B"),
        (specification(tmp_path / "few", n_bands=11), r"describes 11 bands, but its image has 12; copy"),
        (specification(tmp_path / "nan", gain="nan"), r"gainOfBand is a number for every band, .* none for band 1"),
    ]
    empty, gone = specification(tmp_path / "empty"), specification(tmp_path / "gone")
    next(empty.parent.glob("*.tif")).write_bytes(b"")
    next(gone.parent.glob("*.tif")).unlink()
    refusals += [
        (empty, r"SPECTRAL_IMAGE.tif of empty is empty"),
        (gone, r"has a SPECTRAL_IMAGE.tif, but DESIS-.* none"),
    ]
    for path, message in refusals:
        with pytest.raises(CubeError, match=message) as refusal:
            open_cube(path)
        assert "\n" not in str(refusal.value)


def test_an_image_alone_or_at_an_address_is_left_to_the_general_reader(tmp_path):
    xml = specification(tmp_path / "p")
    image = next(xml.parent.glob("*IMAGE.tif"))
    assert recognises(image)
    assert not recognises(Address(f"https://example.org/{image.name}"))
    xml.unlink()
    assert not recognises(image)
    assert not recognises(tmp_path / "p")

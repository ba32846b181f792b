"""EnMAP products: real metadata, whose own images are empty, paired with a real tile and read as rasterio reads it."""

from __future__ import annotations

import io
import pickle
import re
import tarfile
import warnings
import zipfile
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer
from rasterio.windows import Window

from workbench.cubes import CubeError, describe, open_cube, render, spectrum, transform_of
from workbench.cubes.enmap import recognises
from workbench.cubes.enmap_swath import project
from workbench.cubes.raster import Raster

TILE = "enmap_potsdam/images/enmap_potsdam_tile_160_96.tif"
GRID = Affine(30, 0, 635_000, 0, -30, 5_290_000)
SHAPE = (1024, 1000)

pytestmark = pytest.mark.realdata


@cache
def metadata(real_data: Path, level: str) -> tuple[str, bytes]:
    """The name and the content of a real METADATA.XML."""
    with zipfile.ZipFile(real_data / f"enmap_product/enmap_{level}_gtif_qualification.zip") as archive:
        name = next(name for name in archive.namelist() if name.endswith("METADATA.XML"))
        return Path(name).name, archive.read(name)


@cache
def slim(real_data: Path, level: str) -> tuple[str, bytes]:
    """The same without orbit, attitude and most RPC: 4 MB that no test of faults needs to parse again."""
    name, content = metadata(real_data, level)
    root = ElementTree.fromstring(content)
    for part in ("calibration", "time"):
        root.find("product").remove(root.find(f"product/{part}"))
    for number, element in enumerate(root.findall("product/navigation/RPC/bandID")):
        if number not in (0, 88):
            element.clear()
    return name, ElementTree.tostring(root)


@cache
def tile(real_data: Path, n_bands: int) -> np.ndarray:
    """Real pixels with real holes: the first bands of a tile of Potsdam, as the product's 16-bit numbers."""
    with rasterio.open(real_data / TILE) as file:
        return file.read(range(1, n_bands + 1)).astype("int16")


def save(path: Path, values: np.ndarray, shape: tuple[int, int] | None = None, at: int = 0, **profile) -> None:
    """A GeoTIFF, of which only a corner is filled where a larger shape is given; the rest takes no room."""
    height, width = shape or values.shape[1:]
    sizes = {"count": len(values), "height": height, "width": width, "dtype": values.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="GTiff", sparse_ok=True, **sizes, **profile) as file:
            file.write(values, window=Window(at, at, values.shape[2], values.shape[1]))


def product(
    folder: Path, real_data: Path, level: str = "L2A", nodata: float | None = -32768, xml=None, **profile
) -> Path:
    """A folder with real metadata and a tile's pixels under the product's file names; returns the metadata's path."""
    folder.mkdir(exist_ok=True)
    name, content = (slim if xml else metadata)(real_data, level)
    stem = name.removesuffix("METADATA.XML")
    (folder / name).write_bytes(xml(content.decode()).encode() if xml else content)
    if level == "L1B":
        for part, bands in (("VNIR", slice(0, 88)), ("SWIR", slice(88, 218))):
            values = np.abs(tile(real_data, 218)[bands]).astype("uint16")
            sizes = {"tiled": True, "blockxsize": 32, "blockysize": 32}
            save(folder / f"{stem}SPECTRAL_IMAGE_{part}.TIF", values, SHAPE, 512, **sizes, **profile)
    else:
        place = {"crs": "EPSG:32632", "transform": GRID} | profile
        save(folder / f"{stem}SPECTRAL_IMAGE.TIF", tile(real_data, 218), nodata=nodata, **place)
    return folder / name


def layer(xml: Path, name: str, values: np.ndarray, *args) -> None:
    """A quality layer beside the metadata."""
    save(xml.with_name(xml.name.replace("METADATA.XML", f"{name}.TIF")), values.astype("uint8"), *args)


def numbers(real_data: Path, level: str, tag: str) -> np.ndarray:
    root = ElementTree.fromstring(metadata(real_data, level)[1])
    return np.array([float(e.findtext(tag)) for e in root.findall("specific/bandCharacterisation/bandID")])


def test_l2a_real_metadata_over_a_potsdam_tile_is_reflectance(tmp_path, real_data):
    xml = product(tmp_path / "p", real_data)
    cube = open_cube(xml)
    stored = tile(real_data, 218)
    np.testing.assert_allclose(cube, np.where(stored == -32768, np.nan, stored * 1e-4), rtol=1e-6)
    np.testing.assert_array_equal(cube.wavelength, numbers(real_data, "L2A", "wavelengthCenterOfBand"))
    np.testing.assert_array_equal(cube.fwhm, numbers(real_data, "L2A", "FWHMOfBand"))
    assert cube.rio.crs.to_epsg() == 32632
    assert transform_of(cube) == GRID
    facts = describe(cube)
    assert facts["bad_bands"] == [129, 130, 131, 132, 133, 134]  # the water vapour bands of the tile
    assert (facts["format"], facts["sensor"], facts["acquired"]) == ("enmap", "EnMAP", "2017-06-26T10:20:20Z")
    assert (facts["quantity"], facts["units"], facts["dtype"]) == ("reflectance", "1", "int16")
    assert cube.attrs["sun_elevation"] == 63.038384
    assert cube.attrs["level"] == "L2A"


def test_l1c_real_metadata_are_radiance_that_the_sun_could_have_sent(tmp_path, real_data):
    cube = open_cube(product(tmp_path / "p", real_data, "L1C"))
    gain, offset = (numbers(real_data, "L1C", tag)[:, None, None] for tag in ("GainOfBand", "OffsetOfBand"))
    stored = tile(real_data, 218).astype(float)
    expected = np.where(stored == -32768, np.nan, stored * gain + offset)  # W m⁻² nm⁻¹ sr⁻¹
    np.testing.assert_allclose(cube, expected * 1e6 / 1e4, rtol=1e-4, atol=1e-6)  # 10⁶ µW a W, 10⁴ cm² a m²
    assert cube.attrs["units"] == "µW cm⁻² nm⁻¹ sr⁻¹"
    # The unit itself: the scene's mean at 1029.1 nm, in the metadata, under the sun of that hour (Thuillier et al.
    # 2003: 0.69 W m⁻² nm⁻¹ there), is a reflectance like the mean that L2A states.
    l1, l2 = (ElementTree.fromstring(metadata(real_data, level)[1]) for level in ("L1C", "L2A"))
    mean, reflectance = (
        next(float(e.findtext("mean")) for e in root.findall("product/bandStatistics/bandID")[100:101])
        for root in (l1, l2)
    )
    toa = np.pi * mean * 1.0166**2 / (0.69 * np.sin(np.radians(63.04)))
    assert toa == pytest.approx(reflectance, rel=0.15)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz", "zip in a tar.gz", "image", "cog"])
def test_the_product_is_the_same_however_it_is_packed(tmp_path, real_data, kind):
    xml = product(tmp_path / "p", real_data, xml=str)
    expected = open_cube(xml)
    files = sorted(xml.parent.iterdir())
    path = tmp_path / f"order.{kind}"
    if kind == "folder":
        path = xml.parent
    elif kind == "image":
        path = next(xml.parent.glob("*SPECTRAL_IMAGE.TIF"))
    elif kind == "cog":
        for file in xml.parent.glob("*.TIF"):
            path = file.rename(file.with_name(file.name.replace(".TIF", "_COG.TIF")))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, f"some/folder/{file.name}")
    elif kind in ("tar", "tar.gz"):
        with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as archive:
            archive.add(xml.parent, "folder")
    else:
        inside = io.BytesIO()
        with zipfile.ZipFile(inside, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.name)
        path = tmp_path / "dims_op_oc_oc-en_700000001_1.tar.gz"
        info = tarfile.TarInfo(f"order/ENMAP.HSI.L2A/{xml.name.removesuffix('-METADATA.XML')}.ZIP")
        info.size = len(inside.getvalue())
        with tarfile.open(path, "w:gz") as archive:
            archive.addfile(info, io.BytesIO(inside.getvalue()))
    assert recognises(path)
    cube = open_cube(path)
    assert cube.attrs["format"] == "enmap"
    np.testing.assert_array_equal(cube, expected)
    assert transform_of(cube) == transform_of(expected)


def test_two_products_in_one_archive_are_chosen_by_name(tmp_path, real_data):
    xmls = [product(tmp_path / level, real_data, level, xml=str) for level in ("L1C", "L2A")]
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for xml in xmls:
            for file in xml.parent.iterdir():
                archive.write(file, file.name)
    with pytest.raises(CubeError, match=r"one product of an EnMAP product is opened, but both.zip holds ENMAP01-"):
        open_cube(path)
    assert open_cube(path, product="L1C").attrs["quantity"] == "radiance"
    assert open_cube(path, product="____l2a").attrs["quantity"] == "reflectance"


def test_a_product_whose_images_are_empty_is_refused(real_data):
    for level, image in (("L1B", "SPECTRAL_IMAGE_VNIR"), ("L1C", "SPECTRAL_IMAGE"), ("L2A", "SPECTRAL_IMAGE")):
        with pytest.raises(CubeError, match=rf"{image}.TIF of enmap_{level}.* is empty; .* without its pixels") as no:
            open_cube(real_data / f"enmap_product/enmap_{level}_gtif_qualification.zip")
        assert "\n" not in str(no.value)


def test_a_mask_hides_what_the_specification_says_its_numbers_mean(tmp_path, real_data):
    meanings = {
        "cloud": ("QL_QUALITY_CLOUD", (1,)),
        "cloudshadow": ("QL_QUALITY_CLOUDSHADOW", (1,)),
        "cirrus": ("QL_QUALITY_CIRRUS", (1, 2, 3)),
        "haze": ("QL_QUALITY_HAZE", (1,)),
        "snow": ("QL_QUALITY_SNOW", (1,)),
        "land": ("QL_QUALITY_CLASSES", (1,)),
        "water": ("QL_QUALITY_CLASSES", (2,)),
        "background": ("QL_QUALITY_CLASSES", (3,)),
        "low_quality": ("QL_QUALITY_TESTFLAGS", (2, 3, 6, 7, 255)),
    }
    xml = product(tmp_path / "p", real_data, xml=str)
    plain = open_cube(xml).values
    values = np.zeros((1, 32, 32))
    values[0, 0, :10] = range(10)
    values[0, 0, 10] = 255
    for name, (layer_name, hidden) in meanings.items():
        layer(xml, layer_name, values)
        cube = open_cube(xml, mask=name)
        assert name in cube.attrs["masks"]
        expected = plain.copy()
        expected[:, 0, np.isin(values[0, 0], hidden)] = np.nan
        np.testing.assert_array_equal(cube, expected, err_msg=name)


def test_masks_are_joined_by_commas_and_the_pixel_mask_hides_single_values(tmp_path, real_data):
    xml = product(tmp_path / "p", real_data, xml=str)
    cloud, defects = np.zeros((1, 32, 32)), np.zeros((218, 32, 32))
    cloud[0, 3] = 1
    defects[40, 7, 9] = 1
    layer(xml, "QL_QUALITY_CLOUD", cloud)
    layer(xml, "QL_PIXELMASK", defects)
    expected = open_cube(xml).values
    expected[:, 3] = np.nan
    expected[40, 7, 9] = np.nan
    np.testing.assert_array_equal(open_cube(xml, mask="Cloud, pixelmask"), expected)
    np.testing.assert_array_equal(open_cube(xml, mask=["cloud", "pixelmask"]), expected)
    with pytest.raises(CubeError, match=r"got 'shadow', but ENMAP01.* has cloud, pixelmask"):
        open_cube(xml, mask="cloud,shadow")
    layer(xml, "QL_QUALITY_CLOUD", cloud[:, :31])
    with pytest.raises(CubeError, match=r"mask 'cloud' lies on the image, whose shape is \(218, 32, 32\), but its own"):
        open_cube(xml, mask="cloud")


@pytest.mark.parametrize(("detector", "bands", "n"), [("vnir", slice(0, 88), 88), ("swir", slice(88, 218), 130)])
def test_l1b_is_one_detector_at_a_time(tmp_path, real_data, detector, bands, n):
    xml = product(tmp_path / "p", real_data, "L1B", xml=str)
    cube = open_cube(xml, detector=detector.upper())
    assert cube.chunks is not None
    assert cube.shape == (n, *SHAPE)
    gain, offset, centres = (
        numbers(real_data, "L1B", tag)[bands] for tag in ("GainOfBand", "OffsetOfBand", "wavelengthCenterOfBand")
    )
    stored = np.abs(tile(real_data, 218)[bands, 5, 7].astype(float))
    np.testing.assert_allclose(spectrum(cube, 517, 519), 100 * (stored * gain + offset), rtol=1e-4)
    np.testing.assert_array_equal(cube.wavelength, centres)
    assert np.isnan(spectrum(cube, 0, 0)).all()  # the metadata's background is 0
    assert cube.attrs["quantity"] == "radiance"
    assert cube.rio.crs is None
    if detector == "swir":  # an image may be named by itself
        assert open_cube(next(xml.parent.glob("*SPECTRAL_IMAGE_SWIR.TIF"))).sizes["band"] == n


@pytest.mark.parametrize(("detector", "band"), [("vnir", 0), ("swir", 88)])
def test_l1b_pixels_lie_where_gdal_takes_them_by_the_metadata_s_rpc(tmp_path, real_data, detector, band):
    xml = product(tmp_path / "p", real_data, "L1B")
    cube = open_cube(xml, detector=detector)
    root = ElementTree.fromstring(xml.read_bytes())
    given = {e.tag: float(e.text) for e in root.findall("product/navigation/RPC/bandID")[band]}
    parts = {
        f"{'line' if axis == 'ROW' else 'samp'}_{part.lower()}_coeff": [
            given[f"{axis}_{part}_{i:02d}"] for i in range(1, 21)
        ]
        for axis in ("ROW", "COL")
        for part in ("NUM", "DEN")
    }
    scales = {
        f"{ours}_{kind.lower()[:5]}": given[f"{theirs}_{kind}"]
        for ours, theirs in (("line", "ROW"), ("samp", "COL"), ("lat", "LAT"), ("long", "LONG"), ("height", "HEIGHT"))
        for kind in ("OFF", "SCALE")
    }
    height = float(root.findtext("specific/meanGroundElevation"))
    pixels = [(0, 0), (0, 999), (1023, 0), (1023, 999), (511, 499), (700, 333)]
    with RPCTransformer(RPC(**parts, **scales, err_bias=None, err_rand=None), rpc_height=height) as gdal:
        # The polynomials themselves, at places and heights that tell each term from the others.
        rng = np.random.default_rng(1)
        latitude, longitude = rng.uniform(47.4, 47.8, 50), rng.uniform(10.7, 11.2, 50)
        for metres in (0.0, 3000.0):
            theirs = gdal.rowcol(longitude, latitude, zs=np.full(50, metres - height), op=lambda number: number)
            np.testing.assert_allclose(theirs, np.add(project(given, latitude, longitude, metres), 0.5), atol=1e-5)
        # Exact from the ground to the image; the other way GDAL stops at a tenth of a pixel. It counts from corners.
        at = tuple(np.transpose(pixels))
        rows, columns = gdal.rowcol(cube.longitude.values[at], cube.latitude.values[at], op=lambda number: number)
    np.testing.assert_allclose(rows, at[0] + 0.5, atol=0.05)
    np.testing.assert_allclose(columns, at[1] + 0.5, atol=0.05)
    if detector == "vnir":  # the corners that the metadata state, over real terrain
        for frame, (row, column) in zip(
            ("upper_left", "upper_right", "lower_left", "lower_right"), pixels, strict=False
        ):
            point = next(p for p in root.iter("point") if p.findtext("frame") == frame)
            assert float(cube.latitude[row, column]) == pytest.approx(float(point.findtext("latitude")), abs=1e-4)
            assert float(cube.longitude[row, column]) == pytest.approx(float(point.findtext("longitude")), abs=4e-4)


def test_a_band_that_the_processor_found_void_is_not_good(tmp_path, real_data):
    def void(text: str) -> str:
        root = ElementTree.fromstring(text)
        band = root.findall("product/bandStatistics/bandID")[40]
        band.find("mean").text, band.find("stdDeviation").text = "-1000000", "0"
        return ElementTree.tostring(root, "unicode")

    cube = open_cube(product(tmp_path / "p", real_data, xml=void))
    assert np.flatnonzero(~cube.good.values).tolist() == [40, 129, 130, 131, 132, 133, 134]


def test_without_a_nodata_tag_the_metadata_s_background_counts(tmp_path, real_data):
    xml = product(
        tmp_path / "p",
        real_data,
        nodata=None,
        xml=lambda text: text.replace(">0</backgroundValue>", ">-32768</backgroundValue>"),
    )
    assert np.isnan(open_cube(xml).values[129]).all()


def test_a_picture_and_a_spectrum_read_little(tmp_path, real_data, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = open_cube(product(tmp_path / "p", real_data, "L1B", xml=str))
    read = []
    plain = Raster.__getitem__
    monkeypatch.setattr(Raster, "__getitem__", lambda self, key: read.append(plain(self, key)) or read[-1])
    render(cube, (3, 20, 11), np.array([[0, 1]] * 3))
    assert sum(block.size for block in read) <= 3 * SHAPE[0] * SHAPE[1]
    read.clear()
    spectrum(cube, 3, 5)
    assert sum(block.size for block in read) == 88
    again = pickle.loads(pickle.dumps(cube))
    np.testing.assert_array_equal(spectrum(again, 517, 519), spectrum(cube, 517, 519))


def test_the_image_s_own_crs_is_used(tmp_path, real_data):
    xml = product(tmp_path / "p", real_data, xml=str, crs=CRS.from_epsg(32733))
    assert open_cube(xml).rio.crs.to_epsg() == 32733


def sub(pattern: str, new: str):
    def change(text: str) -> str:
        changed = re.sub(pattern, new, text, count=1, flags=re.DOTALL)
        assert changed != text
        return changed

    return change


@pytest.mark.parametrize(
    ("level", "xml", "message"),
    [
        ("L2A", sub("<level>L2A</level>", "<level>L0</level>"), r"of level L1B, L1C, L2A, got 'L0' in ENMAP01-"),
        ("L2A", sub(">423.03<", ">nan<"), r"wavelengthCenterOfBand is a number for every band, .* none for band 1"),
        ("L2A", sub(">423.03<", ">blue<"), r"wavelengthCenterOfBand is a number for every band, .* none for band 1"),
        ("L2A", sub(">423.03<", ">923.03<"), r"wavelengths must increase, but band 2"),
        ("L2A", sub("<GainOfBand>.*?</GainOfBand>", ""), r"GainOfBand is a number for every band, .* none for band 1"),
        ("L2A", sub("<bandCharacterisation>.*</bandCharacterisation>", ""), r"is a number .* has none for any band"),
        ("L2A", sub('<bandID number="218">.*?</bandID>', ""), r"describes 217 bands, but its image has 218; copy"),
        ("L1B", sub(r"numberOfVNIRBands>\d+<", "numberOfVNIRBands>91<"), r"describes 91 bands, but its image has 88"),
        ("L1B", sub(r"numberOfVNIRBands>\d+<", "numberOfVNIRBands>many<"), r"is a whole number, got 'many' in ENMAP01"),
        ("L1B", sub(r"numberOfVNIRBands>\d+<", "numberOfVNIRBands>88.5<"), r"is a whole number, got '88.5' in ENMAP01"),
        (
            "L1B",
            sub(r">1024</heightOfScene>", ">10</heightOfScene>"),
            r"describes \(10, 1000\) rows and columns, but its",
        ),
        ("L1B", sub("<RPC>.*</RPC>", ""), r"has RPC for each band, but .* has none"),
        ("L1B", sub("<LAT_SCALE>.*?</LAT_SCALE>", "<LAT_SCALE>0</LAT_SCALE>"), r"the RPC of .* lead to no place"),
        ("L1B", sub("<LAT_SCALE>.*?</LAT_SCALE>", ""), r"the RPC of .* lead to no place on the ground"),
        ("L1B", sub("<ROW_OFF>.*?</ROW_OFF>", "<ROW_OFF>x</ROW_OFF>"), r"RPC are numbers, got 'x' in ENMAP01-"),
        ("L2A", lambda text: text[: len(text) // 2], r"metadata are XML, but ENMAP01-.* is damaged; copy it again"),
        ("L2A", lambda text: "", r"metadata are XML, but ENMAP01-.* is damaged"),
        (
            "L2A",
            lambda text: '<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]>' + text,
            r"metadata define no entities, but ENMAP01-.* does",
        ),
    ],
)
def test_a_fault_in_the_metadata_is_named(tmp_path, real_data, level, xml, message):
    path = product(tmp_path / "p", real_data, level, xml=xml)
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(path)
    assert "\n" not in str(refusal.value)


def test_a_product_without_its_image_and_a_cut_image_are_named(tmp_path, real_data):
    xml = product(tmp_path / "p", real_data, xml=str)
    image = next(xml.parent.glob("*SPECTRAL_IMAGE.TIF"))
    image.write_bytes(image.read_bytes()[:3000])
    with pytest.raises(CubeError, match=r"copy it again"):
        open_cube(xml)
    image.write_bytes(b"")
    with pytest.raises(CubeError, match=r"SPECTRAL_IMAGE.TIF of p is empty"):
        open_cube(xml)
    image.unlink()
    with pytest.raises(CubeError, match=r"-SPECTRAL_IMAGE.TIF, but p has none \(it was ordered as GeoTIFF\+Metadata\)"):
        open_cube(xml)


def test_options_that_make_no_sense_are_refused(tmp_path, real_data):
    xml = product(tmp_path / "p", real_data, xml=str)
    with pytest.raises(CubeError, match=r"detector= is for EnMAP L1B, but ENMAP01-.* is L2A"):
        open_cube(xml, detector="vnir")
    with pytest.raises(CubeError, match=r"detector= is one of vnir, swir, got 'nir'"):
        open_cube(xml, detector="nir")
    with pytest.raises(CubeError, match=r"mask= names quality masks .* has none"):
        open_cube(xml, mask="cloud")


def test_other_folders_archives_and_files_are_left_alone(tmp_path, real_data):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "a.xml").write_text("<a/>")
    lonely = tmp_path / "ENMAP01-____L2A-DT0000000001_20220724T104526Z_008_V010302_20230628T165614Z-SPECTRAL_IMAGE.TIF"
    lonely.write_bytes(b"")
    for name in ("empty", "a.zip", "a.xml", lonely.name):
        assert not recognises(tmp_path / name)
    assert not recognises(real_data / TILE)

"""Sentinel-2: products written after ESA's specification from real pixels, and real stacks of its bands."""

from __future__ import annotations

import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from workbench.cubes import CubeError, describe, open_cube, transform_of
from workbench.cubes.opened import Opened
from workbench.cubes.raster import Raster

GRID = Affine(10, 0, 399_960, 0, -10, 5_800_020)
NAMES = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
CENTRES = (442.7, 492.4, 559.8, 664.6, 704.1, 740.5, 782.8, 832.8, 864.7, 945.1, 1373.5, 1613.7, 2202.4)
SIZES = dict.fromkeys(NAMES, 20) | {"B01": 60, "B02": 10, "B03": 10, "B04": 10, "B08": 10, "B09": 60, "B10": 60}
GRANULE = "GRANULE/L2A_T33UUU_A036998_20220724T101601"


def jp2(path: Path, values: np.ndarray, size: int) -> None:
    """A lossless JPEG 2000 file of (n, height, width) numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = {"count": len(values), "height": values.shape[1], "width": values.shape[2], "dtype": values.dtype}
    grid = GRID @ Affine.scale(size / 10)
    lossless = {"QUALITY": 100, "REVERSIBLE": "YES", "YCBCR420": "NO"}
    with rasterio.open(path, "w", driver="JP2OpenJPEG", crs="EPSG:32633", transform=grid, **shape, **lossless) as file:
        file.write(values)


def metadata(level: str, baseline: str, offset: int | None) -> str:
    """MTD_MSIL1C.xml or MTD_MSIL2A.xml, cut to what a reader needs, after the Products Specification Document."""
    tag, quantity = ("RADIO", "QUANTIFICATION") if level == "1C" else ("BOA", "BOA_QUANTIFICATION")
    offsets = "".join(f'<{tag}_ADD_OFFSET band_id="{i}">{(offset or 0) - i}</{tag}_ADD_OFFSET>' for i in range(13))
    bands = "".join(
        f'<Spectral_Information bandId="{i}" physicalBand="{name.replace("B0", "B")}"><RESOLUTION>{SIZES[name]}'
        f'</RESOLUTION><Wavelength><MIN unit="nm">{centre - 60}</MIN><MAX unit="nm">{centre + 60}</MAX>'
        f'<CENTRAL unit="nm">{centre}</CENTRAL></Wavelength><Spectral_Response><STEP unit="nm">1</STEP>'
        f"<VALUES>{' '.join(f'{v:.5f}' for v in np.exp(-4 * np.log(2) * (np.arange(-60, 61) / (20 + i)) ** 2))}"
        "</VALUES></Spectral_Response></Spectral_Information>"
        for i, (name, centre) in enumerate(zip(NAMES, CENTRES, strict=True))
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><n1:Level-{level}_User_Product xmlns:n1="https://psd-14.sentinel2.eo.'
        f'esa.int/PSD/User_Product_Level-{level}.xsd"><n1:General_Info><Product_Info><PROCESSING_BASELINE>{baseline}'
        "</PROCESSING_BASELINE><Datatake><SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME><DATATAKE_SENSING_START>"
        "2022-07-24T10:15:59.024Z</DATATAKE_SENSING_START></Datatake></Product_Info><Product_Image_Characteristics>"
        f'<{quantity}_VALUE unit="none">10000</{quantity}_VALUE>{offsets if offset is not None else ""}'
        f"<Spectral_Information_List>{bands}</Spectral_Information_List></Product_Image_Characteristics>"
        f"</n1:General_Info></n1:Level-{level}_User_Product>"
    )


@pytest.fixture(scope="module")
def numbers() -> dict[str, np.ndarray]:
    """What each band's file holds at its own pixel size."""
    rng = np.random.default_rng(0)
    return {
        name: rng.integers(1, 9000, (1, 1200 // size, 1800 // size)).astype("uint16") for name, size in SIZES.items()
    }


def write_l2a(
    folder: Path, numbers: dict[str, np.ndarray], baseline: str = "04.00", offset: int | None = -1000
) -> Path:
    """A level-2A product: every band at its own pixel size and the coarser ones, B08 at 10 m only, no B10."""
    folder.mkdir(parents=True)
    (folder / "MTD_MSIL2A.xml").write_text(metadata("2A", baseline, offset))
    for name, values in numbers.items():
        for size in (10, 20, 60):
            if name == "B10" or size < SIZES[name] or (name == "B08" and size > 10):
                continue
            step = size // SIZES[name]
            image = folder / GRANULE / f"IMG_DATA/R{size}m/T33UUU_20220724T101559_{name}_{size}m.jp2"
            jp2(image, values[:, ::step, ::step], size)
    classes = (np.arange(60 * 90).reshape(1, 60, 90) % 12).astype("uint8")
    for size in (20, 60):
        image = folder / GRANULE / f"IMG_DATA/R{size}m/T33UUU_20220724T101559_SCL_{size}m.jp2"
        jp2(image, classes[:, :: size // 20, :: size // 20], size)
    return folder


@pytest.fixture(scope="module")
def l2a(tmp_path_factory, numbers) -> Path:
    return write_l2a(tmp_path_factory.mktemp("a") / "S2A_MSIL2A_20220724T101559_N0400.SAFE", numbers)


@pytest.fixture(scope="module")
def l1c(tmp_path_factory, numbers) -> Path:
    folder = tmp_path_factory.mktemp("b") / "S2A_MSIL1C_20180724T101559_N0206.SAFE"
    folder.mkdir()
    (folder / "MTD_MSIL1C.xml").write_text(metadata("1C", "02.06", None))
    for name, values in numbers.items():
        jp2(folder / f"GRANULE/L1C_T33UUU/IMG_DATA/T33UUU_20180724T101559_{name}.jp2", values, SIZES[name])
    clouds = (np.arange(3 * 20 * 30).reshape(3, 20, 30) % 7 == 0).astype("uint8")
    jp2(folder / "GRANULE/L1C_T33UUU/QI_DATA/MSK_CLASSI_B00.jp2", clouds, 60)
    return folder


def repeated(values: np.ndarray, n: int) -> np.ndarray:
    return np.kron(values, np.ones((n, n)))


def test_every_band_of_a_product_by_specification_lies_on_the_grid_of_10_m(l2a, numbers):
    cube = open_cube(l2a)
    assert cube.attrs["format"] == "sentinel-2"
    assert cube.band_name.values.tolist() == [name for name in NAMES if name != "B10"]
    for band, name in enumerate(cube.band_name.values):
        i = NAMES.index(name)
        expected = (repeated(numbers[name][0].astype(float), SIZES[name] // 10) - 1000 - i) / 10_000
        np.testing.assert_allclose(cube[band], expected, atol=1e-6)
        assert float(cube.wavelength[band]) == CENTRES[i]
        assert float(cube.fwhm[band]) == pytest.approx(20 + i, abs=0.1)  # of a Gaussian response
    assert transform_of(cube) == GRID
    assert cube.rio.crs.to_epsg() == 32633
    assert (cube.attrs["quantity"], cube.attrs["sensor"]) == ("reflectance", "Sentinel-2A")
    assert cube.attrs["acquired"] == "2022-07-24T10:15:59Z"
    assert "repeated in B01, B05" in cube.attrs["resampling"]


@pytest.mark.parametrize("size", [20, 60])
def test_coarser_grids_take_the_products_own_files_and_average_b08(l2a, numbers, size):
    cube = open_cube(l2a, resolution=str(size))
    assert transform_of(cube) == GRID @ Affine.scale(size / 10)
    assert cube.shape == (12, 1200 // size, 1800 // size)
    n = size // 10
    wide = cube.sel(wavelength=832.8)
    mean = numbers["B08"][0].reshape(120 // n, n, 180 // n, n).mean(axis=(1, 3))
    np.testing.assert_allclose(wide, (mean - 1007) / 10_000, atol=1e-6)
    red = numbers["B04"][0, ::n, ::n].astype(float)
    np.testing.assert_allclose(cube.sel(wavelength=664.6), (red - 1003) / 10_000, atol=1e-6)


def test_a_level_1c_product_without_offsets_keeps_its_numbers(l1c, numbers):
    cube = open_cube(l1c / "MTD_MSIL1C.xml")
    assert cube.band_name.values.tolist() == list(NAMES)
    np.testing.assert_allclose(cube.sel(wavelength=1373.5), repeated(numbers["B10"][0] / 1e4, 6), atol=1e-6)
    assert "without an offset" in cube.attrs["scaling"]


def test_masks_hide_the_classes_they_name(l2a, l1c):
    classes = repeated(np.arange(60 * 90).reshape(60, 90) % 12, 2)
    cube = open_cube(l2a, mask="cloud, shadow")
    np.testing.assert_array_equal(np.isnan(cube[3]), np.isin(classes, (3, 8, 9)))
    assert describe(cube)["masks"] == ["saturated", "dark", "shadow", "water", "cloud", "cirrus", "snow"]
    clouds = np.arange(3 * 20 * 30).reshape(3, 20, 30) % 7 == 0
    np.testing.assert_array_equal(np.isnan(open_cube(l1c, mask="snow")[0]), repeated(clouds[2], 6) > 0)


def test_a_zip_reads_as_its_folder_does(l2a, tmp_path):
    packed = Path(shutil.make_archive(str(tmp_path / "S2A"), "zip", l2a.parent, l2a.name))
    names = "B02,B05,B01"
    assert open_cube(packed, bands=names).drop_attrs().equals(open_cube(l2a, bands=names).drop_attrs())


def test_a_picture_opens_three_files_and_a_window_decodes_its_own(l2a, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = open_cube(l2a)
    assert cube.chunks is not None
    read = []
    plain = Raster.__getitem__
    monkeypatch.setattr(
        Raster, "__getitem__", lambda self, key: read.append((self.path, plain(self, key))) or read[-1][1]
    )
    window = cube.isel(band=[3, 2, 0], y=slice(31, 45), x=slice(7, 29)).compute()
    assert sorted(path.name[-11:-4] for path, _ in read) == ["B01_60m", "B03_10m", "B04_10m"]
    assert sum(values.size for _, values in read) == 2 * 14 * 22 + 3 * 4
    np.testing.assert_array_equal(window, open_cube(l2a)[[3, 2, 0], 31:45, 7:29])
    again = pickle.loads(pickle.dumps(cube))
    np.testing.assert_array_equal(again[4, 5:9, 100:120], open_cube(l2a)[4, 5:9, 100:120])


def test_few_files_stay_open(l2a, tmp_path):
    opened = Opened(most=2)
    paths = [Path(shutil.copy(path, tmp_path)) for path in sorted(l2a.rglob("*_10m.jp2"))]
    assert len(paths) == 4
    for path in paths * 2:
        assert opened[path].shape == (1, 120, 180)
    assert len(opened._rasters) == 2
    held = [link.resolve() for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert sum(path.resolve() in held for path in paths) <= 2


def without(folder: Path, pattern: str) -> None:
    for path in folder.rglob(pattern):
        path.unlink()


def rewritten(folder: Path, old: str, new: str) -> None:
    path = folder / "MTD_MSIL2A.xml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


REFUSALS = [
    (lambda f: without(f, "*_B05_*"), {}, r"has no file of band B05; copy it again, or name those it has with bands="),
    (lambda f: without(f, "*.jp2"), {}, r"has its bands in GRANULE, but .*SAFE has none"),
    (lambda f: rewritten(f, ">10000<", ">0<"), {}, r"BOA_QUANTIFICATION_VALUE is above 0, got 0"),
    (lambda f: rewritten(f, ">10000<", ">many<"), {}, r"BOA_QUANTIFICATION_VALUE is a number, got 'many'"),
    (lambda f: rewritten(f, "BOA_ADD_OFFSET", "OTHER"), {}, r"baseline 04.00 has BOA_ADD_OFFSET, but .* has none"),
    (lambda f: rewritten(f, ">664.6<", ">nan<"), {}, r"CENTRAL of band B4 is a number, got 'nan'"),
    (lambda f: rewritten(f, "</n1:General_Info>", ""), {}, r"no whole XML file"),
    (lambda f: jp2(next(f.rglob("*B02_10m.jp2")), np.ones((1, 60, 60), "uint16"), 10), {}, r"cover the same ground"),
    (lambda f: next(f.rglob("*B02_10m.jp2")).write_text("<VRTDataset/>"), {}, r"B02_10m.jp2 .*should be JPEG 2000"),
    (None, {"resolution": "30"}, r"resolution= is 10, 20 or 60 m, got '30'"),
    (None, {"bands": "B02,B10"}, r"bands= names bands of the product, got 'B10', but it has B01, B02"),
    (None, {"mask": "fog"}, r"got 'fog', but .* has saturated, dark, shadow"),
    (None, {"tile": "31XXX"}, r"tile='31XXX' fits 0 of L2A_T33UUU"),
    (None, {"offset": "-1000"}, r"states its own offset; leave it out"),
]


@pytest.mark.parametrize(("spoil", "options", "message"), REFUSALS)
def test_a_spoiled_product_is_refused_in_a_sentence(l2a, tmp_path, spoil, options, message):
    folder = l2a
    if spoil:
        folder = tmp_path / l2a.name
        shutil.copytree(l2a, folder)
        spoil(folder)
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(folder, **options)
    assert "\n" not in str(refusal.value)


def test_a_zip_that_leads_out_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("S2.SAFE/MTD_MSIL2A.xml", metadata("2A", "04.00", -1000))
        archive.writestr("../evil.jp2", "x")
    with pytest.raises(CubeError):
        open_cube(tmp_path / "a.zip")


@pytest.mark.realdata
@pytest.mark.parametrize(("level", "n_bands"), [("S2L1C", 13), ("S2L2A", 12)])
def test_a_real_stack_is_rasterios_with_the_wavelengths_of_its_sensor(real_data, level, n_bands):
    path = real_data / f"terramind/{level}/433D_629L_3_1.tif"
    cube = open_cube(path)
    with rasterio.open(path) as oracle:
        np.testing.assert_allclose(cube, oracle.read() / 1e4, atol=1e-6)
    assert cube.sizes["band"] == n_bands
    assert float(cube.sel(wavelength=865, method="nearest").wavelength) == 864.7
    assert "nominal wavelengths of Sentinel-2A" in cube.attrs["wavelength_note"]
    assert "offset=-1000 adds it" in cube.attrs["scaling"]
    moved = open_cube(path, offset="-1000")
    np.testing.assert_allclose(moved, cube - 0.1, atol=1e-6)
    assert "the offset -1000 that was asked for" in moved.attrs["scaling"]

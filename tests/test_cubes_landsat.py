"""Landsat Collection 2: products written after USGS's data format control books, and a real stack of Landsat 7."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from workbench.cubes import CubeError, describe, open_cube, transform_of
from workbench.cubes.raster import Raster

GRID = Affine(30, 0, 332_385, 0, -30, 5_922_915)
NAME = "LC08_L2SP_193024_20220724_20220802_02_T1"
QA = {"fill": 1, "dilated": 2, "cirrus": 4, "cloud": 8, "shadow": 16, "snow": 32, "clear": 64, "water": 128}


def tif(path: Path, values: np.ndarray) -> None:
    shape = {"count": 1, "height": values.shape[0], "width": values.shape[1], "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32633", transform=GRID, tiled=True, **shape) as file:
        file.write(values, 1)


def groups(name: str, bands: list[int], spacecraft: str, level: str) -> dict[str, dict[str, object]]:
    """The metadata's groups, cut to what a reader needs."""
    middle = "SR_" if level.startswith("L2") else ""
    files = {f"FILE_NAME_BAND_{i}": f"{name}_{middle}B{i}.TIF" for i in bands}
    rescaling = {f"REFLECTANCE_MULT_BAND_{i}": 2e-5 + i * 1e-7 for i in bands}
    rescaling |= {f"REFLECTANCE_ADD_BAND_{i}": -0.1 - i / 1000 for i in bands}
    surface = {f"REFLECTANCE_MULT_BAND_{i}": 2.75e-05 for i in bands}
    surface |= {f"REFLECTANCE_ADD_BAND_{i}": -0.2 for i in bands}
    found = {
        "PRODUCT_CONTENTS": {
            "PROCESSING_LEVEL": level,
            "COLLECTION_NUMBER": "02",
            **files,
            "FILE_NAME_QUALITY_L1_PIXEL": f"{name}_QA_PIXEL.TIF",
        },
        "IMAGE_ATTRIBUTES": {
            "SPACECRAFT_ID": spacecraft,
            "DATE_ACQUIRED": "2022-07-24",
            "SCENE_CENTER_TIME": "10:03:12.1234567Z",
            "SUN_ELEVATION": 53.130102354,
        },
        "LEVEL1_RADIOMETRIC_RESCALING": rescaling,
    }
    return found | ({"LEVEL2_SURFACE_REFLECTANCE_PARAMETERS": surface} if level.startswith("L2") else {})


def as_text(found: dict[str, dict[str, object]]) -> str:
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for group, entries in found.items():
        values = [
            f'    {k} = "{v}"' if isinstance(v, str) and "TIF" in v else f"    {k} = {v}" for k, v in entries.items()
        ]
        lines += [f"  GROUP = {group}", *values, f"  END_GROUP = {group}"]
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END", ""])


def as_xml(found: dict[str, dict[str, object]]) -> str:
    parts = (f"<{g}>{''.join(f'<{k}>{v}</{k}>' for k, v in e.items())}</{g}>" for g, e in found.items())
    return f'<?xml version="1.0"?><LANDSAT_METADATA_FILE>{"".join(parts)}</LANDSAT_METADATA_FILE>'


WRITERS = {
    "txt": as_text,
    "xml": as_xml,
    "json": lambda found: json.dumps({"LANDSAT_METADATA_FILE": found}),
}


@pytest.fixture(scope="module")
def numbers() -> np.ndarray:
    values = np.random.default_rng(0).integers(7000, 40_000, (10, 40, 50)).astype("uint16")
    values[:, 3, 4] = 0
    return values


@pytest.fixture(scope="module")
def quality() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 2**9, (40, 50)).astype("uint16")


def write(
    folder: Path, numbers, quality, name=NAME, bands=range(1, 8), spacecraft="LANDSAT_8", level="L2SP", kind="txt"
):
    """A product: a file a band (filled with the number's own layer), QA_PIXEL and metadata."""
    folder.mkdir()
    found = groups(name, list(bands), spacecraft, level)
    for i in bands:
        tif(folder / found["PRODUCT_CONTENTS"][f"FILE_NAME_BAND_{i}"], numbers[i - 1])
    tif(folder / f"{name}_QA_PIXEL.TIF", quality)
    (folder / f"{name}_MTL.{kind}").write_text(WRITERS[kind](found))
    return folder


@pytest.fixture(scope="module")
def l2(tmp_path_factory, numbers, quality) -> Path:
    return write(tmp_path_factory.mktemp("l2") / NAME, numbers, quality)


@pytest.mark.parametrize("kind", ["txt", "xml", "json"])
def test_level_2_by_specification_is_surface_reflectance(tmp_path, numbers, quality, kind):
    folder = write(tmp_path / NAME, numbers, quality, kind=kind)
    for path in (folder, folder / f"{NAME}_MTL.{kind}"):
        cube = open_cube(path)
        expected = numbers[:7].astype(float) * 2.75e-5 - 0.2
        expected[:, 3, 4] = np.nan
        np.testing.assert_allclose(cube, expected, atol=1e-6)
        assert cube.attrs["format"] == "landsat"
    assert cube.band_name.values.tolist() == ["B1", "B2", "B3", "B4", "B5", "B6", "B7"]
    assert float(cube.sel(wavelength=655, method="nearest").wavelength) == 654.59
    assert transform_of(cube) == GRID
    assert (cube.attrs["quantity"], cube.attrs["sensor"]) == ("reflectance", "Landsat 8 OLI")
    assert cube.attrs["acquired"] == "2022-07-24T10:03:12Z"


def test_level_1_by_specification_is_divided_by_the_sine_of_the_suns_elevation(tmp_path, numbers, quality):
    name = "LC09_L1TP_193024_20220724_20220802_02_T1"
    folder = write(tmp_path / "a", numbers, quality, name, range(1, 10), "LANDSAT_9", "L1TP")
    cube = open_cube(folder)
    assert cube.band_name.values.tolist() == ["B1", "B2", "B3", "B4", "B5", "B9", "B6", "B7"]
    for band, text in enumerate(cube.band_name.values):
        i = int(text[1:])
        expected = (numbers[i - 1] * (2e-5 + i * 1e-7) - 0.1 - i / 1000) / 0.8  # sin 53.13° = 0.8
        expected[3, 4] = np.nan
        np.testing.assert_allclose(cube[band], expected, atol=2e-6)
    assert "top of the atmosphere" in cube.attrs["scaling"]
    assert cube.attrs["sensor"] == "Landsat 9 OLI-2"


@pytest.mark.parametrize(("letter", "number", "sensor"), [("T", 5, "Landsat 5 TM"), ("E", 7, "Landsat 7 ETM+")])
def test_older_sensors_have_six_bands_and_no_cirrus(tmp_path, numbers, quality, letter, number, sensor):
    name = f"L{letter}0{number}_L2SP_193024_20020724_20220802_02_T1"
    folder = write(tmp_path / "a", numbers, quality, name, (1, 2, 3, 4, 5, 7), f"LANDSAT_{number}")
    cube = open_cube(folder)
    assert cube.attrs["sensor"] == sensor
    assert cube.band_name.values.tolist() == ["B1", "B2", "B3", "B4", "B5", "B7"]
    np.testing.assert_allclose(cube[5, 10:], numbers[6, 10:] * 2.75e-5 - 0.2, atol=1e-6)
    assert "cirrus" not in describe(cube)["masks"]
    with pytest.raises(CubeError, match=r"got 'cirrus', but .* has dilated_cloud, cloud, shadow, snow, water"):
        open_cube(folder, mask="cirrus")


@pytest.mark.parametrize(
    ("mask", "bits"),
    [
        ("cloud", ["cloud"]),
        ("shadow", ["shadow"]),
        ("cirrus", ["cirrus"]),
        ("dilated_cloud", ["dilated"]),
        ("water, snow", ["water", "snow"]),
    ],
)
def test_masks_are_bits_of_the_quality_band(l2, quality, mask, bits):
    hidden = np.zeros(quality.shape, bool)
    for bit in bits:
        hidden |= quality & QA[bit] > 0
    hidden[3, 4] = True
    np.testing.assert_array_equal(np.isnan(open_cube(l2, mask=mask)[2]), hidden)


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".zip"])
def test_an_archive_reads_as_its_folder_does(l2, tmp_path, ending):
    packed = tmp_path / f"{NAME}{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(packed, "w") as archive:
            for file in l2.iterdir():
                archive.write(file, file.name)
    else:
        with tarfile.open(packed, "w:gz" if ending == ".tar.gz" else "w") as archive:
            for file in sorted(l2.iterdir()):
                archive.add(file, file.name)
    assert open_cube(packed, mask="cloud").drop_attrs().equals(open_cube(l2, mask="cloud").drop_attrs())


def test_a_window_of_two_bands_reads_two_windows(l2, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = open_cube(l2)
    assert cube.chunks is not None
    read = []
    plain = Raster.__getitem__
    monkeypatch.setattr(Raster, "__getitem__", lambda self, key: read.append(plain(self, key)) or read[-1])
    cube.isel(band=[5, 1], y=slice(3, 9), x=slice(20, 31)).compute()
    assert [block.shape for block in read] == [(1, 6, 11)] * 2


def rewritten(folder: Path, old: str, new: str) -> None:
    path = next(folder.glob("*_MTL.txt"))
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


REFUSALS = [
    (lambda f: next(f.glob("*_SR_B4.TIF")).unlink(), {}, r"names the file '.*SR_B4.TIF', but .* lacks it"),
    (lambda f: next(f.glob("*_SR_B4.TIF")).write_text("<VRTDataset/>"), {}, r"SR_B4.TIF .* should be a GeoTIFF"),
    (lambda f: tif(next(f.glob("*_SR_B4.TIF")), np.ones((9, 9), "uint16")), {}, r"lie on one grid, but .*SR_B4"),
    (lambda f: rewritten(f, "PRODUCT_CONTENTS", "METADATA"), {}, r"Collection 2 are read, but .* is of none"),
    (lambda f: rewritten(f, "= 2.75e-05", "= nan"), {}, r"REFLECTANCE_MULT_BAND_1 is a number, got 'nan'"),
    (lambda f: rewritten(f, "REFLECTANCE_ADD_BAND_3", "OTHER"), {}, r"have REFLECTANCE_ADD_BAND_3 in .* has none"),
    (lambda f: rewritten(f, "LANDSAT_8", "LANDSAT_3"), {}, r"Landsat 4 to 9 are read, got 'L2SP' of 'LANDSAT_3'"),
    (lambda f: rewritten(f, f"{NAME}_SR_B1.TIF", "../b.tif"), {}, r"names the file '../b.tif', but .* lacks it"),
    (lambda f: rewritten(f, "  END_GROUP = IMAGE_ATTRIBUTES", ""), {}, r"MTL.txt is cut off, damaged"),
    (lambda f: next(f.glob("*_MTL.txt")).write_text(""), {}, r"Collection 2 are read, but .*MTL.txt is of none"),
    (lambda f: shutil.copy(f / f"{NAME}_MTL.txt", f / f"{NAME[:-1]}2_MTL.txt"), {}, r"has one Landsat product, but"),
    (None, {"mask": "fog"}, r"got 'fog', but .* has dilated_cloud, cirrus"),
    (None, {"sensor": "landsat-8"}, r"says which it is; leave it out"),
]


@pytest.mark.parametrize(("spoil", "options", "message"), REFUSALS)
def test_a_spoiled_product_is_refused_in_a_sentence(l2, tmp_path, spoil, options, message):
    folder = l2
    if spoil:
        folder = tmp_path / NAME
        shutil.copytree(l2, folder)
        spoil(folder)
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(folder, **options)
    assert "\n" not in str(refusal.value)


def test_a_night_scene_is_refused(tmp_path, numbers, quality):
    name = "LC08_L1GT_193024_20220724_20220802_02_T2"
    folder = write(tmp_path / "a", numbers, quality, name, range(1, 10), "LANDSAT_8", "L1GT")
    rewritten(folder, "SUN_ELEVATION = 53.130102354", "SUN_ELEVATION = -20")
    with pytest.raises(CubeError, match=r"sun above the horizon, got SUN_ELEVATION = -20"):
        open_cube(folder)


@pytest.mark.realdata
def test_the_real_stack_of_landsat_7_has_the_bands_of_etm(real_data):
    path = real_data / "landsat7/L7_ETMs.tif"
    cube = open_cube(path)
    with rasterio.open(path) as oracle:
        np.testing.assert_array_equal(cube, oracle.read())
    assert cube.attrs["format"] == "landsat"
    assert cube.band_name.values.tolist() == ["B1", "B2", "B3", "B4", "B5", "B7"]
    assert (cube.attrs["quantity"], cube.attrs["sensor"]) == ("dn", "Landsat 7 ETM+")
    green = cube.sel(wavelength=835, method="nearest") > 1.3 * cube.sel(wavelength=660, method="nearest")
    assert green.mean() > 0.2  # vegetation is brighter in the near infrared than in the red

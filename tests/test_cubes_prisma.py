"""PRISMA scenes, from files written after the public specification (ASI's product specification, issue 2.3)."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from affine import Affine

from workbench.cubes import CubeError, describe, open_cube, render, spectrum, transform_of
from workbench.cubes.hdf5_array import Array

HEIGHT, WIDTH = 12, 10
VNIR = np.array([0, 0, *np.linspace(979, 402, 12), 0])
SWIR = np.array([*np.linspace(2497, 943, 18), 0, 0])
SCALES = {"L2ScaleVnirMin": -0.1, "L2ScaleVnirMax": 1.4, "L2ScaleSwirMin": 0.0, "L2ScaleSwirMax": 0.9}
EAST, NORTH = 600_015.0, 4_599_985.0


@pytest.fixture
def numbers() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    vnir, swir = (random.integers(1, 65536, (HEIGHT, n, WIDTH)).astype("uint16") for n in (len(VNIR), len(SWIR)))
    for cube in (vnir, swir):
        cube[:, :, 0] = 0  # outside the scene
    swir[3, :, 3] = 0  # dark water
    return vnir, swir


def write(path: Path, numbers: tuple[np.ndarray, np.ndarray], level: str = "L2D", **changes) -> Path:
    """A scene as ASI's specification lays it out; the changes spoil or leave out parts."""
    with h5py.File(path, "w") as file:
        swath = file.create_group(f"HDFEOS/SWATHS/PRS_{level}_HCO")
        errors = np.zeros((HEIGHT, len(VNIR), WIDTH), "uint8"), np.zeros((HEIGHT, len(SWIR), WIDTH), "uint8")
        errors[0][5, 4, 5], errors[1][6, 6, 6] = 1, 2
        kind = "SAT" if level == "L1" else "L2"
        for name, cube, error in zip(("VNIR", "SWIR"), numbers, errors, strict=True):
            swath[f"Data Fields/{name}_Cube"] = cube
            swath[f"Data Fields/{name}_PIXEL_{kind}_ERR_MATRIX"] = error
        wanted = {
            "List_Cw_Vnir": VNIR.astype("f4"),
            "List_Cw_Swir": SWIR.astype("f4"),
            "List_Fwhm_Vnir": np.where(VNIR, 10, 0).astype("f4"),
            "List_Fwhm_Swir": np.where(SWIR, 12, 0).astype("f4"),
            "Product_StartTime": np.bytes_("2020-06-27T10:23:34.123456"),
            **SCALES,
            **{
                f"{name}_{of}": value
                for of in ("Vnir", "Swir")
                for name, value in (("ScaleFactor", 100.0), ("Offset", 2.0))
            },
            "Epsg_Code": np.int64(32633),
            "Product_ULcorner_easting": np.float32(EAST),
            "Product_ULcorner_northing": np.float32(NORTH),
            "Product_LRcorner_easting": np.float32(EAST + 30 * (WIDTH - 1)),
            "Product_LRcorner_northing": np.float32(NORTH - 30 * (HEIGHT - 1)),
            **changes,
        }
        for name, value in wanted.items():
            if value is not None:
                file.attrs[name] = value
        longitude, latitude = np.meshgrid(np.linspace(12, 12.1, WIDTH), np.linspace(45, 44.9, HEIGHT))
        of = "_VNIR" if level == "L1" else ""
        swath[f"Geolocation Fields/Longitude{of}"], swath[f"Geolocation Fields/Latitude{of}"] = longitude, latitude
        if level == "L1":
            cloud = np.zeros((HEIGHT, WIDTH), "uint8")
            cloud[8, 2:5], cloud[9, 2:5] = 1, 10
            swath["Data Fields/Cloud_Mask"] = cloud
    return path


def slowly(numbers: tuple[np.ndarray, np.ndarray], convert: dict) -> tuple[np.ndarray, np.ndarray]:
    """The specification, one band at a time: those in use, by increasing wavelength."""
    found = []
    for name, wavelengths, cube in zip(("Vnir", "Swir"), (VNIR, SWIR), numbers, strict=True):
        for i, wavelength in enumerate(wavelengths):
            if wavelength:
                plane = convert[name](cube[:, i, :].astype(float))
                plane[:, 0] = np.nan
                found.append((float(np.float32(wavelength)), plane))
    found.sort(key=lambda one: one[0])
    return np.array([one[0] for one in found]), np.array([one[1] for one in found])


REFLECTANCE = {
    "Vnir": lambda number: -0.1 + number * (1.4 - -0.1) / 65535,
    "Swir": lambda number: 0.0 + number * (0.9 - 0.0) / 65535,
}
RADIANCE = {name: lambda number: (number / 100 - 2) * 0.1 for name in ("Vnir", "Swir")}


def test_reflectance_of_the_specification_joins_the_detectors_on_their_grid(tmp_path, numbers):
    cube = open_cube(write(tmp_path / "PRS_L2D_STD_20200627102334_20200627102339_0001.he5", numbers))
    wavelengths, expected = slowly(numbers, REFLECTANCE)
    np.testing.assert_allclose(cube.wavelength, wavelengths)
    np.testing.assert_allclose(cube, expected, rtol=2e-6, atol=1e-7)
    np.testing.assert_array_equal(cube.fwhm, [10 if w in VNIR.astype("f4") else 12 for w in wavelengths])
    assert cube.rio.crs.to_epsg() == 32633
    assert transform_of(cube) == Affine(30, 0, 600_000, 0, -30, 4_600_000)
    facts = describe(cube)
    assert (facts["format"], facts["acquired"], facts["dtype"]) == ("prisma", "2020-06-27T10:23:34Z", "uint16")
    assert facts["wavelength_note"] == "detectors overlap at 943–979 nm; bands were sorted by wavelength"
    assert facts["masks"] == ["invalid", "negative", "saturated"]


def test_a_dark_pixel_is_kept_and_only_an_empty_one_is_not(tmp_path, numbers):
    cube = open_cube(write(tmp_path / "a.he5", numbers))
    assert np.isfinite(cube[:, 3, 3]).all()
    assert np.isnan(cube[:, :, 0]).all()


@pytest.mark.parametrize(("level", "convert"), [("L2C", REFLECTANCE), ("L1", RADIANCE)])
def test_a_swath_of_the_specification_knows_its_places(tmp_path, numbers, level, convert):
    cube = open_cube(write(tmp_path / "a.he5", numbers, level))
    np.testing.assert_allclose(cube, slowly(numbers, convert)[1], rtol=1e-5, atol=1e-5)
    assert cube.attrs["quantity"] == ("radiance" if level == "L1" else "reflectance")
    assert cube.rio.crs is None
    np.testing.assert_allclose(cube.longitude[4], np.linspace(12, 12.1, WIDTH))
    np.testing.assert_allclose(cube.latitude[:, 4], np.linspace(45, 44.9, HEIGHT))


def test_errors_of_the_specification_hide_single_values_and_clouds_all_bands(tmp_path, numbers):
    path = write(tmp_path / "a.he5", numbers)
    plain, masked = open_cube(path), open_cube(path, mask="invalid,negative")
    bands = [list(slowly(numbers, REFLECTANCE)[0]).index(np.float32(w)) for w in (VNIR[4], SWIR[6])]
    expected = plain.values.copy()
    expected[bands[0], 5, 5] = expected[bands[1], 6, 6] = np.nan
    np.testing.assert_array_equal(masked, expected)
    cloudy = open_cube(write(tmp_path / "b.he5", numbers, "L1"), mask=["cloud"])
    assert np.isnan(cloudy[:, 8, 2:5]).all()
    assert np.isfinite(cloudy[:, 9, 2:5]).all()
    with pytest.raises(CubeError, match=r"got 'cloud', but a.he5 has invalid, negative, saturated"):
        open_cube(path, mask="cloud")


def test_a_band_at_the_other_detectors_wavelength_is_left_out(tmp_path, numbers):
    swir = SWIR.copy()
    swir[16] = VNIR[3]
    cube = open_cube(write(tmp_path / "a.he5", numbers, List_Cw_Swir=swir, List_Cw_Vnir=VNIR))
    assert cube.sizes["band"] == (VNIR > 0).sum() + (SWIR > 0).sum() - 1
    here = cube.sel(wavelength=VNIR[3])
    np.testing.assert_allclose(
        here[:, 1:], REFLECTANCE["Vnir"](numbers[0][:, 3, 1:].astype(float)), rtol=2e-6, atol=1e-7
    )


def test_a_picture_reads_its_bands_and_a_spectrum_its_pixel(tmp_path, numbers, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = open_cube(write(tmp_path / "a.he5", numbers))
    read = []
    plain = Array.__getitem__
    monkeypatch.setattr(Array, "__getitem__", lambda self, key: read.append(plain(self, key)) or read[-1])
    render(cube, (20, 10, 3), np.array([[0, 1]] * 3))
    assert sum(block.size for block in read) == (3 + 4) * HEIGHT * WIDTH  # four probes of emptiness beside them
    read.clear()
    spectrum(cube, 4, 6)
    assert sum(block.size for block in read) == cube.sizes["band"] + 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"List_Cw_Vnir": VNIR[:5]}, r"'List_Cw_Vnir' has 15 numbers, got shape \(5,\) in a.he5"),
        ({"List_Cw_Vnir": VNIR * np.nan}, r"'List_Cw_Vnir' has 15 numbers, got text, NaN or infinity in a.he5"),
        ({"List_Fwhm_Swir": None}, r"'List_Fwhm_Swir' has 20 numbers, got shape \(0,\) in a.he5"),
        ({"List_Cw_Vnir": VNIR * 0, "List_Cw_Swir": SWIR * 0}, r"a band with a wavelength, but a.he5 has none"),
        ({"L2ScaleVnirMax": None}, r"a PRISMA scene states 'L2ScaleVnirMax', but a.he5 does not"),
        ({"L2ScaleVnirMax": -0.1}, r"'L2ScaleVnirMax' sets a scale, got -0.1 in a.he5"),
        ({"Epsg_Code": 1}, r"a CRS is WKT or an EPSG code, got 'EPSG:1' in a.he5"),
        ({"Product_LRcorner_easting": EAST}, r"10 pixels of 30 m lie between the corners' eastings, got 600015 and"),
        ({"Product_ULcorner_easting": "west"}, r"'Product_ULcorner_easting' has 1 numbers, got text"),
    ],
)
def test_what_breaks_the_specification_is_refused_in_a_sentence(tmp_path, numbers, changes, message):
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(write(tmp_path / "a.he5", numbers, **changes))
    assert "\n" not in str(refusal.value)


def test_detectors_of_two_sizes_and_other_levels_are_refused(tmp_path, numbers):
    path = write(tmp_path / "a.he5", numbers)
    with h5py.File(path, "r+") as file:
        fields = file["HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields"]
        del fields["SWIR_Cube"]
        fields["SWIR_Cube"] = numbers[1][1:]
    with pytest.raises(CubeError, match=r"detectors see one scene, got \(12, 15, 10\) and \(11, 20, 10\) in a.he5"):
        open_cube(path)
    with pytest.raises(CubeError, match=r"a PRISMA scene is of level L2D, L2C, L2B, L1, but b.he5 is not"):
        open_cube(write(tmp_path / "b.he5", numbers, "L0"), format="prisma")

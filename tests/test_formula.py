"""A formula of bands is what NumPy makes of it by hand, from the bands it names; and no formula does anything else."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from tests.scenes import make_cube
from workbench.cubes import CubeError, band_formula, formula_bands, simulated_scene, spectral_index
from workbench.panels.index_picture import picture_of_formula
from workbench.panels.pictures import scalar_picture


@pytest.fixture(scope="module")
def scene() -> xr.DataArray:
    return simulated_scene(24, 30, seed=6)[0]


def at(cube: xr.DataArray, wavelength: float) -> np.ndarray:
    return cube.sel(wavelength=wavelength, method="nearest").values.astype(float)


def test_a_formula_is_what_it_says_of_the_bands_nearest_to_its_wavelengths(scene):
    near, red, blue = (at(scene, w) for w in (860, 650, 480))
    by_hand = {
        "(R860 - R650) / (R860 + R650)": (near - red) / (near + red),
        "r860/R650": near / red,
        "2.5*(R860 - R650)/(R860 + 6*R650 - 7.5*R480 + 1)": 2.5 * (near - red) / (near + 6 * red - 7.5 * blue + 1),
        "-R860 ** 2 + +R650": -(near**2) + red,
        "sqrt(abs(R650 - R860)) - log(R860) / log10(10 + R650)": np.sqrt(np.abs(red - near))
        - np.log(near) / np.log10(10 + red),
        "max(R860, R650, 0.2) - min(R480, R650) + exp(R480)": np.maximum(np.maximum(near, red), 0.2)
        - np.minimum(blue, red)
        + np.exp(blue),
        "b3 - b1": scene.values[2].astype(float) - scene.values[0],
        " 0 * R860 + 1e-3 ": np.full(near.shape, 1e-3),
    }
    for formula, expected in by_hand.items():
        found = band_formula(scene, formula)
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-7, err_msg=formula)
    assert found.rio.crs == scene.rio.crs


def test_it_agrees_with_the_catalogues_index_of_the_same_bands(scene):
    index = spectral_index(scene, "NDVI")
    wavelengths = [float(part.split(" = ")[1].split(" nm")[0]) for part in index.attrs["bands"].split(", ")]
    near, red = (f"R{w:.0f}" for w in sorted(wavelengths, reverse=True))
    found = band_formula(scene, f"({near} - {red}) / ({near} + {red})")
    np.testing.assert_allclose(found, index, rtol=1e-6)
    number = int(index.attrs["bands"].split("(band ")[1].split(")")[0])
    assert f"(band {number})" in found.attrs["bands"]


def test_a_bad_band_is_passed_over_and_one_named_by_number_is_not(scene):
    nearest = int(np.abs(scene.wavelength.values - 860).argmin())
    good = scene.good.values.copy()
    good[nearest] = False
    spoiled = scene.assign_coords(good=("band", good))
    assert formula_bands(scene, "R860 + b7") == {"R860": nearest, "b7": 6}
    assert formula_bands(spoiled, "R860")["R860"] in (nearest - 1, nearest + 1)
    assert formula_bands(spoiled, f"b{nearest + 1}") == {f"b{nearest + 1}": nearest}


def test_a_wide_band_is_reached_from_all_of_its_width():
    wide = make_cube(np.ones((3, 2, 2)), np.array([490.0, 665, 833])).assign_coords(fwhm=("band", [65.0, 30, 106]))
    assert formula_bands(wide, "R880") == {"R880": 2}
    assert formula_bands(wide, "R690") == {"R690": 1}
    with pytest.raises(CubeError, match=r"R700 has no good band near it: the nearest is at 665 nm; write R665"):
        formula_bands(wide, "R700")


def test_a_lazy_cube_reads_the_bands_of_the_formula_and_no_other():
    read = []

    class Source:
        shape, dtype, ndim = (50, 20, 20), np.dtype("float32"), 3

        def __getitem__(self, key: tuple) -> np.ndarray:
            got = np.random.default_rng(0).random(self.shape, dtype="float32")[key]
            read.append(got.size)
            return got

    lazy = make_cube(np.ones((50, 20, 20)))
    lazy = lazy.copy(data=da.from_array(Source(), chunks=(50, 20, 20), name=False))
    found = band_formula(lazy, "b40 / (b2 + b40)")
    assert found.chunks is not None
    assert sum(read) == 0
    found.compute()
    assert sum(read) == 2 * 20 * 20


def test_no_data_and_what_has_no_finite_value_are_nan(scene):
    cube = scene.copy(deep=True)
    cube.values[:, 0, 0] = np.nan
    cube.values[:, 1, 1] = 0
    found = band_formula(cube, "R860 / R650").values
    assert np.isnan(found[[0, 1], [0, 1]]).all()
    assert np.isfinite(found).sum() == found.size - 2
    assert np.isnan(band_formula(cube, "9.0 ** 9 ** 9 ** 9 * R860")).all()
    assert np.isnan(band_formula(cube, "R860 ** 0").values[0, 0])  # NaN to the power of 0 is 1


def test_its_picture_of_a_part_is_of_the_same_bands(scene):
    picture, legend = picture_of_formula(scene, "b40 / R650", (0, 100))
    values = band_formula(scene, "b40 / R650").values
    low, high = values.min(), values.max()
    np.testing.assert_array_equal(picture._overview, scalar_picture((values - low) / (high - low)))
    red = int(np.abs(scene.wavelength.values - 650).argmin())
    assert legend == (
        f"b40 / R650; dark blue {low:.3g}, yellow {high:.3g}; b40 = {scene.wavelength.values[39]:.0f} nm (band 40), "
        f"R650 = {scene.wavelength.values[red]:.0f} nm (band {red + 1})"
    )


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("", "a formula names bands, got an empty one; for example"),
        ("3 + 4", "names at least one band, got '3 \\+ 4'"),
        ("(R860 - R650", "is no formula at letter 1; write one of bands"),
        ("R860 R650", "is no formula at letter"),
        ("R860 ^ 2", r"a power is written \*\*, got \^"),
        ("R860 // 2", "made of bands, numbers, .* got 'R860 // 2'"),
        ("NIR / R650", r"a band is written R860 \(by nm\) or b12 \(by number\), got 'NIR'"),
        ("R86.5", "is no formula"),
        ("R860 > 0.2", "got 'R860 > 0.2'"),
        ("R860 if R650 else 0", "got 'R860 if R650 else 0'"),
        ("tan(R860)", "a formula knows .*sqrt.*, got 'tan'"),
        ("sqrt", "a band is written"),
        ("sqrt(R860, R650)", "sqrt takes 1 values in its brackets, got 2"),
        ("min(R860)", "min takes 2 to 9 values in its brackets, got 1"),
        ("log(x=R860)", "got 'log\\(x=R860\\)'"),
        ("min(*R860, R1)", "got '\\*R860'"),
        ("R860 + 1j", "made of bands, numbers"),
        ("R860 + True", "made of bands, numbers"),
        ("R860 + 'a'", "made of bands, numbers"),
        ("R860 + 1e999", "numbers are below 1e\\+100"),
        ("R860 * 0x" + "f" * 200, "numbers are below 1e\\+100"),
        ("R860" + " + R860" * 60, "has at most 300 letters"),
        ("(" * 290 + "R1", "is no formula"),
        ("-" * 290 + "x", "a band is written"),
        ("__import__('os').system('true')", "a formula"),
        ("R860.__class__", "got 'R860.__class__'"),
        ("[R860 for R860 in b1]", "a formula is made of"),
        ("(lambda: R860)()", "a formula is made of"),
        ("open('/etc/passwd')", "a formula knows"),
        ("(R860 := 3)", "a formula is made of"),
        ("R860\x00", "is no formula"),
        ("b0", "b0 is a band by its number, but this scene has bands 1 to"),
        ("b999999", "choose one of them"),
        ("R10000", "R10000 has no good band near it: the nearest is at"),
    ],
)
def test_what_is_no_formula_is_refused_in_one_sentence(scene, formula, message):
    with pytest.raises(ValueError, match=message) as caught:
        band_formula(scene, formula)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 260


def test_bands_without_wavelengths_are_named_by_number():
    nameless = make_cube(np.arange(16.0).reshape(4, 2, 2) + 1, np.full(4, np.nan))
    np.testing.assert_allclose(band_formula(nameless, "b4 / b1"), nameless.values[3] / nameless.values[0])
    with pytest.raises(CubeError, match="this scene's have none; name it by number, as b1"):
        band_formula(nameless, "R860")

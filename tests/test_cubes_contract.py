"""The contract refuses what later rooms could not stand, each time in one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from workbench.cubes import CubeError, check_cube, good_bands, has_wavelengths, spectrum, valid_pixels


def plain(wavelength: tuple[float, ...] = (450.0, 650.0, 860.0)) -> xr.DataArray:
    n = len(wavelength)
    return xr.DataArray(
        np.arange(n * 20, dtype="float32").reshape(n, 4, 5),
        dims=("band", "y", "x"),
        coords={"wavelength": ("band", list(wavelength)), "y": np.arange(4) + 0.5, "x": np.arange(5) + 0.5},
        attrs={"quantity": "reflectance"},
    )


REFUSALS: list[tuple[Callable[[], xr.DataArray], str]] = [
    (lambda: plain().transpose("y", "x", "band"), r"dims .*got \('y', 'x', 'band'\); use cube.transpose"),
    (lambda: plain().astype("float64"), r"float32, got float64; use cube.astype"),
    (lambda: plain().drop_vars("wavelength"), r"'wavelength' coordinate .* got none"),
    (lambda: plain().drop_vars("x"), r"'x' coordinates"),
    (lambda: plain().isel(band=slice(0, 0)), r"at least one band"),
    (lambda: plain((450.0, 860.0, 650.0)), r"band 3 \(650 nm\) follows band 2 \(860 nm\); sort"),
    (lambda: plain((450.0, 650.0, 650.0)), r"band 3 \(650 nm\) follows band 2 \(650 nm\)"),
    (lambda: plain((0.45, 0.65, 0.86)), r"largest is 0.86; µm\? multiply by 1000"),
    (lambda: plain().assign_attrs(quantity="temperature"), r"one of reflectance, radiance, dn, got 'temperature'"),
    (lambda: plain().assign_coords(good=("y", [True] * 4)), r"'good' is a coordinate on 'band', got dims \('y',\)"),
]


@pytest.mark.parametrize(("spoiled", "message"), REFUSALS)
def test_a_broken_rule_is_named(spoiled, message):
    with pytest.raises(CubeError, match=message) as refusal:
        check_cube(spoiled())
    assert "\n" not in str(refusal.value)


def test_a_cube_is_selected_by_wavelength():
    assert check_cube(plain()).sel(wavelength=700, method="nearest").wavelength == 650


def test_a_band_without_wavelength_leaves_the_index_out():
    cube = check_cube(plain((450.0, np.nan, 860.0)))
    assert not has_wavelengths(cube)
    assert "wavelength" not in cube.xindexes


def test_nothing_is_read_by_checking():
    def never(block):
        raise AssertionError("a value was read")

    lazy = da.map_blocks(never, da.zeros((3, 4, 5), dtype="float32"), dtype="float32", meta=np.empty(0, "float32"))
    assert check_cube(plain().copy(data=lazy)).chunks is not None


def test_bands_are_good_until_told_otherwise():
    assert good_bands(plain()).tolist() == [True] * 3
    assert good_bands(plain().assign_coords(good=("band", [True, False, True]))).tolist() == [True, False, True]


def test_a_bad_band_does_not_make_a_pixel_invalid():
    cube = plain().assign_coords(good=("band", [True, False, True]))
    cube[1] = np.nan
    cube[2, 0, 3] = np.nan
    expected = np.ones((4, 5), dtype=bool)
    expected[0, 3] = False
    np.testing.assert_array_equal(valid_pixels(cube), expected)


def test_a_spectrum_is_the_pixels_own():
    np.testing.assert_array_equal(spectrum(plain(), 2, 3), [13, 33, 53])
    with pytest.raises(IndexError, match=r"\(4, 0\) is outside the scene of 4 rows and 5 columns"):
        spectrum(plain(), 4, 0)
    with pytest.raises(IndexError, match="outside"):
        spectrum(plain(), -1, 0)

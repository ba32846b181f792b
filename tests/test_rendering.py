"""Pictures show the bands they name, stretched as NumPy's percentiles say, and read nothing else."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from workbench.cubes import (
    CubeError,
    band_title,
    check_cube,
    natural_limits,
    picture_limits,
    possible_presets,
    preset_bands,
    principal_components,
    render,
    stretch_limits,
)


def cube_of(values: np.ndarray, wavelength: np.ndarray | None = None, **coords: object) -> xr.DataArray:
    n, height, width = values.shape
    wavelength = np.linspace(420, 2450, n) if wavelength is None else wavelength
    places = {"wavelength": ("band", wavelength), "y": np.arange(height) + 0.5, "x": np.arange(width) + 0.5}
    extra = {name: ("band", value) for name, value in coords.items()}
    attrs = {"quantity": "reflectance"}
    return check_cube(xr.DataArray(values, dims=("band", "y", "x"), coords=places | extra, attrs=attrs))


@pytest.fixture
def cube() -> xr.DataArray:
    values = np.random.default_rng(0).gamma(2, 0.1, (80, 40, 50)).astype("float32")
    values[:, 3, 4] = np.nan
    return cube_of(values)


def test_a_preset_takes_the_nearest_bands(cube):
    wavelength = cube.wavelength.values
    bands = preset_bands(cube, "infrared")
    assert bands == tuple(int(np.abs(wavelength - wanted).argmin()) for wanted in (860, 650, 560))


def test_a_bad_band_is_never_shown(cube):
    nearest = preset_bands(cube, "infrared")[0]
    good = np.arange(80) != nearest
    assert abs(preset_bands(cube.assign_coords(good=("band", good)), "infrared")[0] - nearest) == 1


def test_a_scene_without_short_wave_bands_has_no_short_wave_picture(cube):
    visible = cube.isel(band=slice(0, 20))
    with pytest.raises(CubeError, match=r"'short-wave infrared' needs a band within 40 nm of 2200 nm, but the nearest"):
        preset_bands(visible, "short-wave infrared")
    assert possible_presets(visible) == ["true colour", "infrared"]
    assert possible_presets(cube) == ["true colour", "infrared", "short-wave infrared", "vegetation"]
    with pytest.raises(CubeError, match=r"a picture is one of true colour, .*got 'sepia'"):
        preset_bands(cube, "sepia")


def test_without_wavelengths_three_even_bands_stand_in_and_say_so():
    cube = cube_of(np.ones((9, 4, 4), "float32"), np.full(9, np.nan))
    assert preset_bands(cube, "true colour") == (6, 4, 2)
    assert band_title(cube, 6) == "band 7, wavelength unknown"
    named = cube.assign_coords(band_name=("band", [f"VV {i}" for i in range(9)]))
    assert band_title(named, 2) == "VV 2"
    assert band_title(cube_of(np.ones((9, 4, 4), "float32")), 0) == "420 nm (band 1)"


@pytest.mark.parametrize("percent", [(2, 98), (0, 100), (10, 60)])
def test_limits_are_numpys_percentiles(cube, percent):
    expected = [np.nanpercentile(cube.values[band], percent) for band in (5, 30, 70)]
    np.testing.assert_allclose(stretch_limits(cube, (5, 30, 70), percent), expected, rtol=1e-6)


def test_limits_of_a_large_scene_come_from_a_sample():
    asked = []

    def block(block_info=None):
        asked.append(1)
        return np.full((1, 500, 500), 0.5, "float32")

    lazy = da.map_blocks(block, chunks=((1,) * 3, (500,) * 2, (500,) * 2), dtype="float32", meta=np.empty(0, "float32"))
    limits = stretch_limits(cube_of(lazy, np.array([480.0, 560, 650])), (2, 1, 0))
    assert limits.shape == (3, 2)
    assert (limits[:, 1] > limits[:, 0]).all()  # even where every pixel is the same


def test_pixels_are_scaled_between_the_limits(cube):
    bands, limits = (5, 30, 70), np.array([[0.05, 0.4], [0.1, 0.5], [0.0, 0.3]])
    picture = render(cube, bands, limits)
    assert (picture.shape, picture.dtype) == ((40, 50, 4), np.uint8)
    for i, band in enumerate(bands):
        low, high = limits[i]
        for row, column in ((0, 0), (7, 31), (39, 49), (20, 20)):
            value = float(cube.values[band, row, column])
            expected = round(255 * min(max((value - low) / (high - low), 0), 1))
            assert abs(int(picture[row, column, i]) - expected) <= 1


def test_no_data_is_transparent(cube):
    picture = render(cube, (5, 30, 70), stretch_limits(cube, (5, 30, 70)))
    transparent = np.zeros((40, 50), dtype=bool)
    transparent[3, 4] = True
    np.testing.assert_array_equal(picture[..., 3] == 0, transparent)
    assert set(np.unique(picture[..., 3])) == {0, 255}
    empty = render(cube * np.nan, (5, 30, 70), stretch_limits(cube * np.nan, (5, 30, 70)))
    assert not empty.any()


def test_true_colour_keeps_the_balance_of_bands(cube):
    scaled = cube * xr.DataArray(np.linspace(1, 3, 80, dtype="float32"), dims="band")
    bands = preset_bands(scaled, "true colour")
    plain, natural = stretch_limits(scaled, bands), natural_limits(scaled, bands)
    np.testing.assert_array_equal(natural[:, 0], plain[:, 0])
    span = plain[:, 1] - plain[:, 0]
    np.testing.assert_allclose(natural[:, 1] - natural[:, 0], np.sqrt(span * span.max()), rtol=1e-6)
    np.testing.assert_array_equal(picture_limits(scaled, bands), natural)
    infrared = preset_bands(scaled, "infrared")
    np.testing.assert_array_equal(picture_limits(scaled, infrared), stretch_limits(scaled, infrared))


def test_a_picture_reads_its_three_bands_alone():
    read = []

    class File:
        shape, dtype, ndim = (60, 64, 64), np.dtype("float32"), 3

        def __getitem__(self, key):
            values = np.ones(self.shape, "float32")[key]
            read.append(values.size)
            return values

    lazy = da.from_array(File(), chunks=(60, 64, 64), name=False, lock=False)
    read.clear()
    render(cube_of(lazy), (3, 33, 11), np.array([[0, 1]] * 3))
    assert sum(read) == 3 * 64 * 64


def test_components_are_those_of_a_singular_value_decomposition():
    rng = np.random.default_rng(5)
    mixing = rng.normal(size=(12, 3)) * [5, 2, 1]
    values = (mixing @ rng.normal(size=(3, 30 * 20)) + 0.01 * rng.normal(size=(12, 600))).reshape(12, 30, 20)
    values = values.astype("float32")
    values[:, 2, 2] = np.nan
    cube = cube_of(values)
    found = principal_components(cube, 3)
    spectra = values.reshape(12, -1).T
    kept = spectra[np.isfinite(spectra).all(axis=1)]
    _, _, axes = np.linalg.svd(kept - kept.mean(axis=0), full_matrices=False)
    expected = (kept - kept.mean(axis=0)) @ axes[:3].T
    got = found.values.reshape(3, -1).T[np.isfinite(spectra).all(axis=1)]
    np.testing.assert_allclose(np.abs(got), np.abs(expected), atol=1e-3)
    assert np.isnan(found[:, 2, 2]).all()
    assert check_cube(found).band_name.values[0].startswith("PC 1 (")
    picture = render(found, (0, 1, 2), stretch_limits(found, (0, 1, 2)))
    assert picture[2, 2, 3] == 0
    assert picture[5, 5, 3] == 255


def test_components_leave_bad_bands_out(cube):
    spoiled = cube.copy()
    spoiled[40] = np.nan
    good = np.arange(80) != 40
    kept = principal_components(spoiled.assign_coords(good=("band", good)))
    np.testing.assert_allclose(kept, principal_components(cube.isel(band=good)), atol=1e-4)
    with pytest.raises(CubeError, match=r"two pixels with data in every good band; mark the empty bands bad"):
        principal_components(spoiled)

"""Filters along the wavelength agree with SciPy on even bands, with NumPy on uneven ones, and with SPy's hull."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import scipy.signal
import xarray as xr
from spectral.algorithms.continuum import remove_continuum as spy_continuum

from tests.scenes import make_cube
from workbench.cubes import (
    CubeError,
    check_cube,
    derivative,
    gaussian_smooth,
    open_cube,
    remove_continuum,
    savitzky_golay,
    simulated_scene,
    unit_area,
    unit_length,
    unit_mean,
    z_scores,
)
from workbench.cubes.smoothing import stretches

FILTERS = {
    "savitzky_golay": savitzky_golay,
    "gaussian_smooth": lambda cube: gaussian_smooth(cube, 30),
    "derivative": derivative,
    "second derivative": lambda cube: derivative(cube, 2, window=7),
    "remove_continuum": remove_continuum,
    "unit_length": unit_length,
    "unit_area": unit_area,
    "unit_mean": unit_mean,
    "z_scores": z_scores,
}


@pytest.fixture(scope="module")
def scene() -> xr.DataArray:
    return simulated_scene(20, 30, seed=4)[0]


def uneven(n_bands: int = 40) -> np.ndarray:
    return 450 + np.cumsum(np.random.default_rng(5).uniform(5, 12, n_bands))


def one(spectrum: np.ndarray, wavelength: np.ndarray) -> xr.DataArray:
    return make_cube(np.asarray(spectrum)[:, None, None], wavelength)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_on_even_bands_the_polynomial_is_scipys(order):
    values = np.random.default_rng(0).random((50, 3, 4))
    cube = make_cube(values, np.arange(500, 1000, 10.0))
    ours = savitzky_golay(cube, 7, 3) if order == 0 else derivative(cube, order, window=7, degree=3)
    expected = scipy.signal.savgol_filter(values, 7, 3, deriv=order, delta=10.0, axis=0, mode="interp")
    np.testing.assert_allclose(ours, expected, atol=2e-6)


def test_on_uneven_bands_a_polynomial_comes_back_with_its_derivatives():
    w = uneven()
    t = (w - 600) / 300
    cubic = one(0.2 + 0.3 * t - 0.5 * t**2 + 0.4 * t**3, w)
    np.testing.assert_allclose(savitzky_golay(cubic, 7, 3), cubic, atol=1e-6)
    slope = derivative(cubic, 1, window=7, degree=3).values[:, 0, 0]
    np.testing.assert_allclose(slope, (0.3 - 1.0 * t + 1.2 * t**2) / 300, atol=1e-7)
    curvature = derivative(cubic, 2, window=7, degree=3).values[:, 0, 0]
    np.testing.assert_allclose(curvature, (-1.0 + 2.4 * t) / 300**2, atol=1e-7)


def test_the_plain_derivative_is_numpys_gradient():
    w = uneven()
    spectrum = np.random.default_rng(6).random(len(w))
    slope = derivative(one(spectrum, w))
    np.testing.assert_allclose(slope.values[:, 0, 0], np.gradient(spectrum, w, edge_order=2), rtol=1e-4, atol=1e-6)
    assert (slope.attrs["quantity"], slope.attrs["units"]) == ("dn", "nm⁻¹")
    assert "derivative 1" in slope.attrs["history"]


def test_a_gaussian_weighs_bands_as_a_slow_loop_does():
    w = uneven()
    spectrum = np.random.default_rng(7).random(len(w))
    steps = np.gradient(w)
    for i, value in enumerate(gaussian_smooth(one(spectrum, w), 25).values[:, 0, 0]):
        total = weight = 0.0
        for j in range(len(w)):
            if abs(w[j] - w[i]) <= 50:
                g = 2.0 ** (-((2 * (w[j] - w[i]) / 25) ** 2)) * steps[j]
                total, weight = total + g * spectrum[j], weight + g
        assert value == pytest.approx(total / weight, rel=1e-5)


def test_smoothing_takes_noise_away_and_leaves_the_spectrum(scene):
    good = scene.good.values
    rng = np.random.default_rng(8)
    noisy = scene.copy(data=scene.values + rng.normal(0, 0.01, scene.shape).astype("float32"))
    for smooth in (savitzky_golay(noisy), gaussian_smooth(noisy, 30)):
        left, before = (np.abs(c.values[good] - scene.values[good]).mean() for c in (smooth, noisy))
        assert left < 0.6 * before


def test_no_fit_reaches_across_a_gap():
    w = np.r_[np.arange(1280, 1341, 10.0), np.arange(1450, 1511, 10.0)]
    assert [(s.start, s.stop) for s in stretches(w)] == [(0, 7), (7, 14)]
    step = one(np.r_[np.zeros(7), np.ones(7)], w)
    for result in (savitzky_golay(step, 5), gaussian_smooth(step, 200)):
        np.testing.assert_allclose(result, step, atol=1e-6)
    np.testing.assert_allclose(derivative(step), 0, atol=1e-6)


def test_two_detectors_of_other_spacing_are_one_stretch():
    vnir, swir = np.arange(800, 1000, 8.1), np.arange(902, 1200, 10.3)
    assert len(stretches(np.r_[vnir, np.arange(1010, 1200, 11.5)])) == 1
    assert len(stretches(np.sort(np.r_[vnir, swir]))) == 1
    assert len(stretches(np.array([500.0]))) == 1


@pytest.mark.parametrize("spectra", ["simulated", "random"])
def test_the_hull_is_spys(scene, spectra):
    good = scene.good.values
    values, w = np.clip(scene.values[good], 0.001, None), scene.wavelength.values[good]
    if spectra == "random":
        values = np.random.default_rng(9).random(values.shape).astype("float32")
    ours = remove_continuum(make_cube(values, w))
    expected = spy_continuum(values.transpose(1, 2, 0).astype(float), w)
    np.testing.assert_allclose(ours.values.transpose(1, 2, 0), expected, atol=1e-6)


def test_the_hull_of_few_bands_and_of_flat_spectra_is_right():
    assert remove_continuum(one([0.5, 0.1], np.array([500.0, 600.0]))).values.ravel().tolist() == [1, 1]
    np.testing.assert_allclose(remove_continuum(one(np.full(9, 0.3), np.arange(500, 590, 10.0))), 1)
    dip = remove_continuum(one([1, 0.5, 3], np.array([400.0, 500.0, 600.0]))).values.ravel()
    np.testing.assert_allclose(dip, [1, 0.25, 1])  # half way from 1 to 3 the hull stands at 2
    assert np.isnan(remove_continuum(one([-1, -2, -1.0], np.array([400.0, 500.0, 600.0])))).all()


def test_a_pixels_hull_does_not_depend_on_a_glint_beside_it(scene):
    cube = scene.clip(0.001, keep_attrs=True)
    glint = cube.copy(deep=True)
    glint.values[:, 3, 6] *= 1e12
    np.testing.assert_allclose(remove_continuum(glint), remove_continuum(cube), atol=1e-6)


def test_the_norms_are_what_they_say(scene):
    good, w = scene.good.values, scene.wavelength.values
    np.testing.assert_allclose(np.linalg.norm(unit_length(scene).values[good], axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(unit_mean(scene).values[good].mean(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(np.trapezoid(unit_area(scene).values[good], w[good], axis=0), 1, rtol=1e-5)
    z = z_scores(scene).values[good]
    np.testing.assert_allclose(z.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(z.std(axis=(1, 2)), 1, rtol=1e-4)
    brighter = scene.copy(data=scene.values * 3)
    np.testing.assert_allclose(unit_length(brighter), unit_length(scene), rtol=1e-5)


def test_z_scores_over_many_strips_are_those_of_one_pass(scene, monkeypatch):
    cube = scene.copy(data=scene.values + 100)  # a sum of squares would cancel here
    whole = z_scores(cube)
    monkeypatch.setattr("workbench.cubes.derived.STRIP", 224 * 30 * 3)
    np.testing.assert_allclose(z_scores(cube), whole, atol=1e-4)


def test_z_scores_of_a_constant_band_are_nan_and_missing_pixels_stay_so(scene):
    cube = scene.copy(deep=True)
    cube.values[5], cube.values[:, 2, 3] = 0.25, np.nan
    z = z_scores(cube).values
    assert np.isnan(z[5]).all()
    assert np.isnan(z[:, 2, 3]).all()
    assert np.isfinite(z[6]).sum() == z[6].size - 1


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_keeps_place_and_laziness_and_spreads_no_nan(scene, name):
    holed = scene.clip(0.001, keep_attrs=True)  # noise takes water below 0, where a hull has no meaning
    holed.values[:, 4, 5] = np.nan
    lazy = holed.copy(data=da.from_array(holed.values, chunks=(50, 20, 30)))
    now, later = FILTERS[name](holed), FILTERS[name](lazy)
    assert later.chunks is not None
    np.testing.assert_allclose(now, later, atol=1e-6)
    check_cube(now)
    np.testing.assert_array_equal(now.y, scene.y)
    assert now.rio.crs == scene.rio.crs
    assert now.attrs["history"]
    good = np.flatnonzero(scene.good.values)
    missing = np.isnan(now.values[good])
    assert missing[:, 4, 5].all()
    assert missing.sum() == len(good)
    assert np.isnan(now.values[~scene.good.values]).all()


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda cube: savitzky_golay(cube, 4), ValueError, "odd number of bands"),
        (lambda cube: savitzky_golay(cube, 3, 3), ValueError, "above the degree"),
        (lambda cube: derivative(cube, 3), ValueError, "order 1 or 2"),
        (lambda cube: derivative(cube, 2, degree=1), ValueError, "degree 2 or more"),
        (lambda cube: gaussian_smooth(cube, 0), ValueError, "width above 0 nm"),
        (
            lambda cube: remove_continuum(cube.assign_coords(wavelength=("band", [np.nan] * 6))),
            CubeError,
            "by wavelength",
        ),
    ],
)
def test_wrong_settings_are_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong(make_cube(np.ones((6, 2, 2))))


@pytest.mark.realdata
def test_leaf_water_and_chlorophyll_absorb_in_a_real_scene(real_data):
    cube = open_cube(real_data / "hymap_berlin" / "HyMap02_Berlin_Urban_Gradient_2009.hdr")
    red, near = (cube.sel(wavelength=w, method="nearest").values for w in (670, 860))
    green = (near - red) / (near + red) > 0.75
    removed = remove_continuum(cube)
    assert np.median(removed.sel(wavelength=680, method="nearest").values[green]) < 0.3
    edge = derivative(cube).values[:, green].mean(axis=1)
    inside = (cube.wavelength.values > 550) & (cube.wavelength.values < 1300)
    assert 690 < cube.wavelength.values[inside][edge[inside].argmax()] < 740  # the red edge

"""Minimum noise fractions are SPy's, come back to the scene they are from, and put noise last."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import spectral
import xarray as xr

from tests.scenes import make_cube
from workbench.cubes import CubeError, fit_mnf, mnf, mnf_denoise, mnf_inverse, open_cube, simulated_scene


@pytest.fixture(scope="module")
def scene() -> xr.DataArray:
    return simulated_scene(60, 70, seed=5, n_bands=40)[0]


def by_spy(cube: xr.DataArray) -> spectral.algorithms.algorithms.MNFResult:
    pixels = cube.values[cube.good.values].transpose(1, 2, 0).astype(float)
    return spectral.mnf(spectral.calc_stats(pixels), spectral.noise_from_diffs(pixels)), pixels


def test_eigenvalues_and_components_are_spys(scene):
    oracle, pixels = by_spy(scene)
    fitted = fit_mnf(scene)
    np.testing.assert_allclose(fitted.eigenvalues, oracle.napc.eigenvalues, rtol=1e-6)
    ours = mnf(scene, fitted, 5).values.transpose(1, 2, 0)
    theirs = oracle.reduce(pixels, num=5)
    for k in range(5):
        sign = np.sign((ours[..., k] * theirs[..., k]).sum())
        np.testing.assert_allclose(ours[..., k] * sign, theirs[..., k], atol=2e-3)


def test_denoised_spectra_are_spys(scene):
    oracle, pixels = by_spy(scene)
    ours = mnf_denoise(scene, n=6)
    np.testing.assert_allclose(
        ours.values[scene.good.values].transpose(1, 2, 0), oracle.denoise(pixels, num=6), atol=2e-5
    )
    assert np.isnan(ours.values[~scene.good.values]).all()
    np.testing.assert_array_equal(ours.wavelength, scene.wavelength)
    assert ours.attrs["quantity"] == "reflectance"


def test_all_components_give_the_scene_back(scene):
    fitted = fit_mnf(scene)
    again = mnf_inverse(mnf(scene, fitted, 99), fitted)
    good = scene.good.values
    np.testing.assert_allclose(again.values[good], scene.values[good], atol=1e-5)


def test_components_have_noise_of_one_and_fall_in_signal(scene):
    components = mnf(scene, n=8)
    noise = (components.values[:, :-1, :-1] - components.values[:, 1:, 1:]).reshape(8, -1)
    np.testing.assert_allclose(noise.var(axis=1) / 2, 1, rtol=1e-2)
    variance = components.values.reshape(8, -1).var(axis=1)
    assert (np.diff(variance) < 0).all()
    assert components.band_name.values[0].startswith("MNF 1 (signal to noise ")
    assert components.attrs["quantity"] == "dn"


def test_fewer_components_take_noise_away(scene):
    rng = np.random.default_rng(0)
    noisy = scene.copy(data=scene.values + rng.normal(0, 0.02, scene.shape).astype("float32"))
    good = scene.good.values
    left = mnf_denoise(noisy, n=8).values[good] - scene.values[good]
    assert left.std() < 0.6 * 0.02


def test_many_strips_and_a_lazy_cube_give_what_one_pass_gives(scene, monkeypatch):
    whole = fit_mnf(scene)
    monkeypatch.setattr("workbench.cubes.derived.STRIP", 40 * 70 * 7)
    lazy = scene.copy(data=da.from_array(scene.values, chunks=(9, 60, 70)))
    fitted = fit_mnf(lazy)
    np.testing.assert_allclose(fitted.eigenvalues, whole.eigenvalues, rtol=1e-8)
    components = mnf(lazy, fitted, 3)
    assert components.chunks is not None
    np.testing.assert_allclose(components, mnf(scene, whole, 3), atol=1e-3)
    assert mnf_inverse(components, fitted).chunks is not None


def test_a_pixel_without_data_stays_so_and_harms_no_other(scene):
    holed = scene.copy(deep=True)
    holed.values[7, 10, 10] = np.nan
    components = mnf(holed, n=3)
    assert np.isnan(components.values).sum() == 3
    assert np.isnan(components.values[:, 10, 10]).all()


def test_noise_may_come_from_a_part_of_the_scene(scene):
    part = scene.isel(y=slice(0, 30), x=slice(0, 30))
    _, pixels = by_spy(scene)
    oracle = spectral.mnf(spectral.calc_stats(pixels), spectral.noise_from_diffs(pixels[:30, :30]))
    np.testing.assert_allclose(fit_mnf(scene, part).eigenvalues, oracle.napc.eigenvalues, rtol=1e-6)


def test_scenes_it_cannot_learn_from_are_refused(scene):
    with pytest.raises(CubeError, match="good bands need more pixels"):
        fit_mnf(scene.isel(y=slice(0, 4), x=slice(0, 4)))
    doubled = make_cube(np.concatenate([scene.values[:5], scene.values[:5]]))
    with pytest.raises(CubeError, match="one is constant or the sum of others"):
        fit_mnf(doubled)
    with pytest.raises(CubeError, match="the same bands, got 5 for 40"):
        fit_mnf(scene, scene.isel(band=slice(0, 5)))
    fitted = fit_mnf(scene)
    with pytest.raises(CubeError, match="40 bands of the fit, got 5"):
        mnf(scene.isel(band=slice(0, 5)), fitted)
    with pytest.raises(ValueError, match="at least 1 component"):
        mnf(scene, fitted, 0)


@pytest.mark.realdata
def test_a_real_scenes_first_components_hold_its_signal(real_data):
    cube = open_cube(real_data / "hymap_berlin" / "HyMap02_Berlin_Urban_Gradient_2009.hdr")
    oracle = spectral.mnf(
        spectral.calc_stats(cube.values.transpose(1, 2, 0).astype(float)),
        spectral.noise_from_diffs(cube.values.transpose(1, 2, 0).astype(float)),
    )
    np.testing.assert_allclose(fit_mnf(cube).eigenvalues[:20], oracle.napc.eigenvalues[:20], rtol=1e-4)

"""Bad bands are found where it is known that they are, and nowhere else."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from tests.scenes import make_cube
from workbench.cubes import CubeError, detect_bad_bands, open_cube, simulated_scene
from workbench.cubes.bad_bands import band_noise
from workbench.cubes.simulated import DEAD


@pytest.fixture(scope="module")
def scene() -> xr.DataArray:
    return simulated_scene(60, 80, seed=3)[0]


def test_the_dead_bands_of_the_simulated_scene_are_found_and_no_other(scene):
    bad = detect_bad_bands(scene.drop_vars("good"))
    dead = np.any([(scene.wavelength > low) & (scene.wavelength < high) for low, high in DEAD], axis=0)
    np.testing.assert_array_equal(bad, dead)
    assert set(bad.reason.values[dead]) == {"no data"}


def test_noise_a_constant_and_missing_data_are_found_with_their_reasons(scene):
    rng = np.random.default_rng(0)
    spoiled = scene.copy(deep=True)
    spoiled.values[20] += rng.normal(0, 0.015, scene.shape[1:])
    spoiled.values[80] = rng.normal(0, 0.01, scene.shape[1:])
    spoiled.values[150] = 0.25
    spoiled.values[200, :50] = np.nan
    bad = detect_bad_bands(spoiled)
    new = np.flatnonzero(bad.values & scene.good.values)
    assert new.tolist() == [20, 80, 150, 200]
    reasons = ["noise far above its neighbours'", "noise hides the signal", "constant", "little data"]
    assert bad.reason.values[new].tolist() == reasons


def test_a_water_window_needs_the_data_to_confirm_it():
    scene, _ = simulated_scene(60, 80, seed=3)
    window = (scene.wavelength.values > 1350) & (scene.wavelength.values < 1420)
    rng = np.random.default_rng(1)
    clear, noisy = scene.copy(deep=True), scene.copy(deep=True)
    clear.values[window] = scene.values[120]  # a laboratory's spectrum has no water vapour in it
    noisy.values[window] = scene.values[120] * 0.02 + rng.normal(0, 0.002, (window.sum(), *scene.shape[1:]))
    assert not detect_bad_bands(clear).values[window].any()
    found = detect_bad_bands(noisy)
    assert found.values[window].all()
    assert set(found.reason.values[window]) == {"water vapour at 1340–1460 nm, confirmed by noise"}


def test_the_noise_is_that_which_was_added():
    rng = np.random.default_rng(2)
    truth = rng.random((4, 8000))
    mixed = np.linalg.qr(rng.normal(size=(60, 4)))[0] @ truth
    sigma = rng.uniform(0.001, 0.02, 60)
    noise, _ = band_noise(mixed + rng.normal(size=mixed.shape) * sigma[:, None])
    loud = sigma > np.median(sigma)
    np.testing.assert_allclose(noise[loud], sigma[loud], rtol=0.12)
    assert (noise > 0.95 * sigma).all()  # the neighbours' own noise adds to what they fail to predict


def test_the_noise_is_what_least_squares_leaves():
    values = np.random.default_rng(3).random((9, 500)).cumsum(axis=0)
    noise, unexplained = band_noise(values)
    for band in range(9):
        others = np.delete(values, band, axis=0)
        design = np.column_stack([others.T, np.ones(500)])
        fit = design @ np.linalg.lstsq(design, values[band], rcond=None)[0]
        left = np.sqrt(((values[band] - fit) ** 2).sum() / (500 - 9))
        assert noise[band] == pytest.approx(left, rel=1e-4)
        assert unexplained[band] == pytest.approx(left / values[band].std(), rel=1e-4)


def test_of_a_lazy_cube_a_sample_is_read():
    read = []

    class Source:
        shape, dtype, ndim = (30, 4000, 300), np.dtype("float32"), 3

        def __getitem__(self, key: tuple) -> np.ndarray:
            sizes = [len(range(n)[k]) for n, k in zip(self.shape, key, strict=True)]
            read.append(np.prod(sizes))
            return np.random.default_rng(len(read)).random(sizes, dtype="float32")

    lazy = xr.DataArray(da.from_array(Source(), chunks=(30, 10, 300), name=False), dims=("band", "y", "x"))
    cube = lazy.assign_coords(wavelength=("band", np.linspace(450, 900, 30)), y=np.arange(4000.0), x=np.arange(300.0))
    bad = detect_bad_bands(cube.assign_attrs(quantity="dn"))
    assert sum(read) < 0.05 * cube.size
    assert bad.sizes == {"band": 30}


def test_a_scene_of_one_kind_of_pixel_and_an_empty_one_end_in_words():
    flat = detect_bad_bands(make_cube(np.full((5, 4, 4), 0.2)))
    assert flat.reason.values.tolist() == ["constant"] * 5
    with pytest.raises(CubeError, match="has none; check its nodata"):
        detect_bad_bands(make_cube(np.full((5, 4, 4), np.nan)))


@pytest.mark.realdata
def test_the_empty_bands_of_a_real_enmap_scene_are_found(real_data):
    for path in sorted((real_data / "enmap_potsdam" / "images").glob("*.tif"))[:4]:
        tile = open_cube(path)
        bad = detect_bad_bands(tile)
        assert bad.values[129:135].all()
        outside = (tile.wavelength < 1300) | ((tile.wavelength > 1500) & (tile.wavelength < 1760))
        assert not bad.values[outside].any()


@pytest.mark.realdata
def test_cleaned_scenes_are_left_alone_and_raw_radiance_loses_its_water_bands(real_data):
    for name in (
        "hymap_berlin/HyMap02_Berlin_Urban_Gradient_2009.hdr",
        "enmap_berlin/EnMAP_BerlinUrbanGradient.hdr",
        "samson/samson.mat",
    ):
        assert not detect_bad_bands(open_cube(real_data / name)).any(), name
    raw = open_cube(real_data / "aviris_ng" / "ang20160910t185702_2rdn_img.hdr")
    bad = detect_bad_bands(raw)
    wavelength = raw.wavelength.values
    assert bad.values[(wavelength > 1355) & (wavelength < 1405)].all()
    assert bad.values[(wavelength > 1815) & (wavelength < 1935)].all()
    outside = (wavelength < 1340) | ((wavelength > 1460) & (wavelength < 1790)) | (wavelength > 1970)
    assert bad.values[outside].mean() < 0.02

"""Spectra seen by another sensor agree with numerical integration, with closed forms and with SPy."""

from __future__ import annotations

import math
import pickle

import dask.array as da
import numpy as np
import pytest
import spectral
import xarray as xr

from tests.scenes import make_cube
from workbench.cubes import CubeError, check_cube, open_cube, resample, resample_to, simulated_scene
from workbench.cubes.resampling import band_weights
from workbench.cubes.sensor_bands import SENSORS

SIGMA = 1 / math.sqrt(8 * math.log(2))


@pytest.fixture(scope="module")
def scene() -> xr.DataArray:
    return simulated_scene(24, 32, seed=2)[0]


def uneven(n_bands: int = 90, seed: int = 0) -> np.ndarray:
    steps = np.random.default_rng(seed).uniform(4, 14, n_bands)
    return 420 + np.cumsum(steps)


def seen(spectrum: np.ndarray, wavelength: np.ndarray, widths: float) -> xr.DataArray:
    cube = make_cube(spectrum[:, None, None], wavelength)
    return cube.assign_coords(fwhm=("band", np.full(len(wavelength), float(widths))))


def dip(wavelength: np.ndarray, fwhm: float, instrument: float) -> np.ndarray:
    """A Gaussian absorption as an instrument of Gaussian response sees it: the closed form."""
    total = math.hypot(fwhm, instrument)
    return 0.5 - 0.3 * fwhm / total * np.exp(-0.5 * ((wavelength - 700) / (total * SIGMA)) ** 2)


def test_onto_its_own_bands_a_cube_comes_back_unchanged(scene):
    good = scene.good.values
    again = resample(scene, scene.wavelength.values[good], scene.fwhm.values[good])
    np.testing.assert_allclose(again.values, scene.values[good], rtol=1e-5)
    assert again.good.all()
    np.testing.assert_array_equal(again.x, scene.x)
    assert again.rio.crs == scene.rio.crs


def test_weights_are_the_integral_a_slow_loop_takes():
    old, new, widths = uneven(), np.array([480.0, 601.3, 777.0]), np.array([40.0, 25.0, 90.0])
    own = np.full(len(old), 8.0)
    weights = band_weights(old, own, new, widths)
    for j in range(len(new)):
        sigma = math.sqrt(widths[j] ** 2 - own[0] ** 2) * SIGMA
        slow = np.zeros(len(old))
        step = 0.05
        for place in np.arange(new[j] - 5 * sigma, new[j] + 5 * sigma, step):
            if not old[0] <= place <= old[-1]:
                continue
            i = int(np.searchsorted(old, place, side="right")) - 1
            share = (place - old[i]) / (old[i + 1] - old[i])
            response = step * math.exp(-0.5 * ((place - new[j]) / sigma) ** 2)
            slow[i] += response * (1 - share)
            slow[i + 1] += response * share
        np.testing.assert_allclose(weights[j], slow / slow.sum(), atol=2e-4)


def test_a_known_absorption_looks_as_the_wider_sensor_would_have_seen_it():
    old, new = np.arange(400, 1000, 2.0), np.arange(500, 900, 10.0)
    cube = seen(dip(old, 30, 8), old, 8)
    np.testing.assert_allclose(resample(cube, new, 25).values[:, 0, 0], dip(new, 30, 25), atol=4e-4)
    blurred_twice = dip(np.array([700.0]), 30, math.hypot(8, 25))
    assert abs(resample(cube, [700.0], 25).values.item() - blurred_twice) > 0.004


def test_a_straight_spectrum_stays_straight_on_uneven_bands():
    old = uneven()
    new = np.linspace(500, 1000, 40)
    cube = seen(0.1 + 0.0004 * old, old, 9)
    np.testing.assert_allclose(resample(cube, new, 30).values[:, 0, 0], 0.1 + 0.0004 * new, atol=2e-5)


def test_weights_within_the_half_maximum_are_those_of_spy():
    """SPy cuts a response at its half maximum, and the band there in two; between, its weights are the same."""
    old, own = np.arange(420, 1000, 6.5), np.full(90, 6.5)
    new, widths = np.array([492.4, 559.8, 664.6, 832.8]), np.array([66.0, 46.0, 51.0, 106.0])
    oracle = np.array(spectral.BandResampler(old, new, own, widths).matrix)
    ours = band_weights(old, own, new, widths)
    for theirs, mine in zip(oracle, ours, strict=True):
        inner = np.flatnonzero(theirs)[1:-1]
        assert len(inner) >= 5
        np.testing.assert_allclose(mine[inner] / mine[inner].sum(), theirs[inner] / theirs[inner].sum(), rtol=0.03)


def test_a_band_without_support_is_nan_and_named(scene):
    seen_by = resample_to(scene, "sentinel-2")
    bands = dict(zip(seen_by.band_name.values, seen_by.good.values, strict=True))
    assert [name for name, good in bands.items() if not good] == ["B10"]
    assert np.isnan(seen_by.values[~seen_by.good.values]).all()
    assert np.isfinite(seen_by.values[seen_by.good.values]).all()
    assert "1373.5 nm not covered" in seen_by.attrs["history"]
    assert seen_by.attrs["sensor"] == "Sentinel-2"
    assert check_cube(seen_by) is not None


def test_a_bad_band_takes_no_part():
    old = np.arange(500, 700, 5.0)
    spectrum = 0.2 + 0.001 * (old - 500)
    cube = seen(spectrum, old, 5)
    good = np.ones(len(old), bool)
    good[20] = False
    spoiled = cube.copy(data=np.where(good[:, None, None], cube.values, 99)).assign_coords(good=("band", good))
    np.testing.assert_allclose(resample(spoiled, [600.0], 30), resample(cube, [600.0], 30), atol=1e-4)


def test_nan_spreads_to_the_bands_it_counts_for_and_no_further():
    old = np.arange(500, 700, 5.0)
    cube = seen(np.full(len(old), 0.3), old, 5)
    cube.values[np.flatnonzero(old == 600), 0, 0] = np.nan
    new = resample(cube, [540.0, 600.0, 660.0], 12)
    assert np.isnan(new.values[:, 0, 0]).tolist() == [False, True, False]


def test_a_lazy_cube_stays_lazy_and_gives_the_same_numbers(scene):
    lazy = scene.copy(data=da.from_array(scene.values, chunks=(40, 24, 32)))
    again = resample_to(lazy, "landsat-8")
    assert again.chunks is not None
    np.testing.assert_array_equal(again, resample_to(scene, "landsat-8"))
    pickle.loads(pickle.dumps(again.data))


def test_a_window_of_a_lazy_cube_reads_the_strip_it_lies_in(monkeypatch):
    read = []

    class Source:
        shape, dtype, ndim = (20, 64, 8), np.dtype("float32"), 3

        def __getitem__(self, key: tuple) -> np.ndarray:
            read.append(key)
            return np.ones(self.shape, "float32")[key]

    monkeypatch.setattr("workbench.cubes.derived.STRIP", 20 * 8 * 4)
    cube = make_cube(np.ones((20, 64, 8)))
    lazy = cube.copy(data=da.from_array(Source(), chunks=(5, 64, 8), name=False))
    new = resample(lazy, lazy.wavelength, 50)
    assert all(0 in np.empty(Source.shape)[key].shape for key in read)  # dask asks for the type
    read.clear()
    new.isel(y=slice(8, 10)).compute()
    rows = [range(64)[key[1]] for key in read]
    assert {row for part in rows for row in part} <= set(range(8, 12))


@pytest.mark.parametrize(
    ("wavelength", "fwhm", "message"),
    [
        ([0.5, 0.6], 10, "µm"),
        ([600.0, 500.0], 10, "must increase"),
        ([5000.0, 6000.0], 10, "none of 2 between 5000 and 6000 nm"),
        ([500.0, 600.0], [10, 10, 10], "one centre and one width each"),
        ([500.0, np.nan], 10, "finite centres"),
        ([500.0], 0, "widths above 0"),
    ],
)
def test_new_bands_that_cannot_be_are_refused(wavelength, fwhm, message):
    with pytest.raises(CubeError, match=message):
        resample(make_cube(np.ones((30, 2, 2))), wavelength, fwhm)


def test_an_unknown_sensor_and_a_cube_without_wavelengths_are_refused(scene):
    with pytest.raises(ValueError, match=r"one of sentinel-2, landsat-8, .*got 'hubble'"):
        resample_to(scene, "hubble")
    without = make_cube(np.ones((4, 2, 2)), np.full(4, np.nan))
    with pytest.raises(CubeError, match="goes by wavelength"):
        resample_to(without, "enmap")


def test_the_tables_increase_and_say_as_many_widths_as_centres():
    for name, sensor in SENSORS.items():
        assert len(sensor.wavelength) == len(sensor.fwhm), name
        assert (np.diff(sensor.wavelength) > 0).all(), name
        assert not sensor.band_name or len(sensor.band_name) == len(sensor.wavelength), name


@pytest.mark.realdata
def test_the_enmap_and_aviris_ng_tables_are_those_of_real_scenes(real_data):
    tile = open_cube(min((real_data / "enmap_potsdam" / "images").glob("*.tif")))
    np.testing.assert_allclose(SENSORS["enmap"].wavelength, tile.wavelength, atol=0.006)
    np.testing.assert_allclose(SENSORS["enmap"].fwhm, tile.fwhm, atol=0.006)
    line = open_cube(real_data / "aviris_ng" / "ang20170323t202244_rdn_7000-7010.hdr")
    np.testing.assert_allclose(SENSORS["aviris-ng"].wavelength, line.wavelength, atol=0.02)


@pytest.mark.realdata
def test_a_real_scene_seen_by_sentinel_2_keeps_its_colours(real_data):
    tile = open_cube(min((real_data / "enmap_potsdam" / "images").glob("*.tif")))
    near = resample_to(tile, "sentinel-2").sel(wavelength=664.6, method="nearest")
    own = tile.sel(wavelength=slice(650, 680)).mean("band")
    np.testing.assert_allclose(near, own, atol=0.006)

"""Spectral indices are those of the papers, from the bands they name, and nothing else is computed."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import spyndex
import xarray as xr

from tests.scenes import make_cube
from workbench.cubes import CubeError, index_names, open_cube, simulated_scene, spectral_index


@pytest.fixture(scope="module")
def scene() -> xr.DataArray:
    return simulated_scene(24, 30, seed=6)[0]


def at(cube: xr.DataArray, wavelength: float) -> np.ndarray:
    return cube.sel(wavelength=wavelength, method="nearest").values.astype(float)


def test_ndvi_ndwi_evi_and_savi_are_those_of_their_papers(scene):
    blue, green, red, near = (at(scene, w) for w in (492.4, 559.8, 664.6, 832.8))
    by_hand = {
        "NDVI": (near - red) / (near + red),
        "NDWI": (green - near) / (green + near),
        "EVI": 2.5 * (near - red) / (near + 6 * red - 7.5 * blue + 1),
    }
    for name, expected in by_hand.items():
        np.testing.assert_allclose(spectral_index(scene, name), expected, rtol=1e-5, atol=1e-6, err_msg=name)
    savi = spectral_index(scene, "SAVI", {"L": 0.5})
    np.testing.assert_allclose(savi, 1.5 * (near - red) / (near + red + 0.5), rtol=1e-5)
    assert savi.attrs["constants"] == "L = 0.5"


def test_an_index_says_what_it_is_and_where_it_lies(scene):
    ndvi = spectral_index(scene, "NDVI")
    assert ndvi.name == "NDVI"
    assert ndvi.dims == ("y", "x")
    assert ndvi.attrs["formula"] == spyndex.indices.NDVI.formula
    assert ndvi.attrs["reference"].startswith("https://")
    red = scene.wavelength.sel(wavelength=664.6, method="nearest").item()
    assert f"R = {red:g} nm (band {int((scene.wavelength < red).sum()) + 1})" in ndvi.attrs["bands"]
    assert ndvi.rio.crs == scene.rio.crs
    np.testing.assert_array_equal(ndvi.x, scene.x)
    assert "note" not in ndvi.attrs
    assert "made for reflectance" in spectral_index(scene.assign_attrs(quantity="radiance"), "NDVI").attrs["note"]


def test_every_index_offered_can_be_computed(scene):
    names = index_names(scene)
    assert len(names) > 180
    small = scene.isel(y=slice(0, 3), x=slice(0, 3))
    for name in names:
        assert spectral_index(small, name).shape == (3, 3)
    offered = set(names)
    for name, index in spyndex.indices.items():
        if index.application_domain in ("radar", "kernel"):
            assert name not in offered


def test_bands_are_looked_for_in_the_catalogues_ranges_only(scene):
    visible = scene.sel(wavelength=slice(400, 700))
    names = index_names(visible)
    assert "VARI" in names
    assert "NDVI" not in names
    with pytest.raises(CubeError, match=r"NDVI needs a good band in N \(760–900 nm\)"):
        spectral_index(visible, "NDVI")


def test_a_bad_band_is_passed_over(scene):
    nearest = int(np.abs(scene.wavelength.values - 664.6).argmin())
    good = scene.good.values.copy()
    good[nearest] = False
    spoiled = scene.assign_coords(good=("band", good))
    assert f"(band {nearest + 1})" in spectral_index(scene, "NDVI").attrs["bands"]
    assert f"(band {nearest + 1})" not in spectral_index(spoiled, "NDVI").attrs["bands"]


def test_wavelengths_in_a_formula_are_those_of_the_bands_taken(scene):
    index = spectral_index(scene, "NDVI")
    assert index.attrs["constants"] == ""
    name = next(n for n in index_names(scene) if "lambdaN" in spyndex.indices[n].bands)
    near = float(scene.wavelength.sel(wavelength=832.8, method="nearest"))
    assert f"lambdaN = {near:g}" in spectral_index(scene, name).attrs["constants"]


def test_a_lazy_cube_reads_the_bands_of_the_formula_and_no_other():
    read = []

    class Source:
        shape, dtype, ndim = (50, 20, 20), np.dtype("float32"), 3

        def __getitem__(self, key: tuple) -> np.ndarray:
            got = np.random.default_rng(0).random(self.shape, dtype="float32")[key]
            read.append(got.size)
            return got

    cube = make_cube(np.ones((50, 20, 20)))
    lazy = cube.copy(data=da.from_array(Source(), chunks=(50, 20, 20), name=False))
    index = spectral_index(lazy, "NDVI")
    assert index.chunks is not None
    assert sum(read) == 0
    index.compute()
    assert sum(read) == 2 * 20 * 20


def test_no_data_and_division_by_nothing_are_nan(scene):
    cube = scene.copy(deep=True)
    cube.values[:, 0, 0], cube.values[:, 1, 1] = np.nan, 0
    cube.values[cube.wavelength.values < 700, 2, 2] = -0.25
    cube.values[cube.wavelength.values >= 700, 2, 2] = 0.25  # 0.5 / 0
    ndvi = spectral_index(cube, "NDVI").values
    assert np.isnan(ndvi[[0, 1, 2], [0, 1, 2]]).all()
    assert np.isfinite(ndvi).sum() == ndvi.size - 3


@pytest.mark.parametrize(
    ("name", "constants", "message"),
    [
        ("NDVY", None, r"got 'NDVY'; try .*NDVI"),
        ("ndvi", None, "got 'ndvi'; try NDVI"),
        ("__import__('os').system('true')", None, "one of the"),
        ("SAVI", {"Q": 1}, "SAVI has the constants: L; got Q"),
    ],
)
def test_what_the_catalogue_does_not_know_is_refused(scene, name, constants, message):
    with pytest.raises(ValueError, match=message):
        spectral_index(scene, name, constants)


def test_radar_kernels_and_cubes_without_wavelengths_are_refused(scene):
    with pytest.raises(CubeError, match="which no cube has"):
        spectral_index(scene, "DpRVIVV")
    with pytest.raises(CubeError, match="which no cube has"):
        spectral_index(scene, "kNDVI")
    nameless = make_cube(np.ones((4, 2, 2)), np.full(4, np.nan))
    assert index_names(nameless) == []
    with pytest.raises(CubeError, match="NDVI needs a good band"):
        spectral_index(nameless, "NDVI")


@pytest.mark.realdata
def test_trees_are_greener_than_roofs_in_a_real_scene(real_data):
    cube = open_cube(real_data / "hymap_berlin" / "HyMap02_Berlin_Urban_Gradient_2009.hdr")
    ndvi = spectral_index(cube, "NDVI").values
    near, red = at(cube, 832.8), at(cube, 664.6)
    np.testing.assert_allclose(ndvi, (near - red) / (near + red), rtol=1e-4, atol=1e-5)
    assert 0.7 < np.nanpercentile(ndvi, 98) < 1

"""Spectra as a plot shows them: each as the cube's functions make it, and one that lacks bands by those it has."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from tests.scenes import make_cube
from workbench.cubes import derivative, good_bands, remove_continuum, shape_spectra, simulated_scene
from workbench.panels.axes import SpectralAxis


@pytest.fixture
def cube():
    return simulated_scene(16, 16, seed=3)[0]


def test_shapes_are_those_of_the_cubes_functions(cube):
    good, wavelength = good_bands(cube), cube["wavelength"].values
    spectra = cube.values.reshape(len(good), -1).T
    for shape, function in (("continuum removed", remove_continuum), ("first derivative", derivative)):
        found = shape_spectra(spectra, wavelength, good, shape)
        wanted = function(cube).values.reshape(len(good), -1).T
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=2e-8, err_msg=shape)
    np.testing.assert_array_equal(shape_spectra(spectra, wavelength, good, "plain"), spectra)


def test_a_spectrum_that_lacks_bands_lies_under_the_hull_of_those_it_has(cube):
    good, wavelength = good_bands(cube), cube["wavelength"].values.astype(float)
    spectra = cube.values.reshape(len(good), -1).T[:3].astype(float)
    spectra[1, 20:60] = np.nan
    spectra[2] = np.nan
    found = shape_spectra(spectra, wavelength, good, "continuum removed")
    for one, shaped in zip(spectra[:2], found, strict=False):
        bands = np.flatnonzero(good & np.isfinite(one))
        points = np.column_stack([wavelength[bands], one[bands]])
        corners = np.vstack([points, [points[0, 0], -1], [points[-1, 0], -1]])
        on_top = sorted(i for i in ConvexHull(corners).vertices if i < len(points))
        hull = np.interp(points[:, 0], points[on_top, 0], points[on_top, 1])
        np.testing.assert_allclose(shaped[bands], points[:, 1] / hull, rtol=1e-5)
        assert np.isnan(np.delete(shaped, bands)).all()
    assert np.isnan(found[2]).all()


@pytest.mark.parametrize("shape", ["continuum removed", "first derivative"])
def test_a_bad_band_takes_no_part_whatever_stands_in_it(shape):
    wavelength, good = np.linspace(400, 900, 11), np.arange(11) != 5
    values = np.random.default_rng(0).random((1, 11)) + 0.1
    found = shape_spectra(values, wavelength, good, shape)
    values[0, 5] = 100
    np.testing.assert_array_equal(shape_spectra(values, wavelength, good, shape), found)
    assert np.isnan(found[0, 5])
    np.testing.assert_allclose(
        found[:, good], shape_spectra(values[:, good], wavelength[good], good[good], shape), rtol=1e-6
    )


def test_a_slope_is_numpys_gradient():
    wavelength = np.array([400.0, 410, 425, 445, 470])
    values = np.random.default_rng(0).random((2, 5)) + 0.1
    found = shape_spectra(values, wavelength, np.ones(5, bool), "first derivative")
    np.testing.assert_allclose(found[:, 1:-1], np.gradient(values, wavelength, axis=1)[:, 1:-1], rtol=1e-4)


def test_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="drawn as one of plain, continuum removed, first derivative, got 'log'"):
        shape_spectra(np.ones((1, 3)), np.arange(3.0), np.ones(3, bool), "log")


def test_bad_bands_are_marked_half_way_to_their_neighbours():
    good = np.array([False, True, True, False, False, True, False])
    cube = make_cube(np.ones((7, 2, 2)), np.array([400.0, 410, 420, 430, 450, 460, 470]), good)
    axis = SpectralAxis.of(cube)
    np.testing.assert_allclose(axis.bad, [[395, 405], [425, 455], [465, 475]])
    assert np.isnan(axis.lay(np.arange(7.0))[~good]).all()
    assert axis.title_of("plain") == "reflectance [1]"
    assert axis.title_of("continuum removed") == "reflectance / continuum [1]"
    assert axis.title_of("first derivative") == "slope of reflectance [nm⁻¹]"
    assert SpectralAxis.of(make_cube(np.ones((3, 2, 2)))).bad.shape == (0, 2)

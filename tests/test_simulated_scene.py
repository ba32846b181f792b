"""The simulated scene is seeded, physically plausible, and honest about what it is."""

from __future__ import annotations

import numpy as np
import pytest
import spectral
import xarray as xr

from workbench.cubes import check_cube, open_cube, save_cube, simulated, simulated_scene, valid_pixels
from workbench.cubes.simulated import DEAD
from workbench.cubes.simulated_landscape import COLORS, Landscape
from workbench.cubes.simulated_noise import Noise
from workbench.cubes.simulated_spectra import end_members

VEGETATION = ("deciduous forest", "coniferous forest", "meadow", "maize")


@pytest.fixture(scope="module")
def scene() -> tuple[xr.DataArray, xr.DataArray]:
    return simulated_scene(100, 150, seed=0)


def of(scene: tuple[xr.DataArray, xr.DataArray], name: str, wavelength: float) -> np.ndarray:
    """Reflectance at a wavelength of the pixels whose truth is `name`."""
    cube, truth = scene
    code = truth.attrs["classes"].index(name) + 1
    return cube.sel(wavelength=wavelength, method="nearest").values[truth.values == code]


def test_it_keeps_the_contract_and_says_it_is_simulated(scene):
    cube, truth = scene
    assert check_cube(cube) is not None
    assert (cube.shape, cube.dtype, cube.attrs["quantity"]) == ((224, 100, 150), np.float32, "reflectance")
    assert "simulated" in cube.attrs["note"]
    assert "simulated" in cube.attrs["sensor"]
    assert cube.rio.crs.to_epsg() == 32633
    assert cube.rio.resolution() == (30, -30)
    assert 419 < cube.wavelength[0] < 421
    assert 2449 < cube.wavelength[-1] < 2451
    assert (truth.shape, truth.dtype) == ((100, 150), np.int16)
    assert truth.attrs["classes"] == list(COLORS)
    np.testing.assert_array_equal(truth.x, cube.x)
    assert bool(valid_pixels(cube).all())


def test_the_same_seed_is_the_same_scene(scene):
    again, truth = simulated_scene(100, 150, seed=0)
    other, _ = simulated_scene(100, 150, seed=1)
    xr.testing.assert_identical(again, scene[0])
    xr.testing.assert_identical(truth, scene[1])
    assert not np.allclose(other, scene[0], equal_nan=True)


def test_every_class_occurs_and_none_is_everywhere():
    _, truth = simulated_scene(seed=0, n_bands=8)
    counts = np.bincount(truth.values.ravel(), minlength=13)
    assert counts[0] == 0
    assert counts[1:].min() >= 50
    assert counts.max() < 0.35 * truth.size


def test_plants_are_green_and_water_is_not(scene):
    for name in VEGETATION:
        near, red = (np.median(of(scene, name, w)) for w in (860, 670))
        assert (near - red) / (near + red) > 0.55, name
        assert np.median(of(scene, name, 560)) > np.median(of(scene, name, 670)), name
    near, red = np.median(of(scene, "water", 860)), np.median(of(scene, "water", 670))
    assert (near - red) / (near + red) < 0
    assert near < 0.03


def test_the_bands_of_matter_are_where_they_belong(scene):
    def depth(name: str, centre: float, left: float, right: float) -> float:
        """How far a spectrum sinks below the line between two shoulders, relative to the line."""
        middle, low, high = (np.median(of(scene, name, w)) for w in (centre, left, right))
        line = low + (high - low) * (centre - left) / (right - left)
        return float(1 - middle / line)

    assert depth("maize", 1195, 1100, 1280) > 0.05  # leaf water
    assert depth("maize", 972, 900, 1060) > 0.01
    assert depth("loam", 2205, 2130, 2260) > 0.04  # clay
    assert depth("ripe cereal", 2100, 2030, 2215) > 0.04  # cellulose
    assert depth("ripe cereal", 1195, 1100, 1280) < depth("maize", 1195, 1100, 1280)
    assert np.median(of(scene, "clay tiles", 650)) > 1.5 * np.median(of(scene, "clay tiles", 530))  # red


def test_dead_bands_are_the_water_vapours_and_empty(scene):
    cube = scene[0]
    wavelength = cube.wavelength.values
    dead = ((wavelength > DEAD[0][0]) & (wavelength < DEAD[0][1])) | (
        (wavelength > DEAD[1][0]) & (wavelength < DEAD[1][1])
    )
    np.testing.assert_array_equal(cube.good, ~dead)
    assert 15 < dead.sum() < 35
    assert np.isnan(cube.values[dead]).all()
    assert np.isfinite(cube.values[~dead]).all()


def test_noise_depends_on_wavelength(scene):
    cube, truth = scene
    near = cube.sel(wavelength=860, method="nearest").values
    water = (truth.values == 1) & (near < np.median(near[truth.values == 1]))  # open water, no bank mixed in

    def noise(wavelength: float) -> float:
        """From differences of neighbouring bands over dark, smooth water."""
        band = int(np.abs(cube.wavelength.values - wavelength).argmin())
        return float(np.std((cube.values[band + 1] - cube.values[band])[water]) / 2**0.5)

    assert 1.2 * noise(1650) < noise(2300)
    assert 1.4 * noise(1650) < noise(1325)  # beside water vapour
    assert 0.0005 < noise(1650) < 0.004


def test_borders_are_mixed(scene):
    cube, truth = scene
    # On a pixel between water and its bank, the near infrared lies between the two.
    codes, near = truth.values, cube.sel(wavelength=860, method="nearest").values
    inner = codes[1:-1] == 1
    shore = inner & ((codes[:-2] != 1) | (codes[2:] != 1))
    open_water = inner & (codes[:-2] == 1) & (codes[2:] == 1)
    assert near[1:-1][shore].mean() > 2 * near[1:-1][open_water].mean()


def test_slopes_change_the_light_and_least_where_the_sky_is_bright(monkeypatch):
    lit = simulated_scene(60, 60, seed=0)[0]
    monkeypatch.setattr(simulated, "_illumination", lambda height, width, rng: np.ones((height, width), "float32"))
    level = simulated_scene(60, 60, seed=0)[0]  # the hills are drawn from a stream of their own
    change = (lit / level).sel(wavelength=[450, 860, 1650], method="nearest").values
    blue, near, short = (np.median(np.abs(band - 1)) for band in change)
    assert near > 0.02
    assert blue < near < short


def test_any_size_will_do():
    for height, width in ((16, 90), (90, 16), (33, 17)):
        cube, truth = simulated_scene(height, width, seed=4, n_bands=20)
        assert cube.shape == (20, height, width)
        assert truth.values.min() >= 1
    with pytest.raises(ValueError, match=r"at least 16 × 16 pixels and 8 bands, got 8 × 30 × 224"):
        simulated_scene(8, 30)


def test_the_ground_is_the_same_strip_by_strip():
    land = Landscape(60, 40, np.random.default_rng(2))
    rows, columns = np.arange(60) + 0.5, np.arange(40) + 0.5
    whole = land.classes(rows, columns)
    strips = [land.classes(rows[top : top + 20], columns) for top in (0, 20, 40)]
    np.testing.assert_array_equal(np.concatenate(strips), whole)


def test_hills_have_unit_variance():
    heights = Noise(800, 800, 8, np.random.default_rng(0), octaves=3)(np.arange(0, 800, 2.0), np.arange(0, 800, 2.0))
    assert heights.std() == pytest.approx(1, rel=0.1)
    assert heights.mean() == pytest.approx(0, abs=0.1)


def test_colours_can_be_told_apart_by_the_colour_blind():
    """Machado's deuteranopia; distance in CIE Lab of at least 8 between any two classes."""
    rgb = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in COLORS.values()]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    deutan = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    for sight in (np.eye(3), deutan):
        xyz = np.clip(linear @ sight.T, 0, 1) @ to_xyz.T / [0.9505, 1, 1.089]
        f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
        distance = np.linalg.norm(lab[:, None] - lab, axis=2) + 100 * np.eye(len(lab))
        assert distance.min() > 8, np.array(list(COLORS))[list(np.unravel_index(distance.argmin(), distance.shape))]


def test_it_is_opened_like_any_other_scene(tmp_path, scene):
    back = open_cube(save_cube(scene[0], tmp_path / "scene.zarr"))
    np.testing.assert_array_equal(back, scene[0])
    assert back.sel(wavelength=860, method="nearest").equals(scene[0].sel(wavelength=860, method="nearest"))


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("deciduous forest", "deciduous tree"),
        ("coniferous forest", "coniferous tree"),
        ("meadow", "grass (meadow"),
        ("maize", "sugarbeet"),
        ("ripe cereal", "grass (dry)"),
        ("loam", "bare soil"),
        ("sandy soil", "sand (playground)"),
        ("clay tiles", "red clay tile"),
        ("asphalt", "asphalt"),
    ],
)
def test_spectra_have_the_shape_of_berlins(real_data, name, real):
    library = spectral.envi.open(str(real_data / "enmap_berlin/library_berlin.hdr"))
    wavelength = np.array(library.bands.centers) * 1000
    measured = np.mean(
        [s for s, n in zip(library.spectra, library.names, strict=True) if n.strip().startswith(real)], axis=0
    )
    simulated = end_members(wavelength)[name].mean(axis=0)
    assert np.corrcoef(measured, simulated)[0, 1] > 0.9


def test_another_date_is_the_same_land_in_another_state(scene):
    later, truth = simulated_scene(100, 150, seed=0, date=1)
    xr.testing.assert_identical(truth, scene[1])
    for name in ("maize", "meadow"):
        now, then = of(scene, name, 680), of((later, truth), name, 680)
        # Every field has another state, drawn anew: two dates are as far apart as two fields.
        assert 0.8 * now.std() < (then - now).std() < 1.5 * now.std()
    with pytest.raises(ValueError, match="counted from 0, got -1"):
        simulated_scene(16, 16, date=-1)

"""A large scene's picture: an overview first, then the window's own pixels, and nothing else is read."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from workbench.cubes import CubeError, fit_mnf, good_bands, mnf, picture_limits, render, simulated_scene, spectral_index
from workbench.panels.index_picture import picture_of_index
from workbench.panels.pictures import scalar_picture
from workbench.panels.scene_picture import (
    COMPONENTS,
    Part,
    ScenePicture,
    picture_of_bands,
    picture_of_components,
)
from workbench.panels.view import ViewGrid

BANDS, PERCENT = (6, 3, 1), (2.0, 98.0)


@pytest.fixture(scope="module")
def cube():
    return simulated_scene(90, 120, n_bands=40, seed=2)[0]


@pytest.fixture
def large(cube, monkeypatch) -> ScenePicture:
    """The scene as if it had nine times more pixels than a picture may have."""
    monkeypatch.setattr("workbench.panels.scene_picture.MOST_PIXELS", 90 * 120 // 9)
    return picture_of_bands(cube, BANDS, PERCENT)


def windows(cube):
    """The whole scene on few pixels of the screen, and its middle on many."""
    grid = ViewGrid.of(cube)
    (south, west), (north, east) = grid.bounds
    middle = ((south + north) / 2, (west + east) / 2)
    quarter = ((north - south) / 8, (east - west) / 8)
    zoomed = tuple(tuple(m + sign * q for m, q in zip(middle, quarter, strict=True)) for sign in (-1, 1))
    return grid.window(grid.bounds, (40, 30)), grid.window(zoomed, (400, 300))


def whole(cube, window):
    """The window cut from a picture of all pixels."""
    return window.clear(window.take(render(cube, BANDS, picture_limits(cube, BANDS, PERCENT))))


def test_a_small_scene_is_rendered_once_and_exactly(cube):
    picture = picture_of_bands(cube, BANDS, PERCENT)
    for window in windows(cube):
        assert picture.wanted(window) is None
        np.testing.assert_array_equal(picture.cut(window), whole(cube, window))


def test_the_overview_serves_until_the_window_has_been_read(cube, large):
    far, near = windows(cube)
    assert large.wanted(far) is None
    blurred = large.cut(near).astype(float)
    exact = whole(cube, near)
    assert 5 < np.abs(blurred - exact)[..., :3].mean() < 60
    part = large.wanted(near)
    assert part.step == 1
    large.ask(part)
    assert large.wanted(near) is None  # it is on its way
    large.sharpen(part)
    np.testing.assert_array_equal(large.cut(near), exact)
    assert large.wanted(near) is None
    assert large.cut(far).shape == whole(cube, far).shape  # the overview is still there


def test_only_the_window_is_read(cube, large, monkeypatch):
    _, near = windows(cube)
    part = large.wanted(near)
    assert part.bottom - part.top < 0.5 * cube.sizes["y"]
    assert part.right - part.left < 0.5 * cube.sizes["x"]
    read = []
    plain = render
    monkeypatch.setattr("workbench.panels.scene_picture.render", lambda *how: read.append(how[3:]) or plain(*how))
    large.ask(part)
    large.sharpen(part)
    assert read == [part.slices]


def test_a_window_nobody_looks_at_any_more_is_not_read(cube, large, monkeypatch):
    _, near = windows(cube)
    part = large.wanted(near)
    large.ask(part)
    large.ask(Part(0, 9, 0, 9, 1))
    monkeypatch.setattr("workbench.panels.scene_picture.render", None)
    large.sharpen(part)


def test_an_index_is_that_of_all_pixels_and_its_legend_tells_its_ends(cube, monkeypatch):
    monkeypatch.setattr("workbench.panels.scene_picture.MOST_PIXELS", 90 * 120 // 9)
    picture, legend = picture_of_index(cube, "NDVI", (0.0, 100.0))
    index = spectral_index(cube, "NDVI").values
    assert legend == (
        f"Normalized Difference Vegetation Index = (N-R)/(N+R); dark blue {index.min():.3g}, yellow {index.max():.3g}"
    )
    _, near = windows(cube)
    part = picture.wanted(near)
    picture.ask(part)
    picture.sharpen(part)
    shown = picture.cut(near)[..., 0].astype(float)
    wanted = near.take(scalar_picture((index - index.min()) / (index.max() - index.min())))[..., 0].astype(float)
    np.testing.assert_allclose(shown, wanted, atol=1)


def stretched(scores):
    """Bands (3, height, width) from black to white at percentiles, each by itself."""
    low, high = np.percentile(scores, PERCENT, axis=(1, 2))[:, :, None, None]
    return np.clip((scores - low) / (high - low), 0, 1) * 255


def test_principal_components_are_scikit_learns(cube):
    picture, legend = picture_of_components(cube, COMPONENTS[0], PERCENT)
    spectra = cube.values[good_bands(cube)].reshape(good_bands(cube).sum(), -1).T.astype(float)
    peer = PCA(3).fit(spectra)
    wanted = stretched(peer.transform(spectra).T.reshape(3, *cube.shape[1:]))
    window = windows(cube)[0]
    drawn = picture.cut(window)[window.inside][:, :3].astype(float)
    for band, component in enumerate(wanted):
        exact = window.take(component)[window.inside]
        off = min(np.abs(drawn[:, band] - one).max() for one in (exact, 255 - exact))  # a component has no sign
        assert off < 3  # its stretch may be told from a sample
    assert legend.endswith(
        f"{', '.join(f'{100 * part:.1f}' for part in peer.explained_variance_ratio_)} % of the variance"
    )


def test_noise_fractions_are_those_of_the_transform(cube):
    picture, legend = picture_of_components(cube, COMPONENTS[1], PERCENT)
    window = windows(cube)[0]
    wanted = stretched(mnf(cube, n=3).values.astype(float))
    drawn = picture.cut(window)[window.inside][:, :3].astype(float)
    for band, component in enumerate(wanted):
        assert np.abs(drawn[:, band] - window.take(component)[window.inside]).max() < 2
    assert f"{fit_mnf(cube).eigenvalues[0] - 1:.3g}" in legend


def test_no_more_of_a_large_scene_is_read_for_its_noise_than_its_middle(cube, monkeypatch):
    monkeypatch.setattr("workbench.panels.scene_picture.MOST_READ", cube.nbytes // 3)
    whole, middle = fit_mnf(cube).eigenvalues[0], fit_mnf(cube.isel(y=slice(13, 77))).eigenvalues[0]
    assert f"{whole - 1:.3g}" != f"{middle - 1:.3g}"
    assert f"{middle - 1:.3g}" in picture_of_components(cube, COMPONENTS[1], PERCENT)[1]


@pytest.mark.parametrize("kind", COMPONENTS)
def test_a_scene_without_enough_pixels_is_refused_in_a_sentence(cube, kind):
    with pytest.raises(CubeError, match="pixels with data"):
        picture_of_components(cube.where(cube.x < cube.x[0]), kind, PERCENT)

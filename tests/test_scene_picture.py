"""A large scene's picture: an overview first, then the window's own pixels, and nothing else is read."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.cubes import picture_limits, render, simulated_scene, spectral_index
from workbench.panels.pictures import scalar_picture
from workbench.panels.scene_picture import Part, ScenePicture, picture_of_bands, picture_of_index
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

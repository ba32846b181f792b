"""Where a stroke on the map lies in the scene, against exact projection; and the sizes a brush can have."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from pyproj import CRS, Transformer

from workbench.panels.brush import Brush, on_ground, placed
from workbench.panels.look import RADII, Look
from workbench.panels.view import ViewGrid

NORTH_UP = Affine(30, 0, 390_000, 0, -30, 5_820_000)
GRIDS = {
    "utm": (NORTH_UP, 32633),
    "rotated": (NORTH_UP @ Affine.rotation(33), 32633),
    "degrees": (Affine(0.001, 0, 13.0, 0, -0.001, 52.5), 4326),
}
SHAPE = (120, 200)


def box_parts(transform: Affine, crs: int, places: np.ndarray) -> np.ndarray:
    """Parts of the box round the scene in web mercator, right and down, of (column, row); by pyproj alone."""
    project = Transformer.from_crs(crs, 3857, always_xy=True).transform
    height, width = SHAPE
    across, down = np.meshgrid(np.linspace(0, width, 400), np.linspace(0, height, 400))
    x, y = project(*(transform @ (across.ravel(), down.ravel())))
    here = project(*(transform @ tuple(places.T)))
    return np.column_stack([(here[0] - x.min()) / np.ptp(x), (y.max() - here[1]) / np.ptp(y)])


@pytest.mark.parametrize("name", GRIDS)
def test_a_place_on_the_map_is_where_exact_projection_has_it(name):
    transform, crs = GRIDS[name]
    grid = ViewGrid(SHAPE, transform, CRS.from_epsg(crs))
    places = np.random.default_rng(0).uniform((0, 0), (200, 120), (50, 2))
    parts = box_parts(transform, crs, places)
    columns, rows = ~transform @ tuple(on_ground(grid, parts).T)
    np.testing.assert_allclose(np.column_stack([columns, rows]), places, atol=2e-2)  # the box is known by 33 points
    a, b, c, d, e, f = placed(grid)
    drawn = np.column_stack([a * parts[:, 0] + c * parts[:, 1] + e, b * parts[:, 0] + d * parts[:, 1] + f])
    np.testing.assert_allclose(drawn, places, atol=0.05)  # as it is drawn while the pointer moves


def test_without_a_crs_the_box_is_the_pixel_grid():
    grid = ViewGrid(SHAPE, Affine.identity(), None)
    np.testing.assert_allclose(on_ground(grid, np.array([[0.25, 0.5], [1, 1]])), [[50, 60], [200, 120]], atol=1e-6)
    np.testing.assert_allclose(placed(grid), [200, 0, 0, 120, 0, 0], atol=1e-4)


def test_a_stroke_that_leaves_for_the_other_side_of_the_earth_stays_finite():
    grid = ViewGrid(SHAPE, NORTH_UP, CRS.from_epsg(32633))
    there = on_ground(grid, np.array([[0.5, 0.5], [9000, 0.5], [0.5, -9000]]))
    assert np.isfinite(there).all()
    assert there[1, 0] > 400_000
    assert there[2, 1] > 5_830_000


@pytest.mark.parametrize("path", [None, "abc", [[1]], [[1, 2], [3]], [[0.5, None]], {"a": 1}])
def test_a_damaged_message_reaches_the_session_as_no_stroke(path):
    asked, told = [], []
    brush = Brush(lambda *words: asked.append(words))
    brush._send_msg = told.append
    brush.lay(ViewGrid(SHAPE, *(NORTH_UP, CRS.from_epsg(32633))))
    brush._handle_msg({"path": path, "radius": 3, "erase": "yes", "stroke": 7})
    ((places, radius, erase),) = asked
    assert not np.isfinite(places).all() or places.shape == (0, 2)
    assert (radius, erase, told) == (3, False, [{"done": 7}])


def test_keys_go_through_all_sizes_and_stop_at_the_ends():
    look, seen = Look(radius=0.5), [0.5]
    while len(seen) < 40 and look.radius < RADII[-1]:
        look.resize(1)
        seen.append(look.radius)
    assert tuple(seen) == RADII
    look.resize(1)
    assert look.radius == RADII[-1]
    look.radius = 0.5
    look.resize(-1)
    assert look.radius == 0.5


def test_the_eraser_is_laid_down_with_the_brush():
    look = Look()
    look.param.update(mode="brush", erase=True)
    assert look.erase
    look.mode = "inspect"
    assert not look.erase

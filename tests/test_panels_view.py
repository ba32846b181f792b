"""Where a scene lies on the map, checked against exact projection; and the pictures laid there."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from pyproj import CRS, Transformer
from shapely.geometry import Polygon

from workbench.panels.graticule import MOST, counted, ticks, with_graticule
from workbench.panels.pictures import class_picture, disagreement_picture, label_picture, scalar_picture
from workbench.panels.sight import SEEN, towards, whole
from workbench.panels.view import ViewGrid

NORTH_UP = Affine(30, 0, 390_000, 0, -30, 5_820_000)
GRIDS = {
    "utm": (NORTH_UP, 32633),
    "far from the meridian": (Affine(30, 0, 200_000, 0, -30, 7_200_000), 32633),
    "rotated": (NORTH_UP * Affine.rotation(33), 32633),
    "degrees": (Affine(0.001, 0, 13.0, 0, -0.001, 52.5), 4326),
    "no crs": (Affine.identity(), None),
}
SIZE = (800, 500)


@pytest.fixture(params=GRIDS)
def grid(request):
    transform, code = GRIDS[request.param]
    return ViewGrid((120, 200), transform, None if code is None else CRS.from_epsg(code))


@pytest.mark.parametrize("pixel", [(0, 0), (119, 199), (60, 100), (3, 190)])
def test_a_pixel_s_place_on_the_map_leads_back_to_it(grid, pixel):
    assert grid.pixel(*grid.position(*pixel)) == pixel


def test_places_are_those_of_exact_projection():
    grid = ViewGrid((120, 200), NORTH_UP, CRS.from_epsg(32633))
    longitude, latitude = Transformer.from_crs(32633, 4326, always_xy=True).transform(390_000 + 45, 5_820_000 - 75)
    assert grid.position(2, 1) == pytest.approx((latitude, longitude), abs=1e-9)


def test_a_click_beside_the_scene_is_no_pixel(grid):
    (south, _), (north, east) = grid.bounds
    assert grid.pixel(north + (north - south), east) is None


def test_a_window_shows_every_pixel_where_it_lies(grid):
    window = grid.window(grid.bounds, SIZE, margin=0)
    for row, column in [(0, 0), (60, 100), (119, 199), (30, 7)]:
        x, y = window.spot(*grid.position(row, column))
        i, j = int(y), int(x)
        assert window.inside[i, j]
        assert (window.rows[i, j], window.columns[i, j]) == (row, column)


def test_a_window_past_the_scene_shows_nothing(grid):
    (south, west), (north, east) = grid.bounds
    far = (north + 5 * (north - south), west), (north + 6 * (north - south), east)
    assert grid.window(far, SIZE) is None


def test_a_polygon_drawn_on_the_map_comes_back_in_the_scene_s_coordinates(grid):
    corners = [(10, 20), (10, 40), (30, 40)]
    drawn = Polygon([grid.position(*corner)[::-1] for corner in corners])
    wanted = Polygon([grid.transform * (column + 0.5, row + 0.5) for row, column in corners])
    assert grid.to_scene(drawn).symmetric_difference(wanted).area < 1e-6 * wanted.area


def test_scale_says_how_large_a_pixel_is_on_the_screen():
    grid = ViewGrid((100, 100), Affine.identity(), None)
    (south, west), (north, east) = grid.bounds
    quarter = (south, west), ((south + north) / 2, (west + east) / 2)
    whole, near = (grid.window(bounds, (500, 500), margin=0).scale for bounds in (grid.bounds, quarter))
    assert whole == pytest.approx(5, rel=0.02)
    assert near == pytest.approx(10, rel=0.02)


def test_classes_have_their_colours_and_no_data_is_clear():
    picture = class_picture(np.array([[0, 1, 2]]), ["#ff0000", "#00ff00"])
    assert picture.tolist() == [[[0, 0, 0, 0], [255, 0, 0, 255], [0, 255, 0, 255]]]


def test_a_class_fades_where_the_model_is_unsure():
    alpha = class_picture(np.ones((1, 3), int), ["#ff0000", "#00ff00"], np.array([[0.5, 0.75, 1.0]]))[0, :, 3]
    assert alpha[0] < alpha[1] < alpha[2] == 255


def test_confidence_without_data_is_clear():
    assert scalar_picture(np.array([[np.nan, 0.0, 1.0]]))[0, :, 3].tolist() == [0, 255, 255]


def test_a_single_labelled_pixel_is_seen_from_afar():
    grid = ViewGrid((400, 400), Affine.identity(), None)
    window = grid.window(grid.bounds, (200, 200), margin=0)
    codes = np.zeros((400, 400), int)
    codes[201, 201] = 1
    spot = (*window.spot(*grid.position(201, 201)), "#ff0000", False)
    seen = label_picture(window, codes, ["#ff0000"], [spot])
    assert (seen[..., 3] > 0).sum() > 40


def seen_from(center: tuple[float, float], zoom: float) -> tuple:
    """Bounds of a window of `SIZE` by the formula of web maps: 256 pixels round the equator at zoom 0."""
    degrees = Transformer.from_crs(4326, 3857, always_xy=True)
    x, y = degrees.transform(center[1], center[0])
    half = np.array(SIZE) / 2 * (2 * np.pi * 6_378_137 / 256 / 2**zoom)
    (west, east), (south, north) = degrees.transform(
        [x - half[0], x + half[0]], [y - half[1], y + half[1]], direction="INVERSE"
    )
    return (south, west), (north, east)


def test_the_whole_scene_fits_into_the_window(grid):
    (south, west), (north, east) = seen_from(*whole(grid, SIZE))
    for pixel in ((0, 0), (0, 199), (119, 0), (119, 199)):
        latitude, longitude = grid.position(*pixel)
        assert south < latitude < north
        assert west < longitude < east


def test_the_map_goes_to_a_pixel_only_where_it_is_out_of_sight_or_too_small(grid):
    center, zoom = grid.position(60, 100), whole(grid, SIZE)[1] + 3
    assert towards(grid, seen_from(center, zoom), SIZE, zoom, (62, 101)) == (None, zoom)
    far = grid.position(3, 190)
    assert towards(grid, seen_from(center, zoom), SIZE, zoom, (3, 190)) == (far, zoom)
    out = whole(grid, SIZE)[1] - 4
    place, nearer = towards(grid, seen_from(center, out), SIZE, out, (62, 101))
    assert place == grid.position(62, 101)
    assert grid.window(seen_from(place, nearer), SIZE, margin=0).scale >= 0.95 * SEEN


def test_what_is_asked_about_is_marked_on_black_and_on_white():
    grid = ViewGrid((120, 200), NORTH_UP, CRS.from_epsg(32633))
    window = grid.window(grid.bounds, SIZE)
    picture = label_picture(window, np.zeros((120, 200), "int16"), [], target=(100, 80, "#ff0000"))
    for across, down in ((20, 0), (-20, 0), (0, 20), (0, -20)):
        assert tuple(picture[80 + down, 100 + across]) == (255, 255, 255, 255)
    line = {tuple(int(v) for v in color) for color in picture[84, 80:120]}
    assert {(0, 0, 0, 255), (255, 255, 255, 255), (255, 0, 0, 255)} <= line
    assert picture[80, 100, 3] == 0


def test_disagreement_is_the_share_outside_the_most_frequent_class():
    codes = np.random.default_rng(0).integers(0, 4, (5, 6, 7))
    alpha = disagreement_picture(codes)[..., 3]
    for row in range(6):
        for column in range(7):
            given = [int(one) for one in codes[:, row, column] if one]
            apart = 1 - max(map(given.count, given)) / len(given) if given else 0
            assert alpha[row, column] == (int(128 + 127 * apart) if apart else 0)


def inked(drawn: np.ndarray) -> np.ndarray:
    """Where the thin line in the middle of a line's halo is."""
    return (drawn[..., 0] > 150) & (drawn[..., 3] > 150)


def test_meridians_and_parallels_lie_where_exact_projection_puts_them():
    grid = ViewGrid((1200, 2000), NORTH_UP, CRS.from_epsg(32633))
    window = grid.window(grid.bounds, SIZE, margin=0)
    (south, west), (north, east) = window.shown
    drawn = inked(with_graticule(np.zeros((*window.rows.shape, 4), "uint8"), window, has_crs=True))
    degrees = Transformer.from_crs(32633, 4326, always_xy=True).transform
    across = np.flatnonzero(drawn.mean(axis=0) > 0.9)
    down = np.flatnonzero(drawn.mean(axis=1) > 0.9)
    assert len(across) == len(ticks(west, east, "EW"))
    assert len(down) == len(ticks(south, north, "NS"))
    for x, (longitude, _) in zip(across, ticks(west, east, "EW"), strict=True):
        i = np.flatnonzero(window.inside[:, x])[::50]
        here = degrees(*(NORTH_UP * (window.columns[i, x] + 0.5, window.rows[i, x] + 0.5)))[0]
        np.testing.assert_allclose(here, longitude, atol=1.5 * (east - west) / drawn.shape[1])
    for y, (latitude, _) in zip(down[::-1], ticks(south, north, "NS"), strict=True):
        j = np.flatnonzero(window.inside[y])[::50]
        here = degrees(*(NORTH_UP * (window.columns[y, j] + 0.5, window.rows[y, j] + 0.5)))[1]
        np.testing.assert_allclose(here, latitude, atol=1.5 * (north - south) / drawn.shape[0])


def test_without_a_crs_rows_and_columns_are_counted():
    grid = ViewGrid((120, 200), Affine.identity(), None)
    window = grid.window(grid.bounds, SIZE, margin=0)
    (south, west), (north, east) = window.shown
    for low, high, axis, size in ((west, east, 0, 200), (south, north, 1, 120)):
        found = counted(low, high, axis)
        assert MOST / 3 < len(found) <= MOST + 1
        for degree, text in found:
            name, number = text.split()
            assert name == ("row" if axis else "column")
            assert 0 <= int(number) < size
            pixel = grid.pixel(*((degree, (west + east) / 2) if axis else ((south + north) / 2, degree)))
            assert pixel[0 if axis else 1] == int(number)
    assert inked(with_graticule(np.zeros((*window.rows.shape, 4), "uint8"), window, has_crs=False)).any()


def test_lines_of_a_graticule_lie_below_the_labels():
    grid = ViewGrid((120, 200), NORTH_UP, CRS.from_epsg(32633))
    window = grid.window(grid.bounds, SIZE, margin=0)
    labels = np.zeros((*window.rows.shape, 4), "uint8")
    labels[100:140] = (1, 2, 3, 255)
    drawn = with_graticule(labels, window, has_crs=True)
    assert (drawn[100:140] == (1, 2, 3, 255)).all()
    assert inked(drawn).any()

"""Strokes of the brush: which pixels they paint, against a slow formula; one stroke is one change and one mark."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr
from affine import Affine

from workbench.cubes import save_cube
from workbench.session import Session
from workbench.session.marks import LabelState
from workbench.session.painting import ground_of, stroke

HEIGHT, WIDTH = 23, 31
NORTH_UP = Affine(30, 0, 390_000, 0, -30, 5_810_000)
GRIDS = {
    "utm": (NORTH_UP, "EPSG:32633"),
    "rotated": (NORTH_UP @ Affine.rotation(33), "EPSG:32633"),
    "long pixels": (Affine(30, 0, 390_000, 0, -10, 5_810_000), "EPSG:32633"),
    "no crs": (Affine.identity(), None),
}


def scene(path: Path, transform: Affine, crs: str | None) -> Path:
    """A tiny cube of noise on a grid."""
    columns, rows = np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5
    if transform.is_rectilinear:
        columns, rows = transform.c + transform.a * columns, transform.f + transform.e * rows
    cube = xr.DataArray(
        np.random.default_rng(0).random((5, HEIGHT, WIDTH), "float32"),
        dims=("band", "y", "x"),
        coords={"y": rows, "x": columns, "wavelength": ("band", np.linspace(450.0, 860.0, 5), {"units": "nm"})},
        attrs={"quantity": "reflectance", "units": "1"},
    )
    if crs:
        cube = cube.rio.write_crs(crs).rio.write_transform(transform)
    return save_cube(cube, path)


@pytest.fixture
def opened(tmp_path, request):
    """A session on a grid, with two classes; closed after the test."""
    session = Session.at(tmp_path / "session")
    session.live = False
    transform, crs = GRIDS[getattr(request, "param", "utm")]
    assert session.open_scene(scene(tmp_path / "scene.zarr", transform, crs)), session.message
    assert session.cube.rio.transform().almost_equals(transform)
    assert session.add_class("water")
    assert session.add_class("grass")
    session.current_class = 1
    yield session
    session.close()


def there(session: Session, *places: tuple[float, float]) -> list[tuple[float, float]]:
    """Where (row, column) are in scene coordinates; whole numbers are corners of pixels."""
    return [session.cube.rio.transform() @ (column, row) for row, column in places]


def slowly(places: list[tuple[float, float]], radius: float) -> np.ndarray:
    """Pixel by pixel, by the formula of Hero: the height of a triangle is twice its area by its base."""
    middles = [(np.floor(row) + 0.5, np.floor(column) + 0.5) for row, column in places]
    out = np.zeros((HEIGHT, WIDTH), bool)
    for row, column in np.ndindex(HEIGHT, WIDTH):
        here, far = (row + 0.5, column + 0.5), np.inf
        for a, b in zip(middles, middles[1:] or middles, strict=False):
            base, left, right = np.hypot(*np.subtract(a, b)), *(np.hypot(*np.subtract(end, here)) for end in (a, b))
            if base and max(left, right) ** 2 <= base**2 + min(left, right) ** 2:  # no obtuse angle at the base
                twice = abs((b[0] - a[0]) * (here[1] - a[1]) - (b[1] - a[1]) * (here[0] - a[0]))
                far = min(far, twice / base)
            far = min(far, left, right)
        out[row, column] = far <= radius + 1e-9
    return out


@pytest.mark.parametrize("opened", GRIDS, indirect=True)
def test_a_stroke_paints_the_pixels_that_a_slow_formula_finds(opened):
    rng, seen = np.random.default_rng(1), set()
    for radius in (0.5, 1, 1.5, 2.7, 6, 100):
        for n in (1, 2, 5):
            places = [tuple(place) for place in rng.uniform((-9, -9), (HEIGHT + 9, WIDTH + 9), (n, 2))]
            wanted = slowly(places, radius)
            np.testing.assert_array_equal(stroke(opened.cube, there(opened, *places), radius), wanted)
            seen.add(int(wanted.sum()))
    assert 0 in seen
    assert HEIGHT * WIDTH in seen


@pytest.mark.parametrize("opened", GRIDS, indirect=True)
def test_the_ground_of_a_stroke_burns_to_its_pixels(opened):
    rng = np.random.default_rng(2)
    for share in (0.02, 0.5, 0.9):
        under = rng.random((HEIGHT, WIDTH)) < share
        area = ground_of(opened.cube, under)
        assert area.is_valid
        pixel = abs(opened.cube.rio.transform().determinant)
        assert area.area == pytest.approx(under.sum() * pixel)
        middles = [there(opened, (row + 0.5, column + 0.5))[0] for row, column in np.ndindex(HEIGHT, WIDTH)]
        assert shapely.contains_xy(area, *np.transpose(middles)).tolist() == under.ravel().tolist()


@pytest.mark.parametrize("opened", GRIDS, indirect=True)
def test_one_stroke_is_one_mark_on_disk_and_one_change(opened):
    places = [(-1.8, 3.3), (9.6, 20.2), (22.9, 34.4)]
    opened.label_pixel(9, 20)
    opened.current_class = 2
    before = list(opened.marks)
    assert opened.label_stroke(there(opened, *places), 3), opened.message
    np.testing.assert_array_equal(opened.labels == 2, slowly(places, 3))
    assert [mark.source for mark in opened.marks] == ["brush"]  # the click below has gone
    table = geopandas.read_file(opened.labels_path)
    assert table[["class_name", "source"]].to_numpy().tolist() == [["grass", "brush"]]
    assert table.geometry[0].equals(opened.marks[0].geometry)
    told = json.loads((opened.folder / "history.jsonl").read_text().splitlines()[-1])
    assert (told["what"], told["given"][0]["source"], told["taken"][0]["source"]) == ("label stroke", "brush", "click")
    assert opened.undo()
    assert list(opened.marks) == before
    assert list(geopandas.read_file(opened.labels_path)["source"]) == ["click"]
    assert opened.redo()
    np.testing.assert_array_equal(opened.labels == 2, slowly(places, 3))


@pytest.mark.parametrize("opened", GRIDS, indirect=True)
def test_the_eraser_takes_labels_of_any_class_away(opened):
    first, second = [(5.5, 2.5), (5.5, 25.5)], [(15.5, 2.5), (15.5, 25.5)]
    opened.label_stroke(there(opened, *first), 2)
    opened.current_class = 2
    opened.label_stroke(there(opened, *second), 2)
    opened.label_pixel(20, 29)
    opened.label_pixel(0, 30)
    down = [(1.5, 12.5), (30.5, 12.5)]
    before, codes = list(opened.marks), opened.labels.values.copy()
    assert opened.label_stroke(there(opened, *down), 4, erase=True)
    gone = slowly(down, 4)
    np.testing.assert_array_equal(opened.labels, np.where(gone, 0, codes))
    assert opened.undo()
    assert list(opened.marks) == before
    opened.label_stroke(there(opened, (0, 0), (HEIGHT, WIDTH)), 100, erase=True)
    assert opened.marks == []
    assert len(geopandas.read_file(opened.labels_path)) == 0


def test_strokes_erased_as_they_were_painted_leave_no_slivers(opened):
    rotated = Affine(29.7, 3.1, 390_000.3, 2.9, -31.3, 5_810_000.7)
    opened.close()
    session = Session.at(opened.folder.with_name("turned"))
    session.live = False
    assert session.open_scene(scene(opened.folder.with_name("turned.zarr"), rotated, "EPSG:32633")), session.message
    session.add_class("water")
    rng = np.random.default_rng(3)
    strokes = [(rng.uniform((0, 0), (HEIGHT, WIDTH), (3, 2)), float(rng.uniform(0.5, 4))) for _ in range(12)]
    for places, radius in strokes:
        session.label_stroke(there(session, *places), radius)
    for places, radius in strokes:
        assert session.label_stroke(there(session, *places), radius, erase=True)
    assert session.marks == []
    session.close()


@pytest.mark.parametrize("opened", GRIDS, indirect=True)
def test_what_changes_nothing_is_no_change(opened):
    line = there(opened, (5.5, 5.5), (5.5, 15.5))
    opened.label_stroke(line, 2)
    marks, history = list(opened.marks), (opened.folder / "history.jsonl").read_text()
    assert opened.label_stroke(line, 1)
    beside = there(opened, (10.5, 5.5), (10.5, 15.5))  # rows 8 to 12: the erased squares touch those of rows 3 to 7
    assert opened.label_stroke(beside, 2, erase=True)
    assert list(opened.marks) == marks
    assert (opened.folder / "history.jsonl").read_text() == history
    assert opened.undo()
    assert opened.marks == []


def test_a_mark_that_overlaps_the_eraser_by_rounding_only_stays_the_very_same():
    state = LabelState().with_marks(
        ("water", shapely.box(0, 0, 3, 3), "brush"), ("water", shapely.Point(1, 1), "click")
    )
    assert state.erase(shapely.box(2.999_999_999, 0, 5, 3), 1e-6) == state
    (left,) = state.erase(shapely.box(-1, -1, 2, 4), 1e-6).marks
    assert (left.id, left.geometry.bounds) == (1, (2, 0, 3, 3))


@pytest.mark.parametrize(
    ("path", "radius", "said"),
    [
        ([(0.0, 0.0)], 3, "lies beside the scene"),
        ([], 3, "one or more points"),
        ([(1.0, np.nan)], 3, "two finite numbers"),
        ([(1.0, 2.0), (3.0,)], 3, "two finite numbers"),
        ("abc", 3, "two finite numbers"),
        ([(390_100.0, 5_809_900.0)], 0.4, "0.5 to 100 pixels, got 0.4"),
        ([(390_100.0, 5_809_900.0)], np.nan, "0.5 to 100 pixels, got nan"),
        ([(390_100.0, 5_809_900.0)], "3", "0.5 to 100 pixels, got '3'"),
    ],
)
def test_a_stroke_that_cannot_be_painted_is_refused_in_one_sentence(opened, path, radius, said):
    assert not opened.label_stroke(path, radius)
    assert said in opened.message
    assert "\n" not in opened.message
    assert opened.marks == []


def test_a_stroke_round_the_earth_is_painted_where_it_crosses_the_scene(opened):
    across = there(opened, (10.5, -1e12), (10.5, 1e12))
    assert opened.label_stroke(across, 0.5), opened.message
    assert np.unique(np.nonzero(opened.labels.values)[0]).tolist() == [10]
    assert opened.counts["water"] == WIDTH


def test_without_a_class_there_is_nothing_to_paint_with(opened):
    opened.remove_class(2)
    opened.remove_class(1)
    assert not opened.label_stroke(there(opened, (5, 5)), 2)
    assert "class" in opened.message

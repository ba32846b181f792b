"""Labels of a session: what is on the screen is what lies in the folder, and undo is exact."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import rioxarray  # noqa: F401
import shapely
import xarray as xr
from affine import Affine

from tests.scenes import two_fields
from workbench.cubes import open_cube, open_library, save_cube
from workbench.labels import open_labels
from workbench.session import Session

HEIGHT, WIDTH = 8, 11
UTM = Affine(30, 0, 390_000, 0, -30, 5_810_000)


def scene(path: Path, crs: str | None = "EPSG:32633", shape: tuple[int, int] = (HEIGHT, WIDTH)) -> Path:
    """A tiny cube of noise in a file, on the Earth or on a plain pixel grid."""
    rows, columns = np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5
    if crs:
        columns, rows = UTM.c + UTM.a * columns, UTM.f + UTM.e * rows
    cube = xr.DataArray(
        np.random.default_rng(0).random((5, *shape), "float32"),
        dims=("band", "y", "x"),
        coords={"y": rows, "x": columns, "wavelength": ("band", np.linspace(450.0, 860.0, 5), {"units": "nm"})},
        attrs={"quantity": "reflectance", "units": "1"},
    )
    if crs:
        cube = cube.rio.write_crs(crs).rio.write_transform(UTM)
    return save_cube(cube, path)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "session"


@pytest.fixture
def opened():
    """Opens sessions and closes them after the test."""
    sessions = []

    def open_session(folder: Path) -> Session:
        sessions.append(Session.at(folder))
        sessions[-1].live = False
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close()


@pytest.fixture
def session(folder, opened, tmp_path):
    session = opened(folder)
    assert session.open_scene(scene(tmp_path / "scene.npz")), session.message
    assert session.add_class("water")
    assert session.add_class("grass", "#00ff00")
    return session


def slowly(session: Session) -> np.ndarray:
    """The raster of a session's marks, one pixel and one mark at a time."""
    codes = {c.name: c.code for c in session.classes}
    transform = session.cube.rio.transform()
    out = np.zeros(session.labels.shape, int)
    for row, column in np.ndindex(*out.shape):
        centre = shapely.Point(transform * (column + 0.5, row + 0.5))
        for mark in session.marks:
            is_point = mark.geometry.geom_type == "Point"
            if mark.geometry.distance(centre) < 1e-6 if is_point else mark.geometry.contains(centre):
                out[row, column] = codes[mark.class_name]
    return out


def test_geopandas_reads_what_was_clicked(session):
    session.current_class = 2
    session.label_pixel(3, 7)
    session.label_polygon(shapely.box(390_000, 5_809_900, 390_070, 5_810_000))
    table = geopandas.read_file(session.labels_path)
    assert list(table["class_name"]) == ["grass", "grass"]
    assert list(table["source"]) == ["click", "polygon"]
    assert table.crs.to_epsg() == 32633
    assert (table.geometry[0].x, table.geometry[0].y) == UTM * (7.5, 3.5)
    assert table["created"].dt.tz is not None
    assert pyogrio.list_layers(session.labels_path).tolist() == [["labels", "Unknown"]]


def test_the_file_says_where_its_marks_lie_and_when_they_changed(session):
    session.label_pixel(3, 7)
    session.label_pixel(0, 0)
    info = pyogrio.read_info(session.labels_path, force_total_bounds=False)
    with sqlite3.connect(session.labels_path) as db:
        *extent, changed, srs = db.execute(
            "SELECT min_x, min_y, max_x, max_y, last_change, srs_id FROM gpkg_contents"
        ).fetchone()
        created = db.execute("SELECT max(created) FROM labels").fetchone()[0]
        checked = db.execute("PRAGMA integrity_check").fetchone()[0], db.execute("PRAGMA foreign_key_check").fetchall()
    db.close()
    assert checked == ("ok", [])
    assert extent == [*(UTM * (0.5, 3.5)), *(UTM * (7.5, 0.5))]
    assert changed >= created
    assert srs == 32633
    assert info["features"] == 2


def test_a_geometry_blob_is_as_the_standard_says(session):
    """OGC 12-128r18, 2.1.3: magic, version 0, flags, srs id, envelope (x, x, y, y), well-known binary."""
    corners = (390_000.0, 5_809_900.0, 390_070.0, 5_810_000.0)
    session.label_polygon(shapely.box(*corners))
    with sqlite3.connect(session.labels_path) as db:
        (blob,) = db.execute("SELECT geom FROM labels").fetchone()
    db.close()
    magic, version, flags, srs, left, right, bottom, top = struct.unpack_from("<2sBBi4d", blob)
    assert (magic, version, flags, srs) == (b"GP", 0, 0b00000011, 32633)
    assert (left, bottom, right, top) == corners
    assert shapely.from_wkb(blob[40:]).equals(shapely.box(*corners))


def test_a_scene_without_crs_keeps_its_labels_on_the_pixel_grid(opened, folder, tmp_path):
    session = opened(folder)
    session.open_scene(scene(tmp_path / "scene.npz", crs=None))
    session.add_class("a")
    session.label_pixel(2, 5)
    with sqlite3.connect(session.labels_path) as db:
        assert db.execute("SELECT srs_id FROM gpkg_geometry_columns").fetchone() == (-1,)
    db.close()
    assert geopandas.read_file(session.labels_path).geometry[0].equals(shapely.Point(5.5, 2.5))
    assert np.argwhere(session.labels.values == 1).tolist() == [[2, 5]]
    other = opened(tmp_path / "other")
    other.open_scene(tmp_path / "scene.npz")
    assert other.import_labels(session.labels_path), other.message
    np.testing.assert_array_equal(other.labels, session.labels)


def test_opened_again_it_is_the_same(session, folder, opened):
    session.label_pixel(3, 7)
    session.label_polygon(shapely.box(390_000, 5_809_900, 390_070, 5_810_000))
    session.rename_class(1, "lake")
    session.view = {"bands": [3, 2, 1]}
    before = (session.marks, session.classes, session.current_class, session.scene, session.view, session.counts)
    session.close()
    again = opened(folder)
    assert again is not session
    after = (again.marks, again.classes, again.current_class, again.scene, again.view, again.counts)
    assert after == before
    assert again.message == ""
    np.testing.assert_array_equal(again.labels, session.labels)


def test_two_doors_lead_to_the_same_session(session, folder):
    assert Session.at(folder) is session
    assert Session.at(folder / ".." / folder.name) is session


def test_a_second_click_takes_the_label_away(session):
    session.label_pixel(3, 7)
    session.label_pixel(3, 7)
    assert session.counts == {"water": 0, "grass": 0}
    assert session.marks == []


def test_a_click_with_another_class_changes_the_class(session):
    session.current_class = 1
    session.label_pixel(3, 7)
    session.current_class = 2
    session.label_pixel(3, 7)
    assert [m.class_name for m in session.marks] == ["grass"]
    assert session.labels[3, 7] == 2


def test_a_click_in_a_polygon_of_the_class_takes_out_that_pixel_only(session):
    session.label_polygon(shapely.box(*(UTM * (1, 6)), *(UTM * (5, 1))))
    before = session.labels.values.copy()
    assert before.sum() == 2 * 4 * 5
    session.label_pixel(3, 2)
    before[3, 2] = 0
    np.testing.assert_array_equal(session.labels, before)


def test_any_sequence_of_commands_keeps_raster_marks_and_file_together(session, folder, opened):
    rng = np.random.default_rng(4)
    past, future = [], []

    def snapshot() -> tuple:
        return (list(session.marks), list(session.classes), session.labels.values.tolist())

    def some_code() -> int:
        return int(rng.integers(1, len(session.classes) + 1)) if session.classes else 1

    def some_polygon() -> shapely.Geometry:
        corners = rng.uniform((0, 0), (WIDTH, HEIGHT), (3, 2))
        return shapely.Polygon([UTM * tuple(c) for c in corners])

    commands = {
        "click": lambda: session.label_pixel(int(rng.integers(HEIGHT)), int(rng.integers(WIDTH))),
        "polygon": lambda: session.label_polygon(some_polygon()),
        "remove mark": lambda: session.remove_mark(int(rng.choice([m.id for m in session.marks] or [0]))),
        "add": lambda: session.add_class(),
        "rename": lambda: session.rename_class(some_code(), f"name {rng.integers(1000)}"),
        "recolor": lambda: session.recolor_class(some_code(), f"#{rng.integers(16**6):06x}"),
        "remove class": lambda: session.remove_class(some_code()),
        "undo": lambda: session.undo(),
        "redo": lambda: session.redo(),
    }
    weights = np.array([10, 4, 2, 2, 1, 1, 1.5, 8, 20])
    session._history.before.clear()  # the two classes of the fixture
    done = dict.fromkeys(commands, 0)
    for _ in range(160):
        session.current_class = some_code() if session.classes else 0
        name = str(rng.choice(list(commands), p=weights / weights.sum()))
        before = snapshot()
        worked = commands[name]()
        after = snapshot()
        if not worked:
            assert after == before
            assert session.message
            continue
        done[name] += 1
        if name == "undo":
            assert after == past.pop()
            future.append(before)
        elif name == "redo":
            assert after == future.pop()
            past.append(before)
        elif after != before:
            past.append(before)
            future.clear()
        assert (session.can_undo, session.can_redo) == (bool(past), bool(future))
        np.testing.assert_array_equal(session.labels, slowly(session))
        assert session.counts == {c.name: int((session.labels == c.code).sum()) for c in session.classes}
        assert [c.code for c in session.classes] == list(range(1, len(session.classes) + 1))
    assert min(done.values()) > 0
    assert min(done["undo"], done["redo"]) >= 5
    last = snapshot()
    session.close()
    session = opened(folder)
    assert snapshot() == last


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda s: s.label_pixel(HEIGHT, 0), r"8 rows and 11 columns, got row 8"),
        (lambda s: s.add_class("water"), "'water' is there already"),
        (lambda s: s.rename_class(1, " "), "needs a name"),
        (lambda s: s.recolor_class(1, "red"), "written #rrggbb, got 'red'"),
        (lambda s: s.remove_class(7), "numbered 1 to 2, got 7"),
        (lambda s: s.label_polygon(shapely.box(0, 0, 1, 1)), "holds no pixel's centre"),
        (lambda s: s.import_labels("/nowhere/labels.gpkg"), "no file at"),
        (lambda s: s.open_scene("/nowhere/scene.tif"), "/nowhere/scene.tif"),
        (lambda s: s.export_map("/nowhere/map.tif"), "no class map yet"),
        (lambda s: s.export_labels("/nowhere/labels.gpkg"), "no labels yet"),
        (lambda s: s.export_scores("/nowhere/scores.csv"), "no scores yet"),
        (lambda s: s.stop(), "nothing is under way"),
        (lambda s: s.start_comparison(), "no truth file yet"),
        (lambda s: s.activate_run("x"), "'x' has no encoder"),
        (lambda s: s.redo(), "nothing to redo"),
    ],
)
def test_a_refusal_is_one_sentence_and_changes_nothing(session, ask, said):
    before = (session.marks, session.classes, session.scene, session.can_undo)
    assert ask(session) is False
    assert said in session.message
    assert session.is_refusal
    assert "\n" not in session.message
    assert (session.marks, session.classes, session.scene, session.can_undo) == before


def test_labels_are_imported_in_any_crs_and_in_one_step(session, tmp_path):
    area = shapely.box(*(UTM * (1, 6)), *(UTM * (5, 1)))
    table = geopandas.GeoDataFrame({"class_name": ["grass", "roof"]}, geometry=[area, UTM_POINT], crs=32633)
    table.to_crs(4326).to_file(tmp_path / "other.geojson", driver="GeoJSON")
    assert session.import_labels(tmp_path / "other.geojson"), session.message
    assert [c.name for c in session.classes] == ["water", "grass", "roof"]
    assert session.counts == {"water": 0, "grass": 20, "roof": 1}
    assert {m.source for m in session.marks} == {"import:other.geojson"}
    session.undo()
    assert [c.name for c in session.classes] == ["water", "grass"]
    assert session.marks == []


UTM_POINT = shapely.Point(UTM * (8.2, 6.7))


@pytest.mark.parametrize("crs", ["EPSG:32633", None])
@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp", ".tif"])
def test_exported_labels_come_back_the_same(opened, folder, tmp_path, crs, suffix):
    session = opened(folder)
    session.open_scene(scene(tmp_path / "scene.npz", crs))
    for name in ("water", "grass"):
        session.add_class(name)
        session.label_pixel(len(name), 3)
    square = shapely.box(6, 1, 9, 4)
    transform = session.cube.rio.transform()
    session.label_polygon(shapely.transform(square, lambda xy: np.array([transform * tuple(p) for p in xy])))
    assert session.export_labels(tmp_path / f"out{suffix}"), session.message
    assert session.message.startswith("labels written to")
    assert not session.is_refusal
    other = opened(tmp_path / "other")
    other.open_scene(tmp_path / "scene.npz")
    assert other.import_labels(tmp_path / f"out{suffix}"), other.message
    codes = {c.code: session_code(session, c.name) for c in other.classes} | {0: 0}
    back = np.vectorize(codes.get)(other.labels)
    np.testing.assert_array_equal(back, session.labels)


def session_code(session: Session, name: str) -> int:
    return next(c.code for c in session.classes if c.name == name)


def test_marks_move_to_a_scene_in_another_crs(session, tmp_path):
    session.label_pixel(3, 7)
    before = session.marks[0].geometry
    cube = session.cube.rio.reproject("EPSG:3857").fillna(0.5).astype("float32")
    save_cube(cube, tmp_path / "mercator.npz")
    assert session.open_scene(tmp_path / "mercator.npz"), session.message
    moved = geopandas.GeoSeries([before], crs=32633).to_crs(3857)[0]
    assert session.marks[0].geometry.distance(moved) < 1e-6
    assert geopandas.read_file(session.labels_path).crs.to_epsg() == 3857
    assert (session.labels > 0).sum() == 1


def test_marks_of_one_pixel_grid_are_not_shown_on_another(opened, folder, tmp_path):
    session = opened(folder)
    session.open_scene(scene(tmp_path / "a.npz", crs=None))
    session.add_class("a")
    session.label_pixel(2, 5)
    assert not session.open_scene(scene(tmp_path / "b.npz", crs=None, shape=(9, 9)))
    assert "open b.npz in a new session folder" in session.message
    assert session.labels.sum() == 1


def test_marks_added_by_another_program_are_taken_in(session, folder, opened):
    session.label_pixel(3, 7)
    session.close()
    table = geopandas.read_file(folder / "labels.gpkg")
    table = table.assign(class_name="bare soil", geometry=[shapely.Point(UTM * (1.5, 1.5))])
    pyogrio.write_dataframe(table, folder / "labels.gpkg", layer="labels", append=True)
    again = opened(folder)
    assert [c.name for c in again.classes] == ["water", "grass", "bare soil"]
    assert again.labels[1, 1] == 3
    assert again.label_pixel(0, 0)
    assert again.saved
    assert len(geopandas.read_file(folder / "labels.gpkg")) == 3


def test_the_labels_of_a_scene_without_crs_open_as_any_label_file(tmp_path):
    cube, _ = two_fields()
    save_cube(cube, tmp_path / "scene.npz")
    session = Session(tmp_path / "session")
    assert session.open_scene(tmp_path / "scene.npz"), session.message
    assert session.add_class("left"), session.message
    assert session.label_pixel(3, 4), session.message
    kept = session.labels
    session.close()
    again = open_labels(tmp_path / "session" / "labels.gpkg", open_cube(tmp_path / "scene.npz"))
    assert int(again.values[3, 4]) == 1
    assert (again.values > 0).sum() == (kept.values > 0).sum() == 1


def test_exported_spectra_are_those_of_the_file(tmp_path):
    session = Session.at(tmp_path / "session")
    session.live = False
    session.open_scene(scene(tmp_path / "scene.npz"))
    assert not session.export_spectra(tmp_path / "spectra.csv")
    assert "label some pixels, or click one" in session.message
    session.add_class("water, deep")
    for place in ((1, 1), (2, 3), (5, 7)):
        session.label_pixel(*place)
    assert session.export_spectra(tmp_path / "spectra.csv", [(4, 6)]), session.message
    found, values = open_library(tmp_path / "spectra.csv"), session.cube.values
    assert list(found["spectrum_name"].values) == [
        "water, deep, mean",
        "water, deep, standard deviation",
        "row 4, column 6",
    ]
    labelled = np.stack([values[:, 1, 1], values[:, 2, 3], values[:, 5, 7]])
    np.testing.assert_allclose(found, [labelled.mean(0), labelled.std(0), values[:, 4, 6]], rtol=1e-5)
    np.testing.assert_allclose(found["wavelength"], session.cube["wavelength"])
    session.close()

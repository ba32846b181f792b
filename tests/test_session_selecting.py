"""A selection becomes a class at once: every pixel in the GeoPackage, one change to take back, one line of history."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pytest
from shapely import Point

from workbench.cubes import save_cube, simulated_scene
from workbench.session import Session, class_spectra, mean_spectrum

PIXELS = [(2, 3), (2, 4), (9, 1), (0, 0), (11, 15)]


@pytest.fixture
def session(tmp_path):
    session = Session.at(tmp_path / "session")
    session.live = False
    assert session.open_scene(save_cube(simulated_scene(20, 24)[0], tmp_path / "scene.zarr"))
    session.add_class("water")
    session.add_class("grass")
    session.label_pixel(2, 3)
    session.current_class = 1
    yield session
    session.close()


def test_every_pixel_of_a_selection_is_a_row_of_the_file(session):
    assert session.label_pixels(PIXELS)
    table = geopandas.read_file(session.labels_path)
    transform = session.cube.rio.transform()
    assert list(table["class_name"]) == ["water"] * 5  # the click below has made room
    assert set(table["source"]) == {"selection"}
    wanted = {Point(transform * (column + 0.5, row + 0.5)).wkt for row, column in PIXELS}
    assert {one.wkt for one in table.geometry} == wanted
    raster = np.zeros((20, 24), int)
    raster[tuple(np.transpose(PIXELS))] = 1
    np.testing.assert_array_equal(session.labels, raster)


def test_it_is_one_change(session):
    before = session.labels.values.copy()
    session.label_pixels(PIXELS)
    last = json.loads((session.folder / "history.jsonl").read_text().splitlines()[-1])
    assert (last["what"], len(last["given"]), len(last["taken"])) == ("label pixels", 5, 1)
    session.undo()
    np.testing.assert_array_equal(session.labels, before)
    session.redo()
    assert session.counts == {"water": 5, "grass": 0}
    session.current_class = 2
    session.label_pixel(9, 1)  # a click on one of them
    assert session.counts == {"water": 4, "grass": 1}


def test_what_has_the_class_stays_as_it_is(session):
    session.label_pixels(PIXELS[:2])
    ids = [mark.id for mark in session.marks]
    session.label_pixels(PIXELS)
    assert [mark.id for mark in session.marks][:2] == ids
    assert not session.label_pixels(PIXELS)
    assert session.message == "none of these pixels can become water; select some of another class, or of none"


def test_a_pixel_that_is_none_is_refused_and_nothing_is_labelled(session):
    before = session.marks
    assert not session.label_pixels([(0, 0), (40, 0)])
    assert session.message == "the scene has 20 rows and 24 columns, got row 40, column 0"
    assert session.marks == before


def test_the_mean_of_pixels_is_numpys(session):
    cube = session.cube.copy(data=session.cube.values.copy())
    cube[3, 2, 3] = np.nan
    rows, columns = np.transpose(PIXELS)
    mean, spread = mean_spectrum(cube, rows, columns)
    values = cube.values[:, rows, columns].astype(float)
    known = np.isfinite(values).any(axis=1)
    np.testing.assert_allclose(mean[known], np.nanmean(values[known], axis=1))
    np.testing.assert_allclose(spread[known], np.nanstd(values[known], axis=1), atol=1e-12)
    assert np.isnan(mean[~known]).all()
    session.label_pixels(PIXELS)
    np.testing.assert_allclose(class_spectra(cube, session.labels)[1][0], mean)


@pytest.mark.parametrize("how", ["click", "stroke"])
def test_a_label_given_on_top_takes_the_place_of_a_selected_pixels(session, how):
    session.label_pixels(PIXELS)
    session.add_class("on top")
    row, column = PIXELS[0]
    if how == "click":
        session.label_pixel(row, column)
    else:
        session.label_stroke([session.cube.rio.transform() * (column + 0.5, row + 0.5)], 0.5)
    assert len(session.marks) == len(PIXELS)
    assert session.counts == {"water": len(PIXELS) - 1, "grass": 0, "on top": 1}

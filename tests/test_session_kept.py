"""Kept spectra of a session: of a class or of none, on the ground they were taken from, and there again."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio.warp
import spectral

from tests.test_session_labels import scene
from workbench.cubes import open_cube, open_library, save_cube
from workbench.panels.kept import kept_here
from workbench.panels.plots import HUES
from workbench.session import Session


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Session]]:
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
def session(opened, tmp_path):
    session = opened(tmp_path / "session")
    assert session.open_scene(scene(tmp_path / "session" / "scene.npz")), session.message
    assert session.add_class("water", "#0000ff")
    assert session.add_class("grass", "#00ff00")
    return session


def told(session: Session) -> list[tuple]:
    """What is kept on the open scene: name, class (as far as there is one) and pixel."""
    return [(one.name, getattr(session.class_of(one), "name", ""), one.pixel) for one in session.kept if one.pixel]


def test_a_kept_spectrum_is_of_the_class_chosen_then_and_there_after_a_restart(session, opened, tmp_path):
    session.current_class = 1
    assert session.keep_spectrum(2, 3), session.message
    session.current_class = 2
    assert session.keep_spectrum(7, 10, "the lawn"), session.message
    wanted = [("row 2, column 3", "water", (2, 3)), ("the lawn", "grass", (7, 10))]
    assert told(session) == wanted
    stored = json.loads((tmp_path / "session" / "session.json").read_text())["kept"]
    assert [(one["x"], one["y"]) for one in stored] == [
        (390_000 + 3.5 * 30, 5_810_000 - 2.5 * 30),
        (390_000 + 10.5 * 30, 5_810_000 - 7.5 * 30),
    ]
    assert {one["crs"] for one in stored} == {"EPSG:32633"}
    session.close()
    again = opened(tmp_path / "session")
    assert told(again) == wanted
    assert [color for _, color in kept_here(again)] == ["#0000ff", "#00ff00"]


def test_without_a_class_each_has_a_hue_that_no_class_has(opened, tmp_path):
    session = opened(tmp_path / "session")
    session.open_scene(scene(tmp_path / "scene.npz"))
    for column in range(3):
        session.keep_spectrum(0, column)
    assert [color for _, color in kept_here(session)] == list(HUES[:3])
    session.add_class("water", HUES[1].upper())
    assert [color for _, color in kept_here(session)] == [HUES[0], HUES[2], HUES[3]]


def test_kept_again_it_takes_the_chosen_class_and_then_none(session):
    session.current_class = 1
    session.keep_spectrum(2, 3)
    session.current_class = 2
    session.keep_spectrum(2, 3)
    assert told(session) == [("row 2, column 3", "grass", (2, 3))]
    session.keep_spectrum(2, 3)
    assert told(session) == [("row 2, column 3", "", (2, 3))]
    assert session.message == "row 2, column 3 is kept (M again: with a class)"


def test_it_goes_along_with_a_class_that_is_renamed_or_removed_and_back(session, tmp_path):
    session.current_class = 2
    session.keep_spectrum(2, 3)
    before = told(session)
    session.rename_class(2, "meadow")
    assert told(session) == [("row 2, column 3", "meadow", (2, 3))]
    session.undo()
    assert told(session) == before
    session.remove_class(1)
    assert told(session) == before
    session.remove_class(1)
    assert told(session) == [("row 2, column 3", "", (2, 3))]
    assert [color for _, color in kept_here(session)] == [HUES[0]]
    session.undo()
    assert told(session) == before
    session.redo()
    session.undo()
    session.rename_class(1, "lawn")
    stored = json.loads((tmp_path / "session" / "session.json").read_text())["kept"]
    assert [one["class_name"] for one in stored] == ["lawn"]


def test_let_go_of_they_are_gone_from_the_folder(session, tmp_path):
    session.keep_spectrum(2, 3)
    session.keep_spectrum(4, 5)
    assert session.let_go_of_spectra()
    assert session.kept == []
    assert json.loads((tmp_path / "session" / "session.json").read_text())["kept"] == []


def test_on_another_scene_it_is_the_same_ground(session, tmp_path):
    session.keep_spectrum(2, 3)
    session.keep_spectrum(7, 0)
    cube = open_cube(tmp_path / "session" / "scene.npz")
    east = cube.rio.reproject("EPSG:32632").isel(x=slice(3, None))  # its left edge is beyond the second one
    assert session.open_scene(save_cube(east, tmp_path / "east.npz")), session.message
    (x,), (y,) = rasterio.warp.transform("EPSG:32633", "EPSG:32632", [390_000 + 3.5 * 30], [5_810_000 - 2.5 * 30])
    nearest = int(np.abs(east.y.values - y).argmin()), int(np.abs(east.x.values - x).argmin())
    assert told(session) == [("row 2, column 3", "grass", nearest)]
    session.let_go_of_spectra()
    assert told(session) == []
    session.open_scene(tmp_path / "session" / "scene.npz")
    assert told(session) == [("row 7, column 0", "grass", (7, 0))]  # which was out of sight, and so not meant


def test_on_a_pixel_grid_it_stays_with_grids_of_that_shape(opened, tmp_path):
    session = opened(tmp_path / "session")
    session.open_scene(scene(tmp_path / "a.npz", crs=None))
    session.keep_spectrum(6, 2)
    session.open_scene(scene(tmp_path / "b.npz", crs=None))
    assert told(session) == [("row 6, column 2", "", (6, 2))]
    session.open_scene(scene(tmp_path / "c.npz", crs=None, shape=(9, 11)))
    assert told(session) == []
    session.open_scene(scene(tmp_path / "d.npz"))
    assert told(session) == []


@pytest.mark.parametrize(
    ("row", "column", "name", "message"),
    [
        (8, 0, "", "the scene has 8 rows and 11 columns, got row 8, column 0"),
        (0, 0, "x" * 201, "name has at most 200 letters, got 201"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(session, row, column, name, message):
    assert not session.keep_spectrum(row, column, name)
    assert message in session.message
    assert session.kept == []


def test_no_more_than_can_be_told_apart_are_kept(session, monkeypatch):
    monkeypatch.setattr("workbench.session.keeping.MOST", 2)
    assert session.keep_spectrum(0, 0)
    assert session.keep_spectrum(0, 1)
    assert not session.keep_spectrum(0, 2)
    assert "at most 2 spectra are kept; let go of them first" in session.message
    assert session.keep_spectrum(0, 1)  # whose class changes


GOOD = {"name": "a", "class_name": "", "x": 1.5, "y": 1.5, "crs": "", "shape": [8, 11]}


@pytest.mark.parametrize(
    "row",
    [
        7, "abcdef", {}, {**GOOD, "more": 1}, {**GOOD, "name": 3}, {**GOOD, "x": "1"}, {**GOOD, "x": 10**400},
        {**GOOD, "shape": [8]}, {**GOOD, "shape": "ab"}, {**GOOD, "crs": "EPSG:99999999"}, {**GOOD, "name": "n" * 201},
        {**GOOD, "crs": "+init=/etc/passwd:x"}, {**GOOD, "crs": "W" * 30_000}, {**GOOD, "crs": "PROJCS[" * 500},
    ],
)  # fmt: skip
def test_a_strangers_kept_spectra_are_refused_in_a_sentence(tmp_path, row):
    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "session.json").write_text(json.dumps({"kept": [GOOD, row]}))
    with pytest.raises(ValueError, match=r"kept in .*session.json: a kept spectrum has a name") as caught:
        Session(folder)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_they_are_exported_with_the_names_of_their_classes(session, tmp_path):
    session.current_class = 1
    session.keep_spectrum(2, 3)
    session.keep_spectrum(4, 5, "the pond, deep")
    session.current_class = 2
    session.label_pixel(0, 0)
    session.keep_spectrum(6, 6)
    session.keep_spectrum(6, 6)  # of none
    assert session.export_spectra(tmp_path / "spectra.csv", [(1, 1)]), session.message
    assert session.export_spectra(tmp_path / "spectra.sli", [(1, 1)]), session.message
    values = open_cube(tmp_path / "session" / "scene.npz").values
    wanted = {
        "grass, mean": ("grass", values[:, 0, 0]),
        "grass, standard deviation": ("grass", 0 * values[:, 0, 0]),
        "water, row 2, column 3": ("water", values[:, 2, 3]),
        "water, the pond, deep": ("water", values[:, 4, 5]),
        "row 6, column 6": ("", values[:, 6, 6]),
        "row 1, column 1": ("", values[:, 1, 1]),
    }
    table = open_library(tmp_path / "spectra.csv")
    assert table["spectrum_name"].values.tolist() == list(wanted)
    assert table["class_name"].values.tolist() == [its_class for its_class, _ in wanted.values()]
    np.testing.assert_allclose(table.values, np.stack([spectrum for _, spectrum in wanted.values()]), atol=1e-7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = spectral.envi.open(str(tmp_path / "spectra.hdr"))
    assert oracle.names == [name.replace(",", ";") for name in wanted]
    np.testing.assert_allclose(oracle.spectra, table.values, atol=1e-7)

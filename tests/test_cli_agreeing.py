"""``agree`` tells how far people's sessions agree, and what it writes is what their labels say, pixel by pixel."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pandas
import pytest
import xarray as xr
from shapely.affinity import affine_transform
from shapely.geometry import box
from sklearn.metrics import cohen_kappa_score

from workbench.cli import main
from workbench.cli.program import parser
from workbench.cubes import open_cube, save_cube, simulated_scene
from workbench.labels import open_labels
from workbench.labels.grid import grid_of
from workbench.session import Session
from workbench.session.marks import Mark
from workbench.session.people import decisions

AREAS = {
    "ada": [("water", (0, 0, 10, 6)), ("woods", (0, 8, 12, 14)), ("soil", (20, 0, 28, 8))],
    "ben": [("woods", (2, 9, 10, 13)), ("water", (0, 0, 10, 4)), ("woods", (0, 4, 10, 6)), ("roof", (22, 2, 26, 6))],
    "cyd": [("soil", (21, 1, 29, 9)), ("water", (3, 3, 7, 5))],
}
"""What each draws: a class, and columns and rows of an area."""


def draw(session: Session, areas: list[tuple[str, tuple[int, ...]]]) -> None:
    """Polygons, in this order."""
    to = grid_of(session.cube).transform
    for name, corners in areas:
        if name not in [one.name for one in session.classes]:
            session.add_class(name)
        session.current_class = next(one.code for one in session.classes if one.name == name)
        area = affine_transform(box(*corners), [to.a, to.b, to.d, to.e, to.c, to.f])
        assert session.label_polygon(area), session.message


def begun(folder: Path, scene: Path) -> Session:
    """A session that makes no map."""
    session = Session(folder)
    session.live = False
    assert session.open_scene(scene), session.message
    return session


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, xr.DataArray]]:
    """A folder with a scene and a session a person, and the labels of each."""
    folder, labels = tmp_path_factory.mktemp("agree"), {}
    scene = save_cube(simulated_scene(24, 30, seed=1)[0], folder / "scene.npz")
    for name, areas in AREAS.items():
        session = begun(folder / "all" / name, scene)
        draw(session, areas)
        if name == "ada":
            session.group_class(2, "plants")
        labels[name] = session.labels
        session.close()
    return folder, labels


def words(raster: xr.DataArray) -> np.ndarray:
    """Class names, pixel by pixel; empty where there is no label."""
    return np.array(["", *raster.attrs["classes"]])[raster.values]


def run(capsys: pytest.CaptureFixture, *line: object) -> dict:
    """What the verb prints as JSON, alone on standard output."""
    assert main(["agree", *map(str, line), "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return json.loads(said.out)


def test_what_is_told_and_written_is_what_the_labels_say(desk, tmp_path, capsys):
    folder, labels = desk
    people = [folder / "all" / name for name in AREAS]
    found = run(capsys, *people, "--out", tmp_path / "out", "--seed", 3)
    said = np.stack([words(one) for one in labels.values()])
    assert [(one["name"], one["pixels"]) for one in found["people"]] == [
        (name, np.count_nonzero(one)) for name, one in zip(AREAS, said, strict=True)
    ]
    assert found["only"] == [{"class": "roof", "person": "ben"}]
    for pair in found["pairs"]:
        a, b = said[list(AREAS).index(pair["a"])], said[list(AREAS).index(pair["b"])]
        both = (a != "") & (b != "")
        assert (pair["pixels"], pair["agreement"]) == (both.sum(), (a == b)[both].mean())
        assert pair["kappa"] == pytest.approx(cohen_kappa_score(a[both], b[both]), abs=1e-12)
    table = pandas.read_csv(tmp_path / "out" / "pairs.csv")
    pandas.testing.assert_frame_equal(table, pandas.read_parquet(tmp_path / "out" / "pairs.parquet"))
    assert table["kappa"].tolist() == [pair["kappa"] for pair in found["pairs"]]
    cells = pandas.read_csv(tmp_path / "out" / "confusions.csv").set_index(["a", "b", "class_by_a", "class_by_b"])
    assert cells.loc[("ada", "ben", "water", "woods"), "pixels"] == 20
    assert cells["pixels"].sum() == sum(pair["pixels"] for pair in found["pairs"])

    several = (said != "").sum(axis=0)
    apart = np.array([[len(set(said[:, r, c]) - {""}) > 1 for c in range(30)] for r in range(24)])
    pieces = geopandas.read_file(tmp_path / "out" / "differences.gpkg")
    cube = open_cube(folder / "scene.npz")
    burnt = open_labels(tmp_path / "out" / "differences.gpkg", cube)
    np.testing.assert_array_equal(burnt.values > 0, apart)
    assert pieces["pixels"].is_monotonic_decreasing
    assert pieces["pixels"].sum() == apart.sum() == found["differing_pixels"]
    for _, piece in pieces.iterrows():
        here = said[:, piece["row"], piece["column"]]
        assert [piece[f"by {name}"] or "" for name in AREAS] == here.tolist()
        assert set(piece["class_name"].split(" / ")) == set(here) - {""}

    agreed = open_labels(tmp_path / "out" / "labels.gpkg", cube)
    np.testing.assert_array_equal(words(agreed), np.where(apart, "", np.sort(said, axis=0)[-1]))
    assert found["files"]["agreed_pixels"] == np.count_nonzero(agreed)
    at_least = run(capsys, *people, "--out", tmp_path / "out", "--at-least", 2)
    agreed = open_labels(tmp_path / "out" / "labels.gpkg", cube)
    np.testing.assert_array_equal(words(agreed), np.where(apart | (several < 2), "", np.sort(said, axis=0)[-1]))
    assert at_least["files"]["agreed_pixels"] < found["files"]["agreed_pixels"]
    assert at_least["pairs"][0]["kappa_ci95"] != found["pairs"][0]["kappa_ci95"]  # another seed

    record = json.loads((tmp_path / "out" / "agree.run.json").read_text())
    again = parser().parse_args(record["command"].split()[1:])
    assert ([str(one) for one in again.sessions], again.at_least, again.seed) == ([str(one) for one in people], 2, 0)


def test_the_desk_opens_what_was_agreed_with_its_classes_and_imports_what_differs(desk, tmp_path):
    folder, labels = desk
    assert main(["agree", *(str(folder / "all" / name) for name in ("ada", "ben")), "--out", str(tmp_path / "o")]) == 0
    shutil.copytree(folder / "all" / "ada", tmp_path / "session")
    shutil.copyfile(tmp_path / "o" / "labels.gpkg", tmp_path / "session" / "labels.gpkg")
    session = begun(tmp_path / "session", folder / "scene.npz")
    old = labels["ada"].attrs
    assert [(one.name, one.group) for one in session.classes] == [
        ("water", ""),
        ("woods", "plants"),
        ("soil", ""),
        ("roof", ""),
    ]
    assert [one.color for one in session.classes][:3] == old["colors"]
    assert session.import_labels(tmp_path / "o" / "differences.gpkg"), session.message
    assert session.counts["water / woods"] == 20
    session.close()


def test_people_of_one_session_are_told_apart_by_its_history(desk, tmp_path, capsys):
    folder, _ = desk
    session = begun(tmp_path / "shared", folder / "scene.npz")
    for name in ("ada", "ben"):
        session.who = lambda name=name: name
        draw(session, AREAS[name])
    session.undo()  # ben's last comes back by cyd's hand, and is ben's all the same
    session.who = lambda: "cyd"
    session.redo()
    session.rename_class(1, "lake")
    session.close()
    shared = run(capsys, tmp_path / "shared")
    apart = run(capsys, folder / "all" / "ada", folder / "all" / "ben")
    assert [one["name"] for one in shared["people"]] == ["ada", "ben"]
    assert shared["all"] == apart["all"]
    assert shared["pairs"] == apart["pairs"]
    assert shared["only"] == []  # the legend is everybody's
    lines = (tmp_path / "shared" / "history.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "shared" / "history.jsonl").write_text("".join(one for one in lines if '"woods", "source"' not in one))
    assert run(capsys, tmp_path / "shared")["unknown_marks"] == 3


def test_names_that_differ_in_capitals_alone_are_two_people(desk, tmp_path, capsys):
    session = begun(tmp_path / "shared", desk[0] / "scene.npz")
    for name, areas in (("Ada", AREAS["ada"]), ("ada", AREAS["ben"]), ("far", [("water", (14, 18, 18, 22))])):
        session.who = lambda name=name: name
        draw(session, areas)
    session.close()
    assert main(["agree", str(tmp_path / "shared"), "--out", str(tmp_path / "out")]) == 0
    assert re.search(r"^ada – far +0 +0 +– +–$", capsys.readouterr().out, re.MULTILINE)
    pieces = geopandas.read_file(tmp_path / "out" / "differences.gpkg")
    assert pieces[["by Ada", "by ada (2)"]].iloc[0].tolist() == ["water", "woods"]


def test_pixels_selected_at_once_are_one_decision():
    def mark(number: int, second: float, name: str = "water", source: str = "selection") -> Mark:
        return Mark(number, name, box(0, 0, 1, 1), source, f"2026-05-04T09:30:{second:06.3f}Z")

    marks = [mark(1, 0), mark(2, 0.002), mark(3, 0.003, "woods"), mark(4, 9, "woods"), mark(5, 9, "woods", "click")]
    assert decisions(marks) == [0, 0, 2, 3, 4]


def test_people_read_a_table(desk, capsys):
    folder, _ = desk
    assert main(["agree", *(str(folder / "all" / name) for name in ("ada", "ben"))]) == 0
    text = capsys.readouterr().out
    assert "class 'roof': only ben has it" in text
    assert "ada says – ben says, pixels: water – woods 20, soil – roof 16" in text


def other_grid(new: Path, _: Path) -> list[object]:
    begun(new / "wide", save_cube(simulated_scene(24, 31, seed=1)[0], new / "wide.npz")).close()
    return [new / "wide"]


def other_pixels(new: Path, _: Path) -> list[object]:
    begun(new / "other", save_cube(simulated_scene(24, 30, seed=2)[0], new / "other.npz")).close()
    return [new / "other"]


def moved(new: Path, _: Path) -> list[object]:
    begun(new / "moved", save_cube(simulated_scene(24, 30, seed=1)[0], new / "gone.npz")).close()
    (new / "gone.npz").unlink()
    return [new / "moved"]


def unlabelled(new: Path, desk: Path) -> list[object]:
    begun(new / "empty", desk / "scene.npz").close()
    return [new / "empty"]


def elsewhere(new: Path, desk: Path) -> list[object]:
    session = begun(new / "far", desk / "scene.npz")
    draw(session, [("water", (14, 18, 18, 22))])
    session.close()
    return [new / "far"]


REFUSALS: list[tuple[Callable[[Path, Path], list[object]], str]] = [
    (lambda new, desk: [], "but all of ada are"),
    (lambda new, desk: [desk / "all" / "ada"], "one is named twice"),
    (lambda new, desk: [new], "there is none in"),
    (lambda new, desk: [desk / "all" / "ben", "--at-least", 3], "--at-least 3 of 2 people"),
    (lambda new, desk: [desk / "all" / "ben", "--out", desk / "all" / "ben"], "would overwrite"),
    (lambda new, desk: [desk / "all" / "ben", "--scene", desk / "all" / "ben" / "labels.gpkg"], "labels.gpkg"),
    (other_grid, "has 24 × 31 pixels"),
    (other_pixels, "has other pixels than"),
    (moved, "(--scene PATH)"),
    (unlabelled, "but empty gave none"),
    (elsewhere, "no pixel was labelled by two of ada, far"),
]


@pytest.mark.parametrize(("spoil", "said"), REFUSALS, ids=[said for _, said in REFUSALS])
def test_what_cannot_be_compared_is_refused_in_one_line(spoil, said, desk, tmp_path, capsys):
    line = ["agree", desk[0] / "all" / "ada", *spoil(tmp_path, desk[0])]
    assert main([str(word) for word in line]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert said in told.err


def test_a_scene_that_moved_is_named_by_hand(desk, tmp_path, capsys):
    scene = save_cube(simulated_scene(24, 30, seed=1)[0], tmp_path / "scene.npz")
    session = begun(tmp_path / "dan", scene)
    draw(session, AREAS["ben"])
    session.close()
    shutil.move(scene, tmp_path / "now.npz")
    found = run(capsys, tmp_path / "dan", desk[0] / "all" / "ada", "--scene", tmp_path / "now.npz")
    assert found["all"] == run(capsys, desk[0] / "all" / "ben", desk[0] / "all" / "ada")["all"]

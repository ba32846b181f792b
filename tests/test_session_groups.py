"""Groups of classes: kept with the labels, undone with them, carried by files that other programs read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

from tests.test_session_labels import UTM, folder, opened, scene, session, slowly  # noqa: F401, fixtures
from workbench.cli import main
from workbench.labels import PALETTE, open_labels, write_labels
from workbench.session import Session, as_python, pack, unpack
from workbench.session.classes import LabelClass
from workbench.session.groups import at_level, groups_of

CORINE = {"coniferous": "forest", "broadleaved": "forest", "arable": "farmland", "pasture": "farmland", "water": ""}


@pytest.fixture
def legend(session: Session) -> Session:  # noqa: F811
    """A session of five classes, each with a label; four of them stand under two groups."""
    session.remove_class(2)
    session.remove_class(1)
    for code, (name, group) in enumerate(CORINE.items(), 1):
        assert session.add_class(name)
        if group:
            assert session.group_class(code, group), session.message
        session.label_pixel(code, code)
    return session


def told(session: Session) -> dict[str, tuple[str, ...]]:  # noqa: F811
    """Groups and their classes' names."""
    names = [one.name for one in session.classes]
    return {one.name: tuple(names[code - 1] for code in one.codes) for one in groups_of(tuple(session.classes))}


def stored(path: Path) -> list[dict]:
    """What labels.gpkg says of its classes, as SQLite reads it."""
    with closing(sqlite3.connect(path)) as db:
        return json.loads(db.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0])


def test_groups_are_undone_step_by_step_and_given_again(legend):
    states = [(legend.classes, told(legend))]
    steps = [
        lambda: legend.group_class(5, " water bodies "),
        lambda: legend.rename_group("forest", "woods"),
        lambda: legend.recolor_group("woods", "#00AA11"),
        lambda: legend.rename_group("farmland", "woods"),
        lambda: legend.rename_class(1, "spruce"),
        lambda: legend.remove_class(2),
        lambda: legend.group_class(1, ""),
        lambda: legend.rename_group("woods", " "),
    ]
    wanted = [
        {"forest": ("coniferous", "broadleaved"), "farmland": ("arable", "pasture"), "water bodies": ("water",)},
        {"woods": ("coniferous", "broadleaved"), "farmland": ("arable", "pasture"), "water bodies": ("water",)},
        {"woods": ("coniferous", "broadleaved"), "farmland": ("arable", "pasture"), "water bodies": ("water",)},
        {"woods": ("coniferous", "broadleaved", "arable", "pasture"), "water bodies": ("water",)},
        {"woods": ("spruce", "broadleaved", "arable", "pasture"), "water bodies": ("water",)},
        {"woods": ("spruce", "arable", "pasture"), "water bodies": ("water",)},
        {"woods": ("arable", "pasture"), "water bodies": ("water",)},
        {"water bodies": ("water",)},
    ]
    for step, groups in zip(steps, wanted, strict=True):
        assert step(), legend.message
        assert told(legend) == groups
        np.testing.assert_array_equal(legend.labels, slowly(legend))
        states.append((legend.classes, groups))
    for classes, groups in states[-2::-1]:
        assert legend.undo()
        assert (legend.classes, told(legend)) == (classes, groups)
    for classes, groups in states[1:]:
        assert legend.redo()
        assert (legend.classes, told(legend)) == (classes, groups)


def test_a_group_has_its_first_classs_color_until_one_is_chosen(legend):
    forest, farmland = groups_of(tuple(legend.classes))
    assert (forest.color, farmland.color) == (legend.classes[0].color, legend.classes[2].color)
    level = at_level(tuple(legend.classes))
    drawn = {color for _, color in level.values()}
    assert len(drawn) == len({name for name, _ in level.values()}) == 3
    assert drawn <= set(PALETTE)  # so that whoever is colour-blind can tell them apart
    legend.recolor_group("forest", "#00AA11")
    legend.group_class(5, "forest")
    assert [one.group_color for one in legend.classes] == ["#00aa11", "#00aa11", "", "", "#00aa11"]
    assert at_level(tuple(legend.classes))["water"] == ("forest", "#00aa11")
    legend.add_class("forest")  # a forest of which nobody knows more
    assert at_level(tuple(legend.classes))["forest"] == ("forest", "#00aa11")
    assert legend.classes[-1].color != "#00aa11"
    legend.group_class(5, "")
    assert legend.classes[4].group_color == ""


def test_groups_are_on_disk_before_the_next_click_and_there_again(legend, opened):  # noqa: F811
    legend.recolor_group("farmland", "#123456")
    assert {row["name"]: row.get("group", "") for row in stored(legend.labels_path)} == CORINE
    assert [row.get("group_color") for row in stored(legend.labels_path)] == [None, None, "#123456", "#123456", None]
    before = legend.classes
    legend.close()
    assert opened(legend.folder).classes == before


def test_a_session_without_groups_is_stored_as_ever_and_opens_unchanged(session, opened):  # noqa: F811
    session.label_pixel(3, 7)
    rows = stored(session.labels_path)
    assert rows == [
        {"code": 1, "name": "water", "color": session.classes[0].color},
        {"code": 2, "name": "grass", "color": "#00ff00"},
    ]
    session.group_class(1, "wet")
    session.undo()
    assert stored(session.labels_path) == rows
    session.close()
    again = opened(session.folder)
    assert again.classes == [LabelClass(**row) for row in rows]
    assert [(one.group, one.group_color) for one in again.classes] == [("", "")] * 2


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp"])
def test_geopandas_reads_the_groups_of_exported_labels_and_another_session_takes_them(legend, opened, tmp_path, suffix):  # noqa: F811
    legend.label_polygon(shapely.box(390_000, 5_809_900, 390_070, 5_810_000))
    assert legend.export_labels(tmp_path / f"labels.{suffix}"), legend.message
    table = geopandas.read_file(tmp_path / f"labels.{suffix}")
    assert len(table) == 6
    assert [group or "" for group in table["group"].astype(object).where(table["group"].notna(), "")] == [
        CORINE[name] for name in table["class_name"]
    ]
    other = opened(tmp_path / "other")
    assert other.open_scene(legend.scene), other.message
    assert other.add_class("pasture")  # what is there stays as it is
    assert other.import_labels(tmp_path / f"labels.{suffix}"), other.message
    assert {one.name: one.group for one in other.classes} == {**CORINE, "pasture": ""}
    labels = open_labels(tmp_path / f"labels.{suffix}", legend.cube)
    assert dict(zip(labels.attrs["classes"], labels.attrs["groups"], strict=True)) == CORINE
    write_labels(labels, tmp_path / "pieces.gpkg")
    pieces = geopandas.read_file(tmp_path / "pieces.gpkg")
    seen = [name for code, name in enumerate(labels.attrs["classes"], 1) if (labels.values == code).any()]
    groups = dict(zip(pieces["class_name"], pieces["group"].fillna(""), strict=True))
    assert groups == {name: CORINE[name] for name in seen}


def test_labels_without_groups_have_no_such_column(session, tmp_path):  # noqa: F811
    session.label_pixel(3, 7)
    session.export_labels(tmp_path / "labels.gpkg")
    assert list(geopandas.read_file(tmp_path / "labels.gpkg").columns) == [
        "class_name", "source", "created", "geometry",
    ]  # fmt: skip
    assert "groups" not in open_labels(tmp_path / "labels.gpkg", session.cube).attrs


@pytest.mark.parametrize("column", ["group", "GROUP"])
def test_a_foreign_file_puts_each_class_under_its_one_group(session, tmp_path, column):  # noqa: F811
    rows = [("oak", "trees"), ("oak", None), ("fir", "trees"), ("mixed", "trees"), ("mixed", "grass"), ("sand", "")]
    points = [shapely.Point(UTM * (i + 0.5, 2.5)) for i in range(len(rows))]
    columns = {"class": [name for name, _ in rows], column: [group for _, group in rows]}
    geopandas.GeoDataFrame(columns, geometry=points, crs=32633).to_file(tmp_path / "field.gpkg")
    assert session.import_labels(tmp_path / "field.gpkg"), session.message
    assert {one.name: one.group for one in session.classes[2:]} == {
        "fir": "trees", "mixed": "", "oak": "trees", "sand": "",
    }  # fmt: skip
    assert session.message == (
        "6 labels of 4 classes from field.gpkg; it puts mixed under several groups, so here under none"
    )
    geopandas.GeoDataFrame({"group": ["a", "b"]}, geometry=points[:2], crs=32633).to_file(tmp_path / "only.gpkg")
    session.import_labels(tmp_path / "only.gpkg")  # there, the groups are the classes
    assert {one.name: one.group for one in session.classes[-2:]} == {"a": "", "b": ""}


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda s: s.group_class(9, "forest"), "numbered 1 to 5, got 9"),
        (lambda s: s.group_class(1, "x" * 201), "a group's name has at most 200 letters, got 201"),
        (lambda s: s.rename_group("roofs", "x"), "there is no group 'roofs'"),
        (lambda s: s.rename_group("", "x"), "there is no group ''"),
        (lambda s: s.recolor_group("forest", "green"), "written #rrggbb, got 'green'"),
        (lambda s: s.recolor_group("", "#112233"), "there is no group ''"),
    ],
)
def test_what_cannot_be_is_one_sentence(legend, ask, says):
    before = (legend.classes, legend.can_redo)
    assert not ask(legend)
    assert says in legend.message
    assert "\n" not in legend.message
    assert (legend.classes, legend.can_redo) == before


def test_the_history_tells_which_class_stands_under_which(legend):
    legend.rename_group("farmland", "fields")
    line = json.loads((legend.folder / "history.jsonl").read_text().splitlines()[-1])
    groups = {name: group.replace("farmland", "fields") for name, group in CORINE.items() if group}
    assert (line["what"], line["groups"]) == ("rename group", groups)
    assert "given" not in line


def test_groups_go_along_when_a_session_is_handed_over(legend, opened, tmp_path):  # noqa: F811
    classes, there = legend.classes, {}
    code = [line for line in as_python(legend.folder).splitlines() if not line.startswith(("from", "write", "made"))]
    assert code[-1].endswith("# 5 labels of 5 classes in 2 groups")
    exec("\n".join(code), there)  # the labels' file itself, as the script opens it
    assert dict(zip(there["labels"].attrs["classes"], there["labels"].attrs["groups"], strict=True)) == CORINE
    legend.close()
    pack(legend.folder, tmp_path / "handed.zip", with_scene=True)
    unpack(tmp_path / "handed.zip", tmp_path / "there")
    assert opened(tmp_path / "there").classes == classes
    assert main(["replay", str(legend.folder), "--out", str(tmp_path / "again")]) == 0
    assert opened(tmp_path / "again").classes == classes


def test_only_names_and_colors_of_a_map_are_new(legend):
    legend.live = True
    assert legend.wait_for_map(60)
    asked, before = legend._asked, legend.class_map.values.copy()
    legend.group_class(5, "wet")
    legend.recolor_group("forest", "#00aa11")
    assert (legend._asked, legend.map_state) == (asked, "ready")
    np.testing.assert_array_equal(legend.class_map.values, before)

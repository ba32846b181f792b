"""``workbench convert`` writes one scene, or the stack of several."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from workbench.cli.outputs import command
from workbench.cli.program import main, parser
from workbench.cubes import open_cube, save_cube, simulated_scene, stack

GRID = {"crs": "EPSG:32633", "transform": Affine(10, 0, 400_000, 0, -10, 5_800_000)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A scene in two files of some bands each, and one of another place."""
    folder = tmp_path_factory.mktemp("scenes")
    cube = simulated_scene(16, 20, n_bands=8)[0]
    save_cube(cube[:5], folder / "low.npz")
    save_cube(cube[5:], folder / "high.npz")
    away = cube[:2].drop_vars("spatial_ref").assign_coords(x=cube.x + 1e6)
    save_cube(away.rio.write_crs(cube.rio.crs), folder / "away.npz")
    return folder


@pytest.mark.parametrize("ending", [".zarr", ".npz", ".tif"])
def test_several_scenes_become_their_stack(folder, tmp_path, ending, capsys):
    out = tmp_path / f"both{ending}"
    assert main(["convert", str(folder / "high.npz"), str(folder / "low.npz"), str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bands"] == 8
    expected = stack([open_cube(folder / "high.npz"), open_cube(folder / "low.npz")])
    np.testing.assert_array_equal(open_cube(out), expected)
    np.testing.assert_array_equal(open_cube(out).wavelength, simulated_scene(16, 20, n_bands=8)[0].wavelength)


def test_the_record_of_a_stack_names_every_scene_and_does_it_again(folder, tmp_path):
    out = tmp_path / "both.npz"
    assert main(["convert", str(folder / "low.npz"), str(folder / "high.npz"), str(out)]) == 0
    run = json.loads((tmp_path / "both.run.json").read_text())
    assert [Path(file["path"]).name for file in run["files"].values()] == ["low.npz", "high.npz"]
    before = open_cube(out)
    out.unlink()
    assert main(shlex.split(run["command"])[1:]) == 0
    assert open_cube(out).equals(before)


@pytest.mark.parametrize(
    "line",
    ["convert a.mat --variable second out.npz", "convert a.mat out.npz", "convert a.tif b.tif c.tif out.npz --json"],
)
def test_what_was_asked_can_be_asked_again(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = parser().parse_args(line.split())
    again = parser().parse_args(command(asked)[1:])
    assert [path.name for path in again.more] == [path.name for path in asked.more]
    assert (again.scene.name, again.out.name, again.variable) == (asked.scene.name, asked.out.name, asked.variable)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("low.npz high.npz out.npz --format npz", "for one scene, got them for several"),
        ("low.npz high.npz out.npz --option mask=cloud", "convert those that need them first"),
        ("low.npz away.npz out.npz", "have no ground in common"),
        ("low.npz low.npz out.npz", "both have one at"),
        ("low.npz gone.npz out.npz", "no file at"),
        ("low.npz high.npz high.npz", "writing high.npz would overwrite high.npz, which is read"),
    ],
)
def test_a_stack_that_cannot_be_is_refused_in_a_line(folder, monkeypatch, capsys, words, message):
    monkeypatch.chdir(folder)
    assert main(["convert", *words.split()]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (folder / "out.npz").exists()


def test_info_names_the_dates_of_a_series(tmp_path, capsys):
    for date in ("2015-07-31", "2015-07-11"):
        values = np.ones((2, 3, 4), "int16")
        with rasterio.open(
            tmp_path / f"b_{date}.tif", "w", driver="GTiff", count=2, height=3, width=4, dtype="int16", **GRID
        ) as file:
            file.write(values)
    assert main(["info", str(tmp_path), "--json", "--option", "time=1"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["dates"], facts["acquired"]) == (["2015-07-11", "2015-07-31"], "2015-07-31")
    assert main(["info", str(tmp_path)]) == 0
    assert "2015-07-11, 2015-07-31" in capsys.readouterr().out

"""The verbs do what they say: results where asked, JSON alone on standard output, and a record that repeats them."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import geopandas
import numpy as np
import pandas
import pytest
import rasterio
import scipy.io
import xarray as xr

from workbench.cli import main
from workbench.cli.outputs import Meter, command
from workbench.cli.program import parser
from workbench.compare import compare_rows, read_scores, replay
from workbench.cubes import open_cube, save_cube, simulated_scene
from workbench.labels import draw, open_labels, write_labels

VERBS = [
    "demo",
    "serve",
    "replay",
    "pack",
    "unpack",
    "agree",
    "info",
    "convert",
    "pretrain",
    "pair",
    "explain",
    "released",
    "embed",
    "classify",
    "study",
    "transfer",
    "suggest",
    "doubt",
    "compare",
    "report",
    "models",
    "objectives",
    "encoders",
    "formats",
    "scenes",
]
COMPUTING = ("pretrain", "pair", "explain", "released", "embed", "classify")
COMPUTING += ("transfer", "suggest", "doubt", "compare", "report")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene, its truth, five labels a class and an encoder."""
    place = tmp_path_factory.mktemp("cli")
    cube, truth = simulated_scene(40, 48, seed=5, n_bands=40)
    save_cube(cube, place / "scene.zarr")
    write_labels(truth, place / "truth.tif")
    write_labels(draw(truth, 5, seed=0), place / "labels.gpkg")
    assert main(words(place, "pretrain {0}/scene.zarr --steps 20 --pairs 64 --out {0}/encoder.safetensors")) == 0
    return place


def words(folder: Path, line: str) -> list[str]:
    return shlex.split(line.format(folder))


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("verb", VERBS)
def test_help_explains_each_verb(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    said = capsys.readouterr()
    assert stop.value.code == 0
    assert said.err == ""
    assert len(said.out) > 200


@pytest.mark.parametrize("verb", COMPUTING)
def test_help_names_units_and_defaults(verb, capsys):
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert re.search(r"\(default: [^)]+\)|defaults?", text)
    assert re.search(r"\[nm\]|0…1|pixels|labels a class|optimiser steps", text)


def test_the_help_lists_every_verb_and_no_other(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^    ([a-z]+)\b", capsys.readouterr().out, flags=re.MULTILINE)
    assert sorted(listed) == sorted(VERBS)


def test_info_says_what_a_program_needs(folder, capsys):
    assert main(["info", str(folder / "scene.zarr"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    wanted = "format sensor bands height width dtype wavelength_min wavelength_max crs pixel_size nodata_fraction"
    assert set(f"{wanted} bad_bands bytes".split()) <= set(facts)
    assert (facts["bands"], facts["height"], facts["width"], facts["crs"]) == (40, 40, 48, "EPSG:32633")


def test_info_speaks_to_people_in_units(folder, capsys):
    assert main(["info", str(folder / "scene.zarr")]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^wavelength_min +\d+ nm$", text, flags=re.MULTILINE)
    assert re.search(r"^nodata_fraction +[\d.]+ %$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("suffix", [".zarr", ".npz"])
def test_a_converted_scene_reads_back_the_same(folder, tmp_path, suffix):
    out = tmp_path / f"same{suffix}"
    assert main(["convert", str(folder / "scene.zarr"), str(out)]) == 0
    xr.testing.assert_equal(open_cube(out).compute(), open_cube(folder / "scene.zarr").compute())


@pytest.mark.parametrize("verb", ["models", "objectives", "encoders", "formats"])
def test_each_list_has_the_same_rows_for_people_and_programs(verb, capsys):
    assert main([verb, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert main([verb]) == 0
    text = capsys.readouterr().out
    assert rows
    assert [name for name in (row["name"] for row in rows) if not re.search(rf"^{name} ", text, re.MULTILINE)] == []
    if verb != "formats":
        assert all(row["paper"] for row in rows)


def test_the_readme_names_the_paper_of_every_objective(capsys):
    assert main(["objectives", "--json"]) == 0
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    papers = " ".join(row["paper"] for row in json.loads(capsys.readouterr().out))
    assert [paper for paper in re.findall(r"arXiv:\d+\.\d+", papers) if paper not in readme] == []


def test_json_is_alone_on_standard_output(folder, tmp_path):
    line = f"classify {{0}}/scene.zarr --labels {{0}}/labels.gpkg --model knn --out {tmp_path}/map.tif --json"
    run = subprocess.run(
        [sys.executable, "-m", "workbench.cli", *words(folder, line)], capture_output=True, text=True, check=True
    )
    result = json.loads(run.stdout)
    assert Path(result["map"]).is_file()
    assert sum(result["pixels"].values()) == 40 * 48


def test_a_class_map_lies_on_the_scene_with_names_and_colours(folder, tmp_path):
    out = tmp_path / "map.tif"
    line = f"classify {{0}}/scene.zarr --labels {{0}}/labels.gpkg --encoder {{0}}/encoder.safetensors --out {out}"
    assert main(words(folder, line)) == 0
    with rasterio.open(out) as file, rasterio.open(folder / "truth.tif") as truth:
        assert (file.crs, file.transform, file.shape) == (truth.crs, truth.transform, truth.shape)
        assert file.read(1).max() > 0
        assert file.colormap(1)[1][3] == 255
    with rasterio.open(tmp_path / "map_confidence.tif") as file:
        assert 0 < np.nanmax(file.read(1)) <= 1


def test_an_encoder_bears_the_name_of_what_it_learnt_by_alone(folder, tmp_path, capsys):
    line = "classify {0}/scene.zarr --labels {0}/labels.gpkg --encoder {0}/encoder.safetensors --model simclr"
    assert main(words(folder, f"{line} --out {tmp_path}/m.tif")) == 2
    refusal = "encoder.safetensors learnt by barlow_twins, but the models asked for are of simclr;"
    assert refusal in capsys.readouterr().err
    assert not (tmp_path / "m.tif").exists()


def test_both_forms_of_an_embedding_hold_the_same_numbers(folder, tmp_path):
    for suffix in (".zarr", ".tif"):
        line = f"embed {{0}}/scene.zarr --encoder {{0}}/encoder.safetensors --block 16 --out {tmp_path}/e{suffix}"
        assert main(words(folder, line)) == 0
    kept = xr.open_zarr(tmp_path / "e.zarr", consolidated=False)["embedding"]
    with rasterio.open(tmp_path / "e.tif") as file:
        np.testing.assert_array_equal(file.read(), kept.values)
        assert file.crs.to_epsg() == 32633
        assert file.transform.a == 30


REPEATED = {
    "pretrain": ("pretrain {0}/scene.zarr --steps 4 --pairs 32 --out {1}/e.safetensors", "e.safetensors", "e.run.json"),
    "embed": ("embed {0}/scene.zarr --encoder {0}/encoder.safetensors --out {1}/e.tif", "e.tif", "e.run.json"),
    "classify": (
        "classify {0}/scene.zarr --labels {0}/labels.gpkg --model random_forest --seed 3 --out {1}/m.tif",
        "m.tif",
        "m.run.json",
    ),
}


@pytest.mark.parametrize("verb", REPEATED)
def test_the_command_in_the_record_repeats_the_result(folder, tmp_path, verb):
    line, output, record = REPEATED[verb]
    assert main(shlex.split(line.format(folder, tmp_path))) == 0
    first = sha(tmp_path / output)
    run = json.loads((tmp_path / record).read_text())
    (tmp_path / output).unlink()
    program, *again = shlex.split(run["command"])
    assert program == "workbench"
    assert main(again) == 0
    assert sha(tmp_path / output) == first
    assert run["arguments"]["seed" if verb != "embed" else "block"] is not None
    assert run["files"]["scene"]["path"] == str(folder / "scene.zarr")
    assert len(run["files"]["scene"]["sha256"]) == 64
    assert {"workbench", "python", "torch"} <= set(run["versions"])


@pytest.mark.parametrize("verb", [*REPEATED, "convert", "compare"])
def test_every_file_that_is_written_was_held_against_the_inputs(folder, tmp_path, verb, monkeypatch):
    more = {
        "convert": ("convert {0}/scene.zarr {1}/s.npz",),
        "compare": (
            "compare {0}/scene.zarr --truth {0}/truth.tif --models knn --budgets 2 --draws 1 --only-split --out {1}",
        ),
    }
    held = []
    for module in ("comparing", "mapping", "pretraining", "scene"):
        spied = f"workbench.cli.{module}.refuse_inputs"
        monkeypatch.setattr(spied, lambda outputs, inputs: held.extend(outputs))
    assert main(shlex.split((REPEATED | more)[verb][0].format(folder, tmp_path))) == 0
    assert set(tmp_path.iterdir()) <= set(held)


SPOKEN = {
    "demo": "demo --height 40 --seed 4 --session s --port 5006 --no-show",
    "serve": "serve scene.zarr --format zarr --labels l.gpkg --column=-name --address 0.0.0.0 --password p --allow a "
    "--allow b --origin h.example --origin g.example --max-pages 4 --tiles https://t.example/{z}/{x}/{y}.png",
    "info": "info scene.mat --variable second --format mat --option mask=cloud,shadow --option time=2",
    "convert": "convert scene.mat --variable second out.npz",
    "pretrain": "pretrain scene.zarr --epochs 2 --reach 0 --patience 50 --precision bf16-mixed --out e.safetensors",
    "pair": "pair a.zarr b.zarr --common 0.5 --reach 2 --encoder context --out p.safetensors",
    "explain": "explain p.safetensors a.zarr --split-at 900 --labels l.gpkg --draws 3 --split random --out .",
    "released": "released w.pth --architecture resnet18 --archive ssl4eo_s12_l1c --least 0.9 --out e.safetensors",
    "study": "study scene.zarr --truth t.tif --fractions 0.5,10 --objectives simsiam --out .",
    "embed": "embed scene.zarr --encoder e.safetensors --device cpu --cluster tcp://127.0.0.1:8786 --out e.zarr",
    "classify": "classify scene.zarr --labels l.gpkg --layer fields --model knn --workers 2 --out m.TIF",
    "compare": "compare a.zarr --truth t.tif --models knn,svm --against svm --split blocks --only-split --jobs 2",
    "report": "report scores --scene a.zarr --truth t.tif --no-maps --stac item.json --model svm --out r.html",
    "transfer": "transfer P --masks M --split S --encoder /a.x,/b.x --random-weights --mode frozen,first:2 "
    "--head fcn --fractions 0.1,50 --repeats 2 --steps 9 --batch 4 --unlabelled 255 --out D",
    "suggest": "suggest scene.zarr --labels l.gpkg --model svm,knn --by disagreement --spacing 5 --out s.csv",
    "doubt": "doubt scene.zarr --labels l.gpkg --model knn --folds 3 --count 7 --out d.gpkg",
    "scenes": "scenes salinas --fetch",
    "replay": "replay session --out D --scene a.zarr --truth t.tif",
    "pack": "pack session f.zip --with-scene --scene a.zarr",
    "unpack": "unpack f.zip D --scene a.zarr --most 3",
    "agree": "agree ada ben --scene a.zarr --at-least 2 --seed 3 --out D",
    **{name: name for name in ("models", "objectives", "encoders", "formats")},
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_recorded_command_means_the_same(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = parser().parse_args(SPOKEN[verb].split())
    again = parser().parse_args(command(asked)[1:])
    absolute = {key: value.absolute() if isinstance(value, Path) else value for key, value in vars(asked).items()}
    for name in {"allow", "sessions"} & {name for name, value in absolute.items() if isinstance(value, list)}:
        absolute[name] = [path.absolute() for path in absolute[name]]
    assert vars(again) == absolute


def test_the_command_in_the_record_of_a_demo_is_one_of_a_demo(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.cli.serving._show", lambda session, *_: session.close())
    line = f"demo --height 20 --width 24 --no-show --session {tmp_path}/d".split()
    assert main(line) == 0
    program, *again = shlex.split(json.loads((tmp_path / "d" / "scene.run.json").read_text())["command"])
    assert program == "workbench"
    assert vars(parser().parse_args(again)) == vars(parser().parse_args([*line, "--seed", "0"]))


def test_the_files_reported_are_the_files_written(folder, tmp_path, capsys):
    line = f"classify {{0}}/scene.zarr --labels {{0}}/labels.gpkg --model knn --out {tmp_path}/UP.TIF --json"
    assert main(words(folder, line)) == 0
    said = json.loads(capsys.readouterr().out)
    names = {path.name for path in tmp_path.iterdir()}
    assert {Path(said["map"]).name, Path(said["confidence"]).name} <= names


def test_a_class_that_loses_its_pixels_is_named(folder, tmp_path, capsys):
    marks = geopandas.read_file(folder / "labels.gpkg")
    away = marks.iloc[[0]].assign(class_name="orchard").translate(1e5, 0)
    far = marks.iloc[[0]].assign(class_name="orchard").set_geometry(away)
    pandas.concat([marks, far]).to_file(tmp_path / "more.gpkg")
    assert (
        main(
            words(folder, f"classify {{0}}/scene.zarr --labels {tmp_path}/more.gpkg --model knn --out {tmp_path}/m.tif")
        )
        == 0
    )
    assert "no pixel of the scene is left to orchard of more.gpkg" in capsys.readouterr().err


def test_patience_and_precision_reach_the_encoder(folder, tmp_path):
    line = (
        "pretrain {0}/scene.zarr --steps 4 --pairs 32 --device cpu --patience 3 --precision bf16-mixed "
        f"--out {tmp_path}/e.safetensors"
    )
    assert main(words(folder, line)) == 0
    recipe = json.loads((tmp_path / "e.json").read_text())["recipe"]
    assert (recipe["patience"], recipe["precision"]) == (3, "bf16-mixed")
    assert "--patience 3 --precision bf16-mixed" in json.loads((tmp_path / "e.run.json").read_text())["command"]


def test_labels_are_imported_once_a_session(folder, tmp_path, monkeypatch, capsys):
    found = []
    monkeypatch.setattr("workbench.panels.serve", lambda session, **options: found.append(len(session.marks)))
    line = f"serve {{0}}/scene.zarr --labels {{0}}/labels.gpkg --no-show --session {tmp_path}/s"
    assert main(words(folder, line)) == 0
    assert main(words(folder, line)) == 0
    assert found[0] == found[1] > 0
    assert "not imported a second time" in capsys.readouterr().err


def test_a_demo_is_opened_again_as_it_is(tmp_path, monkeypatch):
    shapes = []
    monkeypatch.setattr("workbench.panels.serve", lambda session, **options: shapes.append(session.cube.shape[1:]))
    line = f"demo --no-show --session {tmp_path}/s"
    assert main(f"{line} --height 30 --width 40 --seed 2".split()) == 0
    assert main(line.split()) == 0
    assert main(f"{line} --width 40 --seed 2".split()) == 0
    assert main(f"{line} --seed 3".split()) == 2
    assert shapes == [(30, 40)] * 3


def test_epochs_become_steps_in_the_record(folder, tmp_path):
    line = f"pretrain {{0}}/scene.zarr --epochs 1 --pairs 960 --out {tmp_path}/e.safetensors"
    assert main(words(folder, line)) == 0
    run = json.loads((tmp_path / "e.run.json").read_text())
    assert (run["arguments"]["steps"], run["arguments"]["epochs"]) == (2, None)


def test_compare_puts_the_block_split_beside_the_random_one(folder, tmp_path, capsys):
    line = f"compare {{0}}/scene.zarr --truth {{0}}/truth.tif --models knn,svm --budgets 3 --draws 2 --out {tmp_path}/c"
    assert main(words(folder, line)) == 0
    table = capsys.readouterr().out.splitlines()
    assert re.search(r"OA random.*OA blocks.*gap", table[0])
    assert [line.split()[0] for line in table[1:3]] == ["knn", "svm"]
    rows = json.loads((tmp_path / "c" / "run.json").read_text())["summary"]
    random, blocks = (next(r for r in rows if (r["model"], r["split"]) == ("knn", s)) for s in ("random", "blocks"))
    assert f"{random['oa_mean'] - blocks['oa_mean']:+.3f}" in table[1]

    *_, command = shlex.split(json.loads((tmp_path / "c" / "run.json").read_text())["command"]), "--json"
    assert main([*shlex.split(json.loads((tmp_path / "c" / "run.json").read_text())["command"])[1:], command]) == 0
    again = json.loads(capsys.readouterr().out)
    wanted = "model family budget split draws oa_mean oa_sd oa_ci95 aa_mean kappa_mean f1_mean seconds_mean"
    assert all(set(wanted.split()) <= set(row) for row in again)
    assert [row["oa_mean"] for row in again] == [row["oa_mean"] for row in rows]


def test_a_named_variable_is_compared_recorded_and_replayed(folder, tmp_path):
    cube = open_cube(folder / "scene.zarr").compute()
    stored = cube.transpose("y", "x", "band").values
    scipy.io.savemat(tmp_path / "two.mat", {"first": stored, "second": stored[::-1]})
    classes = open_labels(folder / "truth.tif", cube).values
    scipy.io.savemat(tmp_path / "truth.mat", {"gt": classes})
    line = (
        "compare {0}/two.mat --variable second --truth {0}/truth.mat --models knn --budgets 2 --draws 1 --only-split "
        "--out {0}/c"
    )
    assert main(words(tmp_path, line)) == 0
    again = replay(tmp_path / "c")
    assert again["oa"].tolist() == read_scores(tmp_path / "c")["oa"].tolist()
    written = sorted(path.name for path in (tmp_path / "c").iterdir())
    assert written == ["run.json", "scores.csv", "scores.parquet", "timings.csv"]


def test_rows_survive_an_interruption(folder, tmp_path, monkeypatch):
    whole = compare_rows

    def interrupted(*args, **options):
        rows = whole(*args, **options)
        yield next(rows)
        yield next(rows)
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.compare.compare_rows", interrupted)
    line = f"compare {{0}}/scene.zarr --truth {{0}}/truth.tif --models knn --budgets 2 --draws 3 --out {tmp_path}/c"
    assert main(words(folder, line)) == 130
    rows = [json.loads(row) for row in (tmp_path / "c" / "progress.jsonl").read_text().splitlines()[1:]]
    assert [(row["draw"], row["split"]) for row in rows] == [(0, "random"), (0, "blocks")]


def test_a_folder_that_takes_nothing_is_refused_before_the_work(folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "c" / "progress.jsonl").mkdir(parents=True)
    monkeypatch.setattr("workbench.compare.compare_rows", None)
    line = f"compare {{0}}/scene.zarr --truth {{0}}/truth.tif --models knn --budgets 2 --draws 3 --out {tmp_path}/c"
    assert main(words(folder, line)) == 2
    assert "progress.jsonl" in capsys.readouterr().err


def test_only_split_leaves_the_other_out(folder, capsys):
    line = "compare {0}/scene.zarr --truth {0}/truth.tif --models knn --budgets 3 --draws 1 --only-split --json"
    assert main(words(folder, line)) == 0
    assert {row["split"] for row in json.loads(capsys.readouterr().out)} == {"random"}


def test_progress_off_a_terminal_is_plain_lines(capsys):
    meter = Meter("counting", every=0)
    for done in (1, 2, 3):
        meter.show(done, 3, "note")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("counting: 3/3 (100 %)")
    assert "\r" not in "".join(lines)


def test_how_long_is_left_is_not_guessed_before_anything_is_done(capsys):
    meter = Meter("counting", every=0)
    meter.show(0, 3)
    assert capsys.readouterr().err.strip() == "counting: 0/3 (0 %)"


def test_quick_work_shows_no_progress(capsys):
    meter = Meter("counting")
    meter.show(3, 3)
    assert capsys.readouterr().err == ""


def test_a_defect_of_ours_is_not_dressed_up_as_a_refusal(folder, monkeypatch):
    monkeypatch.setattr("workbench.cubes.describe", lambda cube: {}["nothing"])
    with pytest.raises(KeyError):
        main(["info", str(folder / "scene.zarr")])


def test_ctrl_c_ends_quietly(folder, monkeypatch, capsys):
    def interrupted(cube):
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.cubes.describe", interrupted)
    assert main(["info", str(folder / "scene.zarr")]) == 130
    assert capsys.readouterr().err == ""


def test_the_scripts_of_the_project_are_installed():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"workbench": "workbench.cli:main"}
    (server,) = entry_points(group="jupyter_serverproxy_servers", name="workbench")
    assert callable(server.load())

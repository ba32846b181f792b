"""What is written in a config file is as good as typed, what is typed goes before it, and slips are named."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from pathlib import Path

import pytest

from tests.test_cli import SPOKEN, VERBS, sha
from workbench.cli import main
from workbench.cli.config_file import MOST, names_of
from workbench.cli.config_words import kind_of
from workbench.cli.outputs import command, plain
from workbench.cli.program import parser, verbs_of
from workbench.cubes import save_cube, simulated_scene


def asked(line: str) -> dict[str, object]:
    return vars(parser().parse_args(shlex.split(line)))


def absolute(value: object) -> object:
    if isinstance(value, list):
        return [absolute(one) for one in value]
    return value.absolute() if isinstance(value, Path) else value


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("table", [False, True])
def test_what_is_written_is_as_good_as_typed(verb, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed = asked(SPOKEN[verb])
    options = {name: value for name, value in plain(typed).items() if name not in ("verb", "do")}
    file = tmp_path / "config.json"
    file.write_text(json.dumps({verb: options} if table else options))
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")  # paths are those from the folder of the file
    written = {name: absolute(value) for name, value in asked(f"{verb} --config ../config.json").items()}
    monkeypatch.chdir(tmp_path)
    assert written == {name: absolute(value) for name, value in typed.items()}


@pytest.mark.parametrize("verb", VERBS)
def test_a_record_is_a_config_of_its_verb(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = command(argparse.Namespace(**asked(SPOKEN[verb])))
    (tmp_path / "e.run.json").write_text(json.dumps({"verb": verb, "command": shlex.join(words)}))
    assert asked(f"{verb} --config e.run.json") == asked(shlex.join(words[1:]))


@pytest.mark.parametrize("verb", VERBS)
def test_the_kind_of_every_argument_is_known(verb):
    single = {"str", "int", "float", "Path", "tuple[str, str]", "LogPlace"}
    single |= {f"Path | {other}" for other in ("Address", "TorchgeoPlace", "str")}
    kinds = {kind_of(action) for action in names_of(verbs_of()[verb]).values()}
    assert kinds <= single | {f"list[{kind}]" for kind in ("str", "int", "float", "Path")}


TWO_VERBS = """
scene = "scene.zarr"
seed = 3
labels = "labels.gpkg"       # pretrain has none; classify has

[pretrain]
seed = 4
steps = 500
objective = "simclr"
log = "tensorboard:board"
learning-rate = 1
option.mask = "cloud,shadow"

[classify]
model = "svm"
"""


def test_one_file_serves_several_verbs(tmp_path):
    file = tmp_path / "two.toml"
    file.write_text(TWO_VERBS)
    (tmp_path / "m.tif").touch()
    typed = f"pretrain {tmp_path}/scene.zarr --seed 4 --steps 500 --objective simclr --log tensorboard:{tmp_path}/board"
    typed += " --learning-rate 1 --option mask=cloud,shadow"
    (tmp_path / "two.toml").write_text(TWO_VERBS.replace("[classify]", '[classify]\nout = "m.tif"'))
    assert asked(f"pretrain --config {file}") == asked(typed)
    typed = (
        f"classify {tmp_path}/scene.zarr --labels {tmp_path}/labels.gpkg --seed 3 --model svm --out {tmp_path}/m.tif"
    )
    assert asked(f"classify --config {file}") == asked(typed)


@pytest.mark.parametrize(
    ("said", "written", "come_to"),
    [
        ("--steps 7", "steps = 5", "pretrain s --steps 7"),
        ("--steps 800", "steps = 5", "pretrain s --steps 800"),
        ("--epochs 7", "steps = 5", "pretrain s --epochs 7"),
        ("--option a=b", 'option = ["c=d", "e=f"]', "pretrain s --option a=b"),
        ("t", "", "pretrain t"),
        ("--objective barlow_twins", 'objective = "simclr"', "pretrain s"),
        ("--compiled", "compiled = false", "pretrain s --compiled"),
        ("--out f.safetensors", 'out = "no/such/folder/e.safetensors"', "pretrain s --out f.safetensors"),
    ],
)
def test_the_command_line_goes_before_the_file(said, written, come_to, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.toml").write_text(f'scene = "{tmp_path}/s"\n{written}')
    for line in (f"pretrain {said} --config c.toml", f"pretrain --config=c.toml {said}"):
        found = asked(line)
        assert absolute(found.pop("scene")) == tmp_path / come_to.split()[1]
        assert found == {name: value for name, value in asked(come_to).items() if name != "scene"}


def test_arguments_by_place_fill_what_the_file_lacks(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('scene = "a.hdr"\nmore = ["b.hdr", "https://e.example/c.tif"]')
    found = asked(f"convert --config {file} {tmp_path}/out.zarr")
    assert found == asked(f"convert {tmp_path}/a.hdr {tmp_path}/b.hdr https://e.example/c.tif {tmp_path}/out.zarr")


def test_a_name_stays_a_name_where_no_such_file_lies_beside(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('weights = "ResNet18_Weights.LANDSAT_TM_TOA_MOCO"')
    assert asked(f"released --config {file}")["weights"] == "ResNet18_Weights.LANDSAT_TM_TOA_MOCO"
    file.write_text('weights = "vit.pth"')
    assert asked(f"released --config {file}")["weights"] == tmp_path / "vit.pth"


REFUSALS = {
    "unknown": ("stepz = 5", "c.toml, stepz: workbench pretrain has no option 'stepz'; the nearest is steps"),
    "unknown in a table": ("[pretrain]\nobjectve = 5", "c.toml, [pretrain] objectve: workbench pretrain has no option"),
    "of another verb": ("steps = 5\nbudgets = [5]", "workbench pretrain has no option 'budgets'"),
    "verb": (
        "[pretrian]\nsteps = 5",
        "c.toml has a table [pretrian], but no verb is called that; the nearest is pretr",
    ),
    "text for a number": ('steps = "5"', "c.toml, steps: a whole number is needed, got the text '5'"),
    "part of a number": ("steps = 5.5", "steps: a whole number is needed, got the number 5.5"),
    "truth for a number": ("steps = true", "steps: a whole number is needed, got true"),
    "too small": ("[pretrain]\nsteps = 0", "[pretrain] steps: a whole number of at least 1 is needed, got '0'"),
    "number for a text": ("objective = 5", "objective: a text or a name is needed, got the number 5"),
    "several for one": ('objective = ["a", "b"]', "objective: a text or a name is needed, got the list ['a', 'b']"),
    "no choice": ('optimizer = "adam"', "optimizer: one of adamw, sgd, lars is needed, got 'adam'"),
    "number for a switch": ("compiled = 1", "compiled: true or false is needed, got the number 1"),
    "table for a number": ("steps.a = 1", "steps: a whole number is needed, got the table {'a': 1}"),
    "date": ("crop = 2026-01-01", "crop: a whole number is needed, got the date"),
    "option of no value": ('option = ["mask"]', "option: an option is NAME=VALUE, got 'mask'"),
    "both": ("steps = 5\nepochs = 5", "not allowed with"),
    "twice": ("no = 1", "no option 'no'"),
    "two spellings": ("skip-bad = true\nskip_bad = true", "skip_bad: it is there as skip-bad, too; keep one"),
    "no TOML": ("steps 5", "c.toml is not TOML (Expected '=' after a key"),
    "no text": (b"steps = 5 # \xff", "c.toml is not TOML ('utf-8' codec can't decode byte 0xff"),
    "deep": ("a = " + "[" * 20000, "c.toml is not TOML ("),
    "too large": (b"#" * (MOST + 1), "a config file has up to 4 MiB, but"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_slips_are_refused_in_a_sentence(case, tmp_path, capsys):
    written, message = REFUSALS[case]
    file = tmp_path / "c.toml"
    file.write_bytes(written if isinstance(written, bytes) else f'scene = "s"\n{written}'.encode())
    refused([f"pretrain --config {file}"], message, capsys)


def refused(lines: list[str], message: str, capsys: pytest.CaptureFixture) -> None:
    for line in lines:
        with pytest.raises(SystemExit) as stop:
            main(shlex.split(line))
        said = capsys.readouterr()
        assert (stop.value.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert message in said.err


def test_json_is_refused_as_well(tmp_path, capsys):
    file = tmp_path / "c.json"
    for content, message in (
        ("[1]", "has options by their names, but"),
        ('{"steps": 5', "c.json is not JSON (Expecting ',' delimiter"),
        ('{"steps": 5, "steps": 6}', "'steps' is there twice"),
        ('{"verb": "embed", "command": "workbench embed a"}', "is of workbench embed, not of workbench pretrain"),
        ('{"verb": "pretrain", "command": "workbench pretrain a --stepz 5"}', "is none of workbench pretrain: unrec"),
        ('{"verb": "pretrain", "command": "workbench pretrain a --steps x"}', "steps: a whole number of at least 1"),
    ):
        file.write_text(content)
        refused([f"pretrain --config {file}"], message, capsys)
        if content.startswith("{"):
            file.rename(tmp_path / "c.conf")  # told by its first sign
            refused([f"pretrain --config {tmp_path}/c.conf"], message.removeprefix("c.json "), capsys)


def test_a_file_that_is_not_there_is_named(tmp_path, capsys):
    refused([f"pretrain s --config {tmp_path}/none.toml"], "none.toml; check the path", capsys)
    refused([f"pretrain s --config {tmp_path}"], f"is a directory: {tmp_path}; name a file", capsys)
    refused(["pretrain s --config a --config b"], "one --config is read, got 2", capsys)
    (tmp_path / "c.toml").write_text("steps = 5")
    refused([f"pretrain --config {tmp_path}/c.toml"], "the following arguments are required: SCENE", capsys)


def test_a_result_by_file_is_that_by_flags(tmp_path, monkeypatch):
    save_cube(simulated_scene(24, 30, seed=5, n_bands=40)[0], tmp_path / "scene.zarr")
    for name in ("typed", "written", "again"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "typed")
    typed = "pretrain ../scene.zarr --objective simclr --steps 3 --pairs 32 --seed 4 --device cpu --out e.safetensors"
    assert main(shlex.split(typed)) == 0
    file = tmp_path / "c.toml"
    file.write_text(
        'scene = "scene.zarr"\nseed = 4\n[pretrain]\nobjective = "simclr"\nsteps = 3\npairs = 32\ndevice = "cpu"\n'
        'out = "written/e.safetensors"\n'
    )
    assert main(["pretrain", "--config", str(file)]) == 0
    file.write_text("changed since")
    record = tmp_path / "written" / "e.run.json"
    other = os.fspath(tmp_path / "again" / "e.safetensors")
    assert main(["pretrain", "--config", str(record), "--out", other]) == 0
    assert len({sha(tmp_path / name / "e.safetensors") for name in ("typed", "written", "again")}) == 1
    runs = {name: json.loads((tmp_path / name / "e.run.json").read_text()) for name in ("typed", "written", "again")}
    for name, run in runs.items():
        there = [word.replace("/typed/../", "/").replace(f"/{name}/", "/") for word in shlex.split(run["command"])]
        assert there == shlex.split(runs["typed"]["command"].replace("/typed/../", "/").replace("/typed/", "/"))
        assert run["arguments"].keys() == runs["typed"]["arguments"].keys()
        assert "c.toml" not in json.dumps(run)

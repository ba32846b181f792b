"""What was done in a session as a script and as command lines; who runs them gets the session's results."""

from __future__ import annotations

import ast
import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.handed import labelled
from workbench.cli.program import parser
from workbench.labels import open_labels
from workbench.session import Session, as_commands, as_python


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled session's folder."""
    return labelled(tmp_path_factory.mktemp("pattern"))


@pytest.fixture
def session(pattern: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(pattern, tmp_path / "session"))


def add_run(session: Path, name: str, kind: str, settings: dict, **more: object) -> Path:
    """A run's folder, as a run would have left it."""
    run = session / "runs" / name
    run.mkdir(parents=True)
    scene = json.loads((session / "session.json").read_text())["scene"]
    card = {"id": name, "kind": kind, "title": "t", "state": "done", "created": name, "seconds": 1.0, "error": ""}
    (run / "run.json").write_text(json.dumps({**card, "settings": {"scene": scene, "options": {}, **settings}, **more}))
    return run


def test_a_short_session_is_a_short_script(pattern):
    scene = str(pattern.parent / "scene.npz")
    assert as_python(pattern).splitlines() == [
        "# What was done in the session session, as a script",
        "",
        "import workbench as wb",
        "from workbench.probe import write_class_map",
        "",
        f"cube = wb.open_cube({scene!r})",
        f"labels = wb.open_labels({str(pattern / 'labels.gpkg')!r}, cube)  # 8 labels of 2 classes",
        "",
        "# The class map",
        "made = wb.classify(cube, labels, 'svm')",
        'write_class_map(made.class_map, made.confidence, "class_map.tif")',
    ]


def test_the_labels_file_gives_the_codes_and_colours_of_the_session(session):
    one = Session(session)
    one.live = False
    one.add_class("nothing yet")
    one.recolor_class(1, "#123456")
    found = open_labels(session / "labels.gpkg", one.cube)
    assert found.attrs["classes"] == [c.name for c in one.classes] != sorted(c.name for c in one.classes)
    assert found.attrs["colors"] == [c.color for c in one.classes]
    assert (found.values == one.labels.values).all()
    one.close()


def test_runs_are_told_in_order_with_what_they_were_asked(session):
    recipe = {"objective": "simclr", "encoder": "context", "steps": 9, "seed": 4, "without": ["noise"], "reach": None}
    for name in ("1", "2"):
        early = {} if name == "1" else {"until": 5}  # as a replay of one that was stopped
        run = add_run(session, name, "pretraining", {"recipe": recipe, **early})
        (run / "encoder.safetensors").touch()
        (run / "encoder.json").write_text(json.dumps({"recipe": {"objective": "simclr"}, "steps": 5}))
    asked = {"models": ["simclr", "svm"], "budgets": [5], "draws": 9, "splits": ["random"], "seed": 7, "truth": ""}
    run = add_run(session, "3", "comparison", {**asked, "encoder": "runs/1/encoder.safetensors"}, state="stopped")
    (run / "progress.jsonl").write_text('{"row": {}}\n' * 5)
    add_run(session, "4", "pretraining", {"recipe": recipe}, state="failed")
    text = as_python(session)
    calls = [ast.unparse(one) for one in ast.parse(text).body if isinstance(one, ast.Assign)]
    assert calls[2:6] == [
        "encoder_1 = wb.pretrain(cube, 'simclr', encoder='context', steps=9, seed=4, without=['noise'])",
        f"encoder_2 = wb.load_encoder('{session}/runs/2/encoder.safetensors')",
        f"truth_3 = wb.open_labels('{session}/runs/3/labels.tif', cube)",
        "scores_3 = wb.compare(cube, truth_3, ['simclr', 'svm'], [5], encoder=encoder_1, draws=2, splits=['random'], "
        "seed=7)",
    ]
    assert "# Run 2: t, ended after 5 steps" in text
    assert "Run 4" not in text
    lines = [shlex.split(line)[1:] for line in as_commands(session).splitlines() if line.startswith("workbench")]
    asked = [parser().parse_args(line) for line in lines]
    assert [one.verb for one in asked] == ["pretrain", "compare", "classify", "replay"]
    assert (asked[0].objective, asked[0].encoder, asked[0].steps, asked[0].seed) == ("simclr", "context", 9, 4)
    assert (asked[1].models, asked[1].draws, asked[1].seed) == (["simclr", "svm"], 2, 7)
    assert asked[1].encoder == asked[0].out
    assert '# only Python can ask for without ["noise"]' in as_commands(session)


EVIL = "x'\"\"\"\n'); open('owned', 'w')  # ; touch owned $(touch owned) `touch owned`\u2028"


def test_what_a_stranger_wrote_stays_a_value(session, tmp_path):
    state = json.loads((session / "session.json").read_text())
    (session / "session.json").write_text(json.dumps({**state, "scene": EVIL, "options": {"band": EVIL}}))
    add = {"title": EVIL, "state": "done"}
    recipe = {"objective": EVIL, "encoder": EVIL, "without": [EVIL]}
    run = add_run(session, "1", "pretraining", {"scene": EVIL, "recipe": recipe}, **add)
    (run / "encoder.safetensors").touch()
    (run / "encoder.json").write_text("{}")
    evil = session.rename(tmp_path / 'a """ \'b')
    allowed = {"open_cube", "open_labels", "pretrain", "save_encoder", "classify", "write_class_map"}
    tree = ast.parse(as_python(evil))
    called = {ast.unparse(one.func).removeprefix("wb.") for one in ast.walk(tree) if isinstance(one, ast.Call)}
    assert called <= allowed
    assert tree.body[-1].lineno >= len(tree.body)
    shell = "workbench() { printf '%s\\0' \"$@\"; }\n" + as_commands(evil)
    said = subprocess.run(["bash", "-eu"], input=shell, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.split("\0")[:6] == [
        "pretrain",
        str(evil / EVIL),
        "--option",
        f"band={EVIL}",
        "--objective",
        EVIL,
    ]
    assert not (tmp_path / "owned").exists()
    run_json = json.loads((evil / "runs" / "1" / "run.json").read_text())
    run_json["settings"]["recipe"] = {"x=open('owned','w')": 1}
    (evil / "runs" / "1" / "run.json").write_text(json.dumps(run_json))
    with pytest.raises(ValueError, match="an option is called by a word"):
        as_python(evil)


def test_nothing_is_told_of_a_session_without_a_scene(tmp_path):
    one = Session(tmp_path / "session")
    one.current_class = 0
    one.live = False
    one.close()
    with pytest.raises(ValueError, match="nothing was done yet that could be told; open a scene first"):
        as_python(tmp_path / "session")

"""From one machine to another: a session with an encoder and a comparison is packed, opens elsewhere, and comes out the
same, bit for bit; so it does by the script and by the command lines that tell what was done.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio

from tests.handed import learnt
from tests.jobs import one_thread_each  # noqa: F401, a fixture
from workbench.cli import main
from workbench.compare.record import TIMES
from workbench.session import Session, as_commands, as_python

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def session(one_thread, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one with a pretraining in use and a comparison."""
    return learnt(tmp_path_factory.mktemp("here"))


def started(words: list[str], place: Path, **also: str) -> subprocess.CompletedProcess:
    """A process of its own, in a folder."""
    path = str(Path(__file__).parents[1])
    return subprocess.run(
        words, cwd=place, env=os.environ | {"PYTHONPATH": path, **also}, capture_output=True, text=True, check=False
    )


def codes_and_confidence(map_file: Path) -> np.ndarray:
    """As rasterio reads a class map."""
    with rasterio.open(map_file) as codes, rasterio.open(map_file.with_stem("class_map_confidence")) as sure:
        return np.stack([codes.read(1).astype("float32"), sure.read(1)])


def scores(folder: Path) -> pd.DataFrame:
    """As pandas reads them, times aside."""
    return pd.read_parquet(folder / "scores.parquet").drop(columns=list(TIMES))


def same(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    """Whether two tables have the same rows, whatever the order of columns."""
    return a[sorted(a)].equals(b[sorted(b)])


def test_on_another_machine_everything_comes_out_the_same(session, tmp_path):
    assert main(["pack", str(session), str(tmp_path / "a.zip"), "--with-scene"]) == 0
    here, far = session.rename(session.with_name("gone")), tmp_path / "far" / "away"
    try:
        far.mkdir(parents=True)
        assert main(["unpack", str(tmp_path / "a.zip"), str(far / "handed")]) == 0
        words = [sys.executable, "-m", "workbench.cli", "replay", "handed", "--out", "again", "--json"]
        run = started(words, far, XDG_DATA_HOME=str(tmp_path / "another user"))
        assert run.returncode == 0, run.stderr
        verdicts = json.loads(run.stdout)
        assert [one["same"] for one in verdicts] == [True] * 5, verdicts
        assert [one["how"] for one in verdicts[2:]] == ["the same, bit for bit"] * 3
        pretraining, comparison = sorted(path.name for path in (here / "runs").iterdir())
        for name in ("encoder.safetensors", "encoder.json", "embedding.npy"):
            then, now = (place / "runs" / pretraining / name for place in (here, far / "again"))
            assert then.read_bytes() == now.read_bytes(), name
        assert same(scores(here / "runs" / comparison), scores(far / "again" / "runs" / comparison))
        np.testing.assert_array_equal(
            codes_and_confidence(far / "again" / "class_map.tif"), np.load(here / "class_map.npy")
        )
        one = Session(far / "again")
        assert [run.state for run in one.runs] == ["done", "done"]
        assert one.active_run == pretraining
        one.close()
    finally:
        here.rename(session)


def test_the_script_gives_the_sessions_map_and_scores(session, tmp_path):
    (tmp_path / "script.py").write_text(as_python(session))
    run = started([sys.executable, "script.py"], tmp_path)
    assert run.returncode == 0, run.stderr
    np.testing.assert_array_equal(codes_and_confidence(tmp_path / "class_map.tif"), np.load(session / "class_map.npy"))
    pretraining, comparison = sorted(path.name for path in (session / "runs").iterdir())
    assert same(scores(tmp_path / "scores_2"), scores(session / "runs" / comparison))
    learnt_here = session / "runs" / pretraining / "encoder.safetensors"
    assert (tmp_path / "encoder_1.safetensors").read_bytes() == learnt_here.read_bytes()


def test_the_command_lines_give_them_too(session, tmp_path):
    lines = [line for line in as_commands(session).splitlines() if line.startswith("workbench ")]
    assert [shlex.split(line)[1] for line in lines] == ["pretrain", "compare", "classify", "replay"]
    for line in lines[:3]:  # each in a process of its own: this one may have other threads than the session had
        run = started([sys.executable, "-m", "workbench.cli", *shlex.split(line)[1:]], tmp_path)
        assert run.returncode == 0, run.stderr
    found = codes_and_confidence(tmp_path / "class_map.tif")
    np.testing.assert_array_equal(found[0], np.load(session / "class_map.npy")[0])
    comparison = sorted(path.name for path in (session / "runs").iterdir())[1]
    assert same(scores(tmp_path / "scores_2"), scores(session / "runs" / comparison))


def test_a_training_that_was_stopped_is_repeated_as_far_as_it_came(session, tmp_path):
    shutil.copy(session.parent / "scene.npz", tmp_path)
    one = Session(tmp_path / "session")
    one.live = False
    assert one.open_scene(tmp_path / "scene.npz"), one.message
    assert one.start_pretraining(steps=100_000, encoder="pixel"), one.message
    while not one.job.history and one.job.state == "running":
        one.wait_for_job(0.05)
    one.stop()
    assert one.wait_for_job(30)
    assert one.job.state == "stopped"
    run = one.runs[0]
    one.close()
    if run.encoder is None:
        pytest.fail("a training that was stopped keeps its encoder")
    told = started([sys.executable, "-m", "workbench.cli", "replay", "session", "--out", "again", "--json"], tmp_path)
    assert told.returncode == 0, told.stderr
    verdict = json.loads(told.stdout)[2]
    assert (verdict["same"], verdict["how"]) == (True, "the same, bit for bit")
    again = tmp_path / "again" / "runs" / run.id
    assert (again / "encoder.safetensors").read_bytes() == run.encoder.read_bytes()

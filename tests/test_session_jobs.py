"""Jobs: work in another process is followed, stopped, survives a reload, and its death is noticed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.jobs import LONG, one_thread_each, posix, session_of_it, small_scene, until  # noqa: F401, fixtures
from workbench.session import Session
from workbench.session.work import AUTOGROUP


def is_alive(pid: int) -> bool:
    """A process that runs, or was not waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_pretraining_leaves_everything_that_replays_it(session):
    fractions, models = [], []
    session.param.watch(lambda event: fractions.append(event.new.fraction), "job")
    session.param.watch(lambda event: models.append(event.new), "model")
    assert session.start_pretraining(steps=40, encoder="pixel", seed=3), session.message
    pid = session._worker.process.pid
    assert session.wait_for_job(120)
    assert (session.job.state, session.job.error) == ("done", "")
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert session.job.history[-1]["step"] == 40
    assert {"step", "seconds", "loss", "invariance", "redundancy"} <= set(session.job.history[-1])
    assert not is_alive(pid)

    run = session.runs[-1]
    card = json.loads((run.folder / "run.json").read_text())
    assert (card["state"], card["settings"]["recipe"]["seed"]) == ("done", 3)
    assert session.active_run == run.id
    assert models == ["auto"]

    from workbench.pretrain import load_encoder
    from workbench.probe import embed

    truth = embed(session.cube, load_encoder(run.encoder))
    np.testing.assert_allclose(session.embedding, truth, atol=1e-5)
    # The same line carries it out again.
    again = run.folder.with_name("again")
    again.mkdir()
    (again / "run.json").write_text(json.dumps(card | {"id": "again"}))
    subprocess.run([sys.executable, "-m", "workbench.session.work", again, "pretraining"], check=True, stdout=-1)
    np.testing.assert_allclose(np.load(again / "embedding.npy"), truth, atol=1e-5)


def test_a_stop_takes_less_than_two_seconds_and_keeps_the_encoder_so_far(session):
    session.start_pretraining(steps=LONG, encoder="pixel")
    assert until(lambda: session.job.history)
    began = time.monotonic()
    assert session.stop()
    assert session.wait_for_job(10)
    assert time.monotonic() - began < 2
    assert session.job.state == "stopped"
    run = session.runs[-1]
    assert run.state == "stopped"
    step = json.loads((run.folder / "encoder.json").read_text())["steps"]
    assert 0 < step < LONG
    assert session.active_run == run.id
    assert session.embedding is not None


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this system shares its cores out among processes only")
def test_a_worker_steps_back_behind_the_whole_desk(session):
    before = AUTOGROUP.read_text()
    session.start_pretraining(steps=LONG, encoder="pixel")
    assert until(lambda: session.job.history)
    process = psutil.Process(session._worker.process.pid)
    assert process.nice() == min(os.nice(0) + 15, 19)
    assert Path(f"/proc/{process.pid}/autogroup").read_text().endswith(" nice 10\n")
    assert AUTOGROUP.read_text() == before
    session.stop()
    assert session.wait_for_job(10)


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this system shares its cores out among processes only")
def test_a_process_in_somebody_elses_session_leaves_that_as_it_is():
    code = "from workbench.session import work; work.step_back(); print(work.AUTOGROUP.read_text())"
    before = AUTOGROUP.read_text()
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == before.strip()


@posix
def test_a_killed_worker_is_reported_as_failed(session):
    session.start_pretraining(steps=LONG, encoder="pixel")
    assert until(lambda: session.job.history)
    os.kill(session._worker.process.pid, signal.SIGKILL)
    assert session.wait_for_job(5)
    assert session.job.state == "failed"
    assert session.job.error.startswith("the worker process was killed by signal 9")
    assert session.runs[-1].error == session.job.error


def test_a_failure_is_one_sentence_and_the_next_job_may_begin(session):
    session.start_pretraining(steps=1)
    assert session.wait_for_job(60)
    assert (session.job.state, session.job.error) == ("failed", "steps must be at least 2, got 1")
    assert session.runs[-1].error == session.job.error
    assert session.start_pretraining(steps=2), session.message


@posix
def test_one_job_at_a_time_a_reload_finds_it_and_even_a_deaf_one_is_ended(session):
    session.start_pretraining(steps=LONG, encoder="pixel")
    pid = session._worker.process.pid
    assert not session.remove_run(session.job.id)
    assert "is under way; stop it first" in session.message
    found = Session.at(session.folder)
    assert found is session
    assert until(lambda: len(found.job.history) > 1)
    assert found.job.state == "running"
    assert found.job.seconds_left > 0
    os.kill(pid, signal.SIGSTOP)
    session.stop()
    assert session.wait_for_job(5)
    assert session.job.state == "stopped"
    assert not is_alive(pid)


PARENT = """
import sys, time
from workbench.session import Session
session = Session.at(sys.argv[1])
session.live = False
session.open_scene(sys.argv[2])
session.start_pretraining(steps=100_000, encoder="pixel")
print(session._worker.process.pid, flush=True)
while len(session.job.history) < 3:
    time.sleep(0.05)
print("learning", flush=True)
time.sleep(600)
"""


@posix
def test_a_worker_dies_with_its_parent_and_the_run_is_interrupted(tmp_path, scene):
    folder = tmp_path / "session"
    command = [sys.executable, "-c", PARENT, folder, scene]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        assert parent.stdout.readline() == "learning\n"
        parent.send_signal(signal.SIGKILL)
    with suppress(ChildProcessError):  # where this process is the first one, orphans come to it
        until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, 6)
    assert until(lambda: not runs_still(pid), 6)
    session = Session.at(folder)
    try:
        (run,) = session.runs
        assert run.state == session.job.state == "interrupted"
        assert json.loads((run.folder / "run.json").read_text())["state"] == "interrupted"
        assert len(session.job.history) >= 3
        # What was put away on the way out is there to be used.
        session.live = False
        assert session.activate_run(run.id), session.message
        assert session.wait_for_job(60)
        assert np.isfinite(session.embedding).all()
    finally:
        session.close()


def runs_still(pid: int) -> bool:
    """Is that process more than a zombie?"""
    stat = Path(f"/proc/{pid}/stat")
    with suppress(OSError):
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_nothing_is_published_but_through_post(session):
    """With a screen that does not come round, the state stays; when it does, everything is there."""
    waiting = []
    session.post = waiting.append
    session.start_pretraining(steps=4, encoder="pixel")
    assert session.wait_for_job(60)
    assert session.job.state == "running"
    assert session.job.history == ()
    assert json.loads((session.runs[-1].folder / "run.json").read_text())["state"] == "done"
    for change in waiting:
        change()
    assert session.job.state == "done"
    assert session.job.history[-1]["step"] == 4


BUSY = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from workbench.session.work import Line
Line(SimpleNamespace(folder=Path(sys.argv[1])))
print("to the log", flush=True)
time.sleep(600)
"""


def test_a_worker_too_busy_to_stop_ends_when_nobody_listens_any_more(tmp_path):
    command = [sys.executable, "-c", BUSY, tmp_path]
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    with subprocess.Popen(command, **pipes, text=True) as worker:
        assert worker.stderr.readline() == "to the log\n"
        try:
            worker.stdin.close()
            assert worker.wait(6) == 3
            assert worker.stdout.read() == ""
        finally:
            worker.kill()

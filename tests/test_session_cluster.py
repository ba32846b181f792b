"""Jobs on a dask cluster: done by its workers to the bits done here; what is lost on the way is said, and resumed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import psutil
import pytest
from distributed import LocalCluster
from safetensors.numpy import load_file

from tests.jobs import LONG, one_thread_each, posix, session_of_it, small_scene, until  # noqa: F401, fixtures
from workbench.cli import main
from workbench.session import Session
from workbench.session.runs import CHECKPOINTS

NOBODY = "tcp://127.0.0.1:9"
"""The port for what is to be thrown away: nobody listens."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """A scheduler and two workers on this machine, processes that do one thing at a time."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster:
        yield cluster


@pytest.fixture
def far(session, cluster) -> Session:
    """A session whose jobs are done there."""
    session.cluster = cluster.scheduler_address
    return session


def workers_of(cluster: LocalCluster) -> list[int]:
    """Processes of the cluster's workers."""
    return [one.process.pid for one in cluster.workers.values() if one.process and one.process.pid]


def doing(session: Session) -> list[psutil.Process]:
    """Processes that carry out something of a session."""
    found = []
    for one in psutil.process_iter(["cmdline"]):
        line = one.info["cmdline"] or []
        if "workbench.session.work" in line and any(word.startswith(str(session.folder)) for word in line):
            found.append(one)
    return found


def test_a_worker_of_the_cluster_does_it_to_the_bits_done_here(far, cluster):
    asked = {"steps": 60, "pairs": 64, "encoder": "pixel", "seed": 4}
    notes = []
    far.param.watch(lambda event: notes.append(event.new.note), "job")
    assert far.start_pretraining(**asked), far.message
    assert until(lambda: doing(far))
    assert doing(far)[0].ppid() in workers_of(cluster)
    assert far.wait_for_job(120)
    assert (far.job.state, far.job.error, far.job.history[-1]["step"]) == ("done", "", 60)
    places = [worker.worker_address for worker in cluster.workers.values()]
    assert any(note.endswith(f" · on {place}") for note in notes for place in places)
    there, embedding = load_file(far.runs[-1].encoder), far.embedding
    assert embedding is not None
    far.cluster = ""
    assert far.start_pretraining(**asked), far.message
    assert far.wait_for_job(120)
    here = load_file(far.runs[-1].encoder)
    assert here.keys() == there.keys()
    assert all(np.array_equal(here[name], there[name]) for name in here)


def test_a_stop_reaches_it_and_what_there_is_is_kept(far):
    assert far.start_pretraining(steps=LONG, encoder="pixel"), far.message
    assert until(lambda: far.job.history)
    assert far.stop()
    assert far.wait_for_job(15)
    assert (far.job.state, far.runs[-1].state) == ("stopped", "stopped")
    assert far.runs[-1].encoder is not None
    assert not doing(far)


@posix
def test_a_lost_worker_is_a_failure_that_goes_on_from_its_last_checkpoint(far, cluster):
    asked = {"steps": 1000, "pairs": 64, "encoder": "pixel", "seed": 4}
    assert far.start_pretraining(**asked), far.message
    run = far.job.id
    assert until(lambda: list((far.runs_path / run / CHECKPOINTS).glob("step-*.safetensors")))
    child = doing(far)[0]
    os.kill(child.ppid(), signal.SIGKILL)
    assert far.wait_for_job(30)
    assert far.job.state == "failed"
    assert "was lost; resume the run, and it goes on from its last checkpoint" in far.job.error
    assert until(lambda: not doing(far), 10)
    assert far.resume_run(run), far.message
    assert far.job.fraction > 0
    notes = []
    far.param.watch(lambda event: notes.append(event.new.note), "job")
    assert far.wait_for_job(120)
    assert far.job.state == "done", far.job.error
    assert any(note.startswith("from step ") for note in notes)


@posix
def test_nothing_goes_on_there_when_the_desk_has_died(far):
    assert far.start_pretraining(steps=LONG, encoder="pixel"), far.message
    assert until(lambda: far.job.history)
    os.kill(far._worker.process.pid, signal.SIGKILL)
    assert far.wait_for_job(10)
    assert far.job.state == "failed"
    assert until(lambda: not doing(far), 10)


def test_what_waits_for_a_worker_says_so_and_can_be_stopped(session):
    with LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty:
        session.cluster = empty.scheduler_address
        assert session.start_pretraining(steps=10), session.message
        assert until(lambda: session.job.note == f"waiting for a worker of {empty.scheduler_address}")
        assert session.stop()
        assert session.wait_for_job(15)
        assert session.job.state == "stopped"


def test_no_scheduler_is_one_sentence(session, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("workbench.scheduler.ANSWER", 1.0)
    says = f"no dask scheduler answered at {NOBODY} within "
    assert main(["demo", "--session", str(tmp_path / "demo"), "--no-show", "--cluster", NOBODY]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not (tmp_path / "demo").exists()

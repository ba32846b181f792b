"""Runs wait for each other, go on bit for bit from where they ended, and are removed; encoders come from elsewhere."""

from __future__ import annotations

import os
import pickle
import shutil
import signal

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.jobs import LONG, one_thread_each, posix, session_of_it, small_scene, until  # noqa: F401, fixtures
from workbench.cubes import save_cube, simulated_scene
from workbench.session import Session
from workbench.session.allowed import Allowed
from workbench.session.runs import CHECKPOINTS

STEPS, FEW = 300, 64


def learn(session: Session, **choices: object) -> str:
    """Pretrain to the end; the run's name."""
    assert session.start_pretraining(**{"steps": STEPS, "pairs": FEW, "encoder": "pixel", "seed": 4, **choices}), (
        session.message
    )
    assert session.wait_for_job(120)
    assert session.job.state == "done", session.job.error
    return session.job.id


def run_of(session: Session, id: str):
    return next(run for run in session.runs if run.id == id)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, scene):
    """The weights of a run that nothing stops."""
    session = Session.at(tmp_path_factory.mktemp("undisturbed") / "session")
    session.live = False
    session.open_scene(scene)
    weights = load_file(run_of(session, learn(session)).encoder)
    session.close()
    return weights


@posix
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_run_that_ended_early_goes_on_to_the_weights_of_one_that_did_not(session, undisturbed, how):
    session.start_pretraining(steps=STEPS, pairs=FEW, encoder="pixel", seed=4)
    id, process = session.job.id, session._worker.process
    checkpoints = run_of(session, id).folder / CHECKPOINTS
    assert until(lambda: list(checkpoints.glob("step-*.safetensors")))
    if how == "stop":
        session.stop()
    else:
        os.kill(process.pid, signal.SIGKILL)
    assert session.wait_for_job(10)
    assert session.job.state == {"stop": "stopped", "kill": "failed"}[how]
    assert session.resume_run(id), session.message
    assert session.job.fraction > 0
    notes = []
    session.param.watch(lambda event: notes.append(event.new.note), "job")
    assert session.wait_for_job(120)
    assert any(note.startswith("from step ") for note in notes)
    assert (session.job.state, run_of(session, id).state, run_of(session, id).error) == ("done", "done", "")
    weights = load_file(run_of(session, id).encoder)
    assert weights.keys() == undisturbed.keys()
    assert all(np.array_equal(weights[name], undisturbed[name]) for name in weights)
    steps = [row["step"] for row in session.job.history]
    assert steps == sorted(set(steps))
    assert steps[-1] == STEPS
    assert not checkpoints.exists()
    found = Session(shutil.copytree(session.folder, session.folder.with_name("copy")))
    assert [row["step"] for row in found.job.history] == steps
    found.close()


@posix
def test_a_damaged_checkpoint_is_said_and_the_one_before_is_taken(session, undisturbed):
    session.start_pretraining(steps=STEPS, pairs=FEW, encoder="pixel", seed=4)
    checkpoints = run_of(session, session.job.id).folder / CHECKPOINTS
    assert until(lambda: len(list(checkpoints.glob("step-*.safetensors"))) == 2)
    session.stop()
    assert session.wait_for_job(10)
    last = sorted(checkpoints.glob("step-*.safetensors"))[-1]
    last.write_bytes(last.read_bytes()[:-9])
    notes = []
    session.param.watch(lambda event: notes.append(event.new.note), "job")
    assert session.resume_run(session.job.id)
    assert session.wait_for_job(120)
    assert any("the last checkpoint was damaged" in note for note in notes)
    weights = load_file(session.runs[-1].encoder)
    assert all(np.array_equal(weights[name], undisturbed[name]) for name in weights)


def test_what_is_asked_for_meanwhile_waits_its_turn(session):
    for name, place in (("water", (1, 1)), ("grass", (9, 9))):
        session.add_class(name)
        session.label_pixel(*place)
        session.label_pixel(place[0] + 1, place[1])
    session.start_pretraining(steps=LONG, encoder="pixel")
    first = session.job.id
    assert session.start_pretraining(steps=4, encoder="pixel")
    assert "waits until" in session.message
    assert session.start_comparison(models=["svm"], budgets=[1], draws=1, truth="labels"), session.message
    assert session.start_pretraining(steps=5, encoder="pixel")
    assert [run.state for run in session.runs] == ["running", "waiting", "waiting", "waiting"]
    unwanted = session.runs[-1]
    assert session.remove_run(unwanted.id)
    assert not unwanted.folder.exists()
    assert session.job.id == first
    session.label_pixel(12, 12)  # a comparison is of the labels there were when it was asked for
    session.stop()
    assert until(lambda: [run.state for run in session.runs] == ["stopped", "done", "done"], 120)
    assert int(session.rows["confusion"].map(np.sum).sum()) == 2
    assert session._worker is None


def test_what_waited_when_the_server_ended_is_interrupted_and_can_begin(session, scene):
    session.start_pretraining(steps=LONG, encoder="pixel")
    session.start_pretraining(steps=4, encoder="pixel")
    folder = session.folder
    session.close()
    again = Session.at(folder)
    again.live = False
    assert [run.state for run in again.runs] == ["stopped", "interrupted"]
    assert again.job.state == "interrupted"
    assert again.resume_run(again.runs[-1].id), again.message
    assert again.wait_for_job(60)
    assert again.runs[-1].state == "done"
    assert not again.resume_run(again.runs[-1].id)
    assert "is done" in again.message
    again.close()


def test_the_run_in_use_can_be_removed_and_the_map_does_without(session):
    id = learn(session, steps=4)
    assert (session.active_run, session.model) == (id, "auto")
    assert session.remove_run(id), session.message
    assert (session.active_run, session.embedding, session.model, session.job) == ("", None, "svm", None)
    assert session.runs == []
    assert not session.remove_run(id)
    assert "there is no run" in session.message


def test_an_encoder_made_elsewhere_gives_its_embedding(session, tmp_path, scene):
    learn(session, steps=4)
    made = session.embedding.values.copy()
    for file in session.runs[-1].folder.glob("encoder.*"):
        shutil.copy(file, tmp_path / f"mine{file.suffix}")
    other = Session(tmp_path / "other", Allowed((tmp_path,), frozenset({str(scene)})))
    other.live = False
    other.open_scene(scene)
    assert other.take_encoder(tmp_path / "mine.safetensors"), other.message
    assert other.wait_for_job(60)
    assert (other.job.state, other.runs[-1].kind, other.model) == ("done", "encoder", "auto")
    np.testing.assert_allclose(other.embedding, made, atol=1e-6)
    other.close()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("mine.pth", b"", "an encoder is a .safetensors file"),
        ("alone.safetensors", b"", "with its .json beside it"),
    ],
)
def test_what_is_no_encoder_is_refused_and_leaves_no_run(session, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    assert not session.take_encoder(tmp_path / name)
    assert said in session.message
    assert session.runs == []
    assert not session.runs_path.exists() or not list(session.runs_path.iterdir())


class Harm:
    """What a pickle could do."""

    def __reduce__(self):
        return os.mkdir, ("harmed",)


def test_a_pickle_posing_as_an_encoder_is_refused_and_not_run(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.safetensors").write_bytes(pickle.dumps(Harm()))
    (tmp_path / "bad.json").write_text("{}")
    assert session.take_encoder(tmp_path / "bad.safetensors")
    assert session.wait_for_job(60)
    assert session.job.state == "failed"
    assert "\n" not in session.job.error
    assert not list(tmp_path.rglob("harmed"))


def test_an_encoder_outside_the_allowed_folders_is_refused(tmp_path, scene):
    session = Session(tmp_path / "session", Allowed((tmp_path / "open",), frozenset({str(scene)})))
    session.open_scene(scene)
    for suffix in (".safetensors", ".json"):
        (tmp_path / f"secret{suffix}").write_bytes(b"")
    assert not session.take_encoder(tmp_path / "secret.safetensors")
    assert "lies outside the folders" in session.message
    session.close()


def test_an_encoder_of_other_bands_is_refused_in_a_sentence(session, tmp_path):
    save_cube(simulated_scene(24, 30, n_bands=40, seed=2)[0], tmp_path / "few.npz")
    other = Session(tmp_path / "other")
    other.live = False
    other.open_scene(tmp_path / "few.npz")
    learn(other, steps=4)
    encoder = other.runs[-1].encoder
    other.close()
    assert session.take_encoder(encoder)
    assert session.wait_for_job(60)
    assert session.job.state == "failed"
    assert "the encoder needs a good band at" in session.job.error
    assert session.embedding is None


def test_a_run_of_another_scene_is_not_laid_on_this_one(session, tmp_path):
    save_cube(simulated_scene(24, 30, seed=7)[0], tmp_path / "other.npz")
    session.start_pretraining(steps=LONG, encoder="pixel")
    session.open_scene(tmp_path / "other.npz")
    assert until(lambda: len(session.job.history) > 3)
    session.stop()
    assert session.wait_for_job(20)
    assert session.runs[-1].embedding is not None
    assert (session.embedding, session.active_run) == (None, "")

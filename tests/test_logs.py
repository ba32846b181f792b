"""TensorBoard and MLflow are told what the file of steps says, and neither can end a training."""

from __future__ import annotations

import json
import math
import resource
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.cli.logging_to import Logs, log_place
from workbench.cubes import save_cube, simulated_scene
from workbench.pretrain import logs, simulated_archive

QUICK = ["--encoder", "pixel", "--steps", "13", "--pairs", "32", "--dim", "8", "--device", "cpu"]
ROW = {"step": 1, "loss": 0.5, "terms": {"a": 0.25, "b": 0.25}}


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("logs") / "scene.npz"
    save_cube(simulated_scene(24, 30, n_bands=40, seed=1)[0], place)
    return place


@pytest.fixture
def words(scene, tmp_path, monkeypatch) -> dict[str, list[str]]:
    """The three kinds of trainings, without where they write."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    archive = simulated_archive(tmp_path / "a", "ssl4eo_s12_l2a", locations=4, dates=2, size=24).patches
    return {
        "single": ["pretrain", str(scene), *QUICK],
        "pair": ["pair", str(scene), "--split-at", "1000", *QUICK],
        "archive": ["pretrain", str(archive), *QUICK, "--encoder", "context", "--pairs", "4"],
    }


def steps_of(encoder: Path) -> dict[str, dict[int, float]]:
    """All numbers of the file of steps, by name and step."""
    found: dict[str, dict[int, float]] = {}
    for line in encoder.with_suffix(".steps.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        named = {key: value for key, value in row.items() if key not in ("step", "terms") and value is not None}
        for key, value in (named | {f"terms/{key}": value for key, value in row["terms"].items()}).items():
            found.setdefault(key, {})[row["step"]] = value
    return found


def told_to_tensorboard(folder: Path):
    reading = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is an extra of its own"
    )
    events = reading.EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return events


@pytest.mark.parametrize("kind", ["single", "pair", "archive"])
def test_tensorboard_has_the_numbers_of_the_file_of_steps_and_the_recipe(kind, words, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is an extra of its own")
    out = tmp_path / "run" / "encoder.safetensors"
    assert main([*words[kind], "--log", f"tensorboard:{tmp_path / 'board'}", "--out", str(tmp_path / "run")]) == 0
    events, expected = told_to_tensorboard(tmp_path / "board" / "run"), steps_of(out)
    assert {"loss", "learning_rate", "pixels_per_second", "memory_bytes"} < set(expected)
    assert ("unique" in expected) == (kind == "pair")
    assert set(events.Tags()["scalars"]) == set(expected)
    for name, values in expected.items():
        got = {event.step: event.value for event in events.Scalars(name)}
        assert got == pytest.approx(values, rel=1e-6)  # it keeps single precision
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    stored = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    recipe = HParamsPluginData.FromString(stored).session_start_info.hparams
    assert (recipe["steps"].number_value, recipe["encoder"].string_value) == (
        13,
        "context" if kind == "archive" else "pixel",
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize(("kind", "store"), [("single", "sqlite:///{}/m.db"), ("pair", "{}/folder")])
def test_mlflow_has_the_numbers_of_the_file_of_steps_and_the_recipe(kind, store, words, tmp_path, capsys):
    pytest.importorskip("mlflow", reason="mlflow is an extra of its own")
    if store.startswith("sqlite"):
        pytest.importorskip("alembic", reason="it comes with the extra mlflow")
    store, out = store.format(tmp_path), tmp_path / "e.safetensors"
    assert main([*words[kind], "--json", "--log", f"mlflow:{store}", "--out", str(out)]) == 0
    json.loads(capsys.readouterr().out)  # and nothing else was printed there
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=store if "://" in store else Path(store).as_uri())
    experiment = client.get_experiment_by_name("workbench")
    [run] = client.search_runs([experiment.experiment_id])
    assert (run.info.status, run.info.run_name) == ("FINISHED", "e")
    assert (run.data.params["steps"], run.data.params["encoder"], run.data.params["seed"]) == ("13", "pixel", "0")
    expected = steps_of(out)
    assert set(run.data.metrics) == set(expected)
    for name, values in expected.items():
        assert {one.step: one.value for one in client.get_metric_history(run.info.run_id, name)} == values


def test_a_log_may_lie_beside_the_scene_but_not_in_it(scene, words, tmp_path, capsys):
    pytest.importorskip("tensorboard", reason="tensorboard is an extra of its own")
    out = ["--out", str(tmp_path / "e.safetensors")]
    assert main([*words["archive"], "--log", f"tensorboard:{words['archive'][1]}", *out]) == 2
    assert "would overwrite" in capsys.readouterr().err
    assert main([*words["single"], "--log", f"tensorboard:{scene.parent}", *out]) == 0
    assert list((scene.parent / "e").glob("events*"))


def test_the_learning_rate_of_each_step_is_the_schedules(words, tmp_path):
    out = tmp_path / "e.safetensors"
    assert main([*words["single"], "--learning-rate", "0.02", "--out", str(out)]) == 0
    rates = steps_of(out)["learning_rate"]
    assert rates[1] == pytest.approx(0.02)  # a tenth of 13 steps is one: the peak comes at once
    assert rates[7] == pytest.approx(0.02 * 0.5 * (1 + math.cos(math.pi * 5 / 12)))
    assert len(rates) == 13


def test_a_full_disk_ends_the_log_and_not_the_training(tmp_path, capsys):
    pytest.importorskip("tensorboard", reason="tensorboard is an extra of its own")
    own = Logs([log_place(f"tensorboard:{tmp_path}")], tmp_path / "e.safetensors", {"steps": 5})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))  # no file may grow beyond
        for step in range(1, 300):
            own.note([ROW | {"step": step}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    own.close(failed=False)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.startswith(f"tensorboard:{tmp_path} is told no more (")
    assert told.endswith("; the training goes on, every step is in its own file\n")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_server_that_does_not_answer_ends_the_log_and_not_the_training(words, tmp_path, monkeypatch, capsys):
    pytest.importorskip("mlflow", reason="mlflow is an extra of its own")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    out = tmp_path / "e.safetensors"
    assert main([*words["single"], "--log", "mlflow:http://127.0.0.1:9", "--out", str(out)]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "told no more" in line]
    assert len(told) == 1
    assert told[0].startswith("mlflow:http://127.0.0.1:9 is told no more (")
    assert len(steps_of(out)["loss"]) == 13


def test_steps_after_the_checkpoint_that_is_gone_on_from_are_void(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is an extra of its own")
    first = logs.open_log("tensorboard", str(tmp_path), "e", {"steps": 9})
    first.note([ROW | {"step": step} for step in range(1, 10)])
    again = logs.open_log("tensorboard", str(tmp_path), "e", {"steps": 9}, done=5)
    again.note([ROW | {"step": step, "loss": 7.0} for step in (6, 7)])
    again.close(failed=False)
    first.close(failed=True)
    events = told_to_tensorboard(tmp_path / "e").Scalars("loss")
    assert {event.step: event.value for event in events} == dict.fromkeys(range(1, 6), 0.5) | {6: 7.0, 7: 7.0}


@pytest.mark.parametrize("kind", ["tensorboard", "mlflow"])
def test_a_package_that_is_missing_is_named_before_any_work(kind, words, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(logs, "find_spec", lambda name: None)
    assert main([*words["single"], "--log", f"{kind}:{tmp_path / 'l'}", "--out", str(tmp_path / "e.safetensors")]) == 2
    assert f"needs {kind}; try: pip install hyperspectral-workbench[{kind}]" in capsys.readouterr().err
    assert not list(tmp_path.glob("e.*"))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("wandb:x", "a log is tensorboard:DIR or mlflow:URI, got 'wandb:x'"),
        ("mlflow:https://me:secret@host", "so it has no password; set MLFLOW_TRACKING_USERNAME and"),
    ],
)
def test_a_place_that_cannot_be_is_refused(place, message, words, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([*words["single"], "--log", place, "--out", str(tmp_path / "e.safetensors")])
    told = capsys.readouterr().err
    assert message in told
    assert "secret" not in told

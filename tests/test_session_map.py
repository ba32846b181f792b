"""The live class map: it follows the labels, the newest wish wins, and it says what is missing."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import xarray as xr

from tests.small_sessions import file_and_truth, session_of_it  # noqa: F401, fixtures
from workbench.cubes import save_cube, simulated_scene
from workbench.probe import classify_scene
from workbench.session import Session
from workbench.session.growing import Growing
from workbench.session.live import Refit


def give(session: Session, truth: xr.DataArray, code: int, n: int = 4) -> None:
    """Click `n` pixels of a class of the truth."""
    name = truth.attrs["classes"][code - 1]
    if name not in session.counts:
        session.add_class(name)
    session.current_class = next(c.code for c in session.classes if c.name == name)
    for row, column in np.argwhere(truth.values == code)[:n]:
        session.label_pixel(int(row), int(column))


def two(truth: xr.DataArray) -> list[int]:
    """The two most frequent classes."""
    return (np.argsort(np.bincount(truth.values[truth.values > 0]))[::-1][:2]).tolist()


def test_the_screen_says_what_to_do_first(session, simulated):
    _, truth = simulated
    one, other = two(truth)
    assert session.map_note == "add at least two classes, then click pixels of each"
    give(session, truth, one)
    session.add_class("empty")
    assert (session.map_state, session.class_map) == ("needs labels", None)
    assert session.map_note == "label at least two classes: click pixels of empty"
    give(session, truth, other)
    assert session.wait_for_map(60)
    assert (session.map_state, session.map_note) == ("ready", "")
    session.undo()
    for _ in range(4):
        session.undo()
    assert (session.map_state, session.class_map) == ("needs labels", None)


def test_the_map_is_the_models_own_and_ignores_classes_without_labels(session, simulated):
    _, truth = simulated
    one, other = two(truth)
    give(session, truth, one)
    session.add_class("empty")
    give(session, truth, other)
    assert session.wait_for_map(60)
    made = classify_scene("svm", session.cube, session.labels)
    xr.testing.assert_equal(session.class_map, made.class_map)
    xr.testing.assert_equal(session.confidence, made.confidence)
    assert set(np.unique(session.class_map)) <= {0, 1, 3}
    assert session.map_seconds > 0


def test_a_scene_is_kept_in_memory_without_its_bad_bands(session, simulated):
    _, truth = simulated
    for code in two(truth):
        give(session, truth, code)
    assert session.wait_for_map(60)
    kept, good = session._at_hand.spectra, session.cube.good.values
    assert not good.all()
    np.testing.assert_array_equal(kept.values, session.cube.values[good])
    whole = classify_scene("svm", session.cube.compute(), session.labels).class_map
    np.testing.assert_array_equal(session.class_map.values, whole.values)


def test_a_new_name_or_colour_shows_without_another_fit(session, simulated):
    _, truth = simulated
    for code in two(truth):
        give(session, truth, code)
    session.wait_for_map(60)
    numbers, asked = session.class_map.values, session._asked
    session.rename_class(1, "renamed")
    session.recolor_class(2, "#123456")
    session.add_class("more")
    assert session._asked == asked
    assert session.class_map.attrs["classes"] == ["renamed", session.classes[1].name, "more"]
    assert session.class_map.attrs["colors"][1] == "#123456"
    np.testing.assert_array_equal(session.class_map, numbers)


def test_the_last_label_wins_however_quickly_they_come(session, simulated):
    _, truth = simulated
    one, other = two(truth)
    states = []
    session.param.watch(lambda event: states.append(event.new), "map_state")
    give(session, truth, one, 8)
    give(session, truth, other, 8)
    assert session.wait_for_map(60)
    assert session.map_state == "ready"
    xr.testing.assert_equal(session.class_map, classify_scene("svm", session.cube, session.labels).class_map)


def test_a_model_without_its_embedding_says_so(session, simulated):
    _, truth = simulated
    for code in two(truth):
        give(session, truth, code)
    session.model = "barlow_twins"
    session.wait_for_map(60)
    assert session.class_map is None
    assert "pretrain an encoder on the scene first" in session.map_note
    session.model = "knn"
    session.wait_for_map(60)
    assert session.map_state == "ready"


def test_a_new_embedding_makes_a_new_map_and_the_users_model_stays(session, simulated):
    _, truth = simulated
    for code in two(truth):
        give(session, truth, code)
    session.wait_for_map(60)
    rng = np.random.default_rng(0)
    marks = np.stack([truth.values == code for code in two(truth)]).astype("float32")
    embedding = xr.DataArray(marks + 0.01 * rng.random(marks.shape, "float32"), dims=("feature", "y", "x"))
    session._show_embedding(embedding)
    assert session.model == "auto"
    session.wait_for_map(60)
    made = classify_scene("auto", session.cube, session.labels, embedding=embedding)
    assert (session.class_map.values == made.class_map.values).mean() > 0.999  # kept descriptions are not made anew
    session.model = "knn"
    session.wait_for_map(60)
    asked = session._asked
    session._show_embedding(embedding + 1)
    assert (session.model, session._asked) == ("knn", asked)


def test_an_embedding_learnt_otherwise_brings_the_model_of_its_objective(session, simulated):
    values = np.zeros((2, *session.cube.shape[1:]), "float32")
    embedding = xr.DataArray(values, dims=("feature", "y", "x"), attrs={"objective": "barlow_twins"})
    session._show_embedding(embedding)
    assert session.model == "auto"
    session._show_embedding(embedding.assign_attrs(objective="dino"))
    assert session.model == "dino"


def test_another_embedding_leaves_the_other_descriptions_as_they_are(session, simulated):
    _, truth = simulated
    for code in two(truth):
        give(session, truth, code)
    rng = np.random.default_rng(0)
    shape = (3, *session.cube.shape[1:])
    for number in range(2):
        session._show_embedding(xr.DataArray(rng.normal(size=shape).astype("float32"), dims=("feature", "y", "x")))
        assert session.wait_for_map(60)
        made = session._at_hand._made["descriptions"]
        assert made.kinds["embedding"].values is session.embedding
        if number == 0:
            before = made
    assert made is not before
    assert all(made.kinds[name] is before.kinds[name] for name in made.kinds if name != "embedding")
    assert session.map_state == "ready"


def test_not_live_it_waits_to_be_asked(session, simulated):
    _, truth = simulated
    session.live = False
    for code in two(truth):
        give(session, truth, code)
    assert session.class_map is None
    session.update_map()
    session.wait_for_map(60)
    assert session.map_state == "ready"


def test_opened_again_it_makes_the_same_map(session, simulated):
    _, truth = simulated
    for code in two(truth):
        give(session, truth, code)
    session.model = "knn"
    session.wait_for_map(60)
    before = session.class_map
    session.close()
    again = Session.at(session.folder)
    again.wait_for_map(60)
    assert again.model == "knn"
    xr.testing.assert_identical(again.class_map, before)
    again.close()


def test_the_map_is_exported_with_grid_names_and_colours(session, simulated, tmp_path):
    _, truth = simulated
    for code in two(truth):
        give(session, truth, code)
    session.wait_for_map(60)
    assert session.export_map(tmp_path / "map.tif"), session.message
    with rasterio.open(tmp_path / "map.tif") as file:
        np.testing.assert_array_equal(file.read(1), session.class_map)
        assert file.crs.to_epsg() == 32633
        assert file.transform == session.cube.rio.transform()
        assert file.colormap(1)[1][:3] == tuple(bytes.fromhex(session.classes[0].color[1:]))
    with rasterio.open(tmp_path / "map_confidence.tif") as file:
        np.testing.assert_array_equal(file.read(1), session.confidence)


def test_waiting_wishes_are_replaced_by_newer_ones_and_one_is_done_at_a_time():
    delivered, begun, gate = [], [], threading.Event()
    busy = threading.Lock()
    refit = Refit(lambda generation, result: delivered.append((generation, result)))

    def work(n: int) -> int:
        assert busy.acquire(blocking=False)
        begun.append(n)
        gate.wait(5)
        busy.release()
        return n

    refit.ask(1, lambda: work(1))
    while not begun:
        time.sleep(0.01)
    for n in range(2, 50):
        refit.ask(n, lambda n=n: work(n))
    gate.set()
    assert refit.wait(5)
    assert delivered == [(1, 1), (49, 49)]


def test_work_that_fails_is_delivered_and_does_not_end_the_thread():
    delivered = []
    refit = Refit(lambda generation, result: delivered.append(result))
    refit.ask(1, lambda: 1 / 0)
    refit.wait(5)
    refit.ask(2, lambda: "fine")
    refit.wait(5)
    assert isinstance(delivered[0], ZeroDivisionError)
    assert delivered[1] == "fine"


def test_an_older_map_that_comes_late_is_dropped(session, simulated):
    _, truth = simulated
    for code in two(truth):
        give(session, truth, code)
    session.wait_for_map(60)
    late = classify_scene("svm", session.cube, session.labels.where(session.labels == 0, 3 - session.labels))
    before = session.class_map
    session._map_done(session._asked - 1, (late, True))
    assert session.class_map is before
    assert session.map_state == "ready"


def test_features_of_a_scene_are_made_once_for_all_labels(session, simulated, monkeypatch):
    from workbench.probe import FEATURES

    _, truth = simulated
    asked, row = [], FEATURES["windows"]
    counted = replace(row, learn=lambda cube: asked.append(1) or row.learn(cube))
    monkeypatch.setitem(FEATURES, "windows", counted)
    session.model = "window_svm"
    for code in two(truth):
        give(session, truth, code)
    assert session.wait_for_map(60)
    first = session.class_map
    down, across = np.argwhere(session.labels.values == 0)[0]
    session.label_pixel(int(down), int(across))
    assert session.wait_for_map(60)
    assert session.class_map is not first
    assert asked == [1]


def test_the_model_follows_what_the_encoder_in_use_learnt_by(session, simulated):
    _, truth = simulated
    for code in two(truth):
        give(session, truth, code)
    rng = np.random.default_rng(0)
    coords = {name: session.cube.coords[name] for name in ("y", "x")}
    values = rng.normal(size=(6, *session.cube.shape[1:])).astype("float32")
    session._show_embedding(xr.DataArray(values, dims=("feature", "y", "x"), coords=coords, attrs={"objective": "mae"}))
    assert session.model == "mae"
    assert session.wait_for_map(60)
    assert session.class_map is not None
    session.model = "barlow_twins"
    assert session.wait_for_map(60)
    assert session.class_map is None
    assert session.map_note == (
        "barlow_twins wants an encoder that learnt by barlow_twins, but the one in use learnt by mae; "
        "choose the model mae, or another encoder"
    )


@pytest.fixture
def blockwise(monkeypatch):
    """Scenes in memory are answered in blocks of 16 by 16 pixels, as large ones are."""
    monkeypatch.setattr("workbench.probe.tables.AT_ONCE", 0)
    monkeypatch.setattr("workbench.probe.tables.BLOCK_BYTES", 1)


def test_what_is_in_sight_comes_first_and_the_rest_stays_as_it_was(blockwise, tmp_path):
    cube, truth = simulated_scene(50, 60, seed=1)
    session = Session.at(tmp_path / "session")
    session.open_scene(save_cube(cube, tmp_path / "scene.npz"))
    shown = []
    session.param.watch(lambda event: shown.append((event.new, session.map_state)), "class_map")
    one, other = two(truth)
    session.live = False
    give(session, truth, one)
    give(session, truth, other)
    session.look_at((slice(33, 47), slice(20, 30)))
    session.update_map()
    assert session.wait_for_map(60)
    final = classify_scene("svm", session.cube, session.labels).class_map.values
    (first, state), (last, _) = [step for step in shown if step[0] is not None]
    assert state == "computing"
    assert session.map_state == "ready"
    seen = np.zeros(truth.shape, bool)
    seen[32:48, 16:32] = True  # the blocks that hold it
    np.testing.assert_array_equal(first.values, np.where(seen, final, 0))
    np.testing.assert_array_equal(last.values, final)
    assert first.attrs["colors"] == last.attrs["colors"]

    shown.clear()
    give(session, truth, one, 9)  # takes labels at other places, too
    session.look_at((slice(0, 10), slice(50, 60)))
    session.update_map()
    assert session.wait_for_map(60)
    newest = classify_scene("svm", session.cube, session.labels).class_map.values
    seen = np.zeros(truth.shape, bool)
    seen[:16, 48:] = True
    np.testing.assert_array_equal(shown[0][0].values, np.where(seen, newest, final))
    np.testing.assert_array_equal(session.class_map.values, newest)
    session.close()


def test_a_newer_label_ends_the_work_on_an_older_map_within_a_block(blockwise, monkeypatch, session, simulated):
    _, truth = simulated
    session.look_at((slice(0, 24), slice(0, 30)))
    one, other = two(truth)
    session.live = False
    give(session, truth, one)
    give(session, truth, other)
    blocks, reached, go_on = [], threading.Event(), threading.Event()
    take = Growing.take

    def slow(growing: Growing, *block: object) -> None:
        blocks.append(growing)
        reached.set()
        assert go_on.wait(60)
        take(growing, *block)

    monkeypatch.setattr(Growing, "take", slow)
    session.update_map()
    assert reached.wait(60)
    session.export_map(session.folder / "half.tif")
    assert "is being made" in session.message
    give(session, truth, other, 7)
    session.update_map()
    go_on.set()
    assert session.wait_for_map(60)
    old, new = (blocks.count(growing) for growing in dict.fromkeys(blocks))
    assert (old, new) == (1, 4)
    made = classify_scene("svm", session.cube, session.labels)
    xr.testing.assert_equal(session.class_map, made.class_map)
    assert session.map_state == "ready"

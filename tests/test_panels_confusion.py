"""The pixels of a confusion matrix's cells: those that another program finds, draw by draw; selected by a press."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from workbench.compare import compare_rows, row_seed, split_truth
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.panels.confusion import ConfusionPanel
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.probe import classify_scene
from workbench.session import Session
from workbench.session.predicted import FOLDER, Predicted, confused

DRAWS = 3
MODEL = ("spectral_angle", 2, "blocks")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    cube, truth = simulated_scene(40, 48, seed=1)
    folder = tmp_path_factory.mktemp("scene")
    return cube, truth, save_cube(cube, folder / "scene.npz"), write_labels(truth, folder / "truth.tif")


@pytest.fixture(scope="module")
def compared(tmp_path_factory, simulated):
    session = Session.at(tmp_path_factory.mktemp("compared") / "session")
    session.live = False
    assert session.open_scene(simulated[2]), session.message
    assert session.open_truth(simulated[3]), session.message
    models = ["knn", "spectral_angle"]
    assert session.start_comparison(models, [2], DRAWS, splits=["random", "blocks"]), session.message
    assert session.wait_for_job(120)
    assert (session.job.state, session.job.error) == ("done", "")
    yield session
    session.close()


def cells(session: Session) -> list[tuple[int, int]]:
    """Row and column of each cell."""
    return list(itertools.product(range(1, 1 + len(session.rows["classes"].iloc[0])), repeat=2))


@pytest.mark.parametrize("model", ["knn", "spectral_angle"])
@pytest.mark.parametrize("split", ["random", "blocks"])
def test_a_cell_counts_what_its_matrix_counts(compared, model, split):
    matrix = compared.confusion(model, 2, split)
    for i, j in cells(compared):
        found = compared.confused(model, 2, split, i, j)
        assert (found.times, found.draws, found.lacking) == (matrix[i - 1, j - 1], DRAWS, 0)
        assert len({tuple(pixel) for pixel in found.pixels.tolist()}) == len(found.pixels) <= found.times
    assert np.trace(matrix) < matrix.sum()


def test_a_cell_holds_the_pixels_that_each_draw_made_anew_takes_so(compared, simulated):
    cube, truth, *_ = simulated
    name, budget, split = MODEL
    wanted: dict[tuple[int, int], set] = {cell: set() for cell in cells(compared)}
    for draw in range(DRAWS):
        parts = split_truth(truth, split, budget, row_seed(0, draw), footprint=1)
        made = classify_scene(name, cube, parts.train, seed=row_seed(0, draw))
        for pixel in itertools.product(*map(range, truth.shape)):
            if parts.test.values[pixel]:
                wanted[int(truth.values[pixel]), int(made.class_map.values[pixel])].add(pixel)
    assert sum(len(pixels) > 0 for pixels in wanted.values()) > 10
    for (i, j), pixels in wanted.items():
        assert {tuple(one) for one in compared.confused(*MODEL, i, j).pixels.tolist()} == pixels


def test_a_pressed_cell_is_selected_until_it_is_let_go_of(compared):
    shown, look = [], Look()
    panel = ConfusionPanel(compared, look, Page(compared.refuse), shown.append)
    panel._which.value = MODEL
    matrix = compared.confusion(*MODEL)
    assert panel._table.pixels == matrix.tolist()
    assert panel._table.names == compared.truth.attrs["classes"]
    i, j = np.argwhere((matrix > 0) & ~np.eye(len(matrix), dtype=bool))[0].tolist()
    panel._table._handle_msg({"cell": [i, j]})
    found = compared.confused(*MODEL, i + 1, j + 1)
    assert look.selection == list(map(tuple, found.pixels.tolist()))
    np.testing.assert_array_equal(shown[-1], found.pixels)
    assert panel._table.at == (i, j)
    names = compared.truth.attrs["classes"]
    pixels, times = re.search(
        rf"^{names[i]} taken for {names[j]}: (\d+) pixels?, (\d+ times|once) in 3 draws\.", panel._said.object
    ).groups()
    assert int(pixels) == len(found.pixels)
    assert times in (f"{found.times} times", "once")
    look.selection = []
    assert panel._table.at == (-1, -1)
    panel._table._handle_msg({"cell": [i, j]})
    run, compared.scored_run = compared.scored_run, "another"
    compared.param.trigger("rows")
    assert panel._table.at == (-1, -1)  # what is selected is of the last comparison
    compared.scored_run = run
    compared.param.trigger("rows")
    assert panel._table.at == (i, j)
    panel._table._handle_msg({"cell": [i, j]})
    assert look.selection == []
    i, j = np.argwhere(matrix == 0)[0].tolist()
    panel._table._handle_msg({"cell": [i, j]})
    assert panel._said.object == f"No pixel of {names[i]} was taken for {names[j]}."
    assert (look.selection, panel._table.at) == ([], (-1, -1))


def test_at_the_level_of_groups_cells_are_sums_and_hold_the_pixels_of_all_they_sum(compared):
    look, classes = Look(), compared.truth.attrs["classes"]
    panel = ConfusionPanel(compared, look, Page(compared.refuse), lambda pixels: None)
    panel._which.value = MODEL
    assert not panel._by_group.visible
    matrix = compared.confusion(*MODEL)
    a, b = np.argwhere((matrix > 0) & ~np.eye(len(matrix), dtype=bool))[0].tolist()
    c, d = [code for code in range(len(classes)) if code not in (a, b)][:2]
    members = {"green": {a, c}, "built": {b, d}}
    for name in classes:
        assert compared.add_class(name), compared.message
    for group, codes in members.items():
        for code in codes:
            assert compared.group_class(code + 1, group), compared.message
    assert panel._by_group.visible
    wanted = members | {name: {i} for i, name in enumerate(classes)}
    assert panel._table.pixels == matrix.tolist()
    look.by_group = True
    names, pixels = panel._table.names, np.array(panel._table.pixels)
    alone = [name for i, name in enumerate(classes) if i not in {a, b, c, d}]
    assert sorted(names) == sorted(["green", "built", *alone])
    for i, j in itertools.product(range(len(names)), repeat=2):
        cells_of = list(itertools.product(wanted[names[i]], wanted[names[j]]))
        assert pixels[i, j] == sum(matrix[one] for one in cells_of)
    right = 100 * np.trace(pixels) / matrix.sum(), 100 * np.trace(matrix) / matrix.sum()
    assert right[0] > right[1]
    assert f"accuracy: {right[0]:.1f} % by groups, {right[1]:.1f} % by classes." in panel._said.object
    i, j = names.index("green"), names.index("built")
    panel._table._handle_msg({"cell": [i, j]})
    pairs = itertools.product(members["green"], members["built"])
    found = [compared.confused(*MODEL, true + 1, named + 1) for true, named in pairs]
    assert set(look.selection) == {tuple(pixel) for one in found for pixel in one.pixels.tolist()} != set()
    assert panel._said.object.startswith("green taken for built: ")
    look.by_group = False
    assert (panel._table.names, panel._table.pixels, panel._table.at) == (classes, matrix.tolist(), (-1, -1))
    while compared.can_undo:
        compared.undo()
    assert not panel._by_group.visible


def test_a_reopened_session_has_the_pixels_and_another_scene_has_not(compared, simulated, tmp_path):
    wanted = compared.confused(*MODEL, 1, 1)
    folder = compared.folder
    compared.close()
    again = Session.at(folder)
    np.testing.assert_array_equal(again.confused(*MODEL, 1, 1).pixels, wanted.pixels)
    again.open_scene(save_cube(simulated[0], tmp_path / "other.npz"))
    with pytest.raises(ValueError, match=r"these pixels lie on scene\.npz, which is not open"):
        again.confused(*MODEL, 1, 1)
    again.open_scene(simulated[2])
    assert again.remove_run(again.scored_run)
    with pytest.raises(ValueError, match="the run of this comparison is gone"):
        again.confused(*MODEL, 1, 1)
    again.close()


def test_rows_beyond_the_room_there_is_are_scored_and_said_to_lack(simulated, tmp_path):
    cube, truth, *_ = simulated
    labelled = int((truth.values > 0).sum())
    keep = Predicted(tmp_path, truth, most=12 * labelled + 2 * labelled)
    rows = list(compare_rows(cube, truth, ["spectral_angle"], [2], DRAWS, see=keep))
    found = confused(tmp_path, [("spectral_angle", "random", 2, draw) for draw in range(DRAWS)], 1, 1, truth.shape)
    assert (found.draws, found.lacking) == (2, 1)
    assert found.times == sum(row["confusion"][0][0] for row in rows[:2])
    with pytest.raises(ValueError, match="were not kept; compare again"):
        confused(tmp_path, [("spectral_angle", "random", 2, 2)], 1, 1, truth.shape)
    with pytest.raises(ValueError, match="is damaged, or of another scene"):
        confused(tmp_path, [("spectral_angle", "random", 2, 0)], 1, 1, (4, 4))
    (tmp_path / FOLDER / "spectral_angle-random-2-0.npy").write_bytes(b"none of ours")
    with pytest.raises(ValueError, match="is damaged"):
        confused(tmp_path, [("spectral_angle", "random", 2, 0)], 1, 1, truth.shape)
    with pytest.raises(ValueError, match="were not kept"):
        confused(tmp_path, [("../../outside", "random", 2, 0)], 1, 1, truth.shape)


def test_maps_are_seen_in_one_process_only(simulated):
    with pytest.raises(ValueError, match="seen in its own process, got 2 jobs; use 1"):
        next(compare_rows(*simulated[:2], ["knn"], [2], 2, jobs=2, see=lambda *_: None))

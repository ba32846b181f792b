"""Comparisons run in a worker; their rows come in one by one and are there again after a reload."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from workbench.compare import read_scores, summarise
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.session import Session


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    cube, truth = simulated_scene(24, 30, seed=1)
    folder = tmp_path_factory.mktemp("scene")
    return save_cube(cube, folder / "scene.npz"), write_labels(truth, folder / "truth.tif")


def test_scores_stream_in_and_are_there_again(tmp_path, simulated):
    session = Session.at(tmp_path / "session")
    session.live = False
    assert session.open_scene(simulated[0]), session.message
    assert session.open_truth(simulated[1]), session.message
    seen = []
    session.param.watch(lambda event: seen.append(len(event.new)), "rows")
    assert session.start_comparison(models=["knn", "spectral_angle"], budgets=[2, 3], draws=3), session.message
    assert session.wait_for_job(120)
    assert (session.job.state, session.job.error) == ("done", "")
    assert seen[-1] == 2 * 2 * 3
    assert seen == sorted(seen)
    pd.testing.assert_frame_equal(session.scores, summarise(session.rows))
    of_knn = session.rows[(session.rows["model"] == "knn") & (session.rows["budget"] == 3)]
    confusion = session.confusion("knn", 3, "random")
    assert confusion.sum() == of_knn["n_test"].sum()
    weights = of_knn["n_test"] / of_knn["n_test"].sum()
    assert np.trace(confusion) / confusion.sum() == pytest.approx((of_knn["oa"] * weights).sum())

    run = session.runs[-1]
    assert json.loads((run.folder / "run.json").read_text())["settings"]["budgets"] == [2, 3]
    pd.testing.assert_frame_equal(read_scores(run.folder), session.rows, check_dtype=False)
    assert session.export_scores(tmp_path / "scores.csv"), session.message
    assert pd.read_csv(tmp_path / "scores.csv")["oa"].tolist() == pytest.approx(session.rows["oa"].tolist())
    before = session.rows, session.scores
    session.close()
    again = Session.at(tmp_path / "session")
    pd.testing.assert_frame_equal(again.rows, before[0])
    pd.testing.assert_frame_equal(again.scores, before[1])
    assert again.truth is not None
    again.close()


def test_the_sessions_own_labels_serve_as_truth_and_a_stop_keeps_the_rows(tmp_path, simulated):
    session = Session.at(tmp_path / "session")
    session.live = False
    session.open_scene(simulated[0])
    assert not session.start_comparison(truth="labels")
    assert "labels of at least two classes" in session.message
    assert session.import_labels(simulated[1]), session.message
    assert session.start_comparison(models=["knn"], budgets=[2], draws=100_000, truth="labels"), session.message
    while session.rows is None and session.job.state == "running":
        session.wait_for_job(0.05)
    session.stop()
    assert session.wait_for_job(10)
    assert session.job.state == "stopped"
    assert 0 < len(session.rows) < 100_000
    total = sum(session.counts.values())
    assert (session.rows["n_train"] + session.rows["n_test"] == total).all()
    assert (session.runs[-1].folder / "scores.parquet").exists()
    session.close()

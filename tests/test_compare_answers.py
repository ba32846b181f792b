"""What a comparison says is complete as JSON, and fits a terminal as text."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from workbench.cli import main
from workbench.cli.score_tables import all_tables
from workbench.compare import (
    answers,
    class_curves,
    compare_rows,
    differences_from,
    forecasts,
    read_scores,
    score_table,
    summarise,
)
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import write_labels


@pytest.fixture(scope="module")
def table():
    cube, truth = simulated_scene(40, 48, seed=5, n_bands=20)
    return score_table(compare_rows(cube, truth, ["lda_components", "knn"], [3, 6, 12], 6, ("random", "blocks")))


def test_every_answer_stands_in_its_row(table):
    found = answers(table, "knn")
    summary, apart = summarise(table), differences_from(table, "knn")
    assert [row["oa_mean"] for row in found] == summary["oa_mean"].tolist()
    of_lda = [row for row in found if row["model"] == "lda_components"]
    assert [row["p_holm"] for row in of_lda] == apart["p_holm"].tolist()
    assert [row["difference_ci95"] for row in of_lda] == apart["ci95"].tolist()
    assert {row["against"] for row in of_lda} == {"knn"}
    assert {row["p"] for row in found if row["model"] == "knn"} == {None}
    told = forecasts(table).set_index(["model", "split"])
    recalls = class_curves(table).set_index(["model", "split", "budget", "class_name"])["recall"]
    for row in found:
        rows = table[(table["model"] == row["model"]) & (table["budget"] == row["budget"])]
        rows = rows[rows["split"] == row["split"]]
        assert row["forecast"]["oa"] == told.loc[(row["model"], row["split"]), "oa"]
        assert row["forecast"]["budget"] == 24
        for name, recall in row["recall_mean"].items():
            assert recall == pytest.approx(recalls[row["model"], row["split"], row["budget"], name], nan_ok=True)
        pixels = [one["pixels"] for one in row["reliability"]]
        assert sum(pixels) == rows["n_test"].sum()
        of_bins = sum(n * one["confidence"] for n, one in zip(pixels, row["reliability"], strict=True) if n)
        assert of_bins / sum(pixels) == pytest.approx(np.average(rows["confidence"], weights=rows["n_test"]))


def test_the_first_model_is_the_one_to_be_held_against(table):
    assert {row["against"] for row in answers(table) if row["model"] == "knn"} == {"lda_components"}


def test_the_tables_fit_a_terminal_and_say_what_json_says(table):
    text = all_tables(table, summarise(table), ["random", "blocks"], "knn")
    assert max(map(len, text.splitlines())) <= 120
    found = next(row for row in answers(table, "knn") if (row["model"], row["budget"]) == ("lda_components", 6))
    line = next(line for line in text.split("minus knn")[1].splitlines() if line.startswith("lda_components  6"))
    assert f"{found['difference']:+.3f}" in line
    assert f"{found['p_holm']:.3f}" in line
    line = next(line for line in text.split("\nmap ")[1].splitlines() if re.match("lda_components +6", line))
    assert line.split()[-2:] == [f"{found['confidence_mean']:.3f}", f"{found['ece_mean']:.3f}"]
    assert f"lda_components  24      {found['forecast']['oa']:.3f} [" in text
    assert f"With 6 draws no p here can be below {6 * 2 / 2**6:.3f}" in text


def test_too_few_budgets_and_draws_are_said_and_leave_no_empty_columns(table):
    few = table[(table["draw"] == 0) & (table["budget"] < 12) & (table["model"] == "knn")]
    text = all_tables(few, summarise(few), ["random", "blocks"], "knn")
    assert "No forecast: a forecast needs at least 3 budgets, got 2; ask for more budgets." in text
    assert "minus" not in text
    assert "nan" not in text


def test_the_command_line_holds_models_against_the_one_that_is_named(tmp_path, capsys):
    cube, truth = simulated_scene(30, 36, seed=5, n_bands=20)
    save_cube(cube, tmp_path / "scene.zarr")
    write_labels(truth, tmp_path / "truth.tif")
    line = f"compare {tmp_path}/scene.zarr --truth {tmp_path}/truth.tif --models knn,spectral_angle --budgets 2"
    line += " --draws 2 --only-split"
    assert main([*line.split(), "--against", "svm"]) == 2
    refusal = "--against names one of --models, got 'svm'; choose from knn, spectral_angle\n"
    assert capsys.readouterr().err == f"workbench compare: {refusal}"
    assert main([*line.split(), "--against", "spectral_angle", "--out", f"{tmp_path}/c"]) == 0
    assert "minus spectral_angle" in capsys.readouterr().out
    run = json.loads((tmp_path / "c" / "run.json").read_text())
    assert "--against spectral_angle" in run["command"]
    kept = answers(read_scores(tmp_path / "c"), "spectral_angle")
    assert [row["difference"] for row in run["summary"]] == [row["difference"] for row in kept]
    assert main([*line.split(), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["against"] for row in rows] == [None, "knn"]

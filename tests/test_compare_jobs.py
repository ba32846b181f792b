"""Draws in several processes, and draws that are there already, change no row."""

from __future__ import annotations

import json

import pytest

from tests.scenes import two_fields
from workbench.compare import compare, compare_rows
from workbench.cubes import simulated_scene
from workbench.pretrain import Recipe, begin
from workbench.probe import classify_scene

MODELS = ["lda_noise_fractions", "supervised_pixel", "barlow_twins_linear"]


def timeless(rows: list[dict]) -> list[dict]:
    return [{name: value for name, value in row.items() if name not in ("seconds", "pretrain_seconds")} for row in rows]


@pytest.mark.slow
def test_two_jobs_give_the_rows_of_one_bit_for_bit_and_in_order():
    cube, truth = simulated_scene(60, 75, seed=2, n_bands=60)
    assert cube.nbytes > 2**20, "large enough to be lent to the processes, not copied"
    encoder, steps = begin(cube, Recipe(encoder="pixel", steps=2, pairs=8), device="cpu")
    assert list(steps)
    asked = (cube, truth, MODELS, [3], 2)
    one = list(compare_rows(*asked, encoder=encoder, seed=3))
    two = list(compare_rows(*asked, encoder=encoder, seed=3, jobs=2))
    assert json.dumps(timeless(two)) == json.dumps(timeless(one))
    assert len(one) == len(MODELS) * 2


def test_rows_that_are_known_are_not_made_again():
    cube, truth = two_fields()
    asked = (cube, truth, ["knn", "spectral_angle"], [2, 3], 2, ("random", "blocks"))
    whole, made = list(compare_rows(*asked)), []

    def spy(name, *args, **rest):
        made.append(name)
        return classify_scene(name, *args, **rest)

    for n in (0, 1, 3, 9, 16):
        made.clear()
        again = list(compare_rows(*asked, known=whole[:n], classify=spy))
        assert again[:n] == whole[:n]
        assert timeless(again) == timeless(whole)
        assert len(made) == 16 - n


def test_a_stop_in_the_middle_of_jobs_leaves_the_rows_so_far():
    rows = compare_rows(*two_fields(), ["spectral_angle"], [2], 4, jobs=2)
    assert [next(rows)["draw"], next(rows)["draw"]] == [0, 1]
    rows.close()


def test_more_jobs_than_draws_and_the_verb_take_jobs():
    cube, truth = two_fields()
    table = compare(cube, truth, ["spectral_angle"], [2], 1, jobs=8)
    assert table["draw"].tolist() == [0]


def test_no_job_is_refused():
    with pytest.raises(ValueError, match="a comparison has at least 1 job, got 0; use 1 for rows as they come"):
        next(compare_rows(*two_fields(), ["svm"], [2], 1, jobs=0))

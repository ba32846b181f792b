"""Which tests only a person asks for: together they take longer than a check of every change may."""

from __future__ import annotations

import os

import pytest

ALIKE = (
    "test_doors_browser.py::test_each_label_bears_the_name_of_who_gave_it",
    "test_large_browser.py",
    "test_accessible_pages_browser.py::test_the_way_in",
    *(f"test_accessible_browser.py::test_the_desk_keeps_nobody_out[{view}]" for view in (
        "index", "doubts", "suggestions", "label", "confusion", "export", "models", "runs", "keys", "look", "curve",
        "areas", "library", "embedding", "compare", "swipe",
    )),
    "test_desk_browser.py::test_pretraining_draws_a_falling_loss_and_the_map_follows[salinas_a]",
    "test_desk_browser.py::test_a_reload_finds_labels_and_run_again[salinas_a]",
    "test_keys_browser.py::test_a_run_is_started_and_stopped",
    "test_handing_over.py::test_the_command_lines",
    "test_session_cluster.py::test_nothing_goes_on_there",
    "test_session_cluster.py::test_a_stop_reaches_it",
    "test_session_queue.py::test_what_is_asked_for_meanwhile_waits_its_turn",
    "test_runs_browser.py::test_a_run_is_repeated",
    "test_runs_browser.py::test_the_encoder_in_use",
    "test_guide_browser.py::test_and_on_to_an_encoder",
    "test_session_queue.py::test_a_run_that_ended_early_goes_on_to_the_weights_of_one_that_did_not[kill]",
    "test_session_queue.py::test_a_damaged_checkpoint",
    "test_session_queue.py::test_an_encoder_of_other_bands",
    "test_session_queue.py::test_an_encoder_made_elsewhere",
    "test_session_queue.py::test_a_run_of_another_scene",
    "test_handing_over.py::test_a_training_that_was_stopped",
    "test_suggest.py::test_ten_suggested_labels_are_worth_fifteen_random_ones_on_the_simulated_scene[svm]",
    "test_compiling.py::test_the_encoder_is_compiled",
    "test_objectives.py::test_without_the_stopped_gradient",
    *(f"test_live_speed.py::test_a_map_follows_a_label_faster_than_a_forest_is_fitted_and_asked[{model}]" for model in (
        "svm-3", "lda_components-10", "barlow_twins_svm-5", "barlow_twins-10",
    )),
    "test_large_scene_speed.py::test_a_picture_of_10_gb_takes_a_20th_of_reading_it_whole_and_400_mb[bsq]",
    "test_large_scene_speed.py::test_a_picture_of_10_gb_takes_a_20th_of_reading_it_whole_and_400_mb[bip]",
    *(f"test_notebooks.py::test_it_runs_as_it_is[{name}" for name in ("03", "04", "05", "06", "07", "08", "09")),
)  # fmt: skip
"""How the names begin of tests that a check of every change does without: their like is in it, and together they take
a quarter of its time."""

LONG = pytest.mark.skipif(not os.environ.get("WORKBENCH_LONG"), reason="left to a long check; set WORKBENCH_LONG=1")

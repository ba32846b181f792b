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
    *(f"test_desk_browser.py::{name}[salinas_a]" for name in (
        "test_pretraining_draws_a_falling_loss_and_the_map_follows", "test_a_reload_finds_labels_and_run_again",
        "test_the_pointer_draws_the_spectrum_below_it_and_takes_it_along", "test_an_index_is_drawn_by_its_own_values",
        "test_undo_takes_back_the_last_label_and_redo_gives_it_again", "test_swipe_puts_two_layers_side_by_side",
    )),
    "test_large_scenes.py::test_after_kill_9_the_same_command_goes_on[embed]",
    "test_large_scenes.py::test_a_disk_too_small_for_the_file_leaves_the_older_one_and_the_blocks[embed]",
    "test_bad_input.py::test_a_full_disk_leaves_the_older_result[pretrain]",
    "test_bad_input.py::test_a_full_disk_leaves_the_older_result[embed]",
    "test_cluster.py::test_two_workers_give_the_bytes_of_one_process[from scratch]",
    "test_fuzz.py::test_damage_is_refused_in_a_sentence_in_time_and_memory[enmap L1B]",
    "test_objectives_training.py::test_a_linear_probe_is_better_than_on_random_weights[moco_v2]",
    "test_encoders.py::test_an_encoder_learns_and_comes_back_with_the_same_numbers[spec_vit_small]",
    "test_cli_pair.py::test_residual_networks_with_deformable_attention",
    "test_suggest.py::test_ten_suggested_labels_are_worth_fifteen_random_ones_on_salinas_a[superpixel_svm]",
    "test_suggest.py::test_ten_suggested_labels_are_worth_fifteen_random_ones_on_the_simulated_scene[lda_noise_fractions]",
    "test_keys_browser.py::test_a_run_is_started_and_stopped",
    "test_handing_over.py::test_the_command_lines",
    "test_session_cluster.py::test_nothing_goes_on_there",
    "test_session_cluster.py::test_a_worker_of_the_cluster_does_it",
    "test_suggest.py::test_ten_suggested_labels_are_worth_fifteen_random_ones_on_salinas_a[svm]",
    "test_compare_jobs.py::test_two_jobs_give_the_rows_of_one_bit_for_bit",
    "test_session_jobs.py::test_a_worker_too_busy_to_stop",
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
    "test_handing_over.py::test_on_another_machine",
    "test_session_queue.py::test_a_run_that_ended_early_goes_on_to_the_weights_of_one_that_did_not[stop]",
    "test_session_limits.py::test_a_run_waits_for_those_of_other_sessions",
    "test_cluster.py::test_a_scheduler_that_goes_away",
    "test_fuzz.py::test_damage_is_refused_in_a_sentence_in_time_and_memory[emit]",
    "test_cluster.py::test_two_workers_give_the_bytes_of_one_process[embed]",
    "test_large_scenes.py::test_a_disk_too_small_for_the_file_leaves_the_older_one_and_the_blocks[classify]",
    "test_session_jobs.py::test_nothing_is_published_but_through_post",
    *(f"test_notebooks.py::test_it_runs_as_it_is[{name}" for name in ("02", "03", "04", "05", "06", "07", "08", "09")),
)  # fmt: skip
"""How the names begin of tests that a check of every change does without: their like is in it, and together they take
a quarter of its time."""

LONG = pytest.mark.skipif(not os.environ.get("WORKBENCH_LONG"), reason="left to a long check; set WORKBENCH_LONG=1")

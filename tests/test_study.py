"""The study of augmentations: what each condition does without, that nothing else differs, and what is told of it."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from workbench.cli import main
from workbench.compare import study_rows, study_summary
from workbench.compare.report import study_page, told_in_words
from workbench.compare.study import conditions, fraction_of
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import footprint_distance, write_labels
from workbench.labels.split import Split
from workbench.pretrain import AUGMENTATIONS, Recipe, begin_run
from workbench.pretrain.views import SpectralViews


@pytest.fixture(scope="module")
def scene():
    return simulated_scene(40, 50, seed=2, n_bands=30)


def views_of(without: tuple[str, ...], batch: torch.Tensor) -> torch.Tensor:
    views = SpectralViews(generator=torch.Generator().manual_seed(0)).without(without)
    return views(batch, torch.zeros(batch.shape[1]))


@pytest.mark.parametrize("size", [(), (7, 7)], ids=["spectra", "patches"])
def test_views_without_any_augmentation_are_what_they_are_views_of(size):
    batch = torch.rand(6, 9, *(size or (3,)), generator=torch.Generator().manual_seed(1))
    names = [name for name, row in AUGMENTATIONS.items() if size or not row.patches]
    torch.testing.assert_close(views_of(tuple(names), batch), batch, atol=1e-6, rtol=1e-6)


def test_each_augmentation_alone_does_what_its_name_says():
    batch = torch.rand(50, 9, 7, 7, generator=torch.Generator().manual_seed(1)) + 1
    alone = {name: views_of(tuple(other for other in AUGMENTATIONS if other != name), batch) for name in AUGMENTATIONS}
    torch.testing.assert_close(alone["neighbour"], batch)  # the batch brings the neighbour
    ratio = (alone["brightness"] / batch).flatten(1)
    assert ratio.std(dim=1).max() < 1e-5 < 0.02 < ratio.mean(dim=1).std()
    assert 0.04 < (alone["noise"] - batch).std() < 0.06
    blank = (alone["bands"] == 0).flatten(2).all(dim=2)
    assert torch.equal(blank | (alone["bands"] == batch).flatten(2).all(dim=2), torch.ones_like(blank))
    assert 0.15 < blank.float().mean() < 0.25
    same = alone["turn"].flatten(2).sort(dim=2).values
    torch.testing.assert_close(same, batch.flatten(2).sort(dim=2).values)
    assert not torch.equal(alone["turn"], batch)
    assert not torch.equal(alone["crop"].flatten(2).sort(dim=2).values, same)


def test_conditions_are_all_each_left_out_each_alone_and_none():
    for encoder, names in (("pixel", 4), ("cnn", 6)):
        found = conditions(encoder)
        assert len(found) == 2 + 2 * names
        assert {one.name: len(one.without) for one in found if one.kind in ("all", "none")} == {"all": 0, "none": names}
        assert all(one.without == (one.augmentation,) for one in found if one.kind == "without")
        assert all(len(one.without) == names - 1 for one in found if one.kind == "only")


def test_without_neighbours_both_views_are_of_one_pixel(scene):
    run = begin_run(scene[0], Recipe(encoder="pixel", steps=2, pairs=16, without=("neighbour",)), device="cpu")
    here, there = next(iter(run.batches))
    assert torch.equal(here, there)
    assert run.encoder.recipe.reach == 0
    here, there = next(iter(begin_run(scene[0], Recipe(encoder="pixel", steps=2, pairs=16), device="cpu").batches))
    assert not torch.equal(here, there)


def test_a_share_of_each_class_is_rounded_up_and_holds_the_smaller_shares():
    rng = np.random.default_rng(0)
    truth, part = rng.choice([0, 1, 2, 5], p=[0.3, 0.5, 0.19, 0.01], size=(30, 40)), rng.random((30, 40)) < 0.5
    before = set()
    for share in (0.001, 0.05, 0.5, 1.0):
        pixels = fraction_of(truth, part, share, seed=3)
        for code in (1, 2, 5):
            there = int((part & (truth == code)).sum())
            assert (truth.flat[pixels] == code).sum() == -(-there * int(1000 * share) // 1000)
        assert before <= set(pixels.tolist())
        before = set(pixels.tolist())
    assert before == set(np.flatnonzero(part & (truth > 0)).tolist())


def test_training_and_test_pixels_share_no_window_and_conditions_share_all_else(scene, monkeypatch):
    seen = []

    def spy(embedding, truth, taught, tested):
        seen.append((tuple(taught), tuple(tested)))
        return {"oa": 0.5, "aa": 0.5, "kappa": 0.5, "f1": 0.5}

    monkeypatch.setattr("workbench.compare.study.probed", spy)
    rows = list(study_rows(*scene, fractions=(1.0,), repeats=2, encoder="context", steps=2, device="cpu"))
    assert len(rows) == 2 * 10
    assert len({*seen[:10]}) == len({*seen[10:]}) == 1
    assert seen[0] != seen[10]
    for taught, tested in (seen[0], seen[10]):
        marks = [np.zeros(scene[1].shape, int), np.zeros(scene[1].shape, int)]
        marks[0].flat[list(taught)] = marks[1].flat[list(tested)] = 1
        parts = [scene[1].copy(data=mark) for mark in marks]
        assert footprint_distance(Split(*parts)) >= 11


def test_what_is_told_is_students_interval_of_paired_differences():
    rng = np.random.default_rng(0)
    keys = {"objective": "barlow_twins", "fraction": 0.1, "augmentation": ""}
    kinds = {"all": "all", "without noise": "without", "none": "none"}
    rows = [
        {**keys, "condition": name, "kind": kind, "repeat": i, "oa": rng.random()}
        for i in range(5)
        for name, kind in kinds.items()
    ]
    table = pd.DataFrame(rows)
    told = study_summary(table).set_index("condition")
    wide = table.pivot(index="repeat", columns="condition", values="oa")
    for name in ("without noise", "none"):
        low, high = stats.ttest_rel(wide[name], wide["all"]).confidence_interval(0.95)
        np.testing.assert_allclose(told.loc[name, "ci95"], [low, high])
        assert told.loc[name, "difference"] == pytest.approx((wide[name] - wide["all"]).mean())
    assert told.loc["all", "difference"] == 0


def test_one_command_writes_table_and_plot_and_repeats(scene, tmp_path, capsys):
    cube, truth = scene
    save_cube(cube, tmp_path / "scene.npz")
    write_labels(truth, tmp_path / "truth.tif")
    words = ["study", str(tmp_path / "scene.npz"), "--truth", str(tmp_path / "truth.tif"), "--encoder", "pixel"]
    words += ["--fractions", "5,100", "--repeats", "1", "--steps", "2", "--device", "cpu", "--json"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"study", "page", "answer"}
    table = pd.read_csv(tmp_path / "out" / "study.csv")
    assert len(table) == 10 * 2
    page = (tmp_path / "out" / "study.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "Augmentations on scene" in page
    assert str(tmp_path) not in page  # a page is handed on
    assert "http" not in page.replace("http://www.w3.org", "")
    record = json.loads((tmp_path / "out" / "study.run.json").read_text(encoding="utf-8"))
    again = [
        word.replace(str(tmp_path / "out"), str(tmp_path / "again")) for word in shlex.split(record["command"])[1:]
    ]
    assert main(again) == 0
    capsys.readouterr()
    columns = [name for name in table if name != "seconds"]
    pd.testing.assert_frame_equal(table[columns], pd.read_csv(tmp_path / "again" / "study.csv")[columns])


def test_a_page_says_what_the_intervals_tell():
    rows = [
        {"objective": "simclr", "fraction": 1.0, "condition": name, "kind": kind, "augmentation": "noise"}
        | {"repeat": i, "oa": oa + 0.01 * i, "n_train": 9, "n_test": 9, "encoder": "pixel"}
        for name, kind, oa in (("all", "all", 0.9), ("without noise", "without", 0.5))
        for i in range(4)
    ]
    rows[-1]["oa"] += 0.001
    table = pd.DataFrame(rows)
    assert told_in_words(study_summary(table)).startswith("doing without noise is worse at 100 % of the labels")
    assert "Doing without noise is worse at 100 % of the labels" in study_page(table, "a <scene>")
    assert "a &lt;scene&gt;" in study_page(table, "a <scene>")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--objectives", "mae"], "mae hides bands instead"),
        (["--fractions", "0"], "fractions are per cent above 0 and up to 100"),
        (["--fractions", "many"], "fractions are per cent above 0 and up to 100"),
        (["--encoder", "none"], "no encoder is named 'none'"),
    ],
)
def test_what_cannot_be_studied_is_refused_in_a_sentence(scene, tmp_path, capsys, words, message):
    save_cube(scene[0], tmp_path / "scene.npz")
    write_labels(scene[1], tmp_path / "truth.tif")
    asked = ["study", str(tmp_path / "scene.npz"), "--truth", str(tmp_path / "truth.tif"), "--out", str(tmp_path / "o")]
    try:
        code = main([*asked, *words])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert message in capsys.readouterr().err
    with pytest.raises(ValueError, match="no augmentation is named 'hue'"):
        Recipe(without=("hue",))

"""Encoders on labelled patches: scores against scikit-learn, pairs, intervals, and that nothing leaks or drifts."""

from __future__ import annotations

import json
import shlex
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import rasterio
from scipy import stats
from sklearn import metrics as reference

from tests.archives import spectral_earth
from tests.labelled_patches import encoder_for, quarters, write_patches
from workbench.cli import main
from workbench.compare import confusion_matrix, transfer_rows, transfer_summary
from workbench.compare.patch_metrics import of_confusion, of_numbers, of_several
from workbench.cubes.enmap_bands import SPECTRAL_EARTH, WAVELENGTH
from workbench.pretrain import save_encoder
from workbench.probe import Images, PatchModel, Teaching, open_patches, open_torchgeo

QUICK = Teaching(steps=20)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp("toy")
    write_patches(root, quarters(15))
    return root


@pytest.fixture
def patches(toy):
    return open_patches(toy / "images", masks=toy / "masks")


def test_scores_of_classes_are_scikit_learns():
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 4, 500), rng.integers(0, 5, 500)  # the fifth is only ever said
    said = np.where(rng.random(500) < 0.5, truth, said)
    found = of_confusion(confusion_matrix(truth + 1, said + 1, 5))
    some = {"labels": np.arange(4), "average": "macro"}
    assert found["oa"] == pytest.approx(reference.accuracy_score(truth, said))
    assert found["f1"] == pytest.approx(reference.f1_score(truth, said, **some))
    assert found["miou"] == pytest.approx(reference.jaccard_score(truth, said, **some))
    assert found["aa"] == pytest.approx(reference.recall_score(truth, said, **some))


def test_scores_of_several_classes_are_scikit_learns():
    rng = np.random.default_rng(1)
    truth = rng.random((200, 6)) < 0.3
    truth[:, 4] = False
    chances = np.round(np.clip(truth * 0.3 + rng.random((200, 6)) * 0.7, 0, 1), 1)  # rounded: many are equal
    found, there = of_several(truth, chances), [0, 1, 2, 3, 5]
    each = [reference.average_precision_score(truth[:, k], chances[:, k]) for k in there]
    assert found["map"] == pytest.approx(np.mean(each))
    assert found["map_micro"] == pytest.approx(reference.average_precision_score(truth, chances, average="micro"))
    expected = reference.f1_score(truth, chances >= 0.5, labels=there, average="macro")
    assert found["f1"] == pytest.approx(expected)


def test_scores_of_numbers_are_scikit_learns():
    rng = np.random.default_rng(2)
    truth = rng.normal(3, 2, 50)
    said = truth + rng.normal(0, 1, 50)
    found = of_numbers(truth, said)
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(truth, said))
    assert found["r2"] == pytest.approx(reference.r2_score(truth, said))


def test_rows_are_paired_and_the_same_again(patches):
    encoders = {"pixel": encoder_for()}
    asked = {"modes": ["frozen", "full"], "fractions": [0.1, 1.0], "repeats": 2, "teaching": QUICK, "seed": 4}
    one, two = (pd.DataFrame(transfer_rows(patches, encoders, **asked)).drop(columns="seconds") for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert len(one) == 2 * 2 * 2 * 2
    pairs = one.groupby(["mode", "fraction", "repeat"])
    assert (pairs[["n_train", "n_test", "seed"]].nunique() == 1).all(axis=None)
    assert (pairs["weights"].agg(list).map(tuple) == ("given", "random")).all()
    assert one["n_train"].unique().tolist() == [1, 9]
    other = pd.DataFrame(transfer_rows(patches, encoders, **asked | {"seed": 5}))
    assert not np.allclose(other["miou"], one["miou"])


def test_a_test_patch_is_never_read_before_it_is_tested(patches, monkeypatch):
    read, phase = [], ["teach"]
    plain = PatchModel.predict
    original = Images.read

    def watched(self, some):
        read.append((phase[0], tuple(int(i) for i in some)))
        return original(self, some)

    def predict(self, some):
        phase[0] = "test"
        try:
            return plain(self, some)
        finally:
            phase[0] = "teach"

    monkeypatch.setattr(Images, "read", watched)
    monkeypatch.setattr(PatchModel, "predict", predict)
    for mode in ("frozen", "full"):
        list(transfer_rows(patches, {"a": encoder_for()}, [mode], [1.0], 1, teaching=QUICK))
    before = {i for what, some in read if what == "teach" for i in some}
    tested = {i for what, some in read if what == "test" for i in some}
    assert tested
    assert not before & tested


def test_the_difference_from_random_weights_is_a_paired_t_interval():
    rng = np.random.default_rng(0)
    given, twin = rng.uniform(0.6, 0.9, 5), rng.uniform(0.3, 0.7, 5)
    rows = [
        {"task": "segmentation", "encoder": "a", "mode": "frozen", "fraction": 1.0, "repeat": k, "n_train": 9}
        | {"weights": weights, "miou": values[k]}
        for k in range(5)
        for weights, values in (("given", given), ("random", twin))
    ]
    found = transfer_summary(pd.DataFrame(rows)).set_index("weights").loc["given"]
    expected = stats.ttest_rel(given, twin).confidence_interval()
    assert found["difference"] == pytest.approx((given - twin).mean())
    np.testing.assert_allclose(found["difference_ci95"], [expected.low, expected.high])


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"fractions": [2.0]}, "at most 1, got 2"),
        ({"modes": ["half"]}, "no mode is named 'half'"),
        ({"modes": ["adapter"]}, "which pixel has not"),
        ({"repeats": 0}, "at least one encoder, mode, fraction and repeat"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_taught(patches, choices, message):
    with pytest.raises(ValueError, match=message):
        next(transfer_rows(patches, {"a": encoder_for()}, **choices))


@pytest.fixture
def encoder_file(tmp_path):
    encoder = encoder_for()
    encoder.scene = {"source": "toy", "fingerprint": "0"}
    save_encoder(encoder, tmp_path / "toy.safetensors")
    return tmp_path / "toy.safetensors"


def asked(toy, encoder_file, out, *words):
    asked = ["transfer", str(toy / "images"), "--encoder", str(encoder_file), "--out", str(out), "--device", "cpu"]
    return [*asked, "--steps", "10", "--fractions", "10,100", "--repeats", "2", *words]


def test_one_command_writes_table_and_curves_and_repeats(toy, encoder_file, tmp_path, capsys):
    words = asked(toy, encoder_file, tmp_path / "out", "--masks", str(toy / "masks"), "--random-weights", "--json")
    assert main([*words, "--mode", "frozen,full"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["answer"].startswith("toy, frozen: ")
    table = pd.read_csv(tmp_path / "out" / "transfer.csv")
    assert len(table) == 2 * 2 * 2 * 2
    page = (tmp_path / "out" / "transfer.html").read_text(encoding="utf-8")
    assert page.count("<polyline") == 2 * 2 * 2  # two modes, two curves each, with a lead to its name
    assert "training patches [%] (logarithmic)" in page
    assert "overall accuracy" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    record = json.loads((tmp_path / "out" / "transfer.run.json").read_text(encoding="utf-8"))
    again = shlex.split(record["command"].replace(str(tmp_path / "out"), str(tmp_path / "again")))[1:]
    assert main(again) == 0
    columns = [name for name in table if name != "seconds"]
    pd.testing.assert_frame_equal(table[columns], pd.read_csv(tmp_path / "again" / "transfer.csv")[columns])


def test_what_cannot_be_transferred_is_refused_in_a_sentence(toy, encoder_file, tmp_path, capsys):
    for words, message in (
        (["--masks", str(toy / "none")], "there is no folder"),
        ([], "lies in"),
        (["--masks", str(toy / "masks"), "--mode", "adapter"], "spectral adapter, which pixel has not"),
        (["--masks", str(toy / "masks"), "--split", str(toy / "masks")], "train.txt is not there"),
        (["--masks", str(toy / "masks"), "--out", str(toy / "images")], "another"),
    ):
        assert main(asked(toy, encoder_file, tmp_path / "o", *words)) == 2
        said = capsys.readouterr().err
        assert message in said
        assert said.count("\n") == 1


@pytest.mark.realdata
def test_spectralearths_layout_with_its_masks_and_lists_is_taught_and_tested(real_data, tmp_path):
    """EnMAP tiles and land cover of Potsdam as ``enmap/LOCATION/SCENE.tif``, and masks and lists so."""
    root = spectral_earth(tmp_path / "set", real_data, n=9)
    scenes = sorted((root / "enmap").rglob("*.tif"))
    for scene, mask in zip(scenes, sorted((real_data / "enmap_potsdam" / "labels").glob("*.tif")), strict=False):
        below = root / "landcover" / scene.relative_to(root / "enmap")
        below.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(mask, below)
        with rasterio.open(scene, "r+") as patch, rasterio.open(mask) as own:
            patch.transform = own.transform  # else all lie on one spot, and are one place
    names = [str(scene.relative_to(root / "enmap")) for scene in scenes]
    (tmp_path / "train.txt").write_text("\n".join(names[:6]))
    (tmp_path / "test.txt").write_text("\n".join(names[6:]))
    patches = open_patches(root / "enmap", masks=root / "landcover")
    assert len(patches) == 9
    assert len(set(patches.place)) == 6  # every second location has two dates
    encoder = encoder_for("adapter", 202)
    encoder.wavelength = WAVELENGTH[SPECTRAL_EARTH - 1]
    teaching = Teaching(steps=60)
    asked = {"fractions": [1.0], "repeats": 1, "teaching": teaching, "lists": tmp_path, "random_weights": False}
    row = next(transfer_rows(patches, {"adapter": encoder}, **asked))
    assert (row["n_train"], row["n_val"], row["n_test"]) == (6, 0, 3)
    truth = np.concatenate([patches.truth.mask(i).ravel() for i in range(6, 9)])
    commonest = np.bincount(truth[truth >= 0]).max() / (truth >= 0).sum()
    assert row["oa"] > commonest + 0.1


def test_a_result_inside_the_current_folder_of_patches_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["transfer", ".", "--encoder", "e.safetensors", "--out", "o"]) == 2
    assert f"writing o/transfer.parquet would overwrite {tmp_path.name}, which is read" in capsys.readouterr().err


def test_a_data_set_of_torchgeos_names_the_extra_that_reads_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchgeo", None)
    monkeypatch.setitem(sys.modules, "torchgeo.datasets", None)
    with pytest.raises(ImportError, match=r"needs torchgeo; try: pip install hyperspectral-workbench\[torchgeo\]"):
        open_torchgeo("EuroSAT", tmp_path)

"""What each part of a pair tells of the classes, and the page: known answers, other libraries, and what is drawn."""

from __future__ import annotations

import json
import re
import shlex
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tests.scenes import make_cube
from workbench.cli import main
from workbench.compare import pair_probe_rows, pair_probe_summary, row_seed
from workbench.compare.report import pair_page
from workbench.compare.report.line_chart import Line, line_chart
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import random_split, write_labels
from workbench.pretrain import PairRecipe, begin_pair
from workbench.probe import explain_pair, pair_tables


@pytest.fixture(scope="module")
def toy():
    """Two cubes that share three bands; the classes depend on a band that the first alone has."""
    rng = np.random.default_rng(0)
    shared, own, other = (rng.normal(size=(3, 40, 40)) for _ in range(3))
    first, second = make_cube(np.concatenate([shared, own])), make_cube(np.concatenate([shared, other]))
    truth = first[0].drop_vars([name for name in first[0].coords if name not in ("y", "x")])
    truth = truth.copy(data=np.where(own[0] > 0, 1, 2).astype("int16"))
    truth.attrs = {"classes": ["more", "less"], "colors": ["#0072b2", "#d55e00"]}
    recipe = PairRecipe(encoder="pixel", steps=50, pairs=192, dim=12, reach=0, common=0.5, learning_rate=3e-3)
    encoder, steps, _ = begin_pair(first, second, recipe, device="cpu", every=50)
    list(steps)
    return first, second, truth, encoder


@pytest.fixture(scope="module")
def rows(toy):
    return pd.DataFrame(pair_probe_rows(*toy, budget=60, draws=4, split="random", seed=3, device="cpu"))


def test_what_one_kind_alone_knows_is_in_it_and_in_the_unique_features(rows):
    mean = rows.groupby("features")["oa"].mean()
    assert mean["first"] > 0.8
    assert mean["unique"] > 0.8
    assert mean["second"] < 0.56
    assert mean["common"] < mean["unique"] - 0.02  # faint there, but a probe finds what is faint
    assert list(dict.fromkeys(rows["features"])) == ["first", "second", "both", "common", "unique"]


def test_a_row_is_scikit_learns_score_on_the_splits_pixels(toy, rows):
    first, second, truth, encoder = toy
    parts = random_split(truth, 60, row_seed(3, 2))
    taught, tested = (np.flatnonzero(part.values) for part in (parts.train, parts.test))
    assert not set(taught) & set(tested)
    tables = [pair_tables(first, second, encoder, pixels, device="cpu")["common"] for pixels in (taught, tested)]
    scaler = StandardScaler().fit(tables[0])
    probe = LogisticRegression(max_iter=1000).fit(scaler.transform(tables[0]), truth.values.flat[taught])
    expected = probe.score(scaler.transform(tables[1]), truth.values.flat[tested])
    row = rows[(rows["draw"] == 2) & (rows["features"] == "common")].iloc[0]
    assert row["oa"] == pytest.approx(expected, abs=2e-3)
    assert (row["n_train"], row["n_test"], row["n_features"]) == (120, 1480, 256)


def test_intervals_are_students_of_paired_differences(rows):
    told = pair_probe_summary(rows).set_index("features")
    wide = rows.pivot(index="draw", columns="features", values="oa")
    for name in ("first", "common"):
        low, high = stats.ttest_rel(wide[name], wide["both"]).confidence_interval(0.95)
        np.testing.assert_allclose(told.loc[name, "ci95"], [low, high])
        assert told.loc[name, "oa_mean"] == pytest.approx(wide[name].mean())
    assert told.loc["both", "difference"] == 0


def test_blocks_keep_a_footprint_between_and_what_cannot_be_is_refused(toy):
    row = next(pair_probe_rows(*toy, budget=5, draws=1, split="blocks", device="cpu"))
    assert (row["split"], row["n_train"]) == ("blocks", 10)
    with pytest.raises(ValueError, match="a split is one of random, blocks, of at least 1 draw, got near, 10"):
        next(pair_probe_rows(*toy, split="near"))
    first, second, truth, encoder = toy
    with pytest.raises(ValueError, match="the labels where both scenes have data"):
        next(pair_probe_rows(first.where(truth == 1), second, truth, encoder, device="cpu"))


def polylines(chart: str) -> list[np.ndarray]:
    found = ElementTree.fromstring(chart).iter("polyline")
    return [np.array([spot.split(",") for spot in one.get("points").split()], float) for one in found]


def test_a_line_is_drawn_in_proportion_and_broken_where_bands_are_missing():
    points = ((400.0, 0.0), (410.0, 0.5), (420.0, 1.0), (1400.0, 0.25), (1410.0, 0.0))
    left, right = polylines(line_chart([Line("a", points)], "label", "wavelength [nm]", "part", bounds=(0, 1)))
    assert (len(left), len(right)) == (3, 2)
    x = np.concatenate([left, right])[:, 0]
    np.testing.assert_allclose((x - x[0]) / (x[-1] - x[0]), [0, 10 / 1010, 20 / 1010, 1000 / 1010, 1], atol=1e-3)
    y = np.concatenate([left, right])[:, 1]
    np.testing.assert_allclose((y[0] - y) / (y[0] - y[2]), [0, 0.5, 1, 0.25, 0], atol=1e-3)


def test_bands_without_wavelengths_stand_by_name_and_are_not_joined():
    chart = line_chart([Line("a", ((0.0, 0.2), (1.0, 0.4)))], "label", "band", "part", names=["VV", "V<H"])
    assert not polylines(chart)
    root = ElementTree.fromstring(chart)
    assert {"VV", "V<H"} <= {text.text for text in root.iter("text")}
    assert len(list(root.iter("path"))) == 2 + 1  # and one beside the name


def test_the_page_says_and_draws_it_and_needs_nothing_else(toy, rows):
    first, second, _, encoder = toy
    found = explain_pair(first, second, encoder, pixels=256, device="cpu")
    page = pair_page(found, (first, second), ("<b>one", "two"), {"steps": 60}, rows)
    assert "<b>one" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page
    assert (page.count("<svg"), page.count("<img")) == (4, 8)
    common = found.diagonal[: found.n_common].mean()
    assert f"The 128 common features correlate by {common:.2f} on average" in page
    diagonal = polylines(re.findall(r"<svg.*?</svg>", page, flags=re.S)[0])
    assert [len(line) for line in diagonal] == [128, 128]
    assert all((np.diff(line[:, 1]) >= 0).all() for line in diagonal)  # sorted: down the picture
    table = re.search(r"Part of the variance that a band brings.*?</table>", page, flags=re.S)[0]
    assert table.count("<tr") == 1 + 12
    without = pair_page(found, (first, second), ("one", "two"), {})
    assert (without.count("<svg"), "Classes" in without) == (3, False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("explain")
    cube, truth = simulated_scene(32, 40, n_bands=30, seed=2)
    save_cube(cube, place / "scene.npz")
    write_labels(truth, place / "truth.tif")
    words = ["pair", str(place / "scene.npz"), "--split-at", "1000", "--encoder", "pixel", "--steps", "10"]
    assert main([*words, "--pairs", "64", "--dim", "8", "--device", "cpu", "--out", str(place / "p.safetensors")]) == 0
    return place


def test_one_command_writes_page_and_tables_and_repeats(folder, tmp_path, capsys):
    words = ["explain", str(folder / "p.safetensors"), str(folder / "scene.npz"), "--split-at", "1000"]
    words += ["--pixels", "256", "--device", "cpu", "--json"]
    probed = ["--labels", str(folder / "truth.tif"), "--draws", "2", "--budget", "5", "--split", "random"]
    assert main([*words, *probed, "--out", str(tmp_path / "out")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"page", "common", "unique", "alone", "probes"}
    assert len(result["probes"]) == 5
    record = json.loads((tmp_path / "out/explain.run.json").read_text(encoding="utf-8"))
    assert main(shlex.split(record["command"].replace(str(tmp_path / "out"), str(tmp_path / "again")))[1:]) == 0
    capsys.readouterr()
    tables = ("bands.csv", "diagonal.csv", "probes.csv", "probe_summary.csv")
    for name in (*tables, "pair.html"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    diagonal = pd.read_csv(tmp_path / "out/diagonal.csv")
    assert diagonal.groupby("group")["correlation"].mean()["common"] == pytest.approx(result["common"], abs=1e-5)
    assert main([*words, "--out", str(tmp_path / "bare")]) == 0
    assert {path.name for path in (tmp_path / "bare").iterdir()} == {
        "pair.html",
        "bands.csv",
        "diagonal.csv",
        "explain.run.json",
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.safetensors", "scene.npz", "--split-at", "1000"], "a pair is two files, but there is no"),
        (["p.safetensors", "scene.npz", "--split-at", "700"], "the encoder needs a good band at"),
        (["p.safetensors", "scene.npz"], "got neither; give SECOND or --split-at NM"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(folder, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(folder)
    assert main(["explain", *words, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()

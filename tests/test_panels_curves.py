"""Learning curves on the desk: what is drawn are means and intervals of the rows, and the words say what they hold."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from bokeh.document import Document
from scipy.stats import ttest_1samp

from tests.test_compare_curves import made_up
from workbench.panels.curve_figure import BANDS, BARS, LINES, NOW, POINTS
from workbench.panels.curve_words import read_curves
from workbench.panels.curves import CURVE_TAB, CurvePanel
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.session import Session

RECALLS = {"auto": [0.95, 0.6, 0.9], "svm": [0.9, 0.5, 0.8]}


def table(budgets: tuple[int, ...] = (5, 10, 20), draws: int = 6, lift: float = 0.08) -> pd.DataFrame:
    """Two models on the same draws, of which one is better by about `lift`; three classes, woods found least."""
    rng = np.random.default_rng(5)
    base = made_up(seed=2, budgets=budgets, draws=draws, luck=0.02)
    rows = []
    for model, up in (("svm", 0.0), ("auto", lift)):
        for row in base.to_dict("records"):
            recalls = np.clip(np.array(RECALLS[model]) + rng.normal(0, 0.02, 3), 0, 1)
            confusion = [[int(1000 * r) if i == j else 0 for j in range(3)] for i, r in enumerate(recalls)]
            for i in range(3):
                confusion[i][(i + 1) % 3] = 1000 - confusion[i][i]
            oa = row["oa"] + up + rng.normal(0, 0.004)
            rows.append(
                {**row, "model": model, "oa": oa, "classes": ["water", "woods", "grass"], "confusion": confusion}
            )
    return pd.DataFrame(rows).sort_values(["draw", "budget"], kind="stable").reset_index(drop=True)


@pytest.fixture
def panel(tmp_path):
    session = Session.at(tmp_path / "session")
    panel = CurvePanel(session, Look(), Page(session.refuse))
    panel.look.tab = CURVE_TAB
    yield panel
    session.close()


def shown(panel: CurvePanel) -> tuple[object, dict[str, dict]]:
    """The plot as it is given to a page, and what each of its glyphs draws."""
    (figure,) = panel._figure.get_root(Document()).children
    return figure, {one.name: dict(one.data_source.data) for one in figure.renderers}


def test_a_curve_is_the_mean_of_its_draws_in_their_interval(panel):
    rows = table()
    panel.session.rows = rows
    figure, drawn = shown(panel)
    assert drawn[LINES]["name"] == ["Auto", "SVM"]  # the best with the most labels first
    for name, model in (("Auto", "auto"), ("SVM", "svm")):
        i = drawn[LINES]["name"].index(name)
        assert drawn[LINES]["xs"][i] == [5, 10, 20]
        own = [rows[(rows["model"] == model) & (rows["budget"] == n)]["oa"] for n in (5, 10, 20)]
        np.testing.assert_allclose(drawn[LINES]["ys"][i], [100 * one.mean() for one in own])
        ends = [ttest_1samp(100 * one, 0).confidence_interval() for one in own]
        lows, highs = [end.low for end in ends], [end.high for end in ends]
        np.testing.assert_allclose(drawn[BANDS]["ys"][i], [*lows, *highs[::-1]])
    assert len(drawn[POINTS]["x"]) == 6
    assert figure.xaxis[0].ticker.ticks == [5, 10, 20]
    assert figure.x_range.start < 5 < 20 < figure.x_range.end
    assert len(set(drawn[LINES]["color"])) == 2


def test_the_plot_follows_a_comparison_under_way(panel):
    rows, colors = table(), {}
    for n, budgets in ((1, [5]), (2, [5]), (3, [5]), (4, [5, 10]), (len(rows), [5, 10, 20])):
        panel.session.rows = rows.iloc[:n]
        figure, drawn = shown(panel)
        assert figure.xaxis[0].ticker.ticks == budgets
        assert all(xs == pytest.approx(budgets, rel=0.02) for xs in drawn[LINES]["xs"])
        now = dict(zip(drawn[LINES]["name"], drawn[LINES]["color"], strict=True))
        assert {**now, **colors} == now  # a model keeps its colour
        colors = now
    panel.look.tab = "Learn"
    panel.session.rows = rows.iloc[:6]
    assert shown(panel)[0].xaxis[0].ticker.ticks == [5, 10, 20]  # nobody looks
    panel.look.tab = CURVE_TAB
    assert shown(panel)[0].xaxis[0].ticker.ticks == [5, 10, 20]


def test_one_budget_is_a_bar_and_one_draw_has_none(panel):
    panel.session.rows = table(budgets=(5,))
    _, drawn = shown(panel)
    assert (len(drawn[BANDS]["xs"]), len(drawn[BARS]["xs"])) == (0, 2)
    assert drawn[POINTS]["budget"] == [5, 5]
    assert 5 == drawn[POINTS]["x"][0] < drawn[POINTS]["x"][1] < 5.2  # beside each other
    assert drawn[BARS]["xs"] == [[x, x] for x in drawn[POINTS]["x"]]
    panel.session.rows = table(draws=1)
    _, drawn = shown(panel)
    assert (len(drawn[BANDS]["xs"]), len(drawn[BARS]["xs"])) == (0, 0)
    assert len(drawn[POINTS]["x"]) == 6
    assert "with one draw there is no interval" in panel._words.object


def test_splits_are_chosen_between(panel):
    blocks = table().assign(split="blocks", oa=lambda rows: rows["oa"] - 0.2)
    panel.session.rows = pd.concat([table(), blocks], ignore_index=True)
    assert panel._split.visible
    before = shown(panel)[1][LINES]["ys"]
    panel._split.value = "blocks"
    np.testing.assert_allclose(shown(panel)[1][LINES]["ys"], np.array(before) - 20)
    panel.session.rows = table()
    assert not panel._split.visible
    np.testing.assert_allclose(shown(panel)[1][LINES]["ys"], before)


@pytest.mark.parametrize(("counts", "at", "words"), [
    ({"water": 6, "woods": 9, "grass": 0, "sand": 40}, 9, "Your labels now (dotted): 6 to 40 (median 9) a class."),
    ({"water": 30, "woods": 30}, 30, "Your labels now (dotted): 30 a class."),
    ({"water": 300, "woods": 500}, None, "Your labels now: 300 to 500 (median 400) a class."),
    ({"water": 0, "woods": 0}, None, ""),
])  # fmt: skip
def test_the_labels_there_are_now_are_marked_where_they_are_near(panel, counts, at, words):
    panel.session.rows = table()
    panel.session.counts = counts
    figure, _ = shown(panel)
    (line,) = (one for one in figure.center if one.name == NOW)
    assert line.visible == (at is not None)
    if at is not None:
        assert line.location == at
        assert figure.x_range.start < at < figure.x_range.end
    assert words in panel._words.object
    assert ("Your labels now" in panel._words.object) == bool(words)


def test_words_tell_the_best_what_labels_bring_and_the_class_to_label():
    rows = table()
    (best, worth, label) = read_curves(rows)["random"].words
    wide = rows[rows["budget"] == 20].pivot(index="draw", columns="model", values="oa")
    apart = 100 * (wide["auto"] - wide["svm"])
    low, high = ttest_1samp(apart, 0).confidence_interval()
    assert best == (
        f"With 20 labels a class Auto is best, {100 * wide['auto'].mean():.1f} %: {apart.mean():.1f} points above SVM "
        f"[{low:.1f} to {high:.1f}], draw by draw."
    )
    gain = re.match(r"5 more labels a class are worth about ([\d.]+) points to Auto \[([\d.]+) to ([\d.]+)\]", worth)
    assert float(gain[2]) <= float(gain[1]) <= float(gain[3])
    assert float(gain[1]) == pytest.approx(100 * 0.6 * (20**-0.5 - 25**-0.5), abs=0.8)
    assert re.match(
        r"Label woods next: Auto finds (59|6\d)\.\d % of it \[.*\], least of all, and takes \d+ % of it", label
    )
    assert "for grass" in label


def test_what_the_draws_cannot_tell_is_said():
    best, worth, _ = read_curves(table(budgets=(5, 20), lift=0.0))["random"].words
    assert best.endswith("the draws cannot tell the two apart.")
    assert re.match(r"From 5 to 20 labels a class \w+ went \+\d+\.\d points \[", worth)
    assert worth.endswith("No forecast yet: a forecast needs at least 3 budgets, got 2; ask for more budgets.")
    (one, *_) = read_curves(table()[lambda rows: rows["model"] == "svm"])["random"].words
    assert re.match(r"With 20 labels a class SVM reaches \d+\.\d % \[", one)


def test_names_from_a_file_are_told_as_they_are(panel):
    rows = table()
    rows["classes"] = [["water", "<img src=x>", "grass"]] * len(rows)
    panel.session.rows = rows
    assert "<img" not in panel._words.object
    assert "&lt;img src=x&gt;" in panel._words.object

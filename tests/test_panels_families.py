"""Families on the desk: the table and the sentences hold what was measured, and the curve is that of the points."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from bokeh.document import Document

from tests.test_panels_curves import table
from workbench.panels.compare import COMPARE_TAB, ComparePanel
from workbench.panels.curve_figure import BANDS, LINES, MOST_TICKS, NOW, POINTS
from workbench.panels.curves import CURVE_TAB, CurvePanel
from workbench.panels.families import COUNTED, LIVE, families_html, live_read, said, split_words, verdict
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.session import Session

NO_ENCODER = {"family": "self-supervised", "why": "no encoder yet: Learn (T)"}


def row(family: str, oa: float, ends: tuple[float, float], apart: tuple[float, float, float] | None) -> dict:
    """One family's scores."""
    told = {"family": family, "model": "svm", "draws": 10, "taught": [9, 11], "tested": [8, 8], "kappa": 0.4}
    told |= {"oa": oa, "oa_ci95": list(ends), "aa": oa - 0.1, "aa_ci95": [0.2, 0.9]}
    difference, ci95 = (None, None) if apart is None else (apart[0], list(apart[1:]))
    return told | {"difference": difference, "difference_ci95": ci95}


def point(labels: int, oa: float = 0.6, run: str = "", **others: object) -> dict:
    """Scores of so many labels; a self-supervised model 0.1 above the supervised one if there is a `run`."""
    families = [row("supervised", oa, (oa - 0.05, oa + 0.05), None)]
    families += [row("self-supervised", oa + 0.1, (oa, 1.0), (0.1, 0.02, 0.18)) if run else NO_ENCODER]
    told = {"scene": "", "labels": labels, "tested": "blocks", "footprint": 1, "seed": 0, "draws": 10, "run": run}
    return told | {"note": "", "untaught": {}, "families": families} | others


def cells(html: str) -> list[list[str]]:
    """Text of the table's cells."""
    rows = [re.findall(r"<td.*?>(.*?)</td>", one) for one in re.findall(r"<tr>(.*?)</tr>", html)]
    return [[re.sub("<.*?>", " ", cell).strip() for cell in one] for one in rows if one]


def test_the_table_has_means_intervals_differences_and_how_many():
    html = families_html(point(24, run="r"))
    assert cells(html) == [
        ["supervised SVM on spectra", "60.0 55.0 … 65.0", "50.0 20.0 … 90.0", "–", "9–11 / 8"],
        ["self-supervised SVM on spectra", "70.0 60.0 … 100.0", "60.0 20.0 … 90.0", "+10.0 2.0 … 18.0", "9–11 / 8"],
    ]
    assert families_html({}) == ""


def test_a_family_without_a_model_has_words_in_the_place_of_numbers():
    assert cells(families_html(point(24)))[1] == ["self-supervised", "no encoder yet: Learn (T)"]
    assert verdict(point(24)) == "With 24 labels only supervised can be scored."


def test_splits_that_all_agree_are_no_interval():
    alike = point(8, families=[row("supervised", 1.0, (1.0, 1.0), None)])
    assert cells(families_html(alike))[0][1] == "100.0 all splits alike"
    ((reached,),) = live_read([alike]).curves.values()
    assert reached.low != reached.low  # NaN: nothing is drawn round it


@pytest.mark.parametrize(("semi", "own", "words"), [
    ((0.1, 0.05, 0.2), (0.2, 0.1, 0.3), "semi-supervised and self-supervised are above supervised."),
    ((-0.1, -0.2, -0.05), (0.2, 0.1, 0.3), "self-supervised is above supervised; semi-supervised is below supervised."),
    ((0.0, 0.0, 0.0), (0.1, -0.1, 0.3), "semi-supervised and self-supervised are not to be told from supervised."),
])  # fmt: skip
def test_only_what_the_splits_can_tell_is_said(semi, own, words):
    families = [row("supervised", 0.5, (0.4, 0.6), None)]
    families += [row("semi-supervised", 0.5, (0.4, 0.6), semi), row("self-supervised", 0.5, (0.4, 0.6), own)]
    assert verdict(point(1240, families=families)) == f"With 1,240 labels: {words}"


def test_what_is_missing_is_a_sentence():
    assert said({}, "scores need 4 labels") == "Scores need 4 labels."
    assert said(point(24), "") == verdict(point(24))


def test_words_say_what_the_split_was():
    assert "10 splits of the labels: half at most taught, others tested in other blocks." in split_words(point(24))
    far = split_words(point(24, footprint=11, untaught={"roof": 3}, note="it has other names"))
    assert "in other blocks, 11 pixels away or more, as far as the widest model sees." in far
    assert "wrong for all: roof in 3 of 10" in far
    assert "The truth was not taken: it has other names." in far
    assert "tested on the truth's pixels 11 pixels away or more" in split_words(point(9, tested="truth", footprint=11))


def test_names_and_notes_from_elsewhere_are_told_as_they_are():
    html = families_html(point(9, note="<b>x</b>", untaught={"<i>": 1}))
    assert "&lt;b&gt;x" in html
    assert not {"<b>", "<i>"} & set(re.findall(r"<\w>", html))


@pytest.fixture
def session(tmp_path) -> Iterator[Session]:
    session = Session.at(tmp_path / "session")
    yield session
    session.close()


def drawn(panel: CurvePanel) -> tuple[object, dict[str, dict]]:
    """The plot as it is given to a page, and what each of its glyphs draws."""
    (figure,) = panel._figure.get_root(Document()).children
    return figure, {one.name: dict(one.data_source.data) for one in figure.renderers}


def test_the_live_curve_has_a_point_a_family_for_each_number_of_labels(session):
    session.family_points = [point(12, 0.5), point(30, 0.7, "r"), point(20, 0.6, "old"), point(24, 0.65, "r")]
    panel = CurvePanel(session, Look(), Page(session.refuse))
    figure, there = drawn(panel)
    curves = dict(zip(there[LINES]["name"], zip(there[LINES]["xs"], there[LINES]["ys"], strict=True), strict=True))
    assert curves["Supervised"] == ([12, 20, 24, 30], pytest.approx([50, 60, 65, 70]))
    assert curves["Self-supervised"] == ([24, 30], pytest.approx([75, 80]))  # of the encoder in use alone
    assert there[BANDS]["ys"][0] == pytest.approx([45, 55, 60, 65, 75, 70, 65, 55])
    assert figure.xaxis[0].axis_label == f"{COUNTED} (logarithmic)"
    assert set(there[POINTS]["counted"]) == {COUNTED}
    session.counts = {"water": 10, "woods": 18}
    (line,) = (one for one in drawn(panel)[0].center if one.name == NOW)
    assert (line.visible, line.location) == (True, 28)
    assert "Your labels now (dotted): 28." in panel._words.object
    assert "With 30 labels: self-supervised is above supervised." in panel._words.object


def test_many_points_have_few_ticks_with_the_last_among_them(session):
    session.family_points = [point(n) for n in range(8, 120)]
    panel = CurvePanel(session, Look(), Page(session.refuse))
    figure, there = drawn(panel)
    ticks = figure.xaxis[0].ticker.ticks
    assert len(there[POINTS]["x"]) == 112
    assert 4 < len(ticks) <= MOST_TICKS + 1
    assert (ticks, ticks[-1]) == (sorted(ticks), 119)
    assert set(ticks) <= set(range(8, 120))


def test_the_live_curve_stands_beside_those_of_a_comparison(session):
    panel = CurvePanel(session, Look(), Page(session.refuse))
    panel.look.tab = CURVE_TAB
    session.rows = table()
    assert not panel._split.visible
    session.family_points = [point(12)]
    assert list(panel._split.options.values()) == ["random", LIVE]
    assert drawn(panel)[0].xaxis[0].axis_label == "labels a class (logarithmic)"
    panel._split.value = LIVE
    assert drawn(panel)[1][LINES]["name"] == ["Supervised"]
    session.rows = table(draws=3)
    assert panel._split.value == LIVE
    session.family_points = []
    assert drawn(panel)[1][LINES]["name"] == ["Auto", "SVM"]


def test_a_switch_and_its_key_ask_for_scores_until_the_page_is_closed(session):
    look, page = Look(), Page(session.refuse)
    panel = ComparePanel(session, look, page)
    assert not session._lookers
    panel.keys["shift+f"]()
    assert (look.tab, panel._live.value, session._lookers) == (COMPARE_TAB, True, {panel})
    session.param.update(families=point(24, run="r"), families_note="25 labels are being scored …")
    words = "With 24 labels: self-supervised is above supervised. 25 labels are being scored …"
    assert panel._status.object == words
    assert len(cells(panel._table.object)) == 2
    panel.keys["shift+f"]()
    assert (panel._table.object, session._lookers) == ("", set())
    panel.keys["shift+f"]()
    page.close()
    assert not session._lookers

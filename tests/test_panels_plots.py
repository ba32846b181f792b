"""What plots draw, counted in the figure; and what they are drawn of."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from bokeh.document import Document

from tests.scenes import make_cube
from workbench.cubes import read_pixels
from workbench.panels.axes import SpectralAxis
from workbench.panels.plots import loss_plot
from workbench.panels.spectra_figure import BAD, LINES, SPREADS, SpectraFigure, Spectrum
from workbench.panels.spectra_legend import KEPT, LIBRARY, legend_html
from workbench.panels.spectra_list import library_hues
from workbench.panels.tables import score_html
from workbench.session import class_spectra, spectra

TITLES = ("wavelength [nm]", "reflectance [1]")
AXIS = np.linspace(450, 950, 6)


def shown(pane: SpectraFigure) -> tuple[object, dict[str, dict]]:
    """A figure of a pane as it is given to a page, and what each of its glyphs draws."""
    (figure,) = pane.get_root(Document()).children
    return figure, {one.name: dict(one.data_source.data) for one in figure.renderers}


def test_bad_bands_alone_do_not_say_how_far_the_plot_goes():
    pane = SpectraFigure()
    pane.lay(AXIS, TITLES, np.array([[500.0, 600.0]]))
    figure, _ = shown(pane)
    names = [one.name for one in figure.x_range.renderers]
    assert BAD not in names
    assert {LINES, SPREADS, "clicked", "hovered"} == set(names)


def test_the_clicked_spectrum_is_drawn_value_by_value():
    values, pane = np.array([0.1, 0.2, np.nan, 0.4, 0.5, 0.6]), SpectraFigure()
    pane.lay(AXIS, TITLES)
    figure, drawn = shown(pane)
    assert np.isnan(drawn["clicked"]["y"]).all()
    pane.click(values)
    for now in (figure, shown(pane)[0]):  # the one that is on a page, and one that is opened later
        (data,) = (one.data_source.data for one in now.renderers if one.name == "clicked")
        np.testing.assert_array_equal(data["y"], values)
        np.testing.assert_array_equal(data["x"], AXIS)
        assert (now.xaxis[0].axis_label, now.yaxis[0].axis_label) == TITLES


def test_only_the_curve_that_changed_is_sent():
    pane = SpectraFigure()
    pane.lay(AXIS, TITLES)
    pane.draw([Spectrum("water", "#0000ff", np.ones(6), np.full(6, 0.05))])
    document, heard = Document(), []
    document.add_root(pane.get_root(document))
    document.on_change(heard.append)
    pane.hover(np.arange(6.0))
    (event,) = heard
    assert event.model.data["y"].tolist() == list(range(6))


def test_a_class_is_a_line_in_a_band_with_a_hole_at_the_gap():
    values, pane = np.array([0.1, 0.2, np.nan, 0.4, 0.5, 0.6]), SpectraFigure()
    pane.lay(AXIS, TITLES)
    pane.draw([Spectrum("water", "#0000ff", values, np.full(6, 0.05)), Spectrum("a pixel", "#00ff00", values)])
    _, drawn = shown(pane)
    assert len(drawn[SPREADS]["xs"]) == 2  # left and right of the gap
    np.testing.assert_allclose(drawn[SPREADS]["ys"][0], [0.05, 0.15, 0.25, 0.15])
    assert drawn[LINES]["color"] == ["#0000ff", "#00ff00"]
    assert drawn[LINES]["dash"] == ["solid", "dashed"]
    np.testing.assert_array_equal(drawn[LINES]["ys"], [values, values])


def test_a_legend_tells_single_spectra_apart_and_names_are_no_html():
    spectra = [
        Spectrum("pond: row 1, column 2", "#0000ff", np.ones(6), dash=KEPT),
        Spectrum("<img src=x onerror=alert(1)>", "#00ff00", np.ones(6), dash=LIBRARY),
    ]
    found = legend_html(spectra, bad=True)
    assert "<img" not in found
    assert [found.index(word) for word in ("pond: row 1, column 2", "&lt;img", "bad bands")] == sorted(
        found.index(word) for word in ("pond: row 1, column 2", "&lt;img", "bad bands")
    )
    strokes = re.findall(r'stroke="(#\w+)" stroke-width="2" stroke-dasharray="([\d ]*)"', found)
    assert [color for color, _ in strokes] == ["#0000ff", "#00ff00"]
    assert strokes[0][1] != strokes[1][1]
    assert legend_html([]) == ""


def test_a_librarys_spectrum_keeps_its_hue_when_another_goes():
    drawn = [6, 1, 14, 3]
    hues = library_hues(drawn)
    for gone in drawn:
        left = library_hues([i for i in drawn if i != gone])
        assert left == {i: hue for i, hue in hues.items() if i != gone}
    assert len(set(library_hues([9, 2, 17, 4, 5, 0]).values())) == 6  # several of which would like the same


def test_bad_bands_are_strips_below_the_curves_which_fit_the_plot_all_the_same():
    pane = SpectraFigure()
    pane.lay(AXIS, TITLES, np.array([[600.0, 700], [900, 1000]]))
    figure, drawn = shown(pane)
    assert [drawn[BAD][name].tolist() for name in ("x0", "x1")] == [[600, 900], [700, 1000]]
    assert [one.level for one in figure.renderers if one.name == BAD] == ["underlay"]
    pane.lay(np.arange(3.0), TITLES)
    assert len(shown(pane)[1][BAD]["x0"]) == 0


def test_another_scene_takes_the_last_one_s_spectra_away():
    pane = SpectraFigure()
    pane.lay(AXIS, TITLES)
    pane.draw([Spectrum("water", "#0000ff", np.ones(6), np.full(6, 0.05))])
    pane.click(np.ones(6))
    pane.lay(np.arange(3.0), ("band number", "digital number"))
    figure, drawn = shown(pane)
    assert [len(drawn[LINES]["xs"]), len(drawn[SPREADS]["xs"])] == [0, 0]
    assert np.isnan(drawn["clicked"]["y"]).all()
    assert figure.xaxis[0].axis_label == "band number"


def test_the_loss_is_the_sum_of_its_named_terms():
    plot = loss_plot([1, 2], {"invariance": [3.0, 2.0], "redundancy": [1.0, 0.5]})
    assert list(plot.keys()) == ["loss", "invariance", "redundancy"]
    np.testing.assert_array_equal(plot["loss"].dimension_values("loss"), [4.0, 2.5])


def test_bad_bands_and_missing_ranges_are_gaps():
    wavelength = np.array([450.0, 460, 470, 480, 900, 910, 920])
    good = np.array([True, False, True, True, True, True, True])
    axis = SpectralAxis.of(make_cube(np.ones((7, 2, 2)), wavelength, good))
    laid = axis.lay(np.arange(7.0))
    assert np.isnan(laid[axis.x == 460]).all()
    assert np.isnan(laid[(axis.x > 480) & (axis.x < 900)]).all()
    np.testing.assert_array_equal(laid[np.isfinite(laid)], [0, 2, 3, 4, 5, 6])
    assert axis.titles == TITLES


def test_mean_and_spread_are_those_of_the_labelled_pixels():
    values = np.random.default_rng(0).random((5, 4, 6))
    cube = make_cube(values)
    labels = cube.isel(band=0, drop=True).copy(data=np.zeros((4, 6), "int16"))
    labels[1, 2] = labels[3, 5] = 2
    ((mean, spread),) = class_spectra(cube, labels).values()
    pair = values[:, [1, 3], [2, 5]]
    np.testing.assert_allclose(mean, pair.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(spread, pair.std(axis=1), rtol=1e-5)


def test_the_table_groups_by_family_and_marks_the_best():
    row = {"budget": 5, "split": "random", "aa_mean": 0.5, "kappa_mean": 0.4, "f1_mean": 0.5, "seconds_mean": 1.0}
    scores = pd.DataFrame(
        [
            {**row, "model": "svm", "family": "baseline", "oa_mean": 0.80, "oa_ci95": (0.78, 0.82)},
            {**row, "model": "barlow_twins", "family": "self-supervised", "oa_mean": 0.95, "oa_ci95": (0.94, 0.96)},
        ]
    )
    html = score_html(scores)
    assert html.index("self-supervised") < html.index("baseline")
    assert "<b>95.0</b>" in html
    assert "<b>80.0</b>" not in html
    assert "78.0 … 82.0" in html


def test_a_spectrum_is_read_once(monkeypatch):
    """Of a scene in a file each takes milliseconds, and every label asks for the means anew."""
    values = np.random.default_rng(0).random((5, 4, 6))
    cube = make_cube(values).chunk({"x": 2})
    labels = cube.isel(band=0, drop=True).copy(data=np.zeros((4, 6), "int16"))
    asked, read = [], {}
    monkeypatch.setattr(spectra, "read_pixels", lambda *where: asked.append(len(where[1])) or read_pixels(*where))
    labels[1, 2] = labels[3, 5] = 2
    class_spectra(cube, labels, read)
    labels[0, 0] = labels[1, 1] = 1
    found = class_spectra(cube, labels, read)
    assert asked == [2, 2, 0]
    assert {code: mean.tolist() for code, (mean, _) in found.items()} == {
        code: mean.tolist() for code, (mean, _) in class_spectra(cube.compute(), labels).items()
    }


def test_a_figure_on_a_page_changes_in_its_documents_turn(monkeypatch):
    """Bokeh refuses a change of a served document without its lock, which some of Panel's callbacks do not hold."""
    pane, document = SpectraFigure(), Document()
    pane.lay(AXIS, TITLES)
    (figure,) = pane.get_root(document).children
    document.add_root(figure)
    monkeypatch.setattr(Document, "session_context", property(lambda _: object()))
    pane.click(np.ones(6))
    pane.click(np.arange(6.0))
    (clicked,) = (one.data_source for one in figure.renderers if one.name == "clicked")
    assert np.isnan(clicked.data["y"]).all()
    for waiting in document.session_callbacks:
        waiting.callback()
    np.testing.assert_array_equal(clicked.data["y"], np.arange(6.0))

"""What plots draw, counted in the figure; and what they are drawn of."""

from __future__ import annotations

import re

import holoviews as hv
import numpy as np
import pandas as pd

from tests.scenes import make_cube
from workbench.panels.axes import SpectralAxis
from workbench.panels.plots import Spectrum, clicked_plot, loss_plot, spectra_plot
from workbench.panels.tables import confusion_html, score_html
from workbench.session import class_spectra

TITLES = ("wavelength [nm]", "reflectance [1]")
AXIS = np.linspace(450, 950, 6)


def glyphs(element: object, kind: str) -> list[dict]:
    """Data of every glyph of a kind, as Bokeh would draw it."""
    figure = hv.renderer("bokeh").get_plot(element).state
    return [dict(r.data_source.data) for r in figure.renderers if type(r.glyph).__name__ == kind]


def test_the_clicked_spectrum_is_drawn_value_by_value():
    values = np.array([0.1, 0.2, np.nan, 0.4, 0.5, 0.6])
    (line,) = glyphs(clicked_plot(AXIS, values, TITLES), "Line")
    np.testing.assert_array_equal(line["y"], values)
    np.testing.assert_array_equal(line["x"], AXIS)


def test_a_class_is_a_line_in_a_band_with_a_hole_at_the_gap():
    values = np.array([0.1, 0.2, np.nan, 0.4, 0.5, 0.6])
    plot = spectra_plot(AXIS, [Spectrum("water", "#0000ff", values, np.full(6, 0.05))], TITLES)
    (band,) = glyphs(plot, "MultiPolygons")
    assert len(band["xs"]) == 2  # left and right of the gap
    assert len(glyphs(plot, "Line")) == 1


def test_the_loss_is_the_sum_of_its_named_terms():
    plot = loss_plot([1, 2], {"invariance": [3.0, 2.0], "redundancy": [1.0, 0.5]})
    assert list(plot.keys()) == ["loss", "invariance", "redundancy"]
    np.testing.assert_array_equal(plot["loss"].dimension_values("loss"), [4.0, 2.5])


def test_a_confusion_matrix_has_truth_in_its_rows():
    _, water, soil = confusion_html(np.array([[8, 2], [0, 5]]), ["water", "soil"]).split("<tr>")[1:]
    assert re.findall(r">([^<>]+)</td>", water) == ["water", "8", "2", "80"]
    assert re.findall(r">([^<>]+)</td>", soil) == ["soil", "0", "5", "100"]


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

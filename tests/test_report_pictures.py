"""Pictures of the page hold what they say: disagreement by a slow loop, colours to the bit, curves that can be read."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.reports import Page
from tests.scenes import make_cube
from workbench.compare import reliability
from workbench.compare.report import class_png, disagreement, page
from workbench.compare.report.curves import HEIGHT, LINE, STYLES, Curve, axes_of, learning_chart
from workbench.compare.report.html import LONG, Markup, table, tag
from workbench.compare.report.pictures import MOST, level_colors, rgb, scene_png
from workbench.compare.report.reliability_chart import LARGEST, reliability_chart
from workbench.labels import PALETTE


def opened(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,"))))


def test_where_maps_disagree_is_counted_pixel_by_pixel():
    rng = np.random.default_rng(3)
    maps = [rng.integers(0, 5, (13, 17)) for _ in range(6)]
    found = disagreement(maps)
    for row in range(13):
        for column in range(17):
            named = [int(one[row, column]) for one in maps]
            most = Counter(named).most_common(1)[0][1]
            assert found[row, column] == (-1 if 0 in named else len(maps) - most)
    assert set(np.unique(found)) > {-1, 1, 2}


@pytest.mark.parametrize("n_classes", [1, 6, 20, 300])
def test_a_class_map_has_exactly_the_colours_of_its_classes(n_classes):
    colors = [PALETTE[i % 20] for i in range(n_classes)]
    codes = np.random.default_rng(0).integers(0, n_classes + 1, (9, 7)).astype("int16")
    shown = np.array(opened(class_png(codes, colors)).convert("RGBA"))
    assert (shown[codes == 0][:, 3] == 0).all()
    for code, color in enumerate(colors, start=1):
        assert {tuple(one) for one in shown[codes == code].tolist()} <= {(*rgb(color), 255)}


def test_a_large_scene_is_thinned_never_mixed():
    codes = np.tile(np.arange(1, 4, dtype="int16"), (2 * MOST + 1, 200))
    shown = np.array(opened(class_png(codes, PALETTE[:3])).convert("RGBA"))
    assert max(shown.shape[:2]) <= MOST
    np.testing.assert_array_equal(shown[..., :3], np.array([rgb(one) for one in PALETTE[:3]])[codes[::3, ::3] - 1])


def test_a_scene_without_visible_bands_is_shown_by_three_others():
    values = np.random.default_rng(0).random((5, 6, 7))
    address, said = scene_png(make_cube(values, np.linspace(1000, 2400, 5)))
    assert opened(address).size == (7, 6)
    assert said.startswith("three bands: 2050 nm")


def test_more_disagreement_is_darker():
    for count in (1, 3, 29):
        colors = np.array([rgb(one) for one in level_colors(count)]) @ [0.2126, 0.7152, 0.0722]
        assert len(colors) == count + 1
        assert (np.diff(colors) < 0).all()


def test_names_of_many_curves_do_not_cover_each_other():
    flat = [Curve(f"m{i}", ((5, 0.9, 0.9, 0.9), (10, 0.9 + i / 1e4, 0.9, 0.91))) for i in range(STYLES)]
    chart = learning_chart(flat, "x")
    heights = sorted(float(y) - 4 for y in re.findall(r'y="([\d.]+)" text-anchor="start"', chart))
    assert len(heights) == STYLES
    assert min(np.diff(heights)) >= LINE - 0.2
    assert heights[-1] <= HEIGHT
    marks = re.findall(r'<path d="(.*?)"', chart)
    assert len(set(marks)) == 4  # told apart without colour, too


def test_single_budgets_and_single_draws_have_a_chart_too():
    nan = float("nan")
    one = learning_chart([Curve("a", ((5, 0.7, 0.6, 0.8),)), Curve("b", ((5, 0.7, 0.6, 0.8),))], "x")
    assert one.count('class="bar') == 2
    alone = learning_chart([Curve("a", ((5, 0.7, nan, nan), (9, 1.0, nan, nan)))], "x")
    assert "nan" not in alone
    assert axes_of([Curve("a", ((5, 1.0, 1.0, 1.0),))]).high > axes_of([Curve("a", ((5, 1.0, 1.0, 1.0),))]).low


def test_a_bin_stands_where_its_confidence_and_accuracy_are():
    rng = np.random.default_rng(1)
    sure, right = rng.random(500), rng.random(500) < 0.6
    chart = reliability_chart(reliability(sure, right), "x")
    spots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', chart)
    edges = np.arange(0, 1.01, 0.1)
    for i, (x, y, r) in enumerate(spots):
        here = (sure > edges[i]) & (sure <= edges[i + 1])
        assert float(x) == pytest.approx(44 + 166 * sure[here].mean(), abs=0.06)
        assert float(y) == pytest.approx(176 - 166 * right[here].mean(), abs=0.06)
        assert float(r) == pytest.approx(LARGEST * np.sqrt(here.mean()), abs=0.06)
    assert len(spots) == 10


def test_only_markup_is_markup():
    assert tag("p", "<i>", Markup("<b>1</b>"), ["&", None, 2], title='"<') == (
        '<p title="&quot;&lt;">&lt;i&gt;<b>1</b>&amp;2</p>'
    )


def test_a_long_table_is_folded_away_whole_and_a_short_one_is_not():
    rows = [[f"m{i // 3}", i] for i in range(LONG + 1)]
    folded = Page(table("scores", ["model", "n"], rows, groups=0)).root
    assert folded.all("summary")[0].text == f"scores ({LONG + 1} rows)"
    assert folded.all("details")[0].all("table")[0].rows()[1:] == [[name, str(i)] for name, i in rows]
    assert len(folded.all("tr", class_="group")) == LONG // 3
    assert not Page(table("scores", ["model", "n"], rows[:-1])).root.all("details")


def _luminance(color: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = np.array(rgb(color)) / 255
    return float(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_and_lines_stand_out_by_day_and_by_night():
    css = Path(page.__file__).with_name("report.css").read_text(encoding="utf-8")
    for scheme in re.findall(r":root \{[^}]*\}", css):
        colors = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", scheme))
        grounds = {colors["ground"], colors["raised"]}
        for ground in grounds:
            assert min(_contrast(colors[name], ground) for name in ("ink", "quiet", "accent")) >= 4.5
            assert min(_contrast(colors[f"s{i}"], ground) for i in range(STYLES)) >= 3
        mixed = 0.38 * np.array(rgb(colors["accent"])) + 0.62 * np.array(rgb(colors["ground"]))
        assert _contrast(colors["ink"], "#{:02x}{:02x}{:02x}".format(*mixed.astype(int))) >= 4.5
    assert len(re.findall(r":root \{[^}]*\}", css)) == 3

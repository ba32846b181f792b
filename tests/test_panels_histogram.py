"""Histograms of the bands that are shown, held against counting one by one."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from workbench.cubes import picture_limits, simulated_scene
from workbench.panels.histogram import BINS, COLORS, GREY, HEIGHT, WIDTH, histogram_html, histogram_of


def drawn(html: str) -> dict[str, np.ndarray]:
    """Heights of each channel's bars [pixels], by colour."""
    found = {}
    for points, color in re.findall(r'<polygon points="([^"]+)" fill="(#\w+)"', html):
        corners = np.array([list(map(float, one.split(","))) for one in points.split()])
        assert (corners[0, 0], corners[-1, 0]) == (0, WIDTH)
        found[color] = HEIGHT - corners[1:-1:2, 1]
    return found


def test_bars_are_as_high_as_counts_one_by_one():
    rng = np.random.default_rng(0)
    values = [rng.normal(3 + k, 1, (40, 50)) for k in range(3)]
    values[1][:5] = np.nan
    limits = np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 12.0]])
    html = histogram_html(values, limits)
    low = min(*(np.nanpercentile(one, 0.1) for one in values), 1.0)
    edges = low + np.arange(BINS + 1) * (12 - low) / BINS
    counts = [[sum(a <= v < b for v in one.ravel()) for a, b in pairwise(edges)] for one in values]
    most = max(map(max, counts))
    for color, wanted in zip(COLORS, counts, strict=True):
        np.testing.assert_allclose(drawn(html)[color], np.array(wanted) / most * (HEIGHT - 2), atol=0.06)
    lines = [float(x) for x in re.findall(r'<line x1="([\d.]+)"', html)]
    np.testing.assert_allclose(lines, (limits.ravel() - low) / (12 - low) * WIDTH, atol=0.06)
    assert "Red 1 to 5, Green 2 to 6, Blue 3 to 12" in html


def test_of_a_scene_the_limits_are_the_pictures_and_one_band_is_grey():
    cube, _ = simulated_scene(60, 80, seed=0)
    html = histogram_of(cube, (40, 20, 10), (2, 98))
    for name, (black, white) in zip(("Red", "Green", "Blue"), picture_limits(cube, (40, 20, 10), (2, 98)), strict=True):
        assert f"{name} {black:.4g} to {white:.4g}" in html
    assert list(drawn(html)) == list(COLORS)
    assert list(drawn(histogram_of(cube, (20, 20, 20), (2, 98)))) == [GREY]
    assert histogram_of(cube * np.nan, (40, 20, 10), (2, 98)) == ""

"""How often each brightness occurs in the bands that are shown, and between which limits they are stretched."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import even_sample, picture_limits, read_window

NAMES, COLORS, GREY = ("Red", "Green", "Blue"), ("#d1495b", "#2a9d5c", "#3b7dd8"), "#8a8f99"
BINS, WIDTH, HEIGHT = 64, 192, 36
SHOWN = (0.1, 99.9)
"""Percentiles between which brightness is drawn; a limit of the stretch is in sight in any case."""

_STYLE = """
<style>
svg { display: block; width: 100%; height: 36px; background: var(--desk-ground); border-radius: 4px; }
</style>
"""


def histogram_of(cube: xr.DataArray, bands: Sequence[int], percent: tuple[float, float]) -> str:
    """An HTML picture of the histograms of three bands; it reads a sample of at most some 200,000 pixels.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube.
    bands : sequence of three int
        Red, green and blue.
    percent : (float, float)
        Percentiles that are black and white.
    """
    sample = read_window(cube, bands, *even_sample(cube))
    order = sorted(set(bands))
    values = [sample.values[order.index(band)] for band in bands]
    return histogram_html(values, picture_limits(cube, bands, percent))


def histogram_html(values: Sequence[NDArray[np.floating]], limits: NDArray[np.floating]) -> str:
    """Histograms over one axis, as high as the most frequent brightness of any; grey is drawn once.

    Parameters
    ----------
    values : sequence of ndarray
        Of each channel; NaN is no data.
    limits : ndarray of shape (n_channels, 2)
        What is black and what is white.
    """
    known = [one[np.isfinite(one)] for one in values]
    if not all(one.size for one in known):
        return ""
    ends = np.array([np.percentile(one, SHOWN) for one in known])
    low, high = min(ends[:, 0].min(), limits.min()), max(ends[:, 1].max(), limits.max())
    high = high if high > low else low + 1
    counts = [np.histogram(one, BINS, (low, high))[0] for one in known]
    most = max(one.max() for one in counts)
    is_grey = len(known) > 1 and all(np.array_equal(one, counts[0]) for one in counts)
    channels = list(zip(NAMES, COLORS, counts, limits, strict=False))
    channels = [("Grey", GREY, *channels[0][2:])] if is_grey else channels
    drawn, told = [], []
    for name, color, count, (black, white) in channels:
        heights = HEIGHT - np.repeat(count / most, 2) * (HEIGHT - 2)
        across = np.repeat(np.linspace(0, WIDTH, BINS + 1), 2)[1:-1]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, heights, strict=True))
        drawn.append(f'<polygon points="0,{HEIGHT} {points} {WIDTH},{HEIGHT}" fill="{color}" fill-opacity="0.4"/>')
        for limit in (black, white):
            x = (limit - low) / (high - low) * WIDTH
            ends_at = f'x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{HEIGHT}"'
            drawn.append(f'<line {ends_at} stroke="{color}" stroke-dasharray="2 2"/>')
        told.append(f"{name} {black:.4g} to {white:.4g}")
    words = escape(f"Histogram; stretched from black to white: {', '.join(told)}")
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"'
    return f'{_STYLE}<svg {view} role="img" aria-label="{words}"><title>{words}</title>{"".join(drawn)}</svg>'

"""What a pair of encoders has in common as one page: correlations, bands, pixels, and what each part tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from workbench.compare.report.html import Markup, facts, number, section, table, tag
from workbench.compare.report.line_chart import Line, line_chart
from workbench.compare.report.page import whole_page
from workbench.compare.report.pair_probe_part import probes_part
from workbench.compare.report.pictures import class_png, level_colors, map_image, scene_png
from workbench.probe import PairExplanation

LEVELS = 63
"""Shades of a map."""

SHOWN = (2, 98)
"""Percentiles of a map's values that are its lightest and darkest shade."""

QUESTION = (
    "Two encoders learnt together from two kinds of data of one place (DeCUR). Some features were to agree in both: "
    "common. The others were to be each one's own: unique. This page shows how far that came true, and what either "
    "looks at."
)
BANDS = (
    "The sign and the order of features mean nothing, so they are told by the group, each feature with zero mean and "
    "unit variance over the scene. Integrated gradients, from the mean spectrum to each pixel's, lay a feature to the "
    "bands (for an encoder with context the means round the pixel are counted with their band). The charts show the "
    "covariance of what a band brings with the feature, mean over the group: its part of the variance. The parts of "
    "all bands add up to 1. A band below 0 takes away what others bring, and bands that say the same share the credit "
    "as the encoder happens to weigh them."
)
ALONE = (
    "How much each kind alone knows of the other: the share of the variance of the other's embedding that a linear map "
    "of one predicts, fitted on half of the pixels and tried on the rest. 1 is all of it."
)
PIXELS = (
    "How far a pixel stands out in the common or the unique features, as their mean square, 1 on average: a dark pixel "
    "is unusual there, a light one ordinary. Agreement is the mean product of both kinds' features; its mean over the "
    "scene is the mean correlation."
)


def pair_page(
    found: PairExplanation,
    cubes: Sequence[xr.DataArray],
    names: Sequence[str],
    told: Mapping[str, object],
    probes: pd.DataFrame | None = None,
) -> str:
    """Everything that is known of a pair of encoders, as one HTML page that needs nothing beside itself.

    Parameters
    ----------
    found : PairExplanation
        As ``explain_pair`` gives it.
    cubes : sequence of two xarray.DataArray
        What was looked at; drawn as pictures.
    names : sequence of two str
        What they are called.
    told : mapping
        Facts to list, by name.
    probes : pandas.DataFrame, optional
        Rows of ``pair_probe_rows``; without them nothing is said of classes.

    Returns
    -------
    str
        HTML, for a file in UTF-8.
    """
    parts = [
        section(
            "Answer",
            tag("p", pair_in_words(found, names), class_="answer"),
            tag("p", QUESTION),
            facts([("first", names[0]), ("second", names[1]), *told.items()]),
        ),
        _agreement_part(found, names),
        _bands_part(found, names),
        _pixels_part(found, cubes, names),
    ]
    if probes is not None:
        parts.append(probes_part(probes))
    return whole_page(f"Common and unique: {names[0]} and {names[1]}", "pair of encoders", parts)


def pair_in_words(found: PairExplanation, names: Sequence[str]) -> str:
    """How far a pair agrees, in two sentences."""
    common, unique = found.diagonal[: found.n_common], found.diagonal[found.n_common :]
    words = []
    if len(common):
        words.append(f"the {len(common)} common features correlate by {number(common.mean(), digits=2)} on average")
    if len(unique):
        words.append(f"the {len(unique)} unique ones by {number(np.abs(unique).mean(), digits=2)} in size")
    shares = [f"{100 * found.alone[side]:.0f} %" for side in ("first", "second")]
    return (
        f"{' and '.join(words).capitalize()}. Alone, {names[0]} predicts {shares[0]} of the variance of the other's "
        f"embedding, and {names[1]} {shares[1]}."
    )


def _agreement_part(found: PairExplanation, names: Sequence[str]) -> Markup:
    n = found.n_common
    values = {"common": np.sort(found.diagonal[:n])[::-1], "unique": np.sort(found.diagonal[n:])[::-1]}
    starts = {"common": 1, "unique": n + 1}
    lines = [
        Line(name, tuple((starts[name] + i, float(value)) for i, value in enumerate(some)))
        for name, some in values.items()
        if len(some)
    ]
    label = f"Correlation of each feature between {names[0]} and {names[1]}, sorted within common and unique"
    at = n + 0.5 if 0 < n < len(found.diagonal) else None
    chart = line_chart(lines, label, "feature, sorted within its group", "correlation", at=at)
    caption = (
        f"Diagonal of the cross-correlation on {found.n_pixels:,} pixels drawn at random; dashed, where the unique "
        "features begin. Aimed at: 1 before it, 0 behind."
    )
    rows = [
        (name, len(some), *map(number, (some.mean(), np.abs(some).mean(), some.min(), some.max())))
        for name, some in values.items()
        if len(some)
    ]
    heads = ["features", "number", "mean", "mean size", "least", "largest"]
    return section(
        "Agreement",
        tag("div", tag("figure", chart, tag("figcaption", caption)), class_="charts"),
        table("Correlations between the two", heads, rows),
        tag("p", ALONE),
        table(
            "Predicted share of the other's variance",
            ["alone", "of the other"],
            [(name, number(found.alone[side])) for name, side in zip(names, ("first", "second"), strict=True)],
        ),
    )


def _bands_part(found: PairExplanation, names: Sequence[str]) -> Markup:
    charts, rows = [], []
    for name, (_, some) in zip(names, found.bands.groupby("side", sort=False), strict=True):
        wide = some.pivot(index="band", columns="group", values="contribution")
        first = some.drop_duplicates("band").set_index("band").loc[wide.index]
        by_name = first["wavelength"].isna().any()
        titles = [row.name or f"band {band + 1}" for band, row in zip(wide.index, first.itertuples(), strict=True)]
        across = range(len(wide)) if by_name else first["wavelength"]
        lines = [
            Line(group, tuple((float(x), float(y)) for x, y in zip(across, wide[group], strict=True)))
            for group in ("common", "unique")
            if group in wide
        ]
        label = f"What each band of {name} adds to the variance of common and unique features"
        chart = line_chart(
            lines,
            label,
            "band" if by_name else "wavelength [nm]",
            "part of the variance",
            names=titles if by_name else (),
        )
        charts.append(tag("figure", chart, tag("figcaption", name)))
        rows += [
            (
                name,
                title if by_name else f"{first['wavelength'][band]:.1f}",
                *(number(wide[group][band], digits=4) for group in wide),
            )
            for band, title in zip(wide.index, titles, strict=True)
        ]
    heads = ["of", "band or wavelength [nm]", *(group for group in ("common", "unique") if group in wide)]
    return section(
        "Bands",
        tag("p", BANDS),
        tag("div", charts, class_="charts"),
        table("Part of the variance that a band brings, mean over pixels", heads, rows, words=[1], groups=0),
    )


def _pixels_part(found: PairExplanation, cubes: Sequence[xr.DataArray], names: Sequence[str]) -> Markup:
    height, width = found.maps.shape[1:]
    figures = []
    for cube, name in zip(cubes, names, strict=True):
        address, bands = scene_png(cube)
        figures.append(_figure(address, f"{name} as a picture", f"{name}, {bands}", height, width))
    calls = {"first": names[0], "second": names[1]}
    for one in found.maps:
        what, group = str(one["map"].values).split()
        title = f"{calls.get(what, what)}: {group}" if what in calls else f"agreement, {group}"
        values = one.values
        low, high = np.nanpercentile(values, SHOWN)
        scaled = (np.nan_to_num(values) - low) / max(high - low, 1e-12)
        codes = np.where(np.isfinite(values), 1 + (scaled.clip(0, 1) * LEVELS).round(), 0).astype("int64")
        limits = f"light {number(low, digits=2)}, dark {number(high, digits=2)}"
        address = class_png(codes, level_colors(LEVELS))
        figures.append(_figure(address, f"Map of {title}", f"{title} ({limits})", height, width))
    note = f"Shades from the {SHOWN[0]}nd to the {SHOWN[1]}th percentile of each map; no data is left blank."
    return section("Pixels", tag("p", PIXELS), tag("div", figures, class_="maps"), tag("p", note, class_="note"))


def _figure(address: str, alt: str, caption: str, height: int, width: int) -> Markup:
    return tag("figure", map_image(address, alt, height, width), tag("figcaption", caption))

"""What each kind of data, both, the common and the unique features tell of the classes: a part of the pair's page."""

from __future__ import annotations

import pandas as pd

from workbench.compare.pair_probes import WHOLE, pair_probe_summary
from workbench.compare.report.effects import Effect, effects_chart
from workbench.compare.report.html import Markup, estimate, number, section, table, tag

PROBES = (
    "A linear probe (logistic regression) is taught a few labels of each class and tested on the others. Every draw of "
    "labels is the same for all rows. Differences are paired by draw; their 95 % intervals are about other draws of "
    "labels on this scene and not about other scenes. An interval that holds 0 does not tell. Embeddings and features "
    "have different lengths, which the table names, and the probe scales every feature, so that it also finds what is "
    "faint in one."
)


def probes_part(probes: pd.DataFrame) -> Markup:
    """What a linear probe says, from the rows of ``pair_probe_rows``."""
    summary = pair_probe_summary(probes)
    others = summary[summary["features"] != WHOLE]
    effects = [Effect(_said(row.features), row.difference, *row.ci95) for row in others.itertuples()]
    one = probes.iloc[0]
    caption = (
        f"{one['budget']} labels a class, {summary['draws'].iloc[0]} draws, split {one['split']}; first draw: "
        f"{one['n_train']:,} pixels taught, {one['n_test']:,} tested"
    )
    chart = effects_chart(effects, "Difference of overall accuracy from the embedding of both")
    rows = [
        (
            _said(row.features),
            row.n_features,
            estimate(row.oa_mean, row.oa_ci95),
            number(row.aa_mean),
            "" if row.features == WHOLE else estimate(row.difference, row.ci95, sign=True),
        )
        for row in summary.itertuples()
    ]
    heads = [
        "taught on",
        "features",
        "overall accuracy [95 % interval]",
        "average accuracy",
        "difference from both [95 % interval]",
    ]
    return section(
        "Classes",
        tag("p", PROBES),
        tag("div", tag("figure", chart, tag("figcaption", caption)), class_="charts"),
        table("Accuracy (0…1) of a linear probe, means over draws", heads, rows),
    )


def _said(features: str) -> str:
    return {
        "first": "first alone",
        "second": "second alone",
        "both": "both",
        "common": "common only",
        "unique": "unique only",
    }[features]

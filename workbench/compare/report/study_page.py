"""A study of augmentations as one page: what each is worth, at every fraction of the labels, with its interval."""

from __future__ import annotations

from math import isnan

import pandas as pd

from workbench.compare.report.effects import Effect, effects_chart
from workbench.compare.report.html import Markup, estimate, facts, section, table, tag
from workbench.compare.report.page import whole_page
from workbench.compare.study import ALL, study_summary
from workbench.pretrain import AUGMENTATIONS

MEANT = (
    "Every condition pretrains an encoder afresh, without labels, and a linear probe on its embedding is taught a "
    "share of the training half's labels. Training and test pixels lie in separate blocks of the scene, at least as "
    "far apart as the encoder sees. Conditions of a repeat share seed, first weights, training and test pixels: so "
    "what is shown is the difference of each repeat from views with all augmentations, its mean, and the 95 % "
    "interval of that. An interval that holds 0 does not tell; with some twenty intervals, about one is wrong by "
    "chance."
)


def study_page(table_of_rows: pd.DataFrame, scene: str) -> str:
    """Everything that a study says, as one HTML page that needs nothing beside itself.

    Parameters
    ----------
    table_of_rows : pandas.DataFrame
        Rows of ``study_rows``.
    scene : str
        What the scene is called.

    Returns
    -------
    str
        HTML, for a file in UTF-8.
    """
    summary = study_summary(table_of_rows)
    objectives = list(dict.fromkeys(summary["objective"]))
    told = facts(
        [
            ("scene", scene),
            ("encoder", table_of_rows["encoder"].iloc[0]),
            ("repeats", int(summary["repeats"].min())),
            ("test pixels", f"{int(table_of_rows['n_test'].iloc[0]):,} (first repeat)"),
        ]
    )
    names = [name for name in AUGMENTATIONS if name in set(summary["augmentation"])]
    known = facts([(name, AUGMENTATIONS[name].title) for name in names])
    return whole_page(
        f"Augmentations on {scene}",
        "study of augmentations",
        [
            section("Question", tag("p", MEANT), told),
            section("Augmentations", known),
            *(_objective_part(name, summary[summary["objective"] == name], table_of_rows) for name in objectives),
        ],
    )


def told_in_words(summary: pd.DataFrame) -> str:
    """What leaving one out costs or gains where the interval is clear, in one sentence, over all fractions.

    Examples
    --------
    >>> rows = [("a", 0.1, "without noise", "without", "noise", -0.1, [-0.2, -0.05])]
    >>> keys = ["objective", "fraction", "condition", "kind", "augmentation", "difference", "ci95"]
    >>> told_in_words(pd.DataFrame(rows, columns=keys))
    'doing without noise is worse at 10 % of the labels; of no other augmentation the intervals tell'
    """
    found: dict[tuple[str, str], list[str]] = {}
    for row in summary[summary["kind"] == "without"].itertuples():
        low, high = row.ci95
        if not isnan(low) and (high < 0 or low > 0):
            found.setdefault((row.augmentation, "worse" if high < 0 else "better"), []).append(f"{row.fraction:.4g}")
    if not found:
        return "of no augmentation the intervals tell whether it helps or harms"
    words = [
        f"doing without {name} is {verdict} at {', '.join(f'{100 * float(one):g}' for one in shares)} % of the labels"
        for (name, verdict), shares in found.items()
    ]
    return "; ".join([*words, "of no other augmentation the intervals tell"])


def _objective_part(name: str, summary: pd.DataFrame, rows: pd.DataFrame) -> Markup:
    charts, lines = [], []
    for fraction, some in summary.groupby("fraction", sort=False):
        effects = [Effect(row.condition, row.difference, *row.ci95) for row in some.itertuples() if row.kind != ALL]
        taught = rows[(rows["objective"] == name) & (rows["fraction"] == fraction)]["n_train"]
        label = f"Difference of overall accuracy from all augmentations, at {100 * fraction:g} % of the labels"
        caption = f"{100 * fraction:g} % of the labels, {int(taught.iloc[0]):,} pixels"
        charts.append(tag("figure", effects_chart(effects, label), tag("figcaption", caption)))
        lines += [
            [
                row.condition,
                f"{100 * fraction:g} %",
                estimate(row.oa_mean, row.oa_ci95),
                "" if row.kind == ALL else estimate(row.difference, row.ci95, sign=True),
            ]
            for row in some.itertuples()
        ]
    heads = ["views", "labels", "overall accuracy [95 % interval]", "difference from all [95 % interval]"]
    caption = "Overall accuracy (0…1) of the linear probe, means over repeats"
    return section(
        name,
        tag("p", _sentence(told_in_words(summary)), class_="answer"),
        tag("div", charts, class_="charts"),
        table(caption, heads, lines, groups=1),
    )


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."

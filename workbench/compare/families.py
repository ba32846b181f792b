"""The order of families that papers publish, held against this scene, draw by draw.

With few labels, learning from unlabelled pixels is published to beat learning from the labels alone, network against
network. Here every family is the mean of its models, each draw on its own, so that no model is picked by its scores;
the differences of the draws have the interval of ``intervals``. Baselines are no part of the published order.

References
----------
Ait Ali Braham et al. (2022). *Self-supervised learning for few-shot hyperspectral image classification.* IGARSS.
arXiv:2206.12117. Pande et al. (2023). *Semi-supervised learning for hyperspectral images by non-parametrically
predicting view assignment.* IGARSS. arXiv:2306.10955.
"""

from __future__ import annotations

from math import isnan

import pandas as pd

from workbench.compare.intervals import interval

ABOVE = ("self-supervised", "semi-supervised")
"""Families published to be above ``BELOW``."""

BELOW = "supervised"
"""Taught from scratch on the labels alone."""

COLUMNS = ("family", "budget", "split", "draws", "difference", "ci95", "verdict")


def family_order(table: pd.DataFrame) -> pd.DataFrame:
    """How far each family is above supervised learning from scratch.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.

    Returns
    -------
    pandas.DataFrame
        ``family, budget, split, draws, difference`` (in mean overall accuracy of its models, over that of the
        supervised ones), ``ci95`` ([low, high]; NaN for one draw), ``verdict``: "agrees" if the interval lies above 0,
        "disagrees" if below, else "cannot tell". No row where one side has no model.

    Examples
    --------
    >>> rows = [("a", "supervised", 0.5), ("b", "self-supervised", 0.7)]
    >>> rows = [(*row, 5, draw, "random") for row in rows for draw in (0, 1)]
    >>> table = pd.DataFrame(rows, columns=["model", "family", "oa", "budget", "draw", "split"])
    >>> family_order(table)["verdict"].tolist()
    ['agrees']
    """
    means = table.groupby(["split", "budget", "draw", "family"], sort=False)["oa"].mean().unstack("family")
    found = []
    for family in (name for name in ABOVE if {name, BELOW} <= set(means)):
        apart = (means[family] - means[BELOW]).dropna()
        for (split, budget), values in apart.groupby(level=["split", "budget"], sort=False):
            bounds = list(interval(values))
            told = (family, int(budget), split, len(values), float(values.mean()), bounds, _verdict(*bounds))
            found.append(dict(zip(COLUMNS, told, strict=True)))
    return pd.DataFrame(found, columns=list(COLUMNS))


def _verdict(low: float, high: float) -> str:
    if isnan(low) or low <= 0 <= high:
        return "cannot tell"
    return "agrees" if low > 0 else "disagrees"

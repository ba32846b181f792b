"""What a score table says: means with 95 % intervals over draws.

They say how much the choice of labels matters on one scene, and nothing about other scenes; see ``intervals``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from workbench.compare.intervals import interval

TASK = ["model", "budget", "split"]

MORE = ("oa_area", "oa_area_se", "ece", "confidence")
"""Scores that tables written before them lack."""


def score_table(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of ``compare_rows`` as a table, one row for each (model, budget, draw, split).

    Parameters
    ----------
    rows : iterable of dict
        As ``compare_rows`` yields them.

    Returns
    -------
    pandas.DataFrame
        ``counts`` holds dicts, ``classes, confusion, mapped`` and ``reliability`` lists.
    """
    return pd.DataFrame(list(rows))


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Mean scores of each (model, budget, split), in the order of the table.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.

    Returns
    -------
    pandas.DataFrame
        ``model, family, budget, split, draws, oa_mean, oa_sd, oa_ci95`` ([low, high]), ``aa_mean, kappa_mean, f1_mean``
        [0…1], ``seconds_mean, transductive``, and means of the scores in ``MORE`` that the rows have. Spread and
        interval of a single draw are NaN.
    """
    found = []
    for (model, budget, split), rows in table.groupby(TASK, sort=False):
        low, high = interval(rows["oa"], bounds=(0, 1))
        found.append(
            {
                "model": model,
                "family": rows["family"].iloc[0],
                "budget": int(budget),
                "split": split,
                "draws": len(rows),
                "oa_mean": rows["oa"].mean(),
                "oa_sd": rows["oa"].std(),
                "oa_ci95": [low, high],
                **{f"{score}_mean": rows[score].mean() for score in ("aa", "kappa", "f1", "seconds")},
                "transductive": bool(rows["transductive"].iloc[0]),
                **{f"{score}_mean": rows[score].mean() for score in MORE if score in rows},
            }
        )
    return pd.DataFrame(found)

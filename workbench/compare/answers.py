"""All that a score table says, one plain dict a (model, budget, split): what JSON prints and ``run.json`` keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.compare.calibration import reliability_table
from workbench.compare.curves import class_curves
from workbench.compare.differences import differences_from
from workbench.compare.forecast import forecasts
from workbench.compare.summary import TASK, summarise

APART = ("against", "difference", "difference_ci95", "wins", "p", "p_holm")


def answers(table: pd.DataFrame, against: str | None = None) -> list[dict[str, object]]:
    """Means, differences, calibration, recall by class and forecast of each (model, budget, split).

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    against : str, optional
        The model the others are held against; the first by default.

    Returns
    -------
    list of dict
        The columns of ``summarise``; ``against, difference, difference_ci95, wins, p, p_holm`` of ``differences_from``
        (None for the model the others are held against); ``recall_mean`` by class; ``reliability``, the rows of
        ``reliability_table`` over all draws; ``forecast``, the row of ``forecasts`` for this model and split.

    Raises
    ------
    ValueError
        If ``against`` is not in the table.
    """
    apart = differences_from(table, against).rename(columns={"ci95": "difference_ci95"})
    apart = {tuple(row[key] for key in TASK): row for row in apart.to_dict("records")}
    recalls = {task: rows for task, rows in class_curves(table).groupby(["model", "split", "budget"])}
    told = {(row["model"], row["split"]): row for row in forecasts(table).to_dict("records")}
    bins = {task: np.sum(list(rows["reliability"]), axis=0) for task, rows in table.groupby(TASK)}
    found = []
    for row in summarise(table).to_dict("records"):
        model, budget, split = task = tuple(row[key] for key in TASK)
        recall = recalls[model, split, budget]
        ahead = {name: value for name, value in told[model, split].items() if name not in ("model", "split")}
        found.append(
            {
                **row,
                **{name: apart[task][name] if task in apart else None for name in APART},
                "recall_mean": dict(zip(recall["class_name"], recall["recall"], strict=True)),
                "reliability": reliability_table(bins[task]).to_dict("records"),
                "forecast": ahead,
            }
        )
    return found

"""How scores grow with labels: a model's learning curve over budgets, of the whole scene and class by class.

Budgets are labels a class as asked for; classes too rare to give so many stand in the rows' ``counts``. Intervals are
those of ``intervals``: about draws of labels on this scene.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.compare.intervals import interval
from workbench.compare.metrics import producers_accuracy

CURVE = ["model", "split"]


def learning_curves(table: pd.DataFrame, *, score: str = "oa") -> pd.DataFrame:
    """Mean score of each model and split against the budget.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    score : str
        ``oa``, ``aa``, ``kappa`` or ``f1``.

    Returns
    -------
    pandas.DataFrame
        ``model, split, budget`` (increasing within a curve), ``draws``, ``mean``, ``ci95`` ([low, high], NaN for a
        single draw).
    """
    low = -1 if score == "kappa" else 0
    found = []
    for (model, split), curve in table.groupby(CURVE, sort=False):
        for budget, rows in curve.groupby("budget"):
            task = {"model": model, "split": split, "budget": int(budget), "draws": len(rows)}
            found.append({**task, "mean": rows[score].mean(), "ci95": list(interval(rows[score], bounds=(low, 1)))})
    return pd.DataFrame(found)


def class_curves(table: pd.DataFrame) -> pd.DataFrame:
    """Recall of each class against the budget: which class needs labels.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.

    Returns
    -------
    pandas.DataFrame
        ``model, split, budget, class_name, draws`` (those with test pixels of the class), ``recall`` (mean, its
        producer's accuracy, 0…1; NaN if no draw has a test pixel), ``ci95``.
    """
    found = []
    for (model, split), curve in table.groupby(CURVE, sort=False):
        for budget, rows in curve.groupby("budget"):
            recalls = np.stack([producers_accuracy(one) for one in rows["confusion"]])
            for name, recall in zip(rows["classes"].iloc[0], recalls.T, strict=True):
                known = recall[np.isfinite(recall)]
                task = {"model": model, "split": split, "budget": int(budget), "class_name": name, "draws": len(known)}
                mean = float(known.mean()) if len(known) else float("nan")
                found.append({**task, "recall": mean, "ci95": list(interval(known, bounds=(0, 1)))})
    return pd.DataFrame(found)


def shared_draws(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the draws that every model has, so that curves of a comparison under way are of the same labels.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.

    Returns
    -------
    pandas.DataFrame
        Its rows of each (budget, split, draw) in which no model is missing.
    """
    of_all = table.groupby(["budget", "split", "draw"])["model"].transform("nunique") == table["model"].nunique()
    return table[of_all]


def budget_steps(table: pd.DataFrame, *, score: str = "oa") -> pd.DataFrame:
    """What going from each budget to the next one brought, draw by draw: a small budget's labels lie in a larger one's.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    score : str
        ``oa``, ``aa``, ``kappa`` or ``f1``.

    Returns
    -------
    pandas.DataFrame
        ``model, split, budget, following`` (the next budget), ``draws`` that have both, ``gain`` (mean of the next
        minus this one), ``ci95`` ([low, high], NaN for a single draw).
    """
    found = []
    for (model, split), rows in table.groupby(CURVE, sort=False):
        wide = rows.pivot(index="draw", columns="budget", values=score)
        for budget, following in zip(wide.columns, wide.columns[1:], strict=False):
            apart = (wide[following] - wide[budget]).dropna()
            if len(apart):
                task = {"model": model, "split": split, "budget": int(budget), "following": int(following)}
                found.append({**task, "draws": len(apart), "gain": apart.mean(), "ci95": list(interval(apart))})
    return pd.DataFrame(found, columns=["model", "split", "budget", "following", "draws", "gain", "ci95"])

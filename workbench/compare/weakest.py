"""Which class a comparison says needs labels most: the one that its best model finds least of.

A class is named where the draws tell it from the next one: the interval of the difference of their recalls, draw by
draw, lies below 0. Both are picked by their test scores, which flatters the difference a little. Budgets give every
class as many labels, so no table of them can say what labels of one class alone would bring; a class that is found
least, and what it is taken for, is as far as the numbers go.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.compare.intervals import interval
from workbench.compare.metrics import producers_accuracy


def weakest_classes(table: pd.DataFrame) -> pd.DataFrame:
    """The class of lowest recall of each split, by the model that is best with the most labels.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.

    Returns
    -------
    pandas.DataFrame
        One row a split: ``split, model`` (highest mean overall accuracy at the largest budget), ``budget, draws,
        class_name, recall`` (mean over draws, 0…1), ``ci95``; ``other`` (the class of the next lowest recall),
        ``difference`` (recall of the first minus that of the other) and ``difference_ci95``, draw by draw;
        ``taken_for`` (what most of the class's missed pixels are taken for, empty if none is missed) and ``share`` (of
        the class's test pixels) [0…1]; ``is_told`` (whether the interval of the difference lies below 0). Splits with
        fewer than two tested classes are left out.
    """
    found = []
    for split, rows in table.groupby("split", sort=False):
        rows = rows[rows["budget"] == rows["budget"].max()]
        model = rows.groupby("model", sort=False)["oa"].mean().idxmax()
        rows = rows[rows["model"] == model]
        names = list(rows["classes"].iloc[0])
        recalls = np.stack([producers_accuracy(one) for one in rows["confusion"]])
        tested = [i for i in range(len(names)) if np.isfinite(recalls[:, i]).any()]
        if len(tested) < 2:
            continue
        first, other = sorted(tested, key=lambda i: np.nanmean(recalls[:, i]))[:2]
        own, apart = _known(recalls[:, first]), _known(recalls[:, first] - recalls[:, other])
        low, high = interval(apart)
        taken = np.sum([np.array(one)[first] for one in rows["confusion"]], axis=0)
        missed = np.where(np.arange(len(names)) == first, 0, taken)
        found.append(
            {
                "split": split,
                "model": model,
                "budget": int(rows["budget"].iloc[0]),
                "draws": len(rows),
                "class_name": names[first],
                "recall": float(own.mean()),
                "ci95": list(interval(own, bounds=(0, 1))),
                "other": names[other],
                "difference": float(apart.mean()) if len(apart) else float("nan"),
                "difference_ci95": [low, high],
                "taken_for": names[int(missed.argmax())] if missed.any() else "",
                "share": float(missed.max() / taken.sum()),
                "is_told": bool(high < 0),
            }
        )
    return pd.DataFrame(found)


def _known(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]

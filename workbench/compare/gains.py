"""What a few labels more of every class would be worth, by the law of ``forecast``: to a model, and to each class.

All classes get as many labels more, since that is how budgets are drawn: what labels of one class alone would bring, no
score table can say. The law never falls, so no gain is below 0; a class whose recall falls with labels has none.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.compare.curves import CURVE
from workbench.compare.forecast import FEWEST, error_at, lacking, laws_of_resamples, power_law, spread
from workbench.compare.metrics import producers_accuracy


def gains(table: pd.DataFrame, more: int = 5, *, seed: int = 0) -> pd.DataFrame:
    """What a few labels more a class, beyond the largest budget, can be expected to be worth to each model.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    more : int
        Labels more of every class; no further than to twice the largest budget is told.
    seed : int
        Seeds the resampling of draws.

    Returns
    -------
    pandas.DataFrame
        ``model, split, budget`` (the largest), ``more`` (told of), ``gain`` in overall accuracy and ``ci95`` ([low,
        high]) [0…1], ``note``: in words, why a figure is NaN.
    """
    found = []
    for (model, split), rows in table.groupby(CURVE, sort=False):
        errors = 1 - rows.pivot(index="draw", columns="budget", values="oa")
        found.append({"model": model, "split": split, **_worth(errors, more, seed)})
    return pd.DataFrame(found)


def class_gains(
    table: pd.DataFrame, more: int = 5, *, classes: Iterable[str] | None = None, seed: int = 0
) -> pd.DataFrame:
    """The same class by class, in recall.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    more, seed
        As in ``gains``.
    classes : iterable of str, optional
        Names of classes to tell of; all by default.

    Returns
    -------
    pandas.DataFrame
        ``model, split, class_name``, and the other columns of ``gains``, the gain being one of the class's recall, of
        draws that have test pixels of it.
    """
    found = []
    for (model, split), rows in table.groupby(CURVE, sort=False):
        names = list(rows["classes"].iloc[0])
        recalls = np.stack([producers_accuracy(one) for one in rows["confusion"]])
        for name in names if classes is None else [name for name in classes if name in names]:
            missed = rows.assign(missed=1 - recalls[:, names.index(name)])
            errors = missed.pivot(index="draw", columns="budget", values="missed")
            found.append({"model": model, "split": split, "class_name": name, **_worth(errors, more, seed)})
    return pd.DataFrame(found)


def _worth(errors: pd.DataFrame, more: int, seed: int) -> dict[str, object]:
    """Of errors by draw and budget."""
    errors = errors.dropna()
    budgets, values = errors.columns.to_numpy(dtype=float), errors.to_numpy()
    largest = int(budgets.max())
    told = {"budget": largest, "more": min(more, largest), "gain": np.nan, "ci95": [np.nan] * 2}
    if len(budgets) >= FEWEST and len(values):
        ends = largest, largest + told["more"]
        told["gain"] = float(_between(ends, power_law(budgets, values.mean(axis=0))))
        laws = laws_of_resamples(budgets, values, seed)
        if laws is not None:
            told["ci95"] = spread(_between(ends, laws), told["gain"], len(values))
    return {**told, "note": lacking(*errors.shape)}


def _between(ends: tuple[int, int], law: NDArray) -> NDArray[np.float64]:
    return error_at(ends[0], law) - error_at(ends[1], law)

"""What a score table says: means with 95 % intervals over draws, and differences of models draw by draw.

Intervals are percentile bootstraps over the draws of one scene. They say how much the choice of labels matters there,
and nothing about other scenes; with fewer than about ten draws they are too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

TASK = ["model", "budget", "split"]
RESAMPLES = 2000


def score_table(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of ``compare_rows`` as a table, one row for each (model, budget, draw, split).

    Parameters
    ----------
    rows : iterable of dict
        As ``compare_rows`` yields them.

    Returns
    -------
    pandas.DataFrame
        ``counts`` holds dicts, ``classes`` and ``confusion`` lists.
    """
    return pd.DataFrame(list(rows))


def summarise(table: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Mean scores of each (model, budget, split), in the order of the table.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    seed : int
        Seeds the bootstrap.

    Returns
    -------
    pandas.DataFrame
        ``model, family, budget, split, draws, oa_mean, oa_sd, oa_ci95`` ([low, high]), ``aa_mean, kappa_mean, f1_mean``
        [0…1], ``seconds_mean, transductive``. Spread and interval of a single draw are NaN.
    """
    found = []
    for (model, budget, split), rows in table.groupby(TASK, sort=False):
        low, high = interval(rows["oa"], seed=seed)
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
            }
        )
    return pd.DataFrame(found)


def paired(table: pd.DataFrame, a: str, b: str, *, score: str = "oa", seed: int = 0) -> pd.DataFrame:
    """How much better model `a` is than model `b`, draw by draw: both saw the same labels.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    a, b : str
        Two models of the table.
    score : str
        ``oa``, ``aa``, ``kappa`` or ``f1``.
    seed : int
        Seeds the bootstrap.

    Returns
    -------
    pandas.DataFrame
        ``budget, split, draws, difference`` (mean of a − b), ``ci95`` ([low, high]), ``wins`` (share of draws in
        which a is better). An interval without 0 says that the difference is not the draws' luck.

    Raises
    ------
    ValueError
        If a model is not in the table, or the two share no draw.
    """
    for name in (a, b):
        if name not in set(table["model"]):
            raise ValueError(f"no model {name!r} was compared; choose from {', '.join(dict.fromkeys(table['model']))}")
    keys = ["budget", "split", "draw"]
    sides = [table[table["model"] == name].set_index(keys)[score] for name in (a, b)]
    both = sides[0].sub(sides[1]).dropna()
    if both.empty:
        raise ValueError(f"{a!r} and {b!r} share no draw; compare them in one run")
    found = []
    for (budget, split), apart in both.groupby(level=["budget", "split"], sort=False):
        task = {"budget": int(budget), "split": split, "draws": len(apart), "difference": float(apart.mean())}
        found.append({**task, "ci95": list(interval(apart, seed=seed)), "wins": float((apart > 0).mean())})
    return pd.DataFrame(found)


def interval(values: ArrayLike, *, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap of the mean.

    Parameters
    ----------
    values : array-like of shape (n,)
        A score of each draw.
    seed : int
        Seeds the resampling.

    Returns
    -------
    tuple of float
        Low and high; NaN for fewer than two values.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return float("nan"), float("nan")
    chosen = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[chosen].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)

"""How much better a model is than another, draw by draw: differences, their intervals, and whether luck explains them.

Every model sees the same labels in a draw, so the ups and downs that are the draw's leave the difference. The p-value
is a permutation test's: were both models alike, each draw's difference could as well have had the other sign; p is the
share of all choices of signs whose mean is at least as far from 0. All 2ⁿ choices are counted up to 14 draws, 9,999
drawn at random beyond. With n draws no p is below 2 / 2ⁿ: fewer than six draws cannot reach 0.05.

A table of many comparisons finds some by luck; Holm's correction holds the chance of even one such find to the level.

Interval and p are about draws of labels on this scene: its draws share their test pixels, so neither says whether the
difference would stand on other test pixels or in another scene. Whom to compare with is the reader's to say before
looking: the best of the table, taken by its test scores, would flatter itself and make the others look worse.

References
----------
Fisher (1935). *The design of experiments*, section 21. Phipson, Smyth (2010), for p of random permutations.
doi:10.2202/1544-6115.1585. Holm (1979). *A simple sequentially rejective multiple test procedure.*
https://www.jstor.org/stable/4615733.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.compare.intervals import interval

EXACT = 14
"""Up to so many draws, every choice of signs is counted."""

RANDOM = 9999
"""Choices of signs drawn at random for more draws than that."""


def differences_from(
    table: pd.DataFrame, against: str | None = None, *, score: str = "oa", seed: int = 0
) -> pd.DataFrame:
    """Every model of a table against one of them.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    against : str, optional
        The model the others are held against; the table's first by default, never the best one.
    score : str
        ``oa``, ``aa``, ``kappa`` or ``f1``.
    seed : int
        Seeds the random signs of more than 14 draws.

    Returns
    -------
    pandas.DataFrame
        ``model, against``, the columns of ``paired`` (model − against), and ``p_holm``: p corrected for all the
        comparisons of this table. No row if there is only one model.

    Raises
    ------
    ValueError
        If ``against`` is not in the table, or shares no draw with a model.
    """
    models = list(dict.fromkeys(table["model"]))
    against = models[0] if against is None else _known(against, models)
    found = []
    for model in models:
        if model != against:
            apart = paired(table, model, against, score=score, seed=seed)
            apart.insert(0, "against", against)
            apart.insert(0, "model", model)
            found.append(apart)
    if not found:
        return pd.DataFrame(columns=["model", "against", *PAIRED, "p_holm"])
    whole = pd.concat(found, ignore_index=True)
    return whole.assign(p_holm=holm(whole["p"]))


PAIRED = ("budget", "split", "draws", "difference", "ci95", "wins", "p")


def paired(
    table: pd.DataFrame, a: str, b: str, *, score: str = "oa", seed: int = 0, overlap: float = 0.0
) -> pd.DataFrame:
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
        Seeds the random signs of more than 14 draws.
    overlap : float
        Of ``interval``: above 0 where draws are splits of the same few labels.

    Returns
    -------
    pandas.DataFrame
        ``budget, split, draws, difference`` (mean of a − b), ``ci95`` ([low, high]; NaN for one draw), ``wins`` (share
        of draws in which a is better), ``p`` (of the permutation test, two-sided, for this comparison alone).

    Raises
    ------
    ValueError
        If a model is not in the table, or the two share no draw.
    """
    models = list(dict.fromkeys(table["model"]))
    keys = ["budget", "split", "draw"]
    sides = [table[table["model"] == _known(name, models)].set_index(keys)[score] for name in (a, b)]
    both = sides[0].sub(sides[1]).dropna()
    if both.empty:
        raise ValueError(f"{a!r} and {b!r} share no draw; compare them in one run")
    found = []
    for (budget, split), apart in both.groupby(level=["budget", "split"], sort=False):
        ends, wins = list(interval(apart, overlap=overlap)), float((apart > 0).mean())
        told = (int(budget), split, len(apart), float(apart.mean()), ends, wins)
        found.append(dict(zip(PAIRED, (*told, sign_flip(apart, seed=seed)), strict=True)))
    return pd.DataFrame(found)


def sign_flip(values: ArrayLike, *, seed: int = 0) -> float:
    """Two-sided p of a mean of 0, from the choices of signs that are as far from 0.

    Parameters
    ----------
    values : array-like of shape (n,)
        A difference of each draw.
    seed : int
        Seeds the random signs of more than 14 draws.

    Returns
    -------
    float
        0 excluded, 1 included.

    Examples
    --------
    >>> sign_flip([0.1, 0.2, 0.3]), sign_flip([0.1, -0.1])
    (0.25, 1.0)
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    seen = abs(values.sum()) - 1e-9 * np.abs(values).sum()  # sums that differ by rounding only are as far
    if n <= EXACT:
        signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
        return float((np.abs(signs @ values) >= seen).mean())
    signs = np.random.default_rng(seed).choice([-1, 1], (RANDOM, n))
    return float(((np.abs(signs @ values) >= seen).sum() + 1) / (RANDOM + 1))


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """p-values corrected for their number by Holm's steps, in the order given.

    Parameters
    ----------
    p : array-like of shape (n,)
        Of n comparisons.

    Returns
    -------
    array of shape (n,)
        Each at least what it was, at most 1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(steps, 1)
    return corrected


def _known(name: str, models: list[str]) -> str:
    if name not in models:
        raise ValueError(f"no model {name!r} was compared; choose from {', '.join(models)}")
    return name

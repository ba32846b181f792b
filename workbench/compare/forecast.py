"""What more labels would bring: a learning curve followed to twice its largest budget.

Errors of learners fall about as a power of the labels, error(n) = a + b n^-c, with a ≥ 0 what no label cures. The curve
is fitted to the mean errors of the budgets by least squares: for each of many exponents c the best a, b ≥ 0 is a
formula, and the best c is taken. So it is fitted again to 1,000 resamples of the draws, each draw with all its budgets,
because a draw's small budget lies within its large one. The interval spans their percentile range, widened for few
draws as Hesterberg does, and its mirror image about the forecast: where a or b stops at 0 the fit leans to one side. In
simulations of four known laws, ten draws and three to five budgets it held the truth 91 to 97 % of the time, its
percentile range alone 87 to 96 %.

It is about the mean over draws of labels on this scene, and it holds the luck of the draws, not the doubt in the law: a
class that appears late, or a model that changes its ways with more labels, breaks it. That is why no further than twice
the largest budget is told.

References
----------
Hestness et al. (2017). *Deep learning scaling is predictable, empirically.* arXiv:1712.00409. Viering, Loog (2023).
*The shape of learning curves: a review.* doi:10.1109/TPAMI.2022.3220744. Hesterberg (2015). *What teachers should know
about the bootstrap*, section 5.2. doi:10.1080/00031305.2015.1089789.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from workbench.compare.curves import CURVE
from workbench.compare.intervals import LEVEL

EXPONENTS = np.geomspace(0.02, 4, 240)
"""Of the power law: from hardly falling to gone at the next budget."""

FEWEST = 3
"""Budgets that a law of three numbers needs."""

RESAMPLES = 1000


def forecasts(table: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Overall accuracy that each model can be expected to have at twice the largest budget.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    seed : int
        Seeds the resampling of draws.

    Returns
    -------
    pandas.DataFrame
        ``model, split, budget`` (the one forecast), ``oa`` and ``ci95`` ([low, high]) [0…1], ``floor, scale,
        exponent`` (a, b, c) and ``note``: in words, why a figure is NaN; empty when all is well.
    """
    found = []
    for (model, split), rows in table.groupby(CURVE, sort=False):
        errors = 1 - rows.pivot(index="draw", columns="budget", values="oa").dropna()
        budgets = errors.columns.to_numpy(dtype=float)
        told = {"model": model, "split": split, "budget": int(2 * budgets.max()), "oa": np.nan, "ci95": [np.nan] * 2}
        told |= {"floor": np.nan, "scale": np.nan, "exponent": np.nan, "note": lacking(*errors.shape)}
        if len(budgets) >= FEWEST and len(errors):
            law = power_law(budgets, errors.to_numpy().mean(axis=0))
            told |= dict(zip(("floor", "scale", "exponent"), map(float, law), strict=True))
            told["oa"] = float(1 - error_at(told["budget"], law))
            told["ci95"] = _interval(budgets, errors.to_numpy(), told["budget"], told["oa"], seed)
        found.append(told)
    return pd.DataFrame(found)


def power_law(budgets: ArrayLike, errors: ArrayLike) -> NDArray[np.float64]:
    """Floor a, scale b and exponent c of a + b n^-c, nearest to the errors by least squares with a, b ≥ 0.

    Parameters
    ----------
    budgets : array-like of shape (k,)
        Labels a class, at least three different ones.
    errors : array-like of shape (..., k)
        1 − accuracy at each; several curves at once.

    Returns
    -------
    array of shape (3, ...)
        a, b and c; c is one of ``EXPONENTS``.

    Examples
    --------
    >>> a, b, c = power_law([5, 10, 20, 40], 0.05 + 0.6 / np.sqrt([5, 10, 20, 40]))
    >>> round(float(a), 2), round(float(b), 1), round(float(c), 1)
    (0.05, 0.6, 0.5)
    """
    errors = np.asarray(errors, dtype=float)[..., None, :]
    falls = np.asarray(budgets, dtype=float) ** -EXPONENTS[:, None]  # (exponent, budget)
    centred = falls - falls.mean(axis=1, keepdims=True)
    scale = np.maximum((errors * centred).sum(axis=-1) / (centred**2).sum(axis=-1), 0)
    floor = errors.mean(axis=-1) - scale * falls.mean(axis=1)
    alone = (errors * falls).sum(axis=-1) / (falls**2).sum(axis=-1)  # the best scale without a floor
    floor, scale = np.where(floor < 0, 0, floor), np.where(floor < 0, alone, scale)
    apart = ((errors - floor[..., None] - scale[..., None] * falls) ** 2).sum(axis=-1)
    best = apart.argmin(axis=-1)[..., None]
    floor, scale = (np.take_along_axis(one, best, axis=-1)[..., 0] for one in (floor, scale))
    return np.stack([floor, scale, EXPONENTS[best[..., 0]]])


def lacking(n_draws: int, n_budgets: int) -> str:
    """In words, what a forecast or its interval lacks; empty when all is well."""
    if n_budgets < FEWEST:
        return f"a forecast needs at least {FEWEST} budgets, got {n_budgets}; ask for more budgets"
    if n_draws < 2:
        return f"an interval needs at least 2 draws of all budgets, got {n_draws}; ask for more draws"
    return ""


def error_at(budget: int, law: NDArray) -> NDArray[np.float64]:
    """The error that a law (3, …) gives with so many labels a class."""
    floor, scale, exponent = law
    return floor + scale * float(budget) ** -exponent


def laws_of_resamples(budgets: NDArray, errors: NDArray, seed: int) -> NDArray[np.float64] | None:
    """The laws (3, n) of resampled draws, from errors (draws, budgets); None where there is a single draw."""
    n = len(errors)
    if n < 2:
        return None
    chosen = np.random.default_rng(seed).integers(n, size=(RESAMPLES, n))
    return power_law(budgets, errors[chosen].mean(axis=1))


def spread(found: NDArray, told: float, n: int) -> list[float]:
    """Percentile range of what resamples of `n` draws tell, widened for few draws, and its mirror about `told`."""
    tail = special.ndtr(-np.sqrt(n / (n - 1)) * special.stdtrit(n - 1, 0.5 + LEVEL / 2))
    low, high = np.quantile(found, [tail, 1 - tail])
    return np.clip([min(low, 2 * told - high), max(high, 2 * told - low)], 0, 1).tolist()


def _interval(budgets: NDArray, errors: NDArray, budget: int, oa: float, seed: int) -> list[float]:
    """Low and high accuracy, from resampled draws; NaN for a single one."""
    laws = laws_of_resamples(budgets, errors, seed)
    return [np.nan, np.nan] if laws is None else spread(1 - error_at(budget, laws), oa, len(errors))

"""95 % intervals of a coefficient of agreement, by drawing decisions again rather than pixels.

The pixels of one polygon were labelled by one decision: a hundred of them that agree are no hundred agreements. Nor are
two marks of one person independent here if both lie in one polygon of somebody else, whose decision they share. So
marks that share a pixel are taken together, with all that hang on them in turn, and such groups are drawn with
replacement (the cluster bootstrap). What is left out: decisions in places near each other may be alike, too.

The interval is Student's on Fisher's scale (the inverse hyperbolic tangent), where kappa and alpha, which end at 1, lie
more evenly: with the spread of the coefficients drawn, and one degree of freedom less than there are groups. In a
simulation of two people on 8 to 200 groups of 15 pixels on average, true kappa 0.57 and 0.87, it held the true value
93 to 100 % of the time; percentiles of the same draws 85 to 96 %; pixels drawn one by one 25 to 36 %. Where all agree,
nothing varies and there is no interval.

References
----------
Efron, Tibshirani (1993). *An Introduction to the Bootstrap.* doi:10.1201/9780429246593. Field, Welsh (2007).
*Bootstrapping clustered data.* doi:10.1111/j.1467-9868.2007.00593.x.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.compare.intervals import LEVEL

DRAWS = 2000
"""Times that all groups are drawn again."""

_TOP = 0.999
"""A drawn coefficient of 1 would lie infinitely far up on Fisher's scale; it is taken for this one."""

_AT_ONCE = 2**22
"""Numbers that a batch of draws has at most."""


def groups_of_marks(marks: NDArray[np.integer]) -> NDArray[np.int64]:
    """Which pixels hang together by the marks they were labelled by.

    Parameters
    ----------
    marks : array of int of shape (people, n)
        Numbers of marks that no two people have in common; -1 where a person has not labelled a pixel. Each pixel has
        a mark of somebody.

    Returns
    -------
    array of int of shape (n,)
        Group of each pixel, 0…G - 1.

    Examples
    --------
    >>> groups_of_marks(np.array([[0, 0, 1, 2], [3, 4, 4, 5]])).tolist()  # mark 4 joins 0 and 1
    [0, 0, 0, 1]
    """
    first = marks[np.argmax(marks >= 0, axis=0), np.arange(marks.shape[1])]
    row, column = np.nonzero(marks >= 0)
    size = int(marks.max()) + 1
    ties = coo_array((np.ones(len(row), np.int8), (first[column], marks[row, column])), shape=(size, size))
    part = connected_components(ties, directed=False)[1]
    return np.unique(part[first], return_inverse=True)[1]


def redrawn_interval(
    parts: ArrayLike, coefficient: Callable[[NDArray[np.float64]], NDArray[np.float64]], seed: int
) -> tuple[float, float]:
    """95 % interval of a coefficient that is told by sums over groups.

    Parameters
    ----------
    parts : array-like of shape (G, M)
        What each group adds to the sums.
    coefficient : callable
        From sums of shape (n, M) to n coefficients, -1 to 1; NaN where the sums do not tell one.
    seed : int
        The same seed, the same interval.

    Returns
    -------
    tuple of float
        Low and high; NaN for fewer than two groups, where all agree, and where there is no coefficient.
    """
    parts = np.asarray(parts, dtype=float)
    value = float(coefficient(parts.sum(axis=0)[None])[0])
    if len(parts) < 2 or not value < 1:
        return float("nan"), float("nan")
    kinds, times = np.unique(parts, axis=0, return_counts=True)  # groups that add the same are drawn together
    rng, found = np.random.default_rng(seed), []
    batch = max(1, _AT_ONCE // max(kinds.shape))
    for begin in range(0, DRAWS, batch):
        weights = rng.multinomial(len(parts), times / len(parts), size=min(batch, DRAWS - begin))
        found.append(coefficient(weights @ kinds))
    drawn = np.concatenate(found)
    on_scale = np.arctanh(np.clip(drawn[np.isfinite(drawn)], -_TOP, _TOP))
    if len(on_scale) < 2 or not on_scale.std() > 0:
        return float("nan"), float("nan")
    half = special.stdtrit(len(parts) - 1, 0.5 + LEVEL / 2) * on_scale.std(ddof=1)
    middle = np.arctanh(np.clip(value, -_TOP, _TOP))
    return float(min(np.tanh(middle - half), value)), float(max(np.tanh(middle + half), value))

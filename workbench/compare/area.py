"""Accuracy and class areas of the whole map, from test pixels that are no fair sample of it.

Test pixels rarely stand in a scene as its classes do: a plain overall accuracy weights each class by its test pixels.
Here each mapped class is a stratum, weighted by the pixels it has in the map. A class map's own areas are biased by its
errors, too; these are corrected by what the test pixels show, with standard errors.

The paper writes its matrix the other way round. Ours has rows = truth and columns = predicted, here as everywhere.

The standard errors take the test pixels of a mapped class for a random sample of it. Those of a reference scene are
whole fields, near each other and alike: the errors then are too small, and what was never labelled is represented by
nothing. Test pixels drawn at random from the map, class by class, make both right.

References
----------
Olofsson et al. (2014). *Good practices for estimating area and assessing accuracy of land change*, equations 1 to 11.
doi:10.1016/j.rse.2014.02.015.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class AreaAdjusted:
    """Accuracies 0…1 and areas of a map, each with its standard error; arrays have one value for each class.

    NaN where the test pixels cannot tell: all but the user's accuracies if a mapped class has no test pixel, standard
    errors if one has a single test pixel.
    """

    oa: float
    """Share of the map that is right."""

    oa_se: float

    users: NDArray[np.float64]
    """Share of what is mapped as a class that is this class."""

    users_se: NDArray[np.float64]

    producers: NDArray[np.float64]
    """Share of a class on the ground that is mapped as it."""

    producers_se: NDArray[np.float64]

    area: NDArray[np.float64]
    """Of each class on the ground, in the units the mapped areas had."""

    area_se: NDArray[np.float64]


def area_adjusted(confusion: ArrayLike, mapped: ArrayLike) -> AreaAdjusted:
    """What test pixels say of a map whose classes have known areas.

    Parameters
    ----------
    confusion : array-like of shape (K, K)
        Test pixels; rows = truth, columns = predicted.
    mapped : array-like of shape (K,)
        Area of each class in the map, in pixels or any other unit.

    Returns
    -------
    AreaAdjusted

    Raises
    ------
    ValueError
        If the shapes do not fit, or nothing is mapped.

    Examples
    --------
    >>> found = area_adjusted([[8, 1], [2, 9]], [60, 40])
    >>> round(found.oa, 3), found.area.round(1).tolist()
    (0.84, [52.0, 48.0])
    """
    counts, mapped = np.asarray(confusion, dtype=float).T, np.asarray(mapped, dtype=float)
    if counts.shape != (len(mapped), len(mapped)) or not mapped.sum() > 0:
        raise ValueError(
            f"a {len(mapped)} × {len(mapped)} confusion matrix and mapped areas above 0 are needed, got "
            f"{' × '.join(map(str, counts.shape))} and {mapped.tolist()}; give the areas of the same class map"
        )
    there, n = mapped > 0, counts.sum(axis=1)
    weight = np.where(there, mapped / mapped.sum(), 0)
    share = np.zeros_like(counts)  # of each mapped class (row) that is each class on the ground (column)
    share[there] = counts[there] / np.where(n > 0, n, np.nan)[there, None]
    spread = np.zeros_like(counts)  # squared standard error of `share`
    spread[there] = share[there] * (1 - share[there]) / np.where(n > 1, n - 1, np.nan)[there, None]
    users, users_var = np.diagonal(share), np.diagonal(spread)
    ground = weight @ share
    some = np.where(ground == 0, np.nan, ground)
    producers = weight * users / some
    own = (weight * (1 - producers)) ** 2 * users_var
    others = weight**2 @ spread - weight**2 * users_var
    return AreaAdjusted(
        oa=float(weight @ users),
        oa_se=float(np.sqrt(weight**2 @ users_var)),
        users=np.where(there, users, np.nan),
        users_se=np.where(there, np.sqrt(users_var), np.nan),
        producers=producers,
        producers_se=np.sqrt(own + producers**2 * others) / some,
        area=ground * mapped.sum(),
        area_se=np.sqrt(weight**2 @ spread) * mapped.sum(),
    )

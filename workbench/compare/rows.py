"""One row of a comparison: its seed, its training and test labels, its scores."""

from __future__ import annotations

import numpy as np
import xarray as xr

from workbench.compare import metrics
from workbench.compare.area import area_adjusted
from workbench.compare.calibration import calibration_error, reliability
from workbench.labels import Halves, Split, block_split, counts, official_split, random_split
from workbench.probe import ClassMap

SPLITS = ("random", "blocks")
OFFICIAL = "official"
"""The split of a truth that knows its official halves."""


def row_seed(seed: int, draw: int) -> int:
    """Seed of one draw: the same for every model, budget and split, so that rows can be paired.

    Parameters
    ----------
    seed : int
        Of the whole comparison.
    draw : int
        Which draw, from 0.

    Returns
    -------
    int

    Examples
    --------
    >>> row_seed(0, 1) == row_seed(0, 1), row_seed(0, 1) == row_seed(0, 2)
    (True, False)
    """
    return int(np.random.SeedSequence((seed, draw)).generate_state(1)[0])


def split_truth(
    truth: xr.DataArray, split: str, budget: int, seed: int, *, footprint: int = 1, halves: Halves | None = None
) -> Split:
    """Training and test labels of a row, from what the row says of itself.

    Parameters
    ----------
    truth : xarray.DataArray of shape (height, width)
        All labels on pixels with data.
    split : str
        One of ``SPLITS``, or ``OFFICIAL``.
    budget, seed, footprint : int
        As in the row.
    halves : Halves, optional
        Of the block split, where they are known.

    Returns
    -------
    Split
    """
    if split == "random":
        return random_split(truth, budget, seed)
    if split == OFFICIAL:
        return official_split(truth, budget, seed)
    return block_split(truth, budget, seed, footprint=footprint, halves=halves)


def scores(made: ClassMap, parts: Split) -> dict[str, object]:
    """What a class map is worth on the test labels.

    Parameters
    ----------
    made : ClassMap
        Of a model that saw only the training labels.
    parts : Split
        The labels.

    Returns
    -------
    dict
        Plain values, named as in ``compare_rows``.

    Raises
    ------
    RuntimeError
        If a test pixel has no class.
    """
    tested = parts.test.values > 0
    truth, predicted = parts.test.values[tested], made.class_map.values[tested]
    if missing := int((predicted == 0).sum()):
        raise RuntimeError(
            f"the model left {missing} test pixels with data without a class; a model classifies them all"
        )
    classes = list(parts.test.attrs["classes"])
    confusion = metrics.confusion_matrix(truth, predicted, len(classes))
    seen = counts(parts.train)
    confidence = made.confidence.values[tested]
    bins = reliability(confidence, truth == predicted)
    mapped = np.bincount(made.class_map.values.ravel(), minlength=len(classes) + 1)[1:]
    whole = area_adjusted(confusion, mapped)
    return {
        "counts": {name: int(n) for name, n in seen.items()},
        "n_train": int(seen.sum()),
        "n_test": int(tested.sum()),
        **metrics.accuracies(confusion),
        "oa_area": whole.oa,
        "oa_area_se": whole.oa_se,
        "ece": calibration_error(bins),
        "confidence": float(confidence.mean(dtype=float)),
        "seconds": float(made.seconds),
        "chosen": made.chosen,
        "classes": classes,
        "confusion": confusion.tolist(),
        "mapped": mapped.tolist(),
        "reliability": bins.tolist(),
    }

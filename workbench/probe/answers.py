"""What a classifier of pixels says of a block of features: the code of each pixel's class, and how sure it is.

A :class:`Columnwise` classifier, and a pipeline that standardises before one, is asked for a few thousand columns at a
time as they lie in the block, in threads of one core each; any other is given a table of the pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from workbench.probe.arithmetic import one_core_each
from workbench.probe.columnwise import Columnwise
from workbench.probe.tables import block_side

LEAST = 1024
"""Pixels below which a thread of their own does not pay."""


def answers(classifier: ClassifierMixin, values: NDArray, workers: int = 1) -> tuple[NDArray, NDArray, NDArray]:
    """Codes, confidence and margin of the pixels of a block.

    Parameters
    ----------
    classifier : ClassifierMixin
        Fitted to rows of as many features.
    values : ndarray of shape (n_features, height, width)
        NaN where there is no data.
    workers : int
        Threads, for classifiers that can use them.

    Returns
    -------
    three of ndarray, shape (height, width)
        int16, 0 without data; the others float32, 0 to 1, NaN without data.
    """
    columns, by_column = values.reshape(len(values), -1), isinstance(_parts(classifier)[1], Columnwise)
    codes, (confidence, margin) = np.empty(columns.shape[1], "int16"), np.empty((2, columns.shape[1]), "float32")

    def answer(strip: slice) -> None:
        start = strip.start
        for some in _some(classifier, columns[:, strip]):
            place = slice(start, start := start + some.shape[1])
            codes[place], confidence[place] = decided(some, classifier.classes_)
            margin[place] = lead(some)

    step = LEAST * -(-len(codes) // (LEAST * workers)) if by_column else len(codes)
    strips = [slice(start, min(start + step, len(codes))) for start in range(0, len(codes), step)]
    if len(strips) == 1:
        answer(strips[0])
    else:
        with one_core_each(workers) as pool:
            list(pool.map(answer, strips))
    return tuple(found.reshape(values.shape[1:]) for found in (codes, confidence, margin))


def chances_of(classifier: ClassifierMixin, values: NDArray) -> NDArray[np.float32]:
    """Chances of each class (n_classes, height, width) from features (n_features, height, width); NaN without data."""
    some = [part.astype("float32") for part in _some(classifier, values.reshape(len(values), -1))]
    return np.concatenate(some, axis=1).reshape(-1, *values.shape[1:])


def _some(classifier: ClassifierMixin, columns: NDArray) -> Iterator[NDArray]:
    """Chances (n_classes, n) of columns (n_features, n), some at a time and good until the next; NaN without data."""
    scaler, head = _parts(classifier)
    if isinstance(head, Columnwise):
        return _by_column(head, scaler, columns)
    return _by_table(classifier, columns)


def decided(chances: NDArray, classes: NDArray) -> tuple[NDArray, NDArray]:
    """Codes int16, 0 without data, and the confidence in them float32, NaN without data, of chances (n_classes, …)."""
    confidence = chances.max(axis=0)
    codes = classes.astype("int16")[chances.argmax(axis=0)]
    return np.where(np.isnan(confidence), np.int16(0), codes), confidence.astype("float32", copy=False)


def lead(chances: NDArray) -> NDArray[np.float32]:
    """By how much the likeliest class leads the next one, of chances (n_classes, …), 0 to 1; NaN without data."""
    best, second = -np.inf, -np.inf
    for chance in chances:  # two passes less than a partition, and no copy of all chances
        second = np.maximum(second, np.minimum(best, chance))
        best = np.maximum(best, chance)
    return (best - second).astype("float32", copy=False)


def _by_column(head: Columnwise, scaler: StandardScaler | None, columns: NDArray) -> Iterator[NDArray]:
    """Where the columns are asked about as they are."""
    dtype = np.result_type(columns.dtype, np.float32)
    (room, ask), even = head.asker(dtype), np.ones(len(columns), dtype)
    if scaler is not None:
        mean, factor = scaler.mean_.astype(dtype)[:, None], (1 / scaler.scale_).astype(dtype)[:, None]
    for start in range(0, columns.shape[1], room.shape[1]):
        some = columns[:, start : start + room.shape[1]]
        here = room[:, : some.shape[1]]
        if scaler is None:
            here[...] = some
        else:
            np.multiply(np.subtract(some, mean, out=here), factor, out=here)
        with np.errstate(invalid="ignore"):
            empty = ~np.isfinite(even @ here)  # one NaN makes the sum one
        if some_empty := empty.any():
            here[:, empty] = 0
        chances = ask(some.shape[1])
        if some_empty:
            chances[:, empty] = np.nan
        yield chances


def _by_table(classifier: ClassifierMixin, columns: NDArray) -> Iterator[NDArray]:
    """Where a table is made of them."""
    step = block_side(len(columns)) ** 2
    for start in range(0, columns.shape[1], step):
        table = np.ascontiguousarray(columns[:, start : start + step].T)
        has_data = np.isfinite(table).all(axis=1)
        chances = np.full((len(classifier.classes_), len(table)), np.nan, "float32")
        if has_data.any():
            chances[:, has_data] = classifier.predict_proba(table if has_data.all() else table[has_data]).T
        yield chances


def _parts(classifier: ClassifierMixin) -> tuple[StandardScaler | None, ClassifierMixin]:
    """What standardises, if anything, and what classifies."""
    if isinstance(classifier, Pipeline) and len(classifier) == 2 and isinstance(classifier[0], StandardScaler):
        return classifier[0], classifier[1]
    return None, classifier

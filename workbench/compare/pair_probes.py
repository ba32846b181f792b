"""What each of two kinds of data alone tells of the classes, and what they have in common: a linear probe, by draws.

All tables of a draw share its training and test pixels, so that they are compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from workbench.compare import metrics
from workbench.compare.intervals import interval
from workbench.compare.rows import SPLITS, row_seed, split_truth
from workbench.compare.study import PROBE
from workbench.labels import check_trainable
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.probe import find_model, pair_tables

WHOLE = "both"
"""What the others are compared with: the embedding of both."""


def pair_probe_rows(
    first: xr.DataArray,
    second: xr.DataArray,
    truth: xr.DataArray,
    encoder: PairEncoder,
    *,
    budget: int = 20,
    draws: int = 10,
    split: str = "blocks",
    seed: int = 0,
    device: str = "auto",
) -> Iterator[dict[str, object]]:
    """Teach a linear probe what each part of a pair's embedding says, a row at a time.

    Parameters
    ----------
    first, second : xarray.DataArray of shape (n_bands, height, width)
        On one grid.
    truth : xarray.DataArray of shape (height, width)
        All labels there are; 0 = unlabelled.
    encoder : PairEncoder
        With its heads.
    budget : int
        Labels a class.
    draws : int
        Random choices of them.
    split : str
        ``"blocks"`` keeps training and test pixels in separate blocks, as far apart as the encoder sees; ``"random"``
        tests on pixels anywhere.
    seed : int
        Draw i has the seed ``row_seed(seed, i)``.
    device : str
        ``"auto"`` or torch's name of one.

    Yields
    ------
    dict
        ``features`` (first, second, both, common, unique), ``draw, seed, split, budget, n_features, n_train, n_test``,
        ``oa, aa, kappa, f1`` [0…1].

    Raises
    ------
    ValueError
        If a choice is out of range, fewer than two classes have labels where both have data, or no test pixel is left.
    """
    if split not in SPLITS or draws < 1:
        raise ValueError(f"a split is one of {', '.join(SPLITS)}, of at least 1 draw, got {split}, {draws}")
    labelled = np.flatnonzero(truth.values)
    tables = pair_tables(first, second, encoder, labelled, device=device)
    known = np.isfinite(tables[WHOLE]).all(axis=1)
    truth = truth.copy(deep=True)
    truth.values.flat[labelled[~known]] = 0
    check_trainable(truth, "the labels where both scenes have data")
    row_of = np.full(truth.size, -1)
    row_of[labelled] = np.arange(len(labelled))
    n_classes = len(truth.attrs["classes"])
    for draw in range(draws):
        own = row_seed(seed, draw)
        parts = split_truth(truth, split, budget, own, footprint=encoder.footprint)
        taught, tested = (np.flatnonzero(part.values) for part in (parts.train, parts.test))
        for name, table in tables.items():
            probe = find_model(PROBE).build(0).fit(table[row_of[taught]], parts.train.values.flat[taught])
            predicted = probe.predict(table[row_of[tested]])
            matrix = metrics.confusion_matrix(parts.test.values.flat[tested], predicted, n_classes)
            yield {
                "features": name,
                "draw": draw,
                "seed": own,
                "split": split,
                "budget": budget,
                "n_features": table.shape[1],
                "n_train": len(taught),
                "n_test": len(tested),
                "oa": metrics.overall_accuracy(matrix),
                "aa": metrics.average_accuracy(matrix),
                "kappa": metrics.kappa(matrix),
                "f1": metrics.f1(matrix),
            }


def pair_probe_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means over draws with their 95 % intervals, and how far each is from the embedding of both.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of :func:`pair_probe_rows`.

    Returns
    -------
    pandas.DataFrame
        ``features, n_features, draws, oa_mean, oa_ci95, aa_mean, difference, ci95`` (of overall accuracy, paired by
        draw; NaN for one draw), in the order of the rows.
    """
    whole, found = table[table["features"] == WHOLE].set_index("draw")["oa"], []
    for name, rows in table.groupby("features", sort=False):
        scores = rows.set_index("draw")["oa"]
        apart = scores - whole
        found.append(
            {
                "features": name,
                "n_features": int(rows["n_features"].iloc[0]),
                "draws": len(scores),
                "oa_mean": float(scores.mean()),
                "oa_ci95": list(interval(scores, bounds=(0, 1))),
                "aa_mean": float(rows["aa"].mean()),
                "difference": float(apart.mean()),
                "ci95": [0.0, 0.0] if name == WHOLE else list(interval(apart)),
            }
        )
    return pd.DataFrame(found)

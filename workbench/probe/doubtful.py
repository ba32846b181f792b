"""Which labels look wrong: those that the other labels contradict, and those far from the rest of their class.

Each label is judged by models that were not told it (cross-validation over the labels alone). It is *suspected* by the
rule of confident learning: another class is as likely for it as for that class's own labels on average. It is an
*outlier* if its features lie far from its class's median, in units of the usual distance.

Two limits. A neighbouring pixel of the same wrong polygon is a false witness: labels given as areas are judged too
mildly. And a label that is right but rare looks the same as one that is wrong: it is for a person to look.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
import xarray as xr

from workbench.probe.chances import seen_by
from workbench.probe.confident import contradiction, out_of_fold, suspected
from workbench.probe.descriptions import Descriptions
from workbench.probe.models import find_model
from workbench.probe.outliers import FAR, class_distance
from workbench.probe.tables import labels_on_data


def doubtful(
    name: str,
    cube: xr.DataArray,
    labels: xr.DataArray,
    *,
    embedding: xr.DataArray | None = None,
    features: xr.DataArray | Descriptions | None = None,
    folds: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Labels from the most doubtful on.

    Parameters
    ----------
    name : str
        Name in ``MODELS`` of the model that judges.
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    labels : xarray.DataArray of shape (height, width)
        0 where unlabelled, 1…K.
    embedding, features : xarray.DataArray of shape (n_features, height, width), optional
        As for :func:`workbench.probe.classify_scene`.
    folds : int
        Parts that the labels are judged in, each by the others.
    seed : int
        Seeds the folds and the model.

    Returns
    -------
    pandas.DataFrame
        A row a label: ``row``, ``column``; ``code`` and ``class_name`` as labelled; ``guess`` and ``guess_name``, the
        likeliest class without it; ``doubt``, 0 (sure) to 1, one half where both are as likely; ``suspected``;
        ``distance`` from its class, 1 being usual; ``outlier``; ``reason``. Both numbers are NaN for the only label of
        a class, which nothing can contradict, and these come last.

    Raises
    ------
    ValueError
        If there are fewer than two folds, no class has two labels, or as :func:`workbench.probe.classify_scene`.
    """
    if folds < 2:
        raise ValueError(f"labels are judged in at least 2 folds, got {folds}")
    labels = labels_on_data(cube, labels)
    known = np.flatnonzero(labels.values)
    codes = labels.values.ravel()[known].astype("int64")
    chances = out_of_fold(name, cube, labels, embedding=embedding, features=features, folds=folds, seed=seed)
    rows = seen_by(find_model(name), cube, embedding, features)[0](known)
    doubt, guess = contradiction(chances, codes)
    distance = class_distance(rows, codes)
    names = np.array(["", *labels.attrs["classes"]], dtype=object)
    table = pd.DataFrame(
        {
            "row": known // labels.shape[1],
            "column": known % labels.shape[1],
            "code": codes,
            "class_name": names[codes],
            "guess": guess,
            "guess_name": names[guess],
            "doubt": doubt,
            "suspected": suspected(chances, codes),
            "distance": distance,
            "outlier": distance > FAR,
        }
    )
    table["reason"] = [_reason(row) for row in table.itertuples()]
    return table.sort_values(["doubt", "distance"], ascending=False, kind="stable", ignore_index=True)


def next_suspicious(table: pd.DataFrame, seen: Collection[tuple[int, int]] = ()) -> tuple[int, int] | None:
    """The next pixel (row, column) to look at again: suspected or an outlier, not among `seen`; None if all are.

    Parameters
    ----------
    table : pandas.DataFrame
        Of :func:`doubtful`.
    seen : collection of (int, int)
        Pixels (row, column) that were looked at.
    """
    wrong = table[table["suspected"] | table["outlier"]]
    places = zip(wrong["row"].tolist(), wrong["column"].tolist(), strict=True)
    return next((place for place in places if place not in seen), None)


def _reason(label: tuple) -> str:
    if np.isnan(label.doubt):
        return f"the only label of {label.class_name}"
    said = [f"looks like {label.guess_name}"] if label.guess != label.code else []
    said += [f"{label.distance:.0f} times as far from its class as usual"] if label.outlier else []
    return ", ".join(said) or f"agrees with the other labels of {label.class_name}"

"""Which column of a vector file names the classes.

It is found by rule, never by guess: the one asked for; else one named ``class_name``, ``class`` or
``label``; else the only text column; else, of the levels of one legend (``Level_1``, ``Level_2``: same name but for the
number, each refining the one before), the most detailed; else the only column of small whole numbers. Where no rule
decides, the error names the columns.
"""

from __future__ import annotations

import re
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd

CLASS_COLUMNS = ("class_name", "class", "label")
MAX_CLASSES = 255


def class_column(frame: gpd.GeoDataFrame, column: str | None = None, name: str = "the file") -> str:
    """Name of the column that holds the classes, by the rule at the head of this module.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Features with their attributes.
    column : str, optional
        The user's choice; checked only.
    name : str
        What to call the file in an error.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the choice is not there, or no rule decides.
    """
    columns = [str(c) for c in frame.columns if c != frame.geometry.name]
    if column is not None:
        if column not in columns:
            raise ValueError(
                f"{name} has no column {column!r}; pass column= one of: {', '.join(columns) or 'none there'}"
            )
        return column
    for known in CLASS_COLUMNS:
        if matches := [c for c in columns if c.lower() == known]:
            return matches[0]
    text = [c for c in columns if is_text(frame[c])]
    codes = [c for c in columns if _is_code(frame[c])]
    for candidates in (text, codes):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            detailed = _most_detailed(frame, candidates)
            if detailed is None:
                described = ", ".join(f"{c} ({frame[c].nunique()} values)" for c in candidates)
                raise ValueError(
                    f"{name} has several columns that could name the classes; pass column= one of: {described}"
                )
            return detailed
    raise ValueError(
        f"classes need a text or small whole-number column, but {name} has only: {', '.join(columns) or 'geometry'}; "
        "add one or pass column="
    )


def is_text(values: pd.Series) -> bool:
    """Words, few enough to be classes."""
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return False
    known = values.dropna()
    return len(known) > 0 and known.map(type).eq(str).all() and known.nunique() <= MAX_CLASSES


def _is_code(values: pd.Series) -> bool:
    """Whole numbers in 0…255 (Shapefiles often store them as double)."""
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return False
    known = values.dropna().to_numpy(dtype=float)
    return len(known) > 0 and bool((known == np.round(known)).all() and known.min() >= 0 and known.max() <= MAX_CLASSES)


def _most_detailed(frame: gpd.GeoDataFrame, columns: list[str]) -> str | None:
    """The finest of the levels of one legend, or None if the columns are not such levels."""
    levels = [re.fullmatch(r"(.*?)(\d+)(\D*)", c) for c in columns]
    if not all(levels) or len({(m[1].lower(), m[3].lower()) for m in levels}) != 1:
        return None
    ordered = sorted(columns, key=lambda c: int(re.fullmatch(r"(.*?)(\d+)(\D*)", c)[2]))
    for coarse, fine in pairwise(ordered):
        if (frame.groupby(fine)[coarse].nunique() > 1).any():
            return None
    return ordered[-1]

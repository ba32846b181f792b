"""How unsure one model or several are of each pixel, as one number 0…1, and what they waver between, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.probe.answers import lead
from workbench.probe.classify import ClassMap

Source = ClassMap | xr.DataArray | Mapping[str, ClassMap]
"""A class map, the chances of every class (class, y, x), or class maps by the names of their models."""

BY = ("margin", "entropy", "disagreement")


def uncertainty(source: Source, by: str) -> NDArray[np.floating]:
    """How unsure `source` is of each pixel.

    Parameters
    ----------
    source : ClassMap, xarray.DataArray of shape (n_classes, height, width), or mapping of str to ClassMap
        Chances are those of :func:`workbench.probe.class_chances`. Several maps are of the same labels.
    by : str
        ``"margin"``: 1 less the lead of the likeliest class over the next. ``"entropy"``: that of all chances, in
        units of its greatest value. ``"disagreement"``: the share of pairs of models that name different classes;
        where the share is equal, the less sure of their classes they are the higher.

    Returns
    -------
    ndarray of shape (height, width)
        0 (sure) to 1; NaN where there is no data.

    Raises
    ------
    ValueError
        If `by` is another, or cannot be had from such a source.

    References
    ----------
    Scheffer, Decomain, Wrobel (2001). *Active Hidden Markov Models for Information Extraction.* IDA. (margin)

    Seung, Opper, Sompolinsky (1992). *Query by committee.* COLT. doi:10.1145/130385.130417
    """
    if by not in BY:
        raise ValueError(f"uncertainty is measured by one of {', '.join(BY)}, got {by!r}")
    if (by == "disagreement") != isinstance(source, Mapping):
        wanted = "class maps of several models, by name" if by == "disagreement" else "one model's map or chances"
        raise ValueError(f"{by} is measured on {wanted}, got a {type(source).__name__}; pass the one or choose another")
    if isinstance(source, Mapping):
        return _disagreement(list(source.values()))
    if isinstance(source, ClassMap):
        if by == "entropy":
            raise ValueError("entropy needs the chances of every class, got a class map; pass those of class_chances")
        return 1 - source.margin.values
    if source.ndim != 3 or len(source) < 2:
        raise ValueError(f"chances are of at least two classes (class, y, x), got the shape {source.shape}")
    return 1 - lead(source.values) if by == "margin" else _entropy(source.values)


def wavering(source: Source, by: str) -> Callable[[int, int], tuple[int, str]]:
    """Of a pixel (row, column): the code of the likeliest class, and between which classes `source` wavers."""
    if isinstance(source, Mapping):
        return lambda row, column: _votes(source, row, column)
    if isinstance(source, ClassMap):
        names = source.class_map.attrs["classes"]

        def ahead(row: int, column: int) -> tuple[int, str]:
            code, margin = int(source.class_map.values[row, column]), float(source.margin.values[row, column])
            return code, f"{names[code - 1]}, ahead of the next class by {_percent(margin)}"

        return ahead
    names = source.attrs.get("classes")
    codes = [int(code) for code in source["class"].values] if "class" in source.coords else range(1, len(source) + 1)

    def several(row: int, column: int) -> tuple[int, str]:
        chances = source.values[:, row, column]
        first = np.argsort(-chances, kind="stable")[: 2 if by == "margin" else 3]
        said = [f"{_name(names, codes[i])} {_percent(chances[i])}" for i in first]
        return int(codes[first[0]]), " or ".join(said)

    return several


def _entropy(chances: NDArray) -> NDArray:
    total = np.zeros(chances.shape[1:], "float32")
    for chance in chances:
        total -= chance * np.log(np.maximum(chance, np.finfo("float32").tiny))
    return np.clip(total / np.log(len(chances)), 0, 1)


def _disagreement(maps: Sequence[ClassMap]) -> NDArray:
    if len(maps) < 2:
        raise ValueError(f"models disagree from two on, got {len(maps)}; add another, or measure by margin")
    pairs = list(combinations((one.class_map.values for one in maps), 2))
    sure = np.mean([one.confidence.values for one in maps], axis=0)
    differ = np.sum([left != right for left, right in pairs], axis=0, dtype="float32")
    return ((differ + 1 - sure) / (len(pairs) + 1)).astype("float32")


def _votes(maps: Mapping[str, ClassMap], row: int, column: int) -> tuple[int, str]:
    voices: dict[int, list[str]] = {}
    for name, one in maps.items():
        voices.setdefault(int(one.class_map.values[row, column]), []).append(name)
    voices = dict(sorted(voices.items(), key=lambda item: -len(item[1])))
    classes = next(iter(maps.values())).class_map.attrs["classes"]
    said = (f"{_name(classes, code)} by {', '.join(who)}" for code, who in voices.items())
    return next(iter(voices)), "; ".join(said)


def _name(names: Sequence[str] | None, code: int) -> str:
    return names[code - 1] if names and code else f"class {code}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"

"""Splits of the few labels there are now, that all families share: by blocks, or against a truth.

Half of a class's labels at most are taught in a split. The others are tested where they lie in other blocks, beyond a
guard band as wide as the widest model sees; where a truth is there, its pixels are tested that lie as far from every
label. A class that a split does not teach counts as wrong there, for all alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.compare.rows import row_seed, split_truth
from workbench.labels import Split, counts, draw
from workbench.labels.blocks import distance_to
from workbench.probe.tables import labels_on_data

DRAWS = 10
"""Splits."""

FEWEST = 4
"""Labels that every class needs, so that two may be taught and two tested."""

MOST_TESTED = 5000
"""Pixels of a truth that are tested, drawn at random where there are more."""

ON_LABELS, ON_TRUTH = "blocks", "truth"
"""What is tested: labels in other blocks, or a truth's pixels."""


def check_enough(labels: xr.DataArray) -> None:
    """Refuse labels that are too few for a split.

    Raises
    ------
    ValueError
        Names the classes that lack labels, and how many.
    """
    found = counts(labels)
    found = found[found > 0]
    rule = f"scores need {FEWEST} labels of each class, and two classes at least"
    few = ", ".join(f"{FEWEST - n} more of {name!r}" for name, n in found.items() if n < FEWEST)
    got = ", ".join(f"{name!r} {n}" for name, n in found.items()) or "none"
    if few or len(found) < 2:
        raise ValueError(f"{rule}, got {got}; label {few or ('another class' if len(found) else 'two')}")


def truth_of_labels(labels: xr.DataArray, truth: xr.DataArray) -> xr.DataArray:
    """A truth by the codes of labels, classes being the same where their names are; 0 for classes without labels.

    Raises
    ------
    ValueError
        If fewer than two labelled classes are in it.
    """
    found = counts(labels)
    named = {name.strip().casefold(): code for code, name in enumerate(found.index, 1) if found.iloc[code - 1]}
    codes = np.array([0, *(named.get(name.strip().casefold(), 0) for name in truth.attrs["classes"])], "int16")
    if len(set(codes) - {0}) < 2:
        names = ", ".join(map(repr, truth.attrs["classes"][:5]))
        raise ValueError(f"the truth's classes ({names}) have other names than those labelled here")
    return labels.copy(data=codes[truth.values])


def live_splits(
    cube: xr.DataArray,
    labels: xr.DataArray,
    *,
    footprint: int,
    truth: xr.DataArray | None = None,
    embedding: xr.DataArray | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> list[Split]:
    """The splits that all families are taught and tested on.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; only the pixels of labels are read.
    labels : xarray.DataArray of shape (height, width)
        0 = unlabelled, 1…K. Those where the scene has no data are left out.
    footprint : int
        Pixels across that the widest model sees; no test pixel is nearer to a taught one.
    truth : xarray.DataArray of shape (height, width), optional
        As ``truth_of_labels`` gives it: its pixels are tested instead of labels.
    embedding : xarray.DataArray of shape (n_features, height, width), optional
        What a family looks at beside spectra: pixels that it lacks are left out for all.
    seed, draws : int
        Split i has the seed ``row_seed(seed, i)``.

    Raises
    ------
    ValueError
        If labels are too few, or too near each other.
    """
    check_enough(labels)
    kept = _on_data(cube, labels, embedding)
    check_enough(kept)
    seeds, budget = [row_seed(seed, i) for i in range(draws)], int(counts(kept).max())
    if truth is not None:
        test = _some(truth, distance_to(labels.values > 0) >= footprint, seed)
        if (counts(test) > 0).sum() < 2:
            raise ValueError(
                f"scores on the truth need its pixels of two labelled classes, {footprint} pixels or more from every "
                "label, and there are none; label fewer of them"
            )
        test = _on_data(cube, test, embedding)
        return [Split(draw(kept, budget, one), test) for one in seeds]
    try:
        splits = [split_truth(kept, "blocks", budget, one, footprint=footprint) for one in seeds]
    except ValueError:
        splits = []
    fit = [split for split in splits if min((counts(part) > 0).sum() for part in (split.train, split.test)) > 1]
    if len(fit) < draws:
        apart = f"at least {footprint} pixels apart" if footprint > 1 else "in different blocks"
        raise ValueError(
            f"scores need labels of two classes to teach and others to test {apart}, got that in {len(fit)} of {draws} "
            "splits; label each class in more places, far from one another"
        )
    return splits


def missing(splits: Sequence[Split]) -> dict[str, int]:
    """In how many splits a class is tested that was not taught, by name: there it counts as wrong."""
    known = sum((counts(split.test) > 0) & (counts(split.train) == 0) for split in splits)
    return {name: int(n) for name, n in known.items() if n}


def _on_data(cube: xr.DataArray, labels: xr.DataArray, embedding: xr.DataArray | None) -> xr.DataArray:
    kept = labels_on_data(cube, labels)
    return kept if embedding is None else labels_on_data(cube, kept, embedding)


def _some(truth: xr.DataArray, where: NDArray[np.bool_], seed: int) -> xr.DataArray:
    """A truth's pixels there, at most ``MOST_TESTED``."""
    place = np.flatnonzero(where & (truth.values > 0))
    if len(place) > MOST_TESTED:
        place = np.random.default_rng(seed).choice(place, MOST_TESTED, replace=False)
    kept = np.zeros(truth.shape, "int16")
    kept.flat[place] = truth.values.flat[place]
    return truth.copy(data=kept)

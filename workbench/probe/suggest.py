"""Which pixels to label next: those a model is least sure of, unlike each other, and apart in the scene.

The most uncertain pixels of a scene are alike: a hundred of them along one edge teach what one teaches. So a few times
as many as are wanted are taken, in order of uncertainty and a few pixels apart, then sorted into as many clusters as
are wanted, each weighing as much as it is uncertain; the most uncertain pixel of each cluster is asked for.

That way had the best mean among those tried, on the scenes of ``tests/test_suggest.py``: its table has the figures.
Other than in Demir et al. the clusters are k-means in the given features, not in a kernel's space; the weights are
Zhdanov's.

References
----------
Demir, Persello, Bruzzone (2011). *Batch-mode active-learning methods for the interactive classification of remote
sensing images.* IEEE TGRS 49(3). doi:10.1109/TGRS.2010.2072929

Zhdanov (2019). *Diverse mini-batch active learning.* arXiv:1901.05954
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter
from sklearn.cluster import KMeans

from workbench.probe.tables import rows_at
from workbench.probe.uncertainty import Source, uncertainty, wavering

CANDIDATES = 5
"""Uncertain pixels that are looked at for each one that is wanted."""

SPACING = 3
"""Least distance between two pixels that are asked for, and from one that has a label [pixels]."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A pixel worth a label."""

    row: int
    """From the top, 0 first."""

    column: int
    """From the left, 0 first."""

    uncertainty: float
    """0 (sure) to 1."""

    guess: int
    """Code of the class it would get now."""

    reason: str
    """Between what the model wavers, in words."""


def suggest(
    source: Source,
    labels: xr.DataArray,
    n: int = 10,
    *,
    by: str = "margin",
    features: xr.DataArray | None = None,
    spacing: int = SPACING,
    seed: int = 0,
) -> list[Suggestion]:
    """The next pixels to label, the most uncertain first.

    Parameters
    ----------
    source : ClassMap, xarray.DataArray of shape (n_classes, height, width), or mapping of str to ClassMap
        A class map, the chances of :func:`workbench.probe.class_chances`, or class maps of several models by name.
        Pixels that cannot be labelled may be left out by setting their chances to NaN.
    labels : xarray.DataArray of shape (height, width)
        0 where unlabelled; a labelled pixel is not asked for again.
    n : int
        How many are wanted.
    by : str
        ``"margin"``, ``"entropy"``, or ``"disagreement"`` of several models; see
        :func:`workbench.probe.uncertainty.uncertainty`.
    features : xarray.DataArray of shape (n_features, height, width), optional
        What tells pixels apart: an embedding, or a row of ``FEATURES`` as a map. Without, they are only kept apart in
        the scene. Each feature counts in units of its spread among the uncertain pixels.
    spacing : int
        Least distance, along rows or columns, between two pixels, and from a labelled one [pixels].
    seed : int
        Decides between equally uncertain pixels, and starts the clusters.

    Returns
    -------
    list of Suggestion
        At most `n`: fewer where the scene has no room for more at this spacing.

    Raises
    ------
    ValueError
        If a count is below 1, sizes differ, or `by` does not go with `source`.
    """
    if n < 1 or spacing < 1:
        raise ValueError(f"at least 1 pixel, at least 1 pixel apart, can be asked for, got n={n}, spacing={spacing}")
    doubt = uncertainty(source, by)
    for name, shape in (
        ("labels", labels.shape),
        *([("features", features.shape[1:])] if features is not None else []),
    ):
        if shape != doubt.shape:
            raise ValueError(f"{name} lie on the grid of the class map, {doubt.shape}, got {shape}; use one scene's")
    rng = np.random.default_rng(seed)
    found = _apart(doubt, labels.values > 0, n if features is None else CANDIDATES * n, spacing, rng)
    if features is not None and len(found) > n:
        found = _unlike(found, rows_at(features, found), doubt.ravel()[found], n, rng)
    words, width = wavering(source, by), doubt.shape[1]
    places = [(int(pixel) // width, int(pixel) % width) for pixel in found]
    return [Suggestion(row, column, float(doubt[row, column]), *words(row, column)) for row, column in places]


def _apart(doubt: NDArray, labelled: NDArray, n: int, spacing: int, rng: np.random.Generator) -> NDArray:
    """At most `n` pixels, the most uncertain first, none within `spacing` of another or of a label."""
    taken = maximum_filter(labelled, 2 * spacing - 1, mode="constant")
    found: list[int] = []
    for pixel in _in_order(np.where(taken, np.nan, doubt).ravel(), n * (2 * spacing - 1) ** 2, rng):
        row, column = divmod(int(pixel), doubt.shape[1])
        if not taken[row, column]:
            near = spacing - 1
            taken[max(0, row - near) : row + spacing, max(0, column - near) : column + spacing] = True
            found.append(int(pixel))
            if len(found) == n:
                break
    return np.array(found, int)


def _in_order(doubt: NDArray, enough: int, rng: np.random.Generator) -> Iterator[int]:
    """Pixels by falling uncertainty, equal ones in a random order; the first `enough` are sorted before the rest."""
    left = rng.permutation(np.flatnonzero(np.isfinite(doubt)))
    if enough < len(left):
        parted = np.argpartition(-doubt[left], enough)
        first, rest = left[parted[:enough]], left[parted[enough:]]
        yield from first[np.argsort(-doubt[first], kind="stable")]
        left = rest
    yield from left[np.argsort(-doubt[left], kind="stable")]


def _unlike(found: NDArray, rows: NDArray, doubt: NDArray, n: int, rng: np.random.Generator) -> NDArray:
    """The most uncertain of each of `n` clusters of `found`, which come in order of uncertainty."""
    usable = np.isfinite(rows).all(axis=1)
    found, rows, doubt = found[usable], rows[usable].astype("float64"), doubt[usable]
    if len(found) <= n:
        return found
    spread = rows.std(axis=0)
    rows = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1)
    means = KMeans(min(n, len(np.unique(rows, axis=0))), n_init=1, random_state=int(rng.integers(2**31)))
    clusters = means.fit(rows, sample_weight=np.maximum(doubt, 1e-6)).labels_
    first = np.unique(clusters, return_index=True)[1]
    others = np.setdiff1d(np.arange(len(found)), first)  # wanted only where pixels are the same in all features
    return found[np.sort(np.append(first, others[: n - len(first)]))]

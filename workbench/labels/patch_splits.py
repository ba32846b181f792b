"""Which patches teach, which tell when to stop, and which are tested: from lists, or drawn; never one place in two.

Patches of one location, of several dates or of overlapping ground, count as one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import STRtree, area, box, intersection

from workbench.labels.patch_tables import FILE, read_table
from workbench.labels.patch_truth import CLASSES, PatchTruth

PARTS = ("train", "val", "test")
SHARES = (0.6, 0.2, 0.2)
"""Of the places, where no lists are given."""

OVERLAP = 1e-6
"""Share of its ground from which on a patch overlaps another; borders that touch do not."""


@dataclass(frozen=True)
class PatchSplit:
    """Numbers of patches, each array increasing."""

    train: NDArray[np.intp]
    val: NDArray[np.intp]
    """May be empty: then training ends after its steps."""
    test: NDArray[np.intp]


def places_of(root: Path, files: Sequence[str], locations: Sequence[str]) -> NDArray[np.intp]:
    """A number a place: one for all patches of a location, and for those whose ground overlaps in one CRS.

    Parameters
    ----------
    root : Path
        Folder of the patches.
    files, locations : sequence of str
        Relative to it; what location each is of.
    """
    _, place = np.unique(locations, return_inverse=True)
    links, of_crs = [], {}
    for i, file in enumerate(files):
        if found := _ground(root / file):
            of_crs.setdefault(found[0], []).append((i, box(*found[1])))
    for known in of_crs.values():
        numbers, grounds = np.array([i for i, _ in known]), np.array([ground for _, ground in known])
        one, two = STRtree(grounds).query(grounds, predicate="intersects")
        shared = area(intersection(grounds[one], grounds[two])) > OVERLAP * area(grounds[one])
        links.append(np.stack([numbers[one[shared]], numbers[two[shared]]]))
    first = {}
    same = [(first.setdefault(p, i), i) for i, p in enumerate(place)]
    pairs = np.concatenate([np.array(same).T, *links], axis=1)
    graph = coo_array((np.ones(pairs.shape[1], bool), tuple(pairs)), shape=(len(files),) * 2)
    return connected_components(graph, directed=False)[1].astype(np.intp)


def split_by_place(place: NDArray[np.intp], seed: int, shares: Sequence[float] = SHARES) -> PatchSplit:
    """Draw places for training, validation and test, at least one each.

    Raises
    ------
    ValueError
        If there are fewer than three places.
    """
    names = np.unique(place)
    if len(names) < len(PARTS):
        raise ValueError(
            f"a split needs patches of at least 3 places, got {len(names)}; add some, or give lists of files by --split"
        )
    order = np.random.default_rng((seed, 7)).permutation(names)
    n_test, n_val = (max(1, round(share * len(names))) for share in (shares[2], shares[1]))
    edges = np.clip([len(names) - n_test - n_val, len(names) - n_test], 1, None)
    return PatchSplit(*(np.flatnonzero(np.isin(place, part)) for part in np.split(order, edges)))


def split_by_lists(truth: PatchTruth, place: NDArray[np.intp], lists: Path) -> PatchSplit:
    """The split that ``train.txt``, ``test.txt`` and, if there is one, ``val.txt`` in a folder name, a patch a line.

    Or a table's column ``split`` of train, test and validation, as BigEarthNet v2 has it in its ``metadata.parquet``.

    Parameters
    ----------
    truth : PatchTruth
        Of the patches.
    place : ndarray of shape (n,)
        As ``places_of`` gives it.
    lists : Path
        Folder of the lists, whose lines may leave out folders and the suffix, or of ``.csv`` with names of a patch side
        by side, as BigEarthNet v1 has them; or the table, a ``.parquet`` or ``.csv``.

    Raises
    ------
    ValueError
        If a list is missing or names no patch, or a place stands in two.
    """
    rows = {}
    for row, file in enumerate(truth.files):
        for name in (file, file.partition("/")[2] or file, file.rpartition("/")[2]):
            rows.setdefault(name, row)
            rows.setdefault(name.rpartition(".")[0], row)
    found = []
    for part, (path, lines) in (_from_table if lists.is_file() else _from_texts)(lists).items():
        known = sorted({rows[line] for line in lines if line in rows})
        if not known and (lines or part != "val"):
            raise ValueError(f"{path} names no patch that has a truth; its lines are paths as {truth.files[0]}")
        found.append(np.array(known, np.intp))
    for a, b in ((0, 1), (0, 2), (1, 2)):
        if (both := np.isin(found[b], found[a]) | np.isin(place[found[b]], place[found[a]])).any():
            file = truth.files[found[b][both][0]]
            raise ValueError(
                f"{file} of {_said(lists, b)} shows a place that {_said(lists, a)} has too, which would leak it; take "
                "it out of one"
            )
    return PatchSplit(*found)


def _said(lists: Path, part: int) -> str:
    if lists.is_file():
        return f"{PARTS[part]} in {lists.name}"
    return f"{PARTS[part]}.csv" if (lists / f"{PARTS[part]}.csv").is_file() else f"{PARTS[part]}.txt"


def _from_texts(lists: Path) -> dict[str, tuple[Path, list[str]]]:
    """Names of each part's patches, and where they stand."""
    found = {}
    for part in PARTS:
        path = lists / f"{part}.csv"
        if not path.is_file():
            path = lists / f"{part}.txt"
        if not path.is_file() and part != "val":
            raise FileNotFoundError(f"a split is lists train.txt, test.txt and maybe val.txt, but {path} is not there")
        found[part] = path, path.read_text(encoding="utf-8").replace(",", " ").split() if path.is_file() else []
    return found


def _from_table(path: Path) -> dict[str, tuple[Path, list[str]]]:
    table = read_table(path)
    if "split" not in table:
        columns = ", ".join(map(str, table))
        raise ValueError(f"a split's table has a column split, but {path} has {columns}; name another")
    said = table["split"].astype(str).str.lower().replace({"validation": "val"})
    named = [name for name in FILE if name in table] or [table.columns[0]]
    return {part: (path, [str(one) for name in named for one in table.loc[said == part, name]]) for part in PARTS}


def share_of_patches(truth: PatchTruth, train: NDArray[np.intp], share: float, seed: int) -> NDArray[np.intp]:
    """A share of the training patches, rounded up, of each class where a patch has one; smaller shares are among it."""
    order = train[np.random.default_rng((seed, 11)).permutation(len(train))]
    groups = [order]
    if truth.task == CLASSES:
        groups = [order[truth.values[order] == code] for code in np.unique(truth.values[order])]
    return np.sort(np.concatenate([some[: int(np.ceil(share * len(some) - 1e-9))] for some in groups]))


def _ground(path: Path) -> tuple[str, tuple[float, ...]] | None:
    """CRS and bounds of a patch, where it has both."""
    try:
        with rasterio.open(path) as dataset:
            if dataset.crs is None or dataset.transform.is_identity:
                return None
            left, bottom, right, top = dataset.bounds
            return dataset.crs.to_string(), (min(left, right), min(bottom, top), max(left, right), max(bottom, top))
    except (RasterioError, OSError):
        return None

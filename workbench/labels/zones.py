"""Local climate zones of So2Sat's patches, from the files that hold them; each file is a part of its split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbench.cubes.so2sat import ZONES, So2SatPatches
from workbench.labels.patch_splits import PatchSplit
from workbench.labels.patch_truth import CLASSES, PatchTruth, check_classes

FILES = {"training": "train", "validation": "val", "testing": "test"}
"""Which part of the split a file is."""


def truth_of_zones(files: Sequence[str], at: Sequence[int], root: Path) -> PatchTruth:
    """A zone a patch; patches are named ``training.h5#000012``.

    Parameters
    ----------
    files, at : sequence of str, of int
        Of each patch, its file relative to `root`, and its number there.
    root : Path
        The set's folder.
    """
    found = {file: So2SatPatches(root / file).zones() for file in dict.fromkeys(files)}
    zones = np.array([found[file][k] for file, k in zip(files, at, strict=True)], int)
    there = np.unique(zones)
    check_classes(len(there), root)
    names = tuple(f"{file}#{k:06d}" for file, k in zip(files, at, strict=True))
    return PatchTruth(CLASSES, names, tuple(ZONES[k] for k in there), np.searchsorted(there, zones))


def split_of_files(truth: PatchTruth) -> PatchSplit | None:
    """The published split, where files of training and of testing are there."""
    stems = [file.rpartition("#")[0].rpartition("/")[2].removesuffix(".h5") for file in truth.files]
    parts = {part: np.flatnonzero([stem == name for stem in stems]) for name, part in FILES.items()}
    return PatchSplit(**parts) if len(parts["train"]) and len(parts["test"]) else None

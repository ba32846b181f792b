"""Several classes a patch, from files beside the patches or from masks: BigEarthNet, EnMAP-CORINE.

Of BigEarthNet v1 each patch's folder has a ``_labels_metadata.json`` with names of CORINE's 43 classes. EnMAP-CORINE
has masks of CORINE's codes, of which a patch has each class that stands in its mask.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from workbench.labels.nomenclature import classes_of, named_by_code, named_by_name
from workbench.labels.patch_truth import SEVERAL, PatchTruth, check_classes, masks_of, read_mask

BESIDE = "_labels_metadata.json"
"""How BigEarthNet's files of labels end."""


def has_labels_beside(files: Sequence[str], root: Path) -> bool:
    """Whether the first patch is a folder with such a file."""
    return bool(files) and _beside(root, files[0]).is_file()


def truth_beside(files: Sequence[str], root: Path, n: int = 19) -> PatchTruth:
    """Labels from the files in the patches' folders; patches without any of the `n` classes have none.

    Raises
    ------
    ValueError
        If such a file is damaged, or names a class that CORINE has not.
    """
    known, found = named_by_name(n), {}
    every = named_by_name(43)
    for file in files:
        path = _beside(root, file)
        try:
            labels = json.loads(path.read_text(encoding="utf-8"))["labels"]
            names = [str(name) for name in labels if isinstance(labels, list)]
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise ValueError(f"{path} should hold a list of labels, but is damaged; copy it again") from error
        if unknown := [name for name in names if name not in every]:
            raise ValueError(f"{path} names {unknown[0]!r}, which CORINE has not; correct it")
        found[file] = {known[name] for name in names if name in known}
    return _truth(found, classes_of(n), root)


def truth_of_masks_present(
    files: Sequence[str], masks: Path, *, unlabelled: int = 0, n: int | None = None
) -> PatchTruth:
    """Of each patch the classes that stand in its mask: codes, or of CORINE's codes the `n` classes.

    Raises
    ------
    ValueError
        If the folder is missing, no patch has a mask, or there are no two classes.
    """
    codes = {
        file: {int(code) for code in np.unique(read_mask(path)) if code >= 0 and code != unlabelled}
        for file, path in masks_of(files, masks)
    }
    there = sorted(set().union(*codes.values()))
    names = named_by_code(n) if n else {code: str(code) for code in there}
    found = {file: {names[code] for code in some if code in names} for file, some in codes.items()}
    return _truth(found, classes_of(n) if n else tuple(names.values()), masks)


def _truth(found: dict[str, set[str]], classes: tuple[str, ...], where: Path) -> PatchTruth:
    kept = {file: names for file, names in found.items() if names}
    if not kept:
        raise ValueError(f"no patch of {where} has any of the {len(classes)} classes; check that these are its labels")
    check_classes(len(set().union(*kept.values())), where)
    values = np.array([[name in names for name in classes] for names in kept.values()])
    return PatchTruth(SEVERAL, tuple(kept), classes, values)


def _beside(root: Path, file: str) -> Path:
    return root / file / f"{PurePosixPath(file).name}{BESIDE}"

"""What is known of labelled patches: a mask each, a class each, several classes each, or a number each.

The layouts are those of the published sets: masks in a folder of their own under the same names (SpectralEarth's CDL,
NLCD, CORINE), a folder a class (EuroSAT), a table or JSON file of labels (BigEarthNet), a column of numbers. As
everywhere, 0 in a mask is unlabelled, unless another code is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from workbench.labels.columns import MAX_CLASSES

SEGMENTATION, CLASSES, SEVERAL, NUMBER = TASKS = ("segmentation", "classes", "several", "number")
"""A class a pixel; a class a patch; any of the classes a patch; a number a patch."""

UNLABELLED = -1
"""In masks as :meth:`PatchTruth.mask` gives them."""

SUFFIXES = (".tif", ".tiff", ".png", ".img")
"""Masks that are looked for, beside the patch's own suffix."""


@dataclass(frozen=True)
class PatchTruth:
    """The truth of some patches."""

    task: str
    """One of ``TASKS``."""

    files: tuple[str, ...]
    """The patches that have one, relative to their folder."""

    names: tuple[str, ...]
    """Of the classes, or of the number."""

    values: NDArray
    """Shape (n,), int: 0…K−1 for ``classes``; (n, K) bool for ``several``; (n,) float for ``number``; else (n, 0)."""

    masks: tuple[Path, ...] = ()
    """A raster a patch, for ``segmentation``."""

    codes: NDArray = field(default_factory=lambda: np.zeros(0, int))
    """What stands in the masks for each class."""

    def mask(self, i: int) -> NDArray[np.int64]:
        """Classes 0…K−1 of patch `i`'s pixels, −1 where unlabelled, shape (height, width)."""
        stored = read_mask(self.masks[i])
        place = np.clip(np.searchsorted(self.codes, stored), 0, len(self.codes) - 1)
        return np.where(self.codes[place] == stored, place, UNLABELLED)


def truth_of_masks(files: Sequence[str], masks: Path, *, unlabelled: int = 0) -> PatchTruth:
    """Segmentation: each patch's mask has the same name, in the same folders below `masks`, or without the first.

    Parameters
    ----------
    files : sequence of str
        Patches, relative to their folder.
    masks : Path
        Folder of single-band rasters of class codes.
    unlabelled : int
        Code of pixels that have no class; so have negative ones, NaN and the file's no data.

    Raises
    ------
    ValueError
        If the folder is missing, no patch has a mask, or there are no two classes.
    """
    pairs = masks_of(files, masks)
    codes = np.unique(np.concatenate([np.unique(read_mask(path)) for _, path in pairs]))
    codes = codes[(codes >= 0) & (codes != unlabelled)]
    check_classes(len(codes), masks)
    kept, paths = zip(*pairs, strict=True)
    return PatchTruth(SEGMENTATION, kept, tuple(map(str, codes)), np.zeros((len(kept), 0)), paths, codes)


def truth_of_folders(files: Sequence[str], root: Path) -> PatchTruth:
    """Scene classification: the folder that a patch lies in is its class.

    Raises
    ------
    ValueError
        If a patch lies in no folder, or all in one.
    """
    folders = [file.rpartition("/")[0] for file in files]
    if "" in folders:
        lost = files[folders.index("")]
        raise ValueError(
            f"each class has a folder of its own, but {lost} lies in {root} itself; name --labels or --masks"
        )
    names, values = np.unique(folders, return_inverse=True)
    check_classes(len(names), root)
    return PatchTruth(CLASSES, tuple(files), tuple(map(str, names)), values.astype(int))


def read_mask(path: Path) -> NDArray[np.int64]:
    """Codes of a mask, −1 for NaN and no data, shape (height, width).

    Raises
    ------
    ValueError
        If it cannot be read or has several bands.
    """
    try:
        with rasterio.open(path) as dataset:
            if dataset.count != 1:
                raise ValueError(f"a mask has one band, {path} has {dataset.count}; write the class codes alone")
            values, nodata = dataset.read(1), dataset.nodata
    except (RasterioError, OSError) as error:
        raise ValueError(f"the mask {path} cannot be read and may be damaged; copy it again") from error
    lacks = ~np.isfinite(values) | (values == nodata if nodata is not None else False)
    return np.where(lacks, UNLABELLED, np.nan_to_num(values)).astype("int64")


def masks_of(files: Sequence[str], masks: Path) -> list[tuple[str, Path]]:
    """The patches that have a mask, and where.

    Raises
    ------
    ValueError
        If the folder is missing, or no patch has one.
    """
    if not masks.is_dir():
        raise FileNotFoundError(f"masks lie in a folder of their own, but there is no folder {masks}; check --masks")
    pairs = [(file, found) for file in files if (found := _mask_of(file, masks))]
    if not pairs:
        raise ValueError(
            f"a mask is named as its patch, but {masks} has none for {files[0]} or any other; check --masks"
        )
    return pairs


def _mask_of(file: str, masks: Path) -> Path | None:
    """Under the same name, with the first folder or without it, with any suffix of a raster; or alone in its folder.

    SSL4EO-L's benchmark has ``all_bands.tif`` and ``nlcd_2019.tif`` in folders of one name; a patch of BigEarthNet is a
    folder, and so is its map.
    """
    for name in (file, file.partition("/")[2]):
        if name:
            path = masks / name
            for one in (path, *(path.with_suffix(suffix) for suffix in SUFFIXES)):
                if one.is_file():
                    return one
            # Only where a patch is its folder: else the one mask there is may be that of another date.
            folder = path.parent if path.stem == "all_bands" else path
            if folder != masks and folder.is_dir():
                alone = [one for one in folder.iterdir() if one.suffix.lower() in SUFFIXES]
                if len(alone) == 1:
                    return alone[0]
    return None


def check_classes(n_classes: int, where: Path) -> None:
    """Refuse a truth of one class, or of more than a class map may have."""
    if not 2 <= n_classes <= MAX_CLASSES:
        raise ValueError(f"a truth has 2 to {MAX_CLASSES:,} classes, {where} has {n_classes}; check that it is one")

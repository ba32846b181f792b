"""Products of many files: which of them lies in a folder or an archive, and its rasters.

A product's files share the beginning of their names. Whoever opens one gives the folder, the archive, or one of its
files; an archive may hold the product's own archive, as data centres deliver it. Where several products lie together,
the option ``product`` takes a part of the name of one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.archives import ARCHIVES, Files, files_of, glanced_names, shown
from workbench.cubes.contract import CubeError
from workbench.cubes.raster import Raster
from workbench.cubes.unpacking import files_inside, inner_archives, rasters


@dataclass(frozen=True, slots=True)
class Kind:
    """How the files of one kind of product are called."""

    title: str
    """For people."""

    file: re.Pattern[str]
    """Of the files it is known by; groups ``stem``, the beginning they share, and ``part``, what the file is."""

    key: str
    """Part of the file that describes the others."""

    def stem(self, name: str, *, key: bool = True) -> str | None:
        """The beginning of the names, if the file is one of such a product; with `key`, only for the describing one."""
        found = self.file.fullmatch(shown(name))
        if not found or (key and found["part"].upper() != self.key):
            return None
        return name[: len(name) - len(shown(name))] + found["stem"]

    def is_in(self, path: Path) -> bool:
        """Whether a folder, an archive or a file beside others is such a product; reads names only."""
        if not isinstance(path, Path):  # an address: the files beside it cannot be listed
            return False
        if path.is_dir() or path.name.lower().endswith(ARCHIVES):
            return any(self._hints(name) for name in glanced_names(path))
        stem = self.stem(path.name, key=False)
        return stem is not None and any(self.stem(other.name) == stem for other in path.parent.glob(f"{stem}*"))

    def _hints(self, name: str) -> bool:
        if name.lower().endswith(ARCHIVES):
            name = re.sub(r"\.(zip|tar|tar\.gz|tgz)$", "", shown(name), flags=re.IGNORECASE)
            return any(self.stem(f"{name}{end}") is not None for end in ("-METADATA.XML", "_MTL_L1T.TXT"))
        return self.stem(name) is not None


@dataclass(frozen=True, slots=True)
class Product:
    """One product among a folder's or an archive's files."""

    files: Files
    """All that lie there."""

    stem: str
    """Beginning of the names of its own, with their folder inside an archive."""

    key: str
    """The file that describes the others."""

    @property
    def name(self) -> str:
        """For people."""
        return shown(self.stem)

    def find(self, *ends: str) -> str | None:
        """The first of its files that ends so, in any case, and is there."""
        by_case = {name.lower(): name for name in self.files.members if name.startswith(self.stem)}
        return next((by_case[at] for end in ends if (at := f"{self.stem}{end}".lower()) in by_case), None)

    def rasters(self, names: Sequence[str]) -> list[Raster]:
        """Some of its GeoTIFFs."""
        return [Raster(path) for path in rasters(self.files, names)]


def find_product(path: Path, kind: Kind, product: str = "") -> Product:
    """The product in a folder or an archive, or that of a file.

    Parameters
    ----------
    path : Path
        The folder, the archive, or one of its files.
    kind : Kind
        What it is.
    product : str
        Part of its name, where several lie together.

    Raises
    ------
    CubeError
        If there is none, or more than one.
    """
    if not path.is_dir() and not path.name.lower().endswith(ARCHIVES):
        stem = kind.stem(path.name, key=False)
        if stem is None:
            raise CubeError(f"files of {kind.title} are named as delivered, got {path.name}; give it back its name")
        files = files_of(path.parent, stem)
        found = {name: stem for name in files.members if kind.stem(name) == stem}
    else:
        files = files_of(path)
        found = _found(files, kind)
        if not found and (inner := inner_archives(files)):
            files = files_inside(files, _one(inner, product, path, kind))
            found = _found(files, kind)
    if not found:
        raise CubeError(f"{kind.title} has a file {kind.key}, but {path.name} has none; copy the product whole")
    key = _one(list(found), product if len(found) > 1 else "", path, kind)
    return Product(files, found[key], key)


class Plane:
    """One band of a raster, as an array (y, x)."""

    def __init__(self, raster: Raster, band: int = 0) -> None:
        self.raster, self.band = raster, band
        self.shape, self.dtype = raster.shape[1:], raster.dtype

    def __getitem__(self, key: tuple[slice, slice]) -> NDArray:
        """Rows and columns."""
        return self.raster[np.array([self.band]), key[0], key[1]][0]


def native(raster: Raster) -> tuple[int, int, int]:
    """Bands, rows and columns that a raster's file gives in one go."""
    interleaving = raster.dataset.interleaving
    together = interleaving is not None and interleaving.value.lower() == "pixel"
    return (raster.shape[0] if together else 1, *raster.dataset.block_shapes[0])


def _found(files: Files, kind: Kind) -> dict[str, str]:
    return {name: stem for name in files.members if (stem := kind.stem(name)) is not None}


def _one(names: Sequence[str], product: str, path: Path, kind: Kind) -> str:
    fits = [name for name in names if product.lower() in PurePosixPath(name).name.lower()]
    if len(fits) == 1:
        return fits[0]
    listed = ", ".join(shown(name) for name in names[:5]) + (", …" if len(names) > 5 else "")
    raise CubeError(f"one product of {kind.title} is opened, but {path.name} holds {listed}; pass product= to choose")

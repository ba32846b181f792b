"""Labelled patches as a verb is told them: a folder, or a data set that torchgeo reads."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.probe import PatchSet, TorchgeoPatches


@dataclass(frozen=True)
class TorchgeoPlace:
    """A data set of torchgeo's, as it was named."""

    name: str
    root: Path

    def __str__(self) -> str:
        """In full, to be named again."""
        return f"torchgeo:{self.name}@{self.root}"


def folder_or_set(text: str) -> Path | TorchgeoPlace:
    """A folder, or ``torchgeo:NAME@DIR``.

    Examples
    --------
    >>> folder_or_set("torchgeo:EuroSAT@/data/eurosat")
    TorchgeoPlace(name='EuroSAT', root=PosixPath('/data/eurosat'))
    """
    if not text.startswith("torchgeo:"):
        return Path(text)
    name, at, root = text.removeprefix("torchgeo:").partition("@")
    if not (name and at and root):
        raise argparse.ArgumentTypeError(
            f"a set of torchgeo's is torchgeo:NAME@DIR, as torchgeo:EuroSAT@data, got {text}"
        )
    return TorchgeoPlace(name, Path(root).expanduser().absolute())


def opened(args: argparse.Namespace) -> PatchSet | TorchgeoPatches:
    """The labelled patches that `args` name."""
    from workbench.probe import open_patches, open_torchgeo

    how = {name: getattr(args, name) for name in ("masks", "labels", "column", "task", "unlabelled", "nomenclature")}
    if not isinstance(args.patches, TorchgeoPlace):
        if args.options:
            raise ValueError(f"--option is for torchgeo:NAME@DIR, but {args.patches} is a folder; leave it out")
        return open_patches(args.patches, **how)
    if wrong := [name for name in (*how, "split") if getattr(args, name)]:
        raise ValueError(f"{args.patches} brings its labels and its split; leave --{wrong[0]} out")
    return open_torchgeo(args.patches.name, args.patches.root, **dict(args.options))

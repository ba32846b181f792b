"""Data sets that torchgeo reads from disk, as labelled patches; torchgeo is an extra, and nothing is downloaded.

A published split is taken as it is, also where it is random and neighbours are on two sides (EuroSAT; not
EuroSATSpatial).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from inspect import signature
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.labels import PatchSplit, PatchTruth
from workbench.labels.patch_splits import PARTS
from workbench.labels.patch_truth import UNLABELLED, check_classes
from workbench.pretrain.archives import Archive
from workbench.probe.torchgeo_sets import SETS, TorchgeoSet


@dataclass(frozen=True)
class _Masks(PatchTruth):
    """Masks that torchgeo reads."""

    parts: tuple[object, ...] = field(default=(), kw_only=True)

    def mask(self, i: int) -> NDArray[np.int64]:
        """Classes 0…K−1 of patch `i`'s pixels, −1 where unlabelled."""
        stored = _sample(self.parts, i)["mask"].numpy().astype("int64")
        return np.where(stored > 0, stored - 1, UNLABELLED)


@dataclass(frozen=True)
class TorchgeoPatches:
    """Patches that torchgeo reads, where ``PatchSet`` has those of a folder."""

    name: str
    """Of torchgeo's class, and what it was told."""

    parts: tuple[object, ...]
    """torchgeo's data sets for training, validation and test; or one, of scenes."""

    card: Archive
    """Their bands and what their numbers mean."""

    truth: PatchTruth
    """Of all patches, one part after another."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self.truth.files)

    @property
    def n_patches(self) -> int:
        """How many there are; all have a truth."""
        return len(self)

    @cached_property
    def side(self) -> tuple[int, int]:
        """Height and width of every patch [pixels]."""
        return tuple(self.sample(0)["image"].shape[-2:])

    @property
    def place(self) -> NDArray[np.intp]:
        """A number a place: the scene of a patch, or the patch where it is of none."""
        return getattr(self.parts[0], "place", np.arange(len(self)))

    @cached_property
    def published(self) -> PatchSplit | None:
        """As it was published; None where scenes are to be drawn."""
        if len(self.parts) == 1:
            return None
        ends = np.cumsum([len(part) for part in self.parts])
        return PatchSplit(*np.split(np.arange(len(self)), ends[:-1]))

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the patches' names and labels."""
        digest = hashlib.sha256(self.name.encode())
        digest.update("\n".join(self.truth.files).encode())
        digest.update(np.ascontiguousarray(self.truth.values).tobytes())
        return digest.hexdigest()[:16]

    def sample(self, i: int) -> dict[str, object]:
        """What torchgeo reads of patch `i`."""
        return _sample(self.parts, i)

    def images(self, bands: NDArray[np.intp]) -> Callable[[int], NDArray[np.float32]]:
        """What reads a patch's `bands`, in the units of a scene; NaN in every band where any lacks."""
        gain, offset = (
            np.broadcast_to(np.asarray(one, "float32"), len(self.card.wavelength))[bands, None, None]
            for one in (self.card.gain, self.card.offset)
        )

        def read(i: int) -> NDArray[np.float32]:
            stored = self.sample(i)["image"].numpy()
            if stored.shape != (len(self.card.wavelength), *self.side):
                raise ValueError(
                    f"patches of {self.name} have {len(self.card.wavelength)} bands of {self.side[0]} × {self.side[1]} "
                    f"pixels, but {self.truth.files[i]} has the shape {stored.shape}; download it again"
                )
            return np.where(np.isfinite(stored).all(axis=0), stored[bands] * gain + offset, np.nan).astype("float32")

        return read


def open_torchgeo(name: str, root: str | Path, **options: object) -> TorchgeoPatches:
    """A data set of torchgeo's that lies on disk, as labelled patches with their published split.

    Parameters
    ----------
    name : str
        In ``SETS``: torchgeo's name of its class.
    root : str or Path
        Folder that torchgeo would download it to.
    **options
        What else torchgeo's class takes, such as ``sensor="oli_sr"``.

    Raises
    ------
    ImportError
        If torchgeo is not installed.
    FileNotFoundError
        If torchgeo does not find the set there.
    ValueError
        If the set is not in ``SETS``, or does not take the options.
    """
    if name not in SETS:
        raise ValueError(
            f"of torchgeo's data sets {', '.join(SETS)} serve as patches, got {name!r}; choose one of them"
        )
    try:
        kind = getattr(import_module("torchgeo.datasets"), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"torchgeo's {name} needs torchgeo; try: pip install hyperspectral-workbench[torchgeo]"
        ) from error
    known = SETS[name]
    parts = _opened(kind, known, Path(root), _typed(known.opened or kind, name, options))
    classes = tuple(map(str, known.classes(parts[0])))
    check_classes(len(classes), Path(root))
    files = tuple(f"{part}/{i}" for part, data in zip(PARTS, parts, strict=False) for i in range(len(data)))
    titled = f"torchgeo's {name} {json.dumps(options, default=str)}" if options else f"torchgeo's {name}"
    if known.labels:
        truth = PatchTruth(known.task, files, classes, np.concatenate([known.labels(data) for data in parts]))
    else:
        truth = _Masks(known.task, files, classes, np.zeros((len(files), 0)), parts=parts)
    return TorchgeoPatches(titled, parts, known.card(parts[0]), truth)


def _typed(kind: Callable, name: str, options: Mapping[str, object]) -> dict[str, object]:
    """The options as torchgeo's class wants them: whole numbers where its own defaults are."""
    takes, typed = signature(kind).parameters, {}
    for key, value in options.items():
        if key not in takes or key in ("root", "split", "kind", "transforms", "download"):
            raise ValueError(f"torchgeo's {name} does not take {key}={value} here; see its page")
        is_number = isinstance(takes[key].default, int) and isinstance(value, str) and value.isdigit()
        typed[key] = int(value) if is_number else value
    return typed


def _opened(kind: type, known: TorchgeoSet, root: Path, options: dict[str, object]) -> tuple[object, ...]:
    """torchgeo's data sets for training, validation and test; or one, of scenes."""
    name = kind.__name__
    if known.opened:
        try:
            return (known.opened(kind, root, **options),)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{error}; name the folder that {name} was downloaded to") from error
    told, parts = {**known.arguments(kind), **options}, []
    for split in known.splits:
        try:
            parts.append(kind(str(root), split=split, **told))
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"torchgeo finds no {name} ({split}) in {root}; name the folder it was downloaded to, or download it "
                "with torchgeo first"
            ) from error
        except (AssertionError, TypeError, KeyError) as error:
            raise ValueError(f"torchgeo's {name} does not take {told}; see its page") from error
    return tuple(parts)


def _sample(parts: Sequence[object], i: int) -> dict[str, object]:
    """What torchgeo reads of patch `i`, counted through all parts."""
    for part in parts:
        if i < len(part):
            return part[i]
        i -= len(part)
    raise IndexError(f"there are {sum(map(len, parts))} patches, none has the number asked for")

"""torchgeo's data sets of labelled patches that serve here: a row each, and what their numbers mean.

torchgeo knows their files, classes and published splits, and not what their numbers are: bands by wavelength in the
order that it reads them (EuroSAT's 8A comes last), and what makes them reflectance, stand here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.multispectral import LANDSAT, SENTINEL_2
from workbench.labels.one_hot import one_hot_labels
from workbench.labels.patch_splits import PARTS
from workbench.labels.patch_truth import CLASSES, SEGMENTATION, SEVERAL
from workbench.pretrain.archives import Archive, find_archive
from workbench.probe.torchgeo_scenes import Scenes

L2A = tuple(name for name in SENTINEL_2.names if name != "B10")


@dataclass(frozen=True)
class TorchgeoSet:
    """What is known here of one of torchgeo's data sets."""

    task: str
    """Of ``workbench.labels.patch_truth.TASKS``."""

    card: Callable[[object], Archive]
    """From torchgeo's data set to its bands, in the order it reads them, and what its numbers mean."""

    classes: Callable[[object], Sequence[object]]
    """From torchgeo's data set to its classes' names."""

    labels: Callable[[object], NDArray] | None = None
    """From torchgeo's data set to the labels of all its patches, no image read."""

    splits: tuple[str, ...] = PARTS
    """torchgeo's words for training, validation and test."""

    arguments: Callable[[type], Mapping[str, object]] = lambda kind: {}
    """What torchgeo's class is told unless the user says otherwise."""

    opened: Callable[..., object] | None = None
    """From torchgeo's class, folder and options to patches of scenes without a published split."""


def _sentinel_2(names: Sequence[str], gain: float = 1e-4) -> Archive:
    bands = SENTINEL_2.pick(tuple(name.removeprefix("S2_") for name in names))
    return Archive("torchgeo", "Sentinel-2", tuple(map(float, bands.wavelength)), None, None, gain=gain)


_LANDSAT_7 = Archive(
    "torchgeo", "Landsat 7, top of atmosphere", find_archive("ssl4eo_l_etm_toa").wavelength, None, None
)
_LANDSAT_8 = Archive("torchgeo", "Landsat 8, top of atmosphere", LANDSAT[8].wavelength, None, None)
_EUROSAT = TorchgeoSet(
    CLASSES, lambda data: _sentinel_2(data.bands), lambda data: data.classes, lambda data: np.array(data.targets)
)
SETS = {
    **dict.fromkeys(("EuroSAT", "EuroSATSpatial", "EuroSAT100"), _EUROSAT),
    "BigEarthNet": TorchgeoSet(
        SEVERAL,
        lambda data: _sentinel_2(L2A),
        lambda data: data.class_sets[data.num_classes],
        lambda data: np.stack([data._load_target(i).numpy() for i in range(len(data))]).astype(bool),
        arguments=lambda kind: {"bands": "s2"},
    ),
    "So2Sat": TorchgeoSet(
        CLASSES,
        lambda data: _sentinel_2(data.bands, 1.0),
        lambda data: data.classes,
        lambda data: one_hot_labels(data.fn, "label"),
        ("train", "validation", "test"),
        lambda kind: {"bands": kind.BAND_SETS["s2"]},
    ),
    "L7Irish": TorchgeoSet(SEGMENTATION, lambda data: _LANDSAT_7, lambda data: data.classes[1:], opened=Scenes),
    "L8Biome": TorchgeoSet(SEGMENTATION, lambda data: _LANDSAT_8, lambda data: data.classes[1:], opened=Scenes),
    "SSL4EOLBenchmark": TorchgeoSet(
        SEGMENTATION, lambda data: find_archive(f"ssl4eo_l_{data.sensor}"), lambda data: data.classes[1:]
    ),
}
"""By torchgeo's name of the class; in masks, its class 0 is none."""

"""What is known of an archive of patches: its card, what its stored numbers mean, and how it is scaled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from workbench.cubes.enmap_bands import HYSPECNET
from workbench.cubes.one_of_many import kind_of
from workbench.cubes.scaling import Scaling
from workbench.patches import ArchiveIndex, ArchivePairs, Numbers
from workbench.pretrain.archives import Archive, find_archive
from workbench.pretrain.released import statistics_of


def known(index: ArchiveIndex) -> tuple[Archive, Numbers]:
    """The card of an archive and what its stored numbers mean; of a folder of GeoTIFFs, as its first patch says."""
    if not index.product.card:
        kind = kind_of(index.root / index.table["file"][0].as_py())
        centres = tuple(kind.wavelength.tolist())
        card = Archive(
            "folder", kind.sensor or index.layout.title, centres, None, None, kind.scaling.quantity, kind.units
        )
        return card, Numbers(kind.scaling, kind.bands, kind.nodata)
    card = find_archive(index.product.card)
    n_stored = index.table["bands"][0].as_py()
    bands = np.arange(len(card.wavelength)) if n_stored == len(card.wavelength) else HYSPECNET - 1
    scaling = Scaling(card.quantity, f"as {card.title} stores it", card.gain, card.offset)
    return card, Numbers(scaling, bands, card.nodata)


def facts(index: ArchiveIndex, card: Archive) -> dict[str, object]:
    """What an encoder's file keeps of the archive that it learnt from."""
    return {
        "source": index.root.resolve().name,
        "fingerprint": index.fingerprint,
        "archive": card.name,
        "title": card.title,
        "locations": index.n_locations,
        "patches": index.n_patches,
    }


def scale(pairs: ArchivePairs, card: Archive, statistics: str | Path | None) -> None:
    """Set the scaler of `pairs`: by the card, by the files in the folder `statistics`, or by some of the patches."""
    if card.mean is None and statistics is None:
        pairs.fit()
        return
    for buffer, values in zip((pairs.scaler.mean, pairs.scaler.scale), statistics_of(card, statistics), strict=True):
        buffer.copy_(torch.as_tensor(values, dtype=torch.float32))

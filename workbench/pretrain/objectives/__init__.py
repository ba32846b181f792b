"""The objectives there are: one table, a row each.

An objective is an ``nn.Module``; ``objective(encoder, batch)`` returns named loss terms that sum to the loss. One with
a teacher makes it in ``prepare(encoder)``, once before the first step, without gradients, and lets it follow in
``after_step(encoder, step, steps)``. To add one, write its file (one paper: head, views, loss) and add its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature

from torch import nn

from workbench.pretrain.objectives.barlow_twins import BarlowTwins, barlow_twins_loss
from workbench.pretrain.objectives.data2vec import Data2Vec
from workbench.pretrain.objectives.dino import DINO, centred_loss
from workbench.pretrain.objectives.mae import MAE
from workbench.pretrain.objectives.moco_v2 import MoCoV2, queue_loss
from workbench.pretrain.objectives.moco_v3 import MoCoV3, batch_loss
from workbench.pretrain.objectives.paws import PAWS, sharpen, smoothed, soft_neighbours
from workbench.pretrain.objectives.simclr import SimCLR, nt_xent_loss
from workbench.pretrain.objectives.simsiam import SimSiam, prediction_loss
from workbench.pretrain.objectives.swav import SwAV, sinkhorn, swapped_loss

__all__ = [
    "DINO",
    "MAE",
    "OBJECTIVES",
    "PAWS",
    "BarlowTwins",
    "Data2Vec",
    "MoCoV2",
    "MoCoV3",
    "ObjectiveKind",
    "SimCLR",
    "SimSiam",
    "SwAV",
    "barlow_twins_loss",
    "batch_loss",
    "centred_loss",
    "find_objective",
    "nt_xent_loss",
    "prediction_loss",
    "queue_loss",
    "sharpen",
    "sinkhorn",
    "smoothed",
    "soft_neighbours",
    "swapped_loss",
]


@dataclass(frozen=True, slots=True)
class ObjectiveKind:
    """One way to learn from unlabelled pixels, as the user may choose it."""

    name: str
    """As typed on the command line."""

    title: str
    """What is made to agree, in a few words."""

    paper: str
    """Where it comes from."""

    needs: str
    """What it wants of the scene."""

    module: type[nn.Module]
    """Its class; ``module(dim, generator=…)`` makes one."""

    @property
    def has_views(self) -> bool:
        """Whether two views of a place are drawn, as ``SpectralViews`` says."""
        return "views" in signature(self.module).parameters


_FEW_BANDS = "of fewer bands, patches: the encoder cnn"

OBJECTIVES = {
    row.name: row
    for row in (
        ObjectiveKind(
            "barlow_twins",
            "neighbouring pixels agree in every feature; no two features say the same",
            "Zbontar et al. 2021, arXiv:2103.03230; for pixels: Ait Ali Braham et al. 2022, arXiv:2206.12117",
            "a few thousand pixels",
            BarlowTwins,
        ),
        ObjectiveKind(
            "simclr",
            "the two views of a place are more alike than any other two of the batch",
            "Chen et al. 2020, arXiv:2002.05709",
            "a few thousand pixels of many kinds: pixels of one kind are pushed apart like strangers",
            SimCLR,
        ),
        ObjectiveKind(
            "moco_v2",
            "a view is more like its teacher's view of the place than like a queue of earlier places",
            "Chen et al. 2020, arXiv:2003.04297; He et al. 2020, arXiv:1911.05722; for satellites: Wang et al. 2022, "
            "arXiv:2211.07044",
            "more pixels than its queue holds, 2048; lets small batches do",
            MoCoV2,
        ),
        ObjectiveKind(
            "moco_v3",
            "a view foretells which of the teacher's views in the batch is of the same place",
            "Chen et al. 2021, arXiv:2104.02057; for satellites: Wang et al. 2022, arXiv:2211.07044",
            "a few thousand pixels, and large batches: its strangers are the rest of the batch",
            MoCoV3,
        ),
        ObjectiveKind(
            "simsiam",
            "each view foretells the other, which is held still; nothing is pushed apart",
            "Chen & He 2021, arXiv:2011.10566; for satellites: Wang et al. 2022, arXiv:2206.13188",
            "a few thousand pixels; its loss does not tell whether all embeddings have become one",
            SimSiam,
        ),
        ObjectiveKind(
            "swav",
            "views foretell each other's prototype; all prototypes are used alike",
            "Caron et al. 2020, arXiv:2006.09882; for satellites: Wang et al. 2022, arXiv:2206.13188",
            "ground of about equally common kinds; a batch with more pixels than there are prototypes, 64",
            SwAV,
        ),
        ObjectiveKind(
            "dino",
            "parts of the spectrum tell what a slowly following teacher says of the whole",
            "Caron et al. 2021, arXiv:2104.14294; for satellites: Wang et al. 2022, arXiv:2211.07044",
            "a few thousand pixels and many bands; takes about twice as long as the others",
            DINO,
        ),
        ObjectiveKind(
            "mae",
            "hidden groups of bands are guessed from those that are seen",
            "He et al. 2022, arXiv:2111.06377; for spectra: Jeong et al. 2025, arXiv:2505.05710",
            f"a few thousand pixels of 16 bands or more; {_FEW_BANDS}",
            MAE,
        ),
        ObjectiveKind(
            "data2vec",
            "from a spectrum with hidden bands, guess what a slow copy of the encoder makes of all of it",
            "Baevski et al. 2022, arXiv:2202.03555; settings: Wang et al. 2023, arXiv:2211.07044",
            "a few thousand pixels of 16 bands or more, on which it has been no better than untrained weights; "
            f"{_FEW_BANDS}",
            Data2Vec,
        ),
    )
}


def find_objective(name: str) -> ObjectiveKind:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in OBJECTIVES:
        raise ValueError(f"no objective is named {name!r}; choose one of: {', '.join(OBJECTIVES)}")
    return OBJECTIVES[name]

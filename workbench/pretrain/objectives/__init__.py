"""The objectives there are: one table, a row each.

An objective is an ``nn.Module``; ``objective(encoder, batch)`` returns named loss terms that sum to the loss. One with
a teacher makes it in ``prepare(encoder)``, once before the first step, without gradients, and lets it follow in
``after_step(encoder, step, steps)``. To add one, write its file (one paper: head, views, loss) and add its row.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from workbench.pretrain.objectives.barlow_twins import BarlowTwins, barlow_twins_loss
from workbench.pretrain.objectives.data2vec import Data2Vec
from workbench.pretrain.objectives.mae import MAE

__all__ = ["MAE", "OBJECTIVES", "BarlowTwins", "Data2Vec", "ObjectiveKind", "barlow_twins_loss", "find_objective"]


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
            "mae",
            "hidden groups of bands are guessed from those that are seen",
            "He et al. 2022, arXiv:2111.06377; for spectra: Jeong et al. 2025, arXiv:2505.05710",
            "a few thousand pixels of 16 bands or more",
            MAE,
        ),
        ObjectiveKind(
            "data2vec",
            "from a spectrum with hidden bands, guess what a slow copy of the encoder makes of all of it",
            "Baevski et al. 2022, arXiv:2202.03555; settings: Wang et al. 2023, arXiv:2211.07044",
            "a few thousand pixels of 16 bands or more",
            Data2Vec,
        ),
    )
}


def find_objective(name: str) -> ObjectiveKind:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in OBJECTIVES:
        raise ValueError(f"no objective is named {name!r}; choose one of: {', '.join(OBJECTIVES)}")
    return OBJECTIVES[name]

"""The objectives there are: one table, a row each.

An objective is an ``nn.Module``; ``objective(encoder, batch)`` returns named loss terms that sum to the loss. One with
a teacher makes it in ``prepare(encoder)``, once before the first step, without gradients, and lets it follow in
``after_step(encoder, step, steps)``. To add one, write its file (one paper: head, views, loss) and add its row.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from workbench.pretrain.objectives.barlow_twins import BarlowTwins, barlow_twins_loss

__all__ = ["OBJECTIVES", "BarlowTwins", "ObjectiveKind", "barlow_twins_loss", "find_objective"]


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
    )
}


def find_objective(name: str) -> ObjectiveKind:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in OBJECTIVES:
        raise ValueError(f"no objective is named {name!r}; choose one of: {', '.join(OBJECTIVES)}")
    return OBJECTIVES[name]

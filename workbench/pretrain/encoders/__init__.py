"""The encoders there are: one table, a row each.

An encoder is an ``nn.Module`` with ``encoder(batch) -> (n, dim)`` and ``encoder.dense(block) -> (n, dim, h, w)``, the
same numbers both ways; ``dim``, ``footprint``, ``scaler``, and ``arguments``, with which its class makes it again.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from workbench.pretrain.encoders.spectral import SpectralEncoder

__all__ = ["ENCODERS", "Encoder", "SpectralEncoder", "find_encoder"]


@dataclass(frozen=True, slots=True)
class Encoder:
    """One kind of encoder, as the user may choose it."""

    name: str
    """As typed on the command line."""

    title: str
    """What it sees, in a few words."""

    paper: str
    """Where it comes from."""

    needs: str
    """What a scene must have for it."""

    module: type[nn.Module]
    """Its class; ``module(n_bands, dim=…, **arguments)`` makes one."""

    arguments: dict
    """What sets it apart from other rows of the same class."""

    reach: int
    """How far away its training looks for a neighbour, unless told [pixels]."""


ENCODERS = {
    row.name: row
    for row in (
        Encoder(
            "context",
            "a pixel's spectrum, with the means of 7 × 7 and 11 × 11 pixels round it",
            "this project",
            "a scene of at least 11 × 11 pixels",
            SpectralEncoder,
            {"windows": (1, 7, 11)},
            8,
        ),
        Encoder(
            "pixel",
            "a pixel's spectrum alone",
            "Ait Ali Braham et al. 2022, arXiv:2206.12117",
            "any scene",
            SpectralEncoder,
            {"windows": (1,)},
            3,
        ),
    )
}


def find_encoder(name: str) -> Encoder:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in ENCODERS:
        raise ValueError(f"no encoder is named {name!r}; choose one of: {', '.join(ENCODERS)}")
    return ENCODERS[name]

"""The encoders there are: one table, a row each.

``Encoder`` says what every one of them promises; ``EncoderKind`` is a row. An encoder learns from the window means of
pixels or from the patches round them; its row says which. To add one, write its file and add its row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from workbench.pretrain.encoders.adapter import AdapterEncoder
from workbench.pretrain.encoders.backbone import ARCHITECTURES, BackboneEncoder, find_architecture
from workbench.pretrain.encoders.cnn import SpectralSpatialCNN
from workbench.pretrain.encoders.protocol import Encoder
from workbench.pretrain.encoders.spectral import SpectralEncoder
from workbench.pretrain.encoders.transformer import SpectralTransformer

__all__ = [
    "ARCHITECTURES",
    "ENCODERS",
    "AdapterEncoder",
    "BackboneEncoder",
    "Encoder",
    "EncoderKind",
    "SpectralEncoder",
    "SpectralSpatialCNN",
    "SpectralTransformer",
    "find_architecture",
    "find_encoder",
]


@dataclass(frozen=True, slots=True)
class EncoderKind:
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
    """Its class; :meth:`make` makes one."""

    arguments: dict
    """What sets it apart from other rows of the same class."""

    reach: int
    """How far away its training looks for a neighbour, unless told [pixels]."""

    dim: int | None = None
    """Length of its embeddings, if that cannot be chosen."""

    knows_wavelengths: bool = False
    """Whether it is told the bands' wavelengths when it is made."""

    @property
    def size(self) -> int:
        """Side of the patches it learns from [pixels]; 0 if it learns from window means."""
        return self.arguments.get("size", 0)

    @property
    def windows(self) -> tuple[int, ...]:
        """Odd widths of the windows whose means it learns from; none if it learns from patches."""
        return () if self.size else self.arguments.get("windows", (1,))

    @property
    def footprint(self) -> int:
        """Width of the square of pixels an embedding depends on."""
        return self.size | 1 if self.size else max(self.windows)

    def make(self, n_bands: int, dim: int, wavelength: NDArray[np.floating]) -> nn.Module:
        """A fresh one for `n_bands` bands centred at `wavelength` [nm]; `dim` counts where it can be chosen."""
        chosen = {} if self.dim else {"dim": dim}
        told = {"wavelength": wavelength.tolist()} if self.knows_wavelengths else {}
        return self.module(n_bands, **self.arguments, **chosen, **told)


_SPECTRAL_EARTH = "Ait Ali Braham et al. 2024, arXiv:2408.08447"
_FEW = "best for few bands, as of Landsat or Sentinel"


def _backbone(name: str, size: int, what: str, paper: str, needs: str) -> EncoderKind:
    """Row of a published backbone on patches of `size` pixels across."""
    title, dim = f"the {size} × {size} pixels round a pixel, through {what}", ARCHITECTURES[name].dim
    return EncoderKind(name, title, paper, needs, BackboneEncoder, {"architecture": name, "size": size}, 8, dim=dim)


ENCODERS = {
    row.name: row
    for row in (
        EncoderKind(
            "context",
            "a pixel's spectrum, with the means of 7 × 7 and 11 × 11 pixels round it",
            "this project",
            "a scene of at least 11 × 11 pixels",
            SpectralEncoder,
            {"windows": (1, 7, 11)},
            8,
        ),
        EncoderKind(
            "pixel",
            "a pixel's spectrum alone",
            "Ait Ali Braham et al. 2022, arXiv:2206.12117",
            "any scene",
            SpectralEncoder,
            {"windows": (1,)},
            3,
        ),
        EncoderKind(
            "cnn",
            "the 9 × 9 pixels round a pixel, spectrum and place at once",
            "after Roy et al. 2020, arXiv:1902.06701",
            "a scene of at least 9 × 9 pixels; minutes on a laptop",
            SpectralSpatialCNN,
            {"size": 9},
            3,
        ),
        EncoderKind(
            "transformer",
            "a pixel's spectrum, groups of bands looking at each other by wavelength",
            "after Hong et al. 2022, arXiv:2107.02988",
            "any scene",
            SpectralTransformer,
            {},
            3,
            knows_wavelengths=True,
        ),
        EncoderKind(
            "adapter",
            "a pixel's spectrum, through SpectralEarth's spectral adapter",
            _SPECTRAL_EARTH,
            "75 bands or more",
            AdapterEncoder,
            {},
            3,
            dim=128,
        ),
        _backbone("spec_resnet50", 33, "SpectralEarth's ResNet-50", _SPECTRAL_EARTH, "75 bands or more, and a GPU"),
        _backbone("spec_vit_tiny", 32, "SpectralEarth's ViT-Ti", _SPECTRAL_EARTH, "75 bands or more; better on a GPU"),
        _backbone("spec_vit_small", 32, "SpectralEarth's ViT-S", _SPECTRAL_EARTH, "75 bands or more, and a GPU"),
        _backbone(
            "resnet18",
            33,
            "a ResNet-18",
            "He et al. 2016, arXiv:1512.03385; Stewart et al. 2023, arXiv:2306.09424",
            f"a GPU; {_FEW}",
        ),
        _backbone(
            "resnet50",
            33,
            "a ResNet-50",
            "He et al. 2016, arXiv:1512.03385; Wang et al. 2023, arXiv:2211.07044",
            f"a GPU; {_FEW}",
        ),
        _backbone(
            "vit_tiny",
            32,
            "a ViT-Ti with tokens of 16 × 16",
            "Dosovitskiy et al. 2021, arXiv:2010.11929; Touvron et al. 2021, arXiv:2012.12877",
            f"better on a GPU; {_FEW}, and for archives with a crop of 64 or more",
        ),
        _backbone(
            "vit_small",
            32,
            "a ViT-S with tokens of 16 × 16",
            "Dosovitskiy et al. 2021, arXiv:2010.11929; Wang et al. 2023, arXiv:2211.07044",
            f"a GPU; {_FEW}, and for archives with a crop of 64 or more",
        ),
    )
}


def find_encoder(name: str) -> EncoderKind:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in ENCODERS:
        raise ValueError(f"no encoder is named {name!r}; choose one of: {', '.join(ENCODERS)}")
    return ENCODERS[name]

"""The encoders there are: one table, a row each.

``Encoder`` says what every one of them promises; ``EncoderKind`` is a row. An encoder learns from the window means of
pixels or from the patches round them; its row says which. To add one, write its file and add its row.
"""

from __future__ import annotations

from workbench.pretrain.encoders.adapter import AdapterEncoder
from workbench.pretrain.encoders.backbone import ARCHITECTURES, BackboneEncoder, find_architecture
from workbench.pretrain.encoders.cnn import SpectralSpatialCNN
from workbench.pretrain.encoders.kind import EncoderKind
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


_SPECTRAL_EARTH = "Ait Ali Braham et al. 2024, arXiv:2408.08447"
_DECUR = "Wang et al. 2024, arXiv:2309.05300"
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
            "resnet18_rda",
            33,
            "a ResNet-18 with deformable attention",
            f"{_DECUR}; Xia et al. 2022, arXiv:2201.00520",
            f"a GPU; {_FEW}, two kinds of data in a pair, and a crop of 64 or more: a smaller patch leaves the "
            "attention nothing to choose from",
        ),
        _backbone(
            "resnet50_rda",
            33,
            "a ResNet-50 with deformable attention",
            f"{_DECUR}; Xia et al. 2022, arXiv:2201.00520",
            f"a GPU; {_FEW}, two kinds of data in a pair, and a crop of 64 or more",
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

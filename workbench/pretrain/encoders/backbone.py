"""Published backbones as encoders of pixels: what a pixel is, is what the patch round it is.

Their maps are coarser than the pixels by 4 to 32. So that an embedding is the same whether a patch or a whole block is
asked for, ``dense`` cuts the patch round every pixel and sends them through the backbone a few at a time; nothing is
interpolated. That costs a pass a pixel: it is for a GPU, or for the few pixels with a label. SpectralEarth's adapter
looks at single pixels, so of a block it is run once. What a patch lacks, at the scene's edge or where there is no data,
is filled with each band's mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from workbench.patches import BandScaler
from workbench.pretrain.encoders.adapter import check_bands
from workbench.pretrain.encoders.deformable import DeformableResNet
from workbench.pretrain.encoders.resnet import BasicBlock, Bottleneck, ResNet
from workbench.pretrain.encoders.spectral_earth import SpecResNet50, SpecViT
from workbench.pretrain.encoders.vit import SIZES, VisionTransformer

AT_ONCE = 32
"""Patches of a block that go through a backbone at a time."""

PIXELS_AT_ONCE = 2048
"""Pixels of a block that go through the adapter at a time, about."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A published backbone."""

    dim: int
    """Length of an embedding."""

    size: int
    """Side of the patches it was published for [pixels]."""

    make: Callable[[int, int, Sequence[bool]], nn.Module]
    """From bands, side of a patch and which stages are dilated."""

    any_bands: bool = False
    """Whether SpectralEarth's adapter comes first, which takes any 75 bands or more."""

    dilatable: bool = False
    """Whether its strides may be replaced by dilation."""


def _spec_resnet(n_bands: int, size: int, dilated: Sequence[bool]) -> nn.Module:
    return SpecResNet50(dilated)


def _spec_vit(n_bands: int, size: int, dilated: Sequence[bool], *, shape: str) -> nn.Module:
    return SpecViT(size, SIZES[shape])


def _resnet(n_bands: int, size: int, dilated: Sequence[bool], *, layers: int, attends: bool = False) -> nn.Module:
    block, depths = {18: (BasicBlock, (2, 2, 2, 2)), 50: (Bottleneck, (3, 4, 6, 3))}[layers]
    return (DeformableResNet if attends else ResNet)(n_bands, block, depths)


def _vit(n_bands: int, size: int, dilated: Sequence[bool], *, shape: str) -> nn.Module:
    return VisionTransformer(n_bands, size, 16, SIZES[shape])


ARCHITECTURES = {
    "spec_resnet50": Architecture(2048, 128, _spec_resnet, any_bands=True, dilatable=True),
    **{
        f"spec_vit_{name}": Architecture(shape.dim, 128, partial(_spec_vit, shape=name), any_bands=True)
        for name, shape in SIZES.items()
    },
    "resnet18": Architecture(512, 224, partial(_resnet, layers=18)),
    "resnet50": Architecture(2048, 224, partial(_resnet, layers=50)),
    "resnet18_rda": Architecture(512, 224, partial(_resnet, layers=18, attends=True)),
    "resnet50_rda": Architecture(2048, 224, partial(_resnet, layers=50, attends=True)),
    **{
        f"vit_{name}": Architecture(SIZES[name].dim, 224, partial(_vit, shape=name))
        for name in ("tiny", "small", "base", "large")
    },
}
"""By name: SpectralEarth's with its adapter, and those of SSL4EO-L, SSL4EO-S12 and DeCUR for any number of bands."""


class BackboneEncoder(nn.Module):
    """A published backbone on the patch round a pixel.

    Parameters
    ----------
    n_bands : int
        Good bands of the scene.
    architecture : str
        Name in ``ARCHITECTURES``.
    size : int
        Side of the patch a pixel's embedding is made of [pixels]; if even, the pixel is the first after its middle.
    dilated : sequence of bool
        For each of four stages, whether dilation takes the place of its stride; for ``spec_resnet50`` alone.

    Attributes
    ----------
    backbone : nn.Module
        Its layers are named as in the published weights.
    footprint : int
        Width of the patch, or one more if that is even.
    """

    windows = ()
    copies = 8.0

    def __init__(self, n_bands: int, *, architecture: str, size: int, dilated: Sequence[bool] = (False,) * 4) -> None:
        super().__init__()
        row = find_architecture(architecture)
        if size < 1:
            raise ValueError(f"a patch is at least 1 pixel wide, got size {size}; use {row.size} as published")
        if any(dilated) and not row.dilatable:
            raise ValueError(f"strides of {architecture} cannot be dilated; leave dilated out, or use spec_resnet50")
        self.arguments = {
            "n_bands": check_bands(n_bands) if row.any_bands else n_bands,
            "architecture": architecture,
            "size": size,
            "dilated": tuple(dilated),
        }
        self.n_bands, self.dim, self.size, self.footprint = n_bands, row.dim, size, size | 1
        self.scaler = BandScaler(n_bands)
        self.backbone = row.make(n_bands, size, dilated)

    def forward(self, batch: Tensor) -> Tensor:
        """Embeddings of patches, shape (n, dim).

        Parameters
        ----------
        batch : Tensor of shape (n, n_bands, width, width)
            Scaled by `scaler`; `footprint` or `size` wide, or as wide as the backbone takes it. NaN where there is no
            data; where the centre has none, the embedding is NaN.
        """
        centre = batch.shape[-1] // 2
        has_data = batch[:, :1, centre, centre].isfinite()
        if batch.shape[-1] == self.footprint:
            batch = batch[..., : self.size, : self.size]
        return self.backbone(self.backbone.each_pixel(batch.nan_to_num())).where(has_data, torch.nan)

    def dense(self, block: Tensor) -> Tensor:
        """Embeddings of every pixel of a block, shape (n, dim, height, width); NaN where there is no data.

        Parameters
        ----------
        block : Tensor of shape (n, n_bands, height, width)
            Scaled by `scaler`; give it a halo of half a footprint.
        """
        before, after = self.size // 2, (self.size - 1) // 2
        has_data = block[:, 0].isfinite()
        wide = nn.functional.pad(block.nan_to_num(), (before, after, before, after))
        out = block.new_full((len(block), self.dim, *block.shape[2:]), torch.nan)
        for image, embedding, known in zip(wide, out, has_data, strict=True):
            strips = image[None].split(max(1, PIXELS_AT_ONCE // image.shape[2]), dim=2)
            features = torch.cat([self.backbone.each_pixel(strip) for strip in strips], dim=2)[0]
            patches = features.unfold(1, self.size, 1).unfold(2, self.size, 1)
            for some in known.nonzero().split(AT_ONCE):
                row, column = some.T
                embedding[:, row, column] = self.backbone(patches[:, row, column].transpose(0, 1)).T
        return out


def find_architecture(name: str) -> Architecture:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in ARCHITECTURES:
        raise ValueError(f"no architecture is named {name!r}; choose one of: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]

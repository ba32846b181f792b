"""SpectralEarth's backbones: the spectral adapter, then a residual network or a vision transformer.

Layers are named as in the released weights. The residual network has no stem: its first block takes the adapter's 128
maps, and the total stride is 16; strides may be replaced by dilation, stage by stage, for maps as fine as the pixels.

References
----------
Ait Ali Braham et al. (2024). *SpectralEarth: Training Hyperspectral Foundation Models at Scale.* arXiv:2408.08447
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from workbench.pretrain.encoders.adapter import CHANNELS, SpectralAdapter
from workbench.pretrain.encoders.resnet import STAGES, Bottleneck, stage, start_convolutions, through_stages
from workbench.pretrain.encoders.vit import Size, VisionTransformer


class SpecStages(nn.Module):
    """A ResNet-50 without its stem, whose first block takes 128 maps and strides.

    Parameters
    ----------
    dilated : sequence of bool
        For each of the four stages, whether dilation takes the place of its stride.
    """

    dim = 2048

    def __init__(self, dilated: Sequence[bool]) -> None:
        super().__init__()
        first = Bottleneck(CHANNELS, 256, stride=2, expansion=1)
        self.layer1 = nn.Sequential(first, Bottleneck(256, 64), Bottleneck(256, 64))
        self.layer2 = stage(Bottleneck, 256, 128, 4, stride=2)
        self.layer3 = stage(Bottleneck, 512, 256, 6, stride=2)
        self.layer4 = stage(Bottleneck, 1024, 512, 3, stride=2)
        start_convolutions(self)
        dilation = 1
        for name, is_dilated in zip(STAGES, dilated, strict=True):
            if is_dilated:
                for block in getattr(self, name):
                    block.conv2.stride, block.conv2.dilation, block.conv2.padding = (
                        (1, 1),
                        (dilation,) * 2,
                        (dilation,) * 2,
                    )
                    if block.downsample is not None:
                        block.downsample[0].stride = (1, 1)
                dilation *= 2

    def forward(self, x: Tensor) -> Tensor:
        """From (n, 128, height, width) to (n, 2048, ⌈height / 16⌉, ⌈width / 16⌉), finer where dilated."""
        return through_stages(self, x)


class SpecResNet50(nn.Module):
    """Adapter and residual network; a patch becomes the mean over what comes out.

    Parameters
    ----------
    dilated : sequence of bool
        For each of the four stages, whether dilation takes the place of its stride.
    """

    patch = 1

    def __init__(self, dilated: Sequence[bool] = (False,) * 4) -> None:
        super().__init__()
        self.spectral_adapter = SpectralAdapter()
        self.resnet = SpecStages(dilated)
        self.dim = self.resnet.dim

    def each_pixel(self, block: Tensor) -> Tensor:
        """The adapter: from (n, n_bands, height, width) to (n, 128, height, width)."""
        return self.spectral_adapter(block)

    def maps(self, features: Tensor) -> Tensor:
        """What comes out of the last stage, given what the adapter made of the pixels."""
        return self.resnet(features)

    def forward(self, features: Tensor) -> Tensor:
        """From patches of what the adapter made, (n, 128, height, width), to (n, 2048)."""
        return self.maps(features).mean(dim=(2, 3))


class SpecViT(nn.Module):
    """Adapter and vision transformer with tokens of 4 × 4 pixels; a patch becomes its class token.

    Parameters
    ----------
    size : int
        Side of a patch [pixels]; 128 in the paper.
    shape : Size
        Width, depth and heads.
    """

    patch = 4

    def __init__(self, size: int, shape: Size) -> None:
        super().__init__()
        self.spectral_adapter = SpectralAdapter()
        self.vit_core = VisionTransformer(CHANNELS, size, self.patch, shape)
        self.dim = shape.dim

    def each_pixel(self, block: Tensor) -> Tensor:
        """The adapter: from (n, n_bands, height, width) to (n, 128, height, width)."""
        return self.spectral_adapter(block)

    def maps(self, features: Tensor) -> Tensor:
        """What becomes of each token, (n, dim, height / 4, width / 4), given what the adapter made of the pixels."""
        return self.vit_core.maps(features)

    def forward(self, features: Tensor) -> Tensor:
        """From patches of what the adapter made, (n, 128, height, width), to (n, dim)."""
        return self.vit_core(features)

"""Residual networks of 18 and 50 layers for any number of bands, their layers named as in timm and torchvision.

So the weights of SSL4EO-L, SSL4EO-S12 and DeCUR load, which were trained with either of the two.

References
----------
He, Zhang, Ren, Sun (2016). *Deep Residual Learning for Image Recognition.* CVPR. arXiv:1512.03385
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

STAGES = ("layer1", "layer2", "layer3", "layer4")


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """From (n, channels, height, width) to (n, width, height / stride, width / stride)."""
        out = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(out)) + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """A 3 × 3 convolution between two of 1 × 1, beside a shortcut; it comes out `expansion` times as wide."""

    expansion = 4

    def __init__(self, channels: int, width: int, stride: int = 1, expansion: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, expansion * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(expansion * width)
        self.downsample = shortcut(channels, expansion * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """From (n, channels, height, width) to (n, expansion · width, height / stride, width / stride)."""
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(out)))))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Stem and four stages; a patch becomes the mean over what comes out.

    Parameters
    ----------
    channels : int
        Bands of a patch.
    block : type
        ``BasicBlock`` or ``Bottleneck``.
    depths : sequence of int
        Blocks of each stage.
    """

    patch = 1

    def __init__(self, channels: int, block: type[nn.Module], depths: Sequence[int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        inside = 64
        for name, width, depth in zip(STAGES, (64, 128, 256, 512), depths, strict=True):
            setattr(self, name, stage(block, inside, width, depth, stride=1 if name == "layer1" else 2))
            inside = width * block.expansion
        self.dim = inside
        start_convolutions(self)

    def each_pixel(self, block: Tensor) -> Tensor:
        """What is done to single pixels before patches are cut: nothing."""
        return block

    def maps(self, batch: Tensor) -> Tensor:
        """What comes out of the last stage, (n, dim, ⌈height / 32⌉, ⌈width / 32⌉)."""
        x = self.maxpool(torch.relu(self.bn1(self.conv1(batch))))
        for name in STAGES:
            x = self.after(name, getattr(self, name)(x))
        return x

    def after(self, stage: str, x: Tensor) -> Tensor:
        """What goes on from a stage: all that leaves it."""
        return x

    def forward(self, batch: Tensor) -> Tensor:
        """From patches (n, channels, height, width) to (n, dim)."""
        return self.maps(batch).mean(dim=(2, 3))


def shortcut(channels: int, features: int, stride: int) -> nn.Sequential | None:
    """What brings a block's input to the shape of its output; None where it has it."""
    if stride == 1 and channels == features:
        return None
    return nn.Sequential(nn.Conv2d(channels, features, 1, stride=stride, bias=False), nn.BatchNorm2d(features))


def stage(block: type[nn.Module], channels: int, width: int, depth: int, stride: int) -> nn.Sequential:
    """Blocks in a row, the first of which may stride."""
    first = block(channels, width, stride)
    return nn.Sequential(first, *(block(width * block.expansion, width) for _ in range(depth - 1)))


def through_stages(module: nn.Module, x: Tensor) -> Tensor:
    """`x` through ``layer1`` to ``layer4``."""
    for name in STAGES:
        x = getattr(module, name)(x)
    return x


def start_convolutions(module: nn.Module) -> None:
    """Weights as in the paper (He normal, by what leaves a layer)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")

"""What an encoder makes of whole patches, in one differentiable pass: a map for every patch, or one vector.

Published backbones give the map of their last stage, as fine as dilation in the last two stages makes it (residual
networks) or a token each (transformers): SpectralEarth's segmentation does so. Encoders of pixels and of small squares
give every pixel, as ``dense`` does. A patch's vector is what the backbone gives for it, or the mean over its pixels.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.patches import window_means
from workbench.pretrain.encoders import BackboneEncoder, Encoder

DILATED = ("layer3", "layer4")
"""Stages of a residual network whose strides become dilation, as in fully convolutional networks."""


class PatchFeatures(nn.Module):
    """An encoder of patches as a module that learns.

    Parameters
    ----------
    encoder : Encoder
        Copied: what it is stays what it was.
    dense : bool
        Whether a map is wanted or a vector.
    """

    def __init__(self, encoder: Encoder, *, dense: bool) -> None:
        super().__init__()
        self.encoder, self.dense, self.dim = copy.deepcopy(encoder), dense, encoder.dim
        if dense and isinstance(encoder, BackboneEncoder):
            dilate(self.encoder.backbone)

    def forward(self, images: Tensor) -> Tensor:
        """From (n, n_bands, height, width) in units of a scene to (n, dim, rows, columns), or (n, dim)."""
        batch = self.encoder.scaler(images).nan_to_num()
        if isinstance(self.encoder, BackboneEncoder):
            backbone, token = self.encoder.backbone, self.encoder.backbone.patch
            height, width = batch.shape[2:]
            batch = functional.pad(batch, (0, -width % token, 0, -height % token))
            features = backbone.each_pixel(batch)
            return backbone.maps(features) if self.dense else backbone(features)
        whole = self._pixels(batch)
        return whole if self.dense else whole.mean(dim=(2, 3))

    def _pixels(self, batch: Tensor) -> Tensor:
        """Every pixel; through the layers at once, so that their norms see the whole batch."""
        if not self.encoder.windows:
            return self.encoder.dense(batch)
        n, _, height, width = batch.shape
        means = torch.stack([window_means(image, self.encoder.windows) for image in batch])
        table = means.permute(0, 3, 4, 1, 2).flatten(0, 2)
        return self.encoder(table).unflatten(0, (n, height, width)).permute(0, 3, 1, 2)


def dilate(backbone: nn.Module) -> None:
    """Put dilation in the place of the strides of the last two stages of a residual network, in place.

    The convolution that strode keeps the dilation before it, those after it take the next: so every weight looks as far
    as it did, and the finer map holds the coarse one at every so many pixels. Other backbones have no such stages.
    """
    stages, dilation = getattr(backbone, "resnet", backbone), 1
    for name in DILATED if hasattr(stages, DILATED[0]) else ():
        found = [part for part in getattr(stages, name).modules() if isinstance(part, nn.Conv2d)]
        if all(part.stride == (1, 1) for part in found):
            continue  # dilated when it was made
        for part in found:
            own = dilation if part.stride[0] > 1 else 2 * dilation
            part.stride = (1, 1)
            if part.kernel_size[0] == 3:
                part.dilation = part.padding = (own, own)
        dilation *= 2


@torch.no_grad()
def at_random(encoder: Encoder, seed: int, images: Tensor) -> Encoder:
    """The same encoder before it learnt anything, for the same bands and scaling.

    Parameters
    ----------
    encoder : Encoder
        Whose weights are drawn anew.
    seed : int
        Of the draw.
    images : Tensor of shape (n, n_bands, height, width)
        Some patches, in units of a scene, without their labels: batch norms take their statistics from them, without
        which random weights would be judged by numbers that overflow or vanish.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = type(encoder)(**encoder.arguments)
    fresh.scaler.load_state_dict(encoder.scaler.state_dict())
    for name in ("wavelength", "quantity", "units", "recipe", "card", "scene"):
        if hasattr(encoder, name):
            setattr(fresh, name, getattr(encoder, name))
    norms = [part for part in fresh.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
    fresh.train()
    features = PatchFeatures(fresh, dense=False)
    features.encoder = fresh  # not the copy
    for some in images.split(16):
        features(some)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
    return fresh.eval()

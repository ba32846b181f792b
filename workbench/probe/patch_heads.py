"""Heads that turn an encoder's features into answers: linear, fully convolutional, and of upsampling convolutions.

Features are first brought to mean 0 and spread 1 by those of the training patches, once, so that one learning rate
serves every encoder.
"""

from __future__ import annotations

from math import ceil, log2

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.patches import BandScaler

HEADS = ("linear", "fcn", "conv")
"""``linear``: one layer, a 1 × 1 convolution on maps. ``fcn``: a 3 × 3 convolution to an eighth of the features, then
1 × 1. ``conv``: twice the size by 3 × 3 convolutions until a map is as fine as the patch."""

FAR = 5.0
"""Spreads from the training patches' mean beyond which a feature counts as that far: one that is nearly always 0 there
would outweigh all others elsewhere."""

HIDDEN = 32
"""Least features between the layers of ``fcn`` and ``conv``."""


class Head(nn.Module):
    """A head for maps or vectors.

    Parameters
    ----------
    kind : str
        One of ``HEADS``; vectors take ``linear`` alone.
    features : Tensor of shape (n, dim) or (n, dim, rows, columns)
        Of training patches: what the scaling is taken from.
    n_out : int
        Answers a pixel or a patch.
    side : tuple of int
        Height and width of a patch [pixels].

    Raises
    ------
    ValueError
        If there is no such head, or it does not go with vectors.

    Attributes
    ----------
    width : int
        Features that the last layer sees.
    """

    def __init__(self, kind: str, features: Tensor, n_out: int, side: tuple[int, int]) -> None:
        super().__init__()
        if kind not in HEADS:
            raise ValueError(f"no head is named {kind!r}; choose one of: {', '.join(HEADS)}")
        is_map = features.ndim == 4
        if not is_map and kind != "linear":
            raise ValueError(f"the head {kind} is for masks, got a label a patch; choose linear")
        dim, self.side = features.shape[1], side
        self.width = dim if kind == "linear" else max(HIDDEN, dim // 8)
        self.scaler = BandScaler(dim).fit(features.transpose(0, 1).flatten(1))
        self.layers = (
            _layers(kind, dim, n_out, max(1, side[0] // features.shape[2])) if is_map else nn.Linear(dim, n_out)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Answers (n, n_out), or (n, n_out, height, width) by bilinear interpolation of the coarser map."""
        answers = self.layers(self.scaler(features).clamp(-FAR, FAR))
        if answers.ndim == 2 or answers.shape[2:] == self.side:
            return answers
        step = 2 ** max(0, ceil(log2(self.side[0] / features.shape[2])))  # a backbone's stride
        height, width = (max(step * n, own) for n, own in zip(features.shape[2:], self.side, strict=True))
        return functional.interpolate(answers, (height, width), mode="bilinear")[..., : self.side[0], : self.side[1]]


def _layers(kind: str, dim: int, n_out: int, step: int) -> nn.Module:
    if kind == "linear":
        return nn.Conv2d(dim, n_out, 1)
    hidden = max(HIDDEN, dim // 8)
    if kind == "fcn":
        return nn.Sequential(*_convolution(dim, hidden), nn.Conv2d(hidden, n_out, 1))
    parts = []
    for _ in range(max(0, round(log2(step)))):
        parts += [nn.Upsample(scale_factor=2, mode="bilinear"), *_convolution(dim, hidden)]
        dim = hidden
    return nn.Sequential(*parts, nn.Conv2d(dim, n_out, 1))


def _convolution(dim: int, hidden: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(dim, hidden, 3, padding=1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU()


def loss_of(task: str, answers: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy where a class is known, binary cross-entropy of several, squared error of a number."""
    if task == "several":
        return functional.binary_cross_entropy_with_logits(answers, targets)
    if task == "number":
        return functional.mse_loss(answers[:, 0], targets)
    if not (targets >= 0).any():
        return answers.sum() * 0.0  # nothing is known of these patches
    return functional.cross_entropy(answers, targets, ignore_index=-1)


def said(task: str, answers: Tensor) -> Tensor:
    """Answers as people read them: the class (n, …), the chance of each of several (n, K), the number (n,)."""
    if task == "several":
        return torch.sigmoid(answers)
    return answers[:, 0] if task == "number" else answers.argmax(dim=1)

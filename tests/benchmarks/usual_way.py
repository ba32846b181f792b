"""Barlow Twins on a scene as one usually writes it: a torch data set, transforms sample by sample, lightly's loss.

Views are those of the workbench (a neighbour, another light, noise, blanked bands; of patches also crop, flips and
turn), each a small module as torchvision's own are, and torchvision's own where it has one. A pixel is a patch of one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from lightly.loss import BarlowTwinsLoss
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from workbench.pretrain.objectives.heads import perceptron


class Light(nn.Module):
    """One factor for a whole sample, round what zero reflectance has become."""

    def __init__(self, sd: float, black: Tensor) -> None:
        super().__init__()
        self.sd, self.black = sd, black

    def forward(self, patch: Tensor) -> Tensor:
        return self.black + (patch - self.black) * torch.exp(self.sd * torch.randn(1))


class Noise(nn.Module):
    """White noise in every value."""

    def __init__(self, sd: float) -> None:
        super().__init__()
        self.sd = sd

    def forward(self, patch: Tensor) -> Tensor:
        return patch + self.sd * torch.randn_like(patch)


class LostBands(nn.Module):
    """Some bands at their mean."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, patch: Tensor) -> Tensor:
        return patch * (torch.rand(len(patch), 1, 1) >= self.chance)


class Turn(nn.Module):
    """Quarter turns."""

    def forward(self, patch: Tensor) -> Tensor:
        return torch.rot90(patch, int(torch.randint(4, (1,))), (1, 2))


class Neighbours(Dataset):
    """Each pixel's patch and that of a pixel up to 3 away, as two views."""

    def __init__(self, scene: NDArray[np.float32], size: int, views: nn.Module) -> None:
        half = size // 2
        self.height, self.width = scene.shape[1:]
        self.scene = np.pad(scene, ((0, 0), (half, half), (half, half)), mode="reflect")
        self.size, self.views = size, views

    def __len__(self) -> int:
        return self.height * self.width

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        row, column = divmod(number, self.width)
        down, right = torch.randint(-3, 4, (2,)).tolist()
        near = min(max(row + down, 0), self.height - 1), min(max(column + right, 0), self.width - 1)
        return self.views(self._patch(row, column)), self.views(self._patch(*near))

    def _patch(self, row: int, column: int) -> Tensor:
        return torch.from_numpy(self.scene[:, row : row + self.size, column : column + self.size])


def usual_steps(scene: NDArray[np.float32], encoder: nn.Module, size: int, *, n: int, crop: bool) -> Iterator[float]:
    """Train `encoder` on a scene (n_bands, height, width), `n` pairs a step; yields the loss of each step."""
    mean, spread = torch.from_numpy(scene.mean(axis=(1, 2))), torch.from_numpy(scene.std(axis=(1, 2)))
    chain = [
        transforms.Normalize(mean, spread),
        Light(0.1, (-mean / spread)[:, None, None]),
        Noise(0.05),
        LostBands(0.2),
    ]
    if crop:
        flips = [transforms.RandomHorizontalFlip(), transforms.RandomVerticalFlip(), Turn()]
        chain = [transforms.RandomResizedCrop(size, scale=(0.4, 1.0), antialias=True), *flips, *chain]
    pairs = Neighbours(scene, size, transforms.Compose(chain))
    head, loss_of = perceptron(encoder.dim, 256, 256), BarlowTwinsLoss(lambda_param=5.1e-3)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=1e-3)
    encoder.train()
    while True:
        for left, right in DataLoader(pairs, batch_size=n, shuffle=True, drop_last=True):
            loss = loss_of(*head(encoder(torch.cat([left, right]))).chunk(2))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()

"""Small networks for few labels: on a spectrum, and on a patch of spectra. Each is quick to teach from scratch.

Normalisation is within a sample (group, layer), since a batch of few labels says little of a scene. Those on patches
are dense: a patch gives the scores of its centre, a larger block those of every pixel that has a whole patch round it,
the same numbers both ways.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

PATCH = 5
"""Width of the square of pixels that networks on patches see."""


class SpectrumCNN(nn.Module):
    """Three convolutions along the bands, then eight stretches of the spectrum side by side. After Hu et al. (2015)."""

    def __init__(self, n_bands: int, n_classes: int, channels: int = 24) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _along(1, channels, stride=2),
            _along(channels, channels, stride=2),
            _along(channels, channels, stride=1),
            nn.AdaptiveAvgPool1d(8),
            nn.Flatten(),
            nn.Linear(8 * channels, n_classes),
        )

    def forward(self, batch: Tensor) -> Tensor:
        """Scores (n, n_classes) of spectra (n, n_bands)."""
        return self.layers(batch[:, None])


class SpectrumMLP(nn.Module):
    """Two hidden layers."""

    def __init__(self, n_bands: int, n_classes: int, hidden: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_bands, hidden),
            nn.LayerNorm(hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.LayerNorm(hidden),
            nn.ReLU(),
            nn.Linear(hidden, n_classes),
        )

    def forward(self, batch: Tensor) -> Tensor:
        """Scores (n, n_classes) of spectra (n, n_bands)."""
        return self.layers(batch)


class PatchCNN(nn.Module):
    """Kernels along the bands, then across the pixels, each with a way round. After Zhong et al. (2018), SSRN.

    The first are 3-D kernels of 7 × 1 × 1, the others of all features × 3 × 3, as there; it is narrower and shallower.
    """

    def __init__(self, n_bands: int, n_classes: int, channels: int = 12, hidden: int = 48) -> None:
        super().__init__()
        self.along = nn.Sequential(_along(1, channels, stride=3), _along(channels, channels, stride=2))
        self.further = nn.Sequential(_along(channels, channels), _along(channels, channels))
        length = (n_bands + 5) // 6  # thirds, then halves, rounded up
        self.gather = nn.Sequential(nn.Linear(channels * length, hidden), nn.LayerNorm(hidden), nn.ReLU())
        self.across = nn.ModuleList([nn.Conv2d(hidden, hidden, 3) for _ in range(PATCH // 2)])
        self.head = nn.Linear(hidden, n_classes)

    def forward(self, batch: Tensor) -> Tensor:
        """Scores (n, n_classes, height - 4, width - 4) of blocks (n, n_bands, height, width)."""
        n, _, height, width = batch.shape
        spectra = self.along(batch.movedim(1, -1).reshape(n * height * width, 1, -1))
        spectra = (spectra + self.further(spectra)).flatten(1)
        block = self.gather(spectra).view(n, height, width, -1).movedim(-1, 1)
        for across in self.across:
            block = block[..., 1:-1, 1:-1] + across(block).relu()
        return self.head(block.movedim(1, -1)).movedim(-1, 1)


class PatchTransformer(nn.Module):
    """Attention among the pixels of a patch and stretches of its centre's spectrum. After Hong et al. (2022).

    A token is a pixel's spectrum, or one of eight stretches of the bands at the centre; the centre's token is read out.
    SpectralFormer, which it follows, has the stretches alone.
    """

    def __init__(self, n_bands: int, n_classes: int, dim: int = 32, depth: int = 2, stretches: int = 8) -> None:
        super().__init__()
        self.stretch = -(-n_bands // stretches)
        self.pixel, self.spectral = nn.Linear(n_bands, dim), nn.Linear(self.stretch, dim)
        self.place = nn.Parameter(0.02 * torch.randn(PATCH * PATCH + stretches, dim))
        layer = nn.TransformerEncoderLayer(dim, 4, 2 * dim, dropout=0.0, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, n_classes))
        self.stretches = stretches

    def forward(self, batch: Tensor) -> Tensor:
        """Scores (n, n_classes, height - 4, width - 4) of blocks (n, n_bands, height, width)."""
        n, n_bands, height, width = batch.shape
        height, width = height - PATCH + 1, width - PATCH + 1
        patches = functional.unfold(batch, PATCH).view(n, n_bands, PATCH * PATCH, height * width)
        patches = patches.permute(0, 3, 2, 1).reshape(n * height * width, PATCH * PATCH, n_bands)
        middle = PATCH * PATCH // 2
        centre = functional.pad(patches[:, middle], (0, self.stretches * self.stretch - n_bands))
        tokens = [self.pixel(patches), self.spectral(centre.view(len(centre), self.stretches, self.stretch))]
        seen = self.layers(torch.cat(tokens, dim=1) + self.place)
        return self.head(seen[:, middle]).view(n, height, width, -1).movedim(-1, 1)


def _along(before: int, after: int, stride: int = 1) -> nn.Sequential:
    """A convolution along the bands."""
    return nn.Sequential(nn.Conv1d(before, after, 7, stride, padding=3), nn.GroupNorm(1, after), nn.ReLU())

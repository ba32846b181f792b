"""An encoder of spectra in their surroundings: a pixel, and the means of windows round it, through a small network.

With one window of width 1 it is a pixel encoder and sees a spectrum alone. With wider windows beside it, it sees what
the pixel lies in: means of the neighbourhood tell a roof in a settlement from bare rock, and average the noise away.
The windows have no weights, so a whole scene needs them once; after that a map is one matrix product a layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from workbench.patches import BandScaler, blocks_of, centre_means, window_means

ROWS = 4096
"""Pixels that go through the layers at a time: what lies between two layers stays in the processor's cache."""

AT_ONCE = 1 << 22
"""Window means that are held at a time, where a whole block is asked for."""

COPIES = 5.0
"""Copies of a block's bands that are held at once while it is read, scaled and embedded, as measured."""


class SpectralEncoder(nn.Module):
    """Window means through a multilayer perceptron that every pixel shares.

    Parameters
    ----------
    n_bands : int
        Good bands of the scene.
    windows : sequence of int
        Odd widths [pixels] of the windows whose means are seen; 1 is the pixel itself.
    dim : int
        Length of an embedding.
    hidden : int
        Width of the two hidden layers.

    Attributes
    ----------
    scaler : BandScaler
        Applied by :meth:`dense` and to patches; identity until a recipe fits it.
    footprint : int
        Pixels of context in each direction across: an embedding depends on a square this wide.
    """

    def __init__(self, n_bands: int, *, windows: Sequence[int] = (1,), dim: int = 64, hidden: int = 256) -> None:
        super().__init__()
        if not windows or any(size < 1 or size % 2 == 0 for size in windows):
            raise ValueError(f"windows are odd widths in pixels, got {tuple(windows)}; use for example (1, 7, 11)")
        self.arguments = {"n_bands": n_bands, "windows": tuple(windows), "dim": dim, "hidden": hidden}
        self.n_bands, self.windows, self.dim = n_bands, tuple(windows), dim
        self.footprint, self.copies = max(self.windows), COPIES
        self.scaler = BandScaler(n_bands)
        self.layers = nn.Sequential(
            nn.Linear(n_bands * len(self.windows), hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, dim),
        )

    def forward(self, batch: Tensor) -> Tensor:
        """Embeddings of a batch, shape (n, dim).

        Parameters
        ----------
        batch : Tensor of shape (n, n_bands, size, size) or (n, n_bands, n_windows)
            Patches, or the window means of pixels as :class:`workbench.patches.ScenePairs` yields them; scaled by
            `scaler`. NaN where a patch leaves the scene.
        """
        means = centre_means(batch, self.windows) if batch.ndim == 4 else batch
        return self.layers(means.flatten(1))

    def dense(self, block: Tensor) -> Tensor:
        """Embeddings of every pixel of a block, shape (n, dim, height, width); NaN where there is no data.

        Parameters
        ----------
        block : Tensor of shape (n, n_bands, height, width)
            Scaled by `scaler`; windows shrink at its edges, so give it a halo of half a footprint.
        """
        out = block.new_empty((len(block), self.dim, *block.shape[2:]))
        height, width = block.shape[2:]
        rows = max(self.footprint, AT_ONCE // (self.n_bands * len(self.windows) * max(1, width)))
        for image, embedding in zip(block, out, strict=True):
            for strip in blocks_of(height, width, (rows, width), self.footprint // 2):
                means = window_means(image[:, *strip.wide], self.windows)[:, :, *strip.inner]
                table = means.flatten(2).permute(2, 0, 1).flatten(1)
                flat = torch.cat([self.layers(part) for part in table.split(ROWS)])
                embedding[:, *strip.place] = flat.T.unflatten(1, (-1, width))
        return out

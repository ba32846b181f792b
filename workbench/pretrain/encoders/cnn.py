"""A small spectral-spatial network: a pixel is what the 9 × 9 pixels round it look like, in every band.

Two convolutions run along the spectrum and over 3 × 3 pixels at once, two more over 3 × 3 pixels of what they found.
None of them pads, so what is left of a patch is its centre and what is left of a block is every pixel: one pass makes
a map, with the numbers of the patches. Pixels without data count as each band's mean.

Changed from the paper: no pooling and no fully connected layers, so that it is dense; strides along the spectrum
instead of reducing the bands by principal components; batch norm.

References
----------
Roy, Krishna, Dubey, Chaudhuri (2020). *HybridSN: Exploring 3-D–2-D CNN Feature Hierarchy for Hyperspectral Image
Classification.* IEEE GRSL 17. arXiv:1902.06701
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.patches import BandScaler

SIZE = 9
"""Side of the patch that four unpadded convolutions of 3 × 3 leave one pixel of."""

AT_ONCE = 2048
"""Pixels of a block that go through the layers at a time, about."""


class SpectralSpatialCNN(nn.Module):
    """Convolutions over spectrum and place on the 9 × 9 pixels round a pixel.

    Parameters
    ----------
    n_bands : int
        Good bands of the scene.
    size : int
        Side of the patch [pixels]; 9.
    dim : int
        Length of an embedding.
    width : int
        Features between the layers.
    """

    windows = ()
    footprint = SIZE
    copies = 12.0

    def __init__(self, n_bands: int, *, size: int = SIZE, dim: int = 64, width: int = 96) -> None:
        super().__init__()
        if size != SIZE:
            raise ValueError(f"the network's four layers of 3 × 3 see {SIZE} × {SIZE} pixels, got size {size}")
        self.arguments = {"n_bands": n_bands, "size": size, "dim": dim, "width": width}
        self.n_bands, self.dim = n_bands, dim
        self.scaler = BandScaler(n_bands)
        depth = (n_bands - 1) // 5 // 3 + 1
        self.spectral = nn.Sequential(
            nn.Conv3d(1, 8, (7, 3, 3), stride=(5, 1, 1), padding=(3, 0, 0)),
            nn.BatchNorm3d(8),
            nn.ReLU(inplace=True),
            nn.Conv3d(8, 16, (5, 3, 3), stride=(3, 1, 1), padding=(2, 0, 0)),
            nn.BatchNorm3d(16),
            nn.ReLU(inplace=True),
            nn.Flatten(1, 2),
        )
        self.spatial = nn.Sequential(
            nn.Conv2d(16 * depth, width, 1),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, dim, 1),
        )

    def forward(self, batch: Tensor) -> Tensor:
        """Embeddings of patches, shape (n, dim).

        Parameters
        ----------
        batch : Tensor of shape (n, n_bands, 9, 9)
            Scaled by `scaler`. NaN where there is no data; where the centre has none, the embedding is NaN.
        """
        has_data = batch[:, :1, SIZE // 2, SIZE // 2].isfinite()
        return self._layers(batch.nan_to_num())[:, :, 0, 0].where(has_data, torch.nan)

    def dense(self, block: Tensor) -> Tensor:
        """Embeddings of every pixel of a block, shape (n, dim, height, width); NaN where there is no data.

        Parameters
        ----------
        block : Tensor of shape (n, n_bands, height, width)
            Scaled by `scaler`; give it a halo of half a footprint.
        """
        height, width = block.shape[2:]
        wide = nn.functional.pad(block.nan_to_num(), (SIZE // 2,) * 4)
        out = block.new_empty((len(block), self.dim, height, width))
        rows = max(1, AT_ONCE // width)
        for top in range(0, height, rows):
            out[:, :, top : top + rows] = self._layers(wide[:, :, top : top + rows + SIZE - 1])
        return out.where(block[:, :1].isfinite(), torch.nan)

    def _layers(self, batch: Tensor) -> Tensor:
        return self.spatial(self.spectral(batch.unsqueeze(1)))

"""A masked autoencoder for spectra: most groups of bands are hidden, and a light decoder guesses them.

The loss is the mean square error of what was hidden, each group with its mean and spread taken out; what was seen does
not count. The decoder is thrown away afterwards.

Changed from the paper: an encoder of pixels has no tokens to leave out, so a hidden value is replaced by a learnt one
of its band; the decoder is one hidden layer that sees the embedding alone, and is told by fixed codes which window or
pixel it shall guess.

References
----------
He, Chen, Xie, Li, Dollár, Girshick (2022). *Masked Autoencoders Are Scalable Vision Learners.* CVPR. arXiv:2111.06377

Jeong, Park, Jeong, Jang, Lim, Kim (2025). *HyperspectralMAE: The Hyperspectral Imagery Classification Model using
Fourier-Encoded Dual-Branch Masked Autoencoder.* arXiv:2505.05710
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.pretrain.objectives.by_rows import ByRows
from workbench.pretrain.objectives.masking import Masking

CODES = 32
"""Length of the code of a window or pixel."""


class MAE(ByRows):
    """Hidden groups of bands, a learnt value for each hidden band, a light decoder, the loss above.

    Its batch is a tensor (n, n_bands, n_windows) or (n, n_bands, size, size), or a tuple whose first is. Patches should
    be small: all of one is guessed from its single embedding.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    ratio : float
        Share of the groups that is hidden.
    group : int
        Neighbouring bands hidden together.
    cell : int
        Side of the squares of a patch in which a group is hidden [pixels]; 0 hides it in the whole patch.
    width : int
        Of the decoder's hidden layer.
    normalised : bool
        Whether each group of a window or pixel is guessed with its mean and spread taken out; else in units of a
        band's spread over the scene.
    generator : torch.Generator, optional
        Source of the masks and of the decoder's weights.
    """

    def __init__(
        self,
        dim: int,
        *,
        ratio: float = 0.6,
        group: int = 8,
        cell: int = 0,
        width: int = 256,
        normalised: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.dim, self.width, self.normalised = dim, width, normalised
        self.masking = Masking(ratio, group, cell, generator)

    def prepare(self, encoder: nn.Module) -> None:
        """Make what depends on the encoder's bands: the decoder, and the values shown for hidden bands (0 at first)."""
        place = next(encoder.parameters()).device
        with self.masking.seeded():
            self.decoder = Decoder(self.dim, self.width, encoder.n_bands).to(place)
        self.shown = nn.Parameter(torch.zeros(encoder.n_bands, device=place))

    def features(self, encoder: nn.Module, batch: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Of each sample the sum of the square errors of what was hidden, and how many they are."""
        pixels = batch if isinstance(batch, Tensor) else batch[0]
        hidden = self.masking(pixels)
        embedding = encoder(torch.where(hidden, by_band(self.shown, pixels), pixels))
        target = normalised_groups(pixels, self.masking.group) if self.normalised else pixels
        return masked_errors(self.decoder(embedding, pixels.shape[2:]), target, hidden)

    def terms(self, errors: Tensor, counts: Tensor) -> dict[str, Tensor]:
        """``reconstruction``, the mean square error of what was hidden."""
        return {"reconstruction": errors.sum() / counts.sum()}


class Decoder(nn.Module):
    """From an embedding (n, dim) to the bands of every window or pixel of its sample, (n, n_bands, *place)."""

    def __init__(self, dim: int, width: int, n_bands: int) -> None:
        super().__init__()
        self.said, self.where = nn.Linear(dim, width), nn.Linear(CODES, width, bias=False)
        self.bands = nn.Linear(width, n_bands)

    def forward(self, embedding: Tensor, place: torch.Size) -> Tensor:
        """Guesses for a place of shape (n_windows,) or (size, size)."""
        codes = self.where(sine_codes(place, CODES).to(embedding))
        return self.bands((self.said(embedding)[:, None] + codes).relu()).movedim(1, 2).unflatten(2, place)


def masked_mse(guess: Tensor, target: Tensor, hidden: Tensor) -> Tensor:
    """Mean square error where `hidden` is true and the target is finite; all three have one shape."""
    errors, counts = masked_errors(guess, target, hidden)
    return errors.sum() / counts.sum()


def masked_errors(guess: Tensor, target: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Of each sample (n,) the sum of the square errors where `hidden` and the target is finite, and their number."""
    counts = hidden & target.isfinite()
    errors = torch.where(counts, guess - target, 0.0).float().square()
    return errors.flatten(1).sum(dim=1), counts.flatten(1).sum(dim=1)


def normalised_groups(pixels: Tensor, group: int) -> Tensor:
    """Each group of bands of a window or pixel to mean 0 and spread 1; pixels of shape (n, n_bands, …)."""
    spectra = pixels.flatten(2).movedim(1, 2)
    size = spectra.shape[-1]

    def mean(values: Tensor) -> Tensor:
        return functional.avg_pool1d(values, group, ceil_mode=True).repeat_interleave(group, dim=2)[..., :size]

    centred = spectra - mean(spectra)
    return (centred / (mean(centred.square()) + 1e-6).sqrt()).movedim(1, 2).view(pixels.shape)


def sine_codes(place: torch.Size, length: int) -> Tensor:
    """Fixed codes of the cells of a grid, row by row, shape (cells, length): sines and cosines of their places.

    Each axis has an equal share of the length, half of it sines, of wavelengths from 2π to 20 000 π cells.
    """
    axes = torch.meshgrid(*(torch.arange(size, dtype=torch.float64) for size in place), indexing="ij")
    half = length // len(place) // 2
    turns = [axis.flatten()[:, None] * 10000.0 ** -(torch.arange(half) / half) for axis in axes]
    return torch.cat([wave(turn) for turn in turns for wave in (torch.sin, torch.cos)], dim=1)


def by_band(values: Tensor, pixels: Tensor) -> Tensor:
    """One value a band (n_bands,), so shaped that it goes with pixels of shape (n, n_bands, …)."""
    return values.view(-1, *[1] * (pixels.ndim - 2))

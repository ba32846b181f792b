"""Vision transformers for any number of bands, their layers named as in timm.

References
----------
Dosovitskiy et al. (2021). *An Image is Worth 16x16 Words.* ICLR. arXiv:2010.11929
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Size:
    """How large a transformer is."""

    dim: int
    depth: int
    heads: int


SIZES = {
    "tiny": Size(192, 12, 3),
    "small": Size(384, 12, 6),
    "base": Size(768, 12, 12),
    "large": Size(1024, 24, 16),
    "huge": Size(1280, 32, 16),
    "giant": Size(1536, 40, 24),
}
"""As in the papers of ViT, DeiT and SpectralEarth."""


class Attention(nn.Module):
    """Every token looks at all of them, in several heads."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """From (n, tokens, dim) to the same shape."""
        query, key, value = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value)
        return self.proj(seen.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Two layers that every token goes through alone."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """From (…, dim) to the same shape."""
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """Attention and perceptron, each after a norm and beside a shortcut."""

    def __init__(self, dim: int, heads: int, ratio: int = 4) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, ratio * dim)

    def forward(self, x: Tensor) -> Tensor:
        """From (n, tokens, dim) to the same shape."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    """Squares of pixels, side by side, become tokens."""

    def __init__(self, channels: int, dim: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, patch, stride=patch)

    def forward(self, x: Tensor) -> Tensor:
        """From (n, channels, height, width) to (n, tokens, dim), row by row."""
        return self.proj(x).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    """A patch becomes its class token.

    Parameters
    ----------
    channels : int
        Bands of a patch.
    size : int
        Side of a patch [pixels]; the positional embedding is made for it.
    patch : int
        Side of a token [pixels].
    shape : Size
        Width, depth and heads.
    """

    def __init__(self, channels: int, size: int, patch: int, shape: Size) -> None:
        super().__init__()
        if size < patch or size % patch:
            raise ValueError(
                f"a patch is cut into tokens of {patch} × {patch} pixels, so its side is a multiple of {patch}, "
                f"got {size}; use {max(patch, size - size % patch)}"
            )
        self.dim, self.patch = shape.dim, patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, shape.dim))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + (size // patch) ** 2, shape.dim))
        self.patch_embed = PatchEmbed(channels, shape.dim, patch)
        self.blocks = nn.Sequential(*(Block(shape.dim, shape.heads) for _ in range(shape.depth)))
        self.norm = nn.LayerNorm(shape.dim, eps=1e-6)
        start_linears(self)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        nn.init.normal_(self.cls_token, std=1e-6)

    def each_pixel(self, block: Tensor) -> Tensor:
        """What is done to single pixels before patches are cut: nothing."""
        return block

    def embed(self, batch: Tensor) -> Tensor:
        """Tokens before the first block, the class token first, (n, 1 + tokens, dim)."""
        grid = tuple(length // self.patch for length in batch.shape[2:])
        tokens = self.patch_embed(batch)
        tokens = torch.cat([self.cls_token.expand(len(batch), -1, -1), tokens], dim=1)
        return tokens + resample_positions(self.pos_embed, grid)

    def maps(self, batch: Tensor) -> Tensor:
        """What becomes of each token, (n, dim, height / patch, width / patch)."""
        grid = tuple(length // self.patch for length in batch.shape[2:])
        return self.norm(self.blocks(self.embed(batch)))[:, 1:].transpose(1, 2).unflatten(2, grid)

    def forward(self, batch: Tensor) -> Tensor:
        """From patches (n, channels, height, width) to (n, dim)."""
        return self.norm(self.blocks(self.embed(batch)))[:, 0]


def resample_positions(positions: Tensor, grid: tuple[int, int]) -> Tensor:
    """A positional embedding for another grid of tokens.

    Parameters
    ----------
    positions : Tensor of shape (1, 1 + side², dim)
        Of the class token, then of a square grid row by row.
    grid : tuple of int
        Rows and columns of tokens wanted.

    Returns
    -------
    Tensor of shape (1, 1 + rows · columns, dim)
        Bicubic between the old places, smoothed where the new grid is coarser, as timm does it.
    """
    side = round((positions.shape[1] - 1) ** 0.5)
    if grid == (side, side):
        return positions
    of_class, of_grid = positions[:, :1], positions[:, 1:].unflatten(1, (side, side)).permute(0, 3, 1, 2)
    new = functional.interpolate(of_grid.float(), size=grid, mode="bicubic", antialias=True)
    return torch.cat([of_class, new.flatten(2).transpose(1, 2).to(positions.dtype)], dim=1)


def start_linears(module: nn.Module) -> None:
    """Weights as in the paper's code: a truncated normal of 0.02, no bias."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.trunc_normal_(part.weight, std=0.02)
            nn.init.zeros_(part.bias)

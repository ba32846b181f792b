r"""Deformable attention on feature maps, and residual networks that have it after their last two stages, as DeCUR's.

Every place of a map asks a few points of it. The points lie on a coarse grid and are shifted, group by group of
channels, to where the map says that it pays to look; there it is sampled bilinearly. With the queries :math:`q` of a
head, keys and values :math:`k, v` of the map at the shifted points :math:`p`, and a bias :math:`B` that is looked up by
how far apart the two lie,

.. math::

    z = \mathrm{softmax}\left(q k^T / \sqrt{c} + B(x - p)\right) v,\qquad x' = x + W z

Layers are named, and the grid lies, as in the weights that DeCUR released: points half a step to the right of and below
the corners' grid, and what leaves the map drawn back to its edge. The biases' table is that of patches of 224 pixels
whatever the patch, since it is looked up by shares of the map. Changed: each of two kinds of data has its own
attention, where the published training asked the first one's for both; a map of one row or column has its point in the
middle, which there is 0 / 0.

References
----------
Xia, Pan, Song, Li, Huang (2022). *Vision Transformer with Deformable Attention.* CVPR. arXiv:2201.00520

Wang, Albrecht, Braham, Liu, Xiong, Zhu (2024). *Decoupling Common and Unique Representations for Multimodal
Self-supervised Learning.* ECCV. arXiv:2309.05300
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.pretrain.encoders.resnet import ResNet

ATTENTION = {"layer3": "da1_l3", "layer4": "da1_l4"}
"""After which stage which attention comes, as the released weights call it."""


class DeformableAttention(nn.Module):
    """What every place of a map learns from a few points of it; of the map's shape, to be added to it.

    Parameters
    ----------
    channels : int
        Of the map.
    heads : int
        Attentions side by side, each with its part of the channels.
    groups : int
        Parts of the channels that shift their points as one; each has `heads` / `groups` heads.
    stride : int
        Places of the map from one point to the next.
    kernel : int
        Side of the square, odd, that a point's shift is read from.
    span : int
        Side of the map that the table of biases is made for; any other looks its own up in it.
    """

    def __init__(self, channels: int, *, heads: int, groups: int, stride: int, kernel: int, span: int) -> None:
        super().__init__()
        if channels % heads or heads % groups:
            raise ValueError(
                f"heads share the channels and groups the heads evenly, got {channels}, {heads} and {groups}; use a "
                "multiple each"
            )
        self.heads, self.groups, own = heads, groups, channels // groups
        self.conv_offset = nn.Sequential(
            nn.Conv2d(own, own, kernel, stride, kernel // 2, groups=own),
            _ChannelNorm(own),
            nn.GELU(),
            nn.Conv2d(own, 2, 1, bias=False),
        )
        self.proj_q, self.proj_k, self.proj_v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))
        self.rpe_table = nn.Parameter(torch.empty(heads, 2 * span - 1, 2 * span - 1))
        nn.init.trunc_normal_(self.rpe_table, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """From (n, channels, height, width) to the same."""
        query = self.proj_q(x)
        points = self.points(query)
        looked = _sampled(_parts(x, self.groups), points).reshape(len(x), -1, 1, points.shape[1] * points.shape[2])
        q, k, v = (_parts(part, self.heads).flatten(2) for part in (query, self.proj_k(looked), self.proj_v(looked)))
        weights = q.transpose(1, 2) @ k / q.shape[1] ** 0.5 + self.bias(points, x.shape[2:])
        return self.proj_out((v @ weights.softmax(dim=2).transpose(1, 2)).reshape(x.shape))

    def points(self, query: Tensor) -> Tensor:
        """Where each group looks, shape (n · groups, rows, columns, 2): y and x, -1 to 1 from edge to edge."""
        shift = self.conv_offset(_parts(query, self.groups)).permute(0, 2, 3, 1)
        shift = shift.to(torch.promote_types(shift.dtype, torch.float32))  # half a word is too coarse for places
        grid = _grid([(_count(n) + 0.5) / max(1, n - 1) for n in shift.shape[1:3]], shift)
        return (shift + grid).clamp(-1, 1)

    def bias(self, points: Tensor, shape: Sequence[int]) -> Tensor:
        """Biases (n · heads, places, points) by how far each place of the map lies from each point."""
        places = _grid([_count(n) / max(1, n - 1) for n in shape], points).view(1, -1, 1, 2)
        apart = (places - points.flatten(1, 2)[:, None]) / 2
        tables = self.rpe_table.unflatten(0, (self.groups, -1)).repeat(len(points) // self.groups, 1, 1, 1)
        return _sampled(tables, apart).flatten(0, 1)


class _ChannelNorm(nn.Module):
    """Layer norm over the channels of each place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.movedim(1, -1)).movedim(-1, 1)


class DeformableResNet(ResNet):
    """A residual network with deformable attention added to what leaves its third and its fourth stage.

    Of a ResNet-50 the heads have 128 channels, as published; of a ResNet-18 as many heads have 32.
    """

    def __init__(self, channels: int, block: type[nn.Module], depths: Sequence[int]) -> None:
        super().__init__(channels, block, depths)
        self.da1_l3 = DeformableAttention(self.dim // 2, heads=8, groups=4, stride=2, kernel=5, span=14)
        self.da1_l4 = DeformableAttention(self.dim, heads=16, groups=8, stride=1, kernel=3, span=7)

    def after(self, stage: str, x: Tensor) -> Tensor:
        """What goes on from a stage."""
        return x + getattr(self, ATTENTION[stage])(x) if stage in ATTENTION else x


def _parts(x: Tensor, count: int) -> Tensor:
    """Channels in `count` parts, each as an example of its own: (n · count, channels / count, …)."""
    return x.reshape(len(x) * count, -1, *x.shape[2:])


def _count(n: int) -> Tensor:
    return torch.arange(n, dtype=torch.float64)


def _grid(shares: Sequence[Tensor], like: Tensor) -> Tensor:
    """Points (rows, columns, 2) of shares 0 to 1 of the way along each axis, as -1 to 1; one alone is in the middle."""
    ends = [(2 * share - 1 if len(share) > 1 else torch.zeros(1)).to(like) for share in shares]
    return torch.stack(torch.meshgrid(*ends, indexing="ij"), dim=-1)


def _sampled(maps: Tensor, points: Tensor) -> Tensor:
    """Maps (n, channels, height, width) at points (n, rows, columns, 2), between the four places round each."""
    return functional.grid_sample(maps.to(points.dtype), points.flip(-1), mode="bilinear", align_corners=True)

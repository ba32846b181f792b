"""Deformable attention against loops over places and points, against plain attention, and by its published names."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from torch import nn

from workbench.pretrain.encoders import ARCHITECTURES, BackboneEncoder
from workbench.pretrain.encoders.deformable import DeformableAttention
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.pretrain.objectives.decur import DeCUR


def make(channels: int = 16, spread: float = 0.5, **how: int) -> DeformableAttention:
    """An attention with large weights, so that points go far and biases count."""
    torch.manual_seed(0)
    made = DeformableAttention(channels, **{"heads": 4, "groups": 2, "stride": 2, "kernel": 3, "span": 4} | how)
    for weights in made.parameters():
        nn.init.normal_(weights, std=spread)
    return made.double().eval()


def between(image: NDArray, y: float, x: float) -> NDArray:
    """An image (channels, height, width) at a place between its pixels; 0 outside."""
    top, left, out = math.floor(y), math.floor(x), np.zeros(len(image))
    for row in (top, top + 1):
        for column in (left, left + 1):
            if 0 <= row < image.shape[1] and 0 <= column < image.shape[2]:
                out += (1 - abs(y - row)) * (1 - abs(x - column)) * image[:, row, column]
    return out


def one_by_one(conv: nn.Conv2d, vector: NDArray) -> NDArray:
    return conv.weight.detach().numpy()[:, :, 0, 0] @ vector + (
        conv.bias.detach().numpy() if conv.bias is not None else 0
    )


def shift_at(layers: nn.Sequential, query: NDArray, row: int, column: int, stride: int) -> NDArray:
    """What a group's queries (channels, height, width) say of one point: down, right."""
    weight, size = layers[0].weight.detach().numpy()[:, 0], layers[0].weight.shape[-1]
    found = layers[0].bias.detach().numpy().copy()
    for i in range(size):
        for j in range(size):
            y, x = row * stride + i - size // 2, column * stride + j - size // 2
            if 0 <= y < query.shape[1] and 0 <= x < query.shape[2]:
                found += weight[:, i, j] * query[:, y, x]
    norm = layers[1].norm
    found = (found - found.mean()) / np.sqrt(found.var() + norm.eps)
    found = found * norm.weight.detach().numpy() + norm.bias.detach().numpy()
    found = np.array([v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in found])
    return one_by_one(layers[3], found)


def slowly(made: DeformableAttention, image: NDArray, stride: int) -> NDArray:
    """What the module makes of one image (channels, height, width), place by place."""
    channels, height, width = image.shape
    own, each = channels // made.groups, channels // made.heads
    query = np.stack([one_by_one(made.proj_q, image[:, y, x]) for y in range(height) for x in range(width)], axis=1)
    query = query.reshape(channels, height, width)
    rows, columns = ((size - 1) // stride + 1 for size in (height, width))
    points, looked = {}, {}
    for row in range(rows):
        for column in range(columns):
            parts = []
            for group in range(made.groups):
                part = slice(group * own, (group + 1) * own)
                shift = shift_at(made.conv_offset, query[part], row, column, stride)
                start = [2 * (at + 0.5) / (n - 1) - 1 if n > 1 else 0.0 for at, n in ((row, rows), (column, columns))]
                y, x = np.clip(shift + start, -1, 1)
                points[row, column, group] = y, x
                parts.append(between(image[part], (y + 1) / 2 * (height - 1), (x + 1) / 2 * (width - 1)))
            looked[row, column] = np.concatenate(parts)
    keys = {at: one_by_one(made.proj_k, value) for at, value in looked.items()}
    values = {at: one_by_one(made.proj_v, value) for at, value in looked.items()}
    table, out = made.rpe_table.detach().numpy(), np.empty_like(image)
    for y, x in np.ndindex(height, width):
        told = []
        for head in range(made.heads):
            part, group = slice(head * each, (head + 1) * each), head * made.groups // made.heads
            scores = []
            for at in looked:
                here = [2 * place / (n - 1) - 1 if n > 1 else 0.0 for place, n in ((y, height), (x, width))]
                apart = [(a - b) / 2 for a, b in zip(here, points[*at, group], strict=True)]
                bias = between(table[head : head + 1], *((part_ + 1) / 2 * (table.shape[1] - 1) for part_ in apart))
                scores.append(query[part, y, x] @ keys[at][part] / math.sqrt(each) + bias[0])
            weights = np.exp(np.array(scores) - max(scores))
            told.append(sum(w * value[part] for w, value in zip(weights / weights.sum(), values.values(), strict=True)))
        out[:, y, x] = one_by_one(made.proj_out, np.concatenate(told))
    return out


@pytest.mark.parametrize(
    ("shape", "how"),
    [
        ((6, 5), {}),
        ((7, 7), {"stride": 1, "heads": 8, "groups": 4}),
        ((4, 6), {"kernel": 5}),
        ((1, 5), {}),
        ((2, 1), {}),
    ],
)
def test_it_is_the_papers_formula_place_by_place(shape, how):
    made = make(**how)
    images = torch.randn(2, 16, *shape, dtype=torch.float64)
    got = made(images).detach().numpy()
    for image, found in zip(images.numpy(), got, strict=True):
        np.testing.assert_allclose(found, slowly(made, image, how.get("stride", 2)), atol=1e-9)


def test_points_leave_their_grid_and_stop_at_the_edge():
    made = make()
    points = made.points(made.proj_q(torch.randn(3, 16, 8, 8, dtype=torch.float64)))
    assert points.shape == (6, 4, 4, 2)
    assert points.abs().max() == 1
    assert len(points.flatten(0, 2).unique(dim=0)) > 4 * 4


def test_unshifted_it_is_plain_attention_to_the_points_of_the_grid():
    made = make()
    with torch.no_grad():
        made.conv_offset[3].weight.zero_()
        made.rpe_table.zero_()
    image = torch.randn(1, 16, 8, 6, dtype=torch.float64)
    along = [(np.minimum((np.arange(n) + 0.5) / (n - 1), 1)) for n in (4, 3)]
    at = np.meshgrid(along[0] * 7, along[1] * 5, indexing="ij")
    grid = np.stack([map_coordinates(band, at, order=1).ravel() for band in image[0].numpy()], axis=1)
    plain = nn.MultiheadAttention(16, 4, batch_first=True).double()
    with torch.no_grad():
        layers = (made.proj_q, made.proj_k, made.proj_v)
        plain.in_proj_weight.copy_(torch.cat([layer.weight[:, :, 0, 0] for layer in layers]))
        plain.in_proj_bias.copy_(torch.cat([layer.bias for layer in layers]))
        plain.out_proj.weight.copy_(made.proj_out.weight[:, :, 0, 0])
        plain.out_proj.bias.copy_(made.proj_out.bias)
        looked = torch.from_numpy(grid)[None]
        expected = plain(image.flatten(2).transpose(1, 2), looked, looked)[0]
        torch.testing.assert_close(made(image).flatten(2).transpose(1, 2), expected)


def test_names_and_shapes_of_a_resnet_50_are_the_released_ones():
    with torch.device("meta"):
        weights = ARCHITECTURES["resnet50_rda"].make(13, 224, (False,) * 4).state_dict()
    found = {name: tuple(one.shape) for name, one in weights.items() if name.startswith("da1_")}
    expected = {}
    for name, channels, groups, kernel, heads, table in (("l3", 1024, 4, 5, 8, 27), ("l4", 2048, 8, 3, 16, 13)):
        own = channels // groups
        parts = {"conv_offset.0.weight": (own, 1, kernel, kernel), "conv_offset.3.weight": (2, own, 1, 1)}
        parts |= {f"conv_offset.{part}": (own,) for part in ("0.bias", "1.norm.weight", "1.norm.bias")}
        parts |= {f"proj_{part}.weight": (channels, channels, 1, 1) for part in ("q", "k", "v", "out")}
        parts |= {f"proj_{part}.bias": (channels,) for part in ("q", "k", "v", "out")}
        expected |= {f"da1_{name}.{part}": shape for part, shape in parts.items()}
        expected[f"da1_{name}.rpe_table"] = (heads, table, table)
    assert found == expected
    with torch.device("meta"):
        plain = ARCHITECTURES["resnet50"].make(13, 224, (False,) * 4).state_dict()
    assert plain.keys() == weights.keys() - found.keys()


def test_it_is_added_to_what_leaves_the_third_and_fourth_stage():
    encoder = BackboneEncoder(3, architecture="resnet18_rda", size=64).eval()
    plain = BackboneEncoder(3, architecture="resnet18", size=64).eval()
    plain.load_state_dict(encoder.state_dict(), strict=False)
    batch, seen = torch.randn(2, 3, 64, 64), {}
    for name in ("da1_l3", "da1_l4"):
        getattr(encoder.backbone, name).register_forward_hook(
            lambda module, given, made, name=name: seen.update({name: made})
        )
    for name, stage in (("da1_l3", plain.backbone.layer3), ("da1_l4", plain.backbone.layer4)):
        stage.register_forward_hook(lambda module, given, made, name=name: made + seen[name])
    with torch.no_grad():
        got = encoder(batch)
        torch.testing.assert_close(plain(batch), got)
    assert [tuple(one.shape[1:]) for one in seen.values()] == [(256, 4, 4), (512, 2, 2)]


def test_each_kind_of_data_has_an_attention_of_its_own():
    torch.manual_seed(0)
    pair = PairEncoder(*(BackboneEncoder(n, architecture="resnet18_rda", size=33) for n in (2, 3)))
    names = [name for name, _ in pair.first.named_parameters() if "da1_" in name]
    batch = (*(torch.randn(4, 2, 33, 33) for _ in range(2)), *(torch.randn(4, 3, 33, 33) for _ in range(2)))
    DeCUR(512, width=8)(pair, batch)["second"].backward()
    first, second = (dict(half.named_parameters()) for half in (pair.first, pair.second))
    assert all(first[name].grad is None for name in names)
    assert all(second[name].grad.abs().sum() > 0 for name in names)


def test_heads_that_do_not_divide_evenly_are_refused():
    with pytest.raises(ValueError, match=r"share the channels and groups the heads evenly, got 16, 6 and 2"):
        DeformableAttention(16, heads=6, groups=2, stride=1, kernel=3, span=4)

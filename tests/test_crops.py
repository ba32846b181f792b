"""Crops against torchvision, turns against all eight by hand; holes stay holes."""

from __future__ import annotations

import pytest
import torch

from workbench.pretrain.crops import RATIO, random_boxes, random_turns, resized_crop, turn


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("size", [None, 5, 16])
def test_a_crop_is_that_of_torchvision(size):
    from torchvision.ops import roi_align

    patches, boxes = torch.randn(20, 4, 9, 9, generator=seeded()), random_boxes(20, (0.1, 1.0), seeded(1))
    corners = torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1) * 9
    index = torch.arange(20.0)[:, None]
    expected = roi_align(patches, torch.cat([index, corners], dim=1), size or 9, sampling_ratio=1, aligned=True)
    torch.testing.assert_close(resized_crop(patches, boxes, size), expected, rtol=1e-4, atol=1e-4)


def test_the_whole_patch_is_itself():
    patches = torch.randn(3, 2, 6, 6, generator=seeded())
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(3, 4)
    torch.testing.assert_close(resized_crop(patches, whole), patches, rtol=1e-5, atol=1e-5)


def test_boxes_lie_in_the_patch_and_have_the_area_asked_for():
    left, top, width, height = random_boxes(5000, (0.2, 0.5), seeded()).T
    assert (left >= 0).all()
    assert (top >= 0).all()
    assert (left + width <= 1 + 1e-6).all()
    assert (top + height <= 1 + 1e-6).all()
    area, ratio = width * height, width / height
    assert area.min() >= 0.2 - 1e-6
    assert area.max() <= 0.5 + 1e-6
    assert abs(area.mean() - 0.35) < 0.01
    assert 0.75 <= ratio.min() < 0.76
    assert 1.32 < ratio.max() <= RATIO + 1e-5


def test_all_eight_turns_are_drawn_and_no_other():
    patch = torch.arange(9.0).view(1, 1, 3, 3)
    flips = [patch, patch.flip(-1)]
    known = {tuple(torch.rot90(one, k, (2, 3)).flatten().tolist()) for one in flips for k in range(4)}
    turned = turn(patch.expand(400, 1, 3, 3), seeded())
    drawn = [tuple(one.flatten().tolist()) for one in turned]
    assert len(known) == 8
    assert set(drawn) == known
    assert min(drawn.count(one) for one in known) > 25


def test_a_turned_crop_is_the_crop_turned_bit_for_bit():
    patches, boxes = torch.randn(40, 3, 9, 9, generator=seeded()), random_boxes(40, (0.1, 1.0), seeded(1))
    patches[:8, :, 2:6, 3:7] = torch.nan
    turns = random_turns(40, seeded(2))
    expected = []
    for one, coins in zip(resized_crop(patches, boxes, 7), turns.flatten(1).T, strict=True):
        for coin, moved in zip(coins, (lambda p: p.flip(2), lambda p: p.flip(1), lambda p: p.mT), strict=True):
            one = moved(one) if coin else one
        expected.append(one)
    got = resized_crop(patches, boxes, 7, turns)
    assert got.isnan().any()
    torch.testing.assert_close(got, torch.stack(expected), rtol=0, atol=0, equal_nan=True)


def test_bands_are_turned_together():
    patch = torch.arange(9.0).view(1, 1, 3, 3).expand(50, 4, 3, 3)
    turned = turn(patch, seeded())
    assert torch.equal(turned[:, 0], turned[:, 3])


def test_a_pixel_without_data_is_not_mixed_into_its_neighbours():
    patches = torch.full((1, 2, 8, 8), 5.0)
    patches[..., 2:5, 2:5] = torch.nan
    cut = resized_crop(patches, torch.tensor([[0.0, 0.0, 1.0, 0.9]]), 20)
    assert cut.isnan().any()
    assert (cut[cut.isfinite()] - 5).abs().max() < 1e-5
    assert 0.05 < cut.isnan().float().mean() < 0.15


def test_the_generator_repeats_crops_and_turns():
    patches = torch.randn(6, 2, 5, 5, generator=seeded())
    assert torch.equal(random_boxes(6, (0.1, 1.0), seeded(2)), random_boxes(6, (0.1, 1.0), seeded(2)))
    assert torch.equal(turn(patches, seeded(2)), turn(patches, seeded(2)))

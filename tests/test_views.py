"""Views: what they change and what they must not."""

from __future__ import annotations

import torch

from workbench.pretrain.views import add_noise, drop_bands, illuminate


def test_illumination_multiplies_reflectance():
    reflectance = torch.rand(6, 5, 3) + 0.1
    mean, scale = torch.rand(5, 1), torch.rand(5, 1) + 0.5
    lit = illuminate((reflectance - mean) / scale, (-mean / scale)[:, 0], 0.3) * scale + mean
    factor = lit / reflectance
    torch.testing.assert_close(factor, factor[:, :1, :1].expand_as(factor))
    assert factor[:, 0, 0].unique().numel() == 6


def test_a_dropped_band_is_dropped_in_all_of_a_sample():
    dropped = drop_bands(torch.ones(400, 50, 3), 0.25)
    assert torch.equal(dropped[..., 0], dropped[..., 2])
    assert abs(dropped.mean() - 0.75) < 0.02


def test_noise_has_the_spread_asked_for():
    assert abs(add_noise(torch.zeros(300, 40, 3), 0.2).std() - 0.2) < 0.01


def test_a_generator_repeats_a_view():
    views = [add_noise(torch.zeros(4, 3), 1, torch.Generator().manual_seed(7)) for _ in range(2)]
    assert torch.equal(*views)

"""Views: what they change and what they must not."""

from __future__ import annotations

import pytest
import torch

from workbench.pretrain.views import SpectralViews, add_noise, drop_bands, illuminate, keep_part


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


def test_a_part_of_the_spectrum_is_one_run_of_bands():
    kept = keep_part(torch.ones(3000, 40, 2), (0.25, 0.5), torch.Generator().manual_seed(0))
    assert torch.equal(kept[..., 0], kept[..., 1])
    length = kept[..., 0].sum(dim=1)
    assert length.min() == 10
    assert length.max() == 20
    padded = torch.nn.functional.pad(kept[..., 0], (1, 1))
    assert torch.equal((padded.diff(dim=1) > 0).sum(dim=1), torch.ones(3000, dtype=torch.int64))
    assert (kept[..., 0].mean(dim=0) > 0).all()


def test_a_part_has_at_least_one_band_and_at_most_all():
    assert torch.equal(keep_part(torch.ones(50, 3), (0.0, 0.1)).sum(dim=1), torch.ones(50))
    assert torch.equal(keep_part(torch.ones(50, 3), (1.0, 1.0)), torch.ones(50, 3))


@pytest.mark.parametrize("shape", [(8, 5, 3), (8, 5, 7, 7)], ids=["spectra", "patches"])
def test_two_views_differ_but_repeat_with_their_generator(shape):
    batch, black = torch.randn(shape), torch.zeros(5)
    first, second = (SpectralViews(generator=torch.Generator().manual_seed(3)) for _ in range(2))
    for draw in (SpectralViews.__call__, SpectralViews.small):
        views = [draw(first, batch, black), draw(first, batch, black), draw(second, batch, black)]
        assert views[0].shape == shape
        assert not torch.equal(views[0], views[1])
        assert torch.equal(views[0], views[2])
        draw(second, batch, black)


def test_without_lost_bands_brightness_and_noise_a_view_of_a_spectrum_is_itself():
    batch = torch.randn(8, 5, 3)
    still = SpectralViews(lost_bands=0, brightness=0, noise=0)
    torch.testing.assert_close(still(batch, torch.zeros(5)), batch)


def test_a_view_of_a_patch_is_cropped_and_turned_and_a_small_one_shows_less():
    column = torch.arange(40.0).view(1, 1, 1, 40).expand(200, 1, 40, 40)
    still = SpectralViews(lost_bands=0, brightness=0, noise=0, small_part=(1, 1), small_size=11)
    seen, small = still(column, torch.zeros(1)), still.small(column, torch.zeros(1))
    assert seen.shape == (200, 1, 40, 40)
    assert small.shape == (200, 1, 11, 11)
    spans = [view.flatten(1).amax(dim=1) - view.flatten(1).amin(dim=1) for view in (seen, small)]
    assert spans[0].min() > 40 * 0.4**0.5 * 0.8
    assert spans[0].mean() > spans[1].mean() + 8
    across = seen.diff(dim=3).abs().amax(dim=(1, 2, 3)) > seen.diff(dim=2).abs().amax(dim=(1, 2, 3))
    assert 60 < across.sum() < 140

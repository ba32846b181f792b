"""The loss against lightly's, and at its limits."""

from __future__ import annotations

import pytest
import torch

from workbench.pretrain.objectives import barlow_twins_loss


def test_agrees_with_lightly():
    from lightly.loss import BarlowTwinsLoss

    torch.manual_seed(0)
    left = torch.randn(64, 16) * 3 + 1
    right = left + 0.5 * torch.randn(64, 16)
    ours = sum(barlow_twins_loss(left, right, redundancy=5e-3).values())
    torch.testing.assert_close(ours, BarlowTwinsLoss(lambda_param=5e-3)(left, right), rtol=1e-5, atol=1e-5)


def test_equal_views_of_uncorrelated_features_cost_nothing():
    features = torch.linalg.qr(torch.randn(64, 8, dtype=torch.float64) - 0)[0]
    features = torch.linalg.qr(features - features.mean(dim=0))[0]
    features = (features - features.mean(dim=0)) * 8
    terms = barlow_twins_loss(features, features, redundancy=1.0)
    assert terms["invariance"] < 1e-9
    assert terms["redundancy"] < 1e-6


def test_collapse_costs_one_a_feature():
    terms = barlow_twins_loss(torch.ones(32, 8), torch.ones(32, 8), redundancy=1.0)
    assert terms["invariance"] == 8
    assert terms["redundancy"] == 0


def test_saying_the_same_twice_costs():
    one = torch.randn(64, 1)
    terms = barlow_twins_loss(one.repeat(1, 2), one.repeat(1, 2), redundancy=1.0)
    torch.testing.assert_close(terms["redundancy"], torch.tensor(2.0), atol=1e-3, rtol=0)


def test_shift_and_scale_do_not_matter():
    left, right = torch.randn(2, 64, 8)
    one = barlow_twins_loss(left, right, redundancy=0.1)
    two = barlow_twins_loss(left * 5 + 3, right * 0.5 - 2, redundancy=0.1)
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shapes", [((1, 3), (1, 3)), ((4, 3), (4, 2))])
def test_batches_that_cannot_be_compared_are_refused(shapes):
    with pytest.raises(ValueError, match="two batches of one shape with 2 rows or more"):
        barlow_twins_loss(torch.zeros(shapes[0]), torch.zeros(shapes[1]), redundancy=1.0)

"""Networks on spectra learn from labels and from unlabelled spectra they are sure of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import make_moons
from torch import nn

from workbench.probe.networks import SpectrumMLP
from workbench.probe.spectral_network import FixMatch


def test_only_unlabelled_spectra_that_it_is_sure_of_count():
    """Mean over all of them of the cross-entropy of the hard view, where the easy view is surer than the threshold."""
    fixed = nn.Linear(3, 2)
    probe = FixMatch(batch=5, threshold=0.7)
    probe.mean_, probe.scale_ = np.zeros(3), np.ones(3)
    others = torch.randn(30, 3, generator=torch.Generator().manual_seed(1)) * 3
    loss = probe._unlabelled_loss(fixed, others, torch.Generator().manual_seed(4)).item()
    draws = torch.Generator().manual_seed(4)
    chosen = others[torch.randint(30, (20,), generator=draws)]
    easy = chosen + 0.02 * torch.randn(chosen.shape, generator=draws)
    weight, bias = fixed.weight.detach().numpy().astype(float), fixed.bias.detach().numpy().astype(float)
    hard, total, counted = probe._strong(chosen, draws).numpy(), 0.0, 0
    for weak, strong in zip(easy.numpy(), hard, strict=True):
        chance = np.exp(weight @ weak + bias)
        chance /= chance.sum()
        if chance.max() >= 0.7:
            odds = np.exp(weight @ strong + bias)
            total -= np.log(odds[chance.argmax()] / odds.sum())
            counted += 1
    assert 0 < counted < 20
    assert loss == pytest.approx(total / 20, rel=1e-4)


def test_unlabelled_spectra_help():
    X, truth = make_moons(400, noise=0.08, random_state=0)
    rng = np.random.default_rng(0)
    with_them, without = [], []
    for seed in range(2):
        known = np.concatenate([rng.choice(np.flatnonzero(truth == code), 4, replace=False) for code in (0, 1)])
        y = np.full(400, -1)
        y[known] = truth[known]
        with_them.append((FixMatch(steps=150, random_state=seed).fit(X, y).predict(X) == truth).mean())
        alone = FixMatch(steps=150, random_state=seed).fit(X[known], truth[known])
        assert isinstance(alone.network_, SpectrumMLP)
        without.append((alone.predict(X) == truth).mean())
    assert np.mean(with_them) > np.mean(without) + 0.01

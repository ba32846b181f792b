"""Batches larger than memory have the gradient of the whole; LARS takes the steps of its paper."""

from __future__ import annotations

from copy import deepcopy
from itertools import islice

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from tests.scenes import two_fields
from workbench.patches import ScenePairs
from workbench.pretrain import OBJECTIVES, OPTIMIZERS, Recipe, Run, begin, begin_run
from workbench.pretrain.encoders.spectral import SpectralEncoder
from workbench.pretrain.lars import LARS
from workbench.pretrain.objectives.by_rows import ByRows
from workbench.pretrain.objectives.paws import PAWS
from workbench.pretrain.stepping import Step, gradients

PARTS = 3


def ready(name: str) -> tuple[Step, list, torch.Generator]:
    """Encoder and objective before the first step, parts of a batch, and what the objective draws from."""
    pairs = ScenePairs(two_fields(n_bands=24)[0], (1, 3), n=16, reach=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        source = torch.Generator().manual_seed(2)
        encoder = SpectralEncoder(24, windows=(1, 3), dim=16, hidden=32)
        objective = OBJECTIVES[name].module(16, generator=source)
    encoder.scaler = pairs.scaler
    if hasattr(objective, "prepare"):
        objective.prepare(encoder)
    return Step(encoder, objective).train(), list(islice(pairs, PARTS)), source


def all_at_once(step: Step, parts: list) -> dict[str, torch.Tensor]:
    """The slow way: every part's graph is held until the loss of all has been compared."""
    made = [step.objective.features(step.encoder, part) for part in parts]
    terms = step.objective.terms(*(torch.cat(rows) for rows in zip(*made, strict=True)))
    sum(terms.values()).backward()
    return terms


@pytest.mark.parametrize("name", OBJECTIVES)
def test_parts_have_the_gradient_of_the_whole(name):
    step, parts, source = ready(name)
    slow, start = deepcopy(step), source.get_state()
    for module in (slow.objective.views,) if hasattr(slow.objective, "views") else (slow.objective.masking,):
        object.__setattr__(module, "generator", source)
    expected = all_at_once(slow, parts)
    ended = source.get_state()
    source.set_state(start)
    fabric = Fabric(accelerator="cpu", devices=1)
    terms = gradients(fabric, fabric.setup(step), parts, [source])
    assert {key: term.item() for key, term in terms.items()} == pytest.approx(
        {key: term.item() for key, term in expected.items()}, rel=1e-5
    )
    moved = 0
    for one, other in zip(step.parameters(), slow.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None:
            torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)
            moved += float(one.grad.abs().sum()) > 0
    assert moved > 4
    for (key, one), other in zip(step.named_buffers(), slow.buffers(), strict=True):
        torch.testing.assert_close(one, other, msg=lambda text, key=key: f"{key}: {text}")
    assert torch.equal(source.get_state(), ended)


def test_the_gradient_of_parts_alone_would_be_another():
    """A contrast within each part misses most strangers: the sum over parts is no substitute."""
    step, parts, source = ready("simclr")
    other, start = deepcopy(step), source.get_state()
    object.__setattr__(other.objective.views, "generator", source)
    all_at_once(step, parts)
    source.set_state(start)
    for part in parts:
        (sum(other.objective.terms(*other(part)).values()) / PARTS).backward()
    one, two = (module.encoder.layers[0].weight.grad for module in (step, other))
    assert float((one - two).norm() / one.norm()) > 0.02


def test_two_parts_are_one_doubled_batch_where_no_norm_looks_at_it():
    batch = tuple(torch.randn(32, 24, 1, generator=torch.Generator().manual_seed(k)) for k in range(2))
    grads = []
    for parts in ([batch], [tuple(side[:16] for side in batch), tuple(side[16:] for side in batch)]):
        step, _, source = ready("simclr")
        step.encoder = SpectralEncoder(24, dim=16, hidden=32).eval()
        for number, weight in enumerate(step.parameters()):
            nn.init.normal_(weight, std=0.1, generator=torch.Generator().manual_seed(number))
        step.objective.head[1].eval()
        step.objective.views = lambda side, black: side
        fabric = Fabric(accelerator="cpu", devices=1)
        gradients(fabric, fabric.setup(step), parts, [source])
        grads.append(step.encoder.layers[0].weight.grad)
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-7)


def test_an_objective_that_needs_its_batch_whole_refuses_parts():
    assert not issubclass(PAWS, ByRows)
    with pytest.raises(ValueError, match="PAWS needs its whole batch at once and cannot be given 2 parts; use one"):
        Run(nn.Linear(1, 1), PAWS(1, 2), [], steps=2, accumulate=2)


def test_steps_count_all_parts_as_samples():
    *_, last = begin(two_fields()[0], Recipe(steps=4, pairs=8, accumulate=3), device="cpu")[1]
    assert (last.step, last.samples) == (4, 96)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_with_parts_goes_on_the_same_with_every_optimiser(optimizer):
    def made() -> Run:
        recipe = Recipe("moco_v2", "context", steps=8, pairs=16, accumulate=2, optimizer=optimizer, learning_rate=0.01)
        return begin_run(two_fields()[0], recipe, device="cpu")

    whole, first, second = made(), made(), made()
    list(whole.reports())
    next(first.reports(every=3))
    second.restore(first.state())
    list(second.reports())
    for one, other in zip(whole.step.state_dict().values(), second.step.state_dict().values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimiser_lowers_the_loss_at_its_rate(optimizer):
    recipe = Recipe(steps=60, pairs=64, optimizer=optimizer, learning_rate=OPTIMIZERS[optimizer].rate)
    reports = list(begin(two_fields()[0], recipe, device="cpu", every=20)[1])
    assert reports[-1].loss < 0.9 * reports[0].loss


def test_lars_takes_the_steps_of_its_formula():
    rng = np.random.default_rng(0)
    rate, momentum, decay, trust = 0.3, 0.9, 1e-2, 1e-3
    layer, bias, zero = rng.normal(size=(3, 4)), rng.normal(size=4), np.zeros((2, 2))
    slow = [layer.copy(), bias.copy(), zero.copy()]
    memory = [np.zeros_like(one) for one in slow]
    weights = [torch.tensor(one, requires_grad=True) for one in (layer, bias, zero)]
    optimizer = LARS(weights, lr=rate, momentum=momentum, weight_decay=decay, trust=trust)
    for _ in range(5):
        slopes = [rng.normal(size=one.shape) for one in slow]
        for k, slope in enumerate(slopes):
            step = slope
            if slow[k].ndim > 1:
                step = slope + decay * slow[k]
                length, steep = (np.sqrt(sum(v**2 for v in one.flat)) for one in (slow[k], step))
                if length > 0 and steep > 0:
                    step = trust * length / steep * step
            memory[k] = momentum * memory[k] + step
            slow[k] = slow[k] - rate * memory[k]
            weights[k].grad = torch.tensor(slope)
        optimizer.step()
    for one, other in zip(weights, slow, strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other, rtol=1e-12)


def test_an_optimiser_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no optimiser is named 'adam'; choose one of: adamw, sgd, lars"):
        Recipe(optimizer="adam")

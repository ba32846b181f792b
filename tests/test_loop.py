"""The training loop: what it reports, when it ends, that it repeats."""

from __future__ import annotations

from itertools import islice, repeat
from typing import ClassVar

import pytest
import torch
from torch import nn

from tests.scenes import two_fields
from workbench.pretrain import Recipe, begin, train


class Distance(nn.Module):
    """Objective with a known minimum: the weight is 3."""

    def forward(self, encoder: nn.Module, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"distance": (encoder(batch) - 3).square().mean(), "nothing": encoder.weight.sum() * 0}


def line() -> nn.Linear:
    return nn.Linear(1, 1, bias=False)


def test_reports_at_the_times_asked_and_always_at_the_end():
    reports = list(train(line(), Distance(), repeat(torch.ones(4, 1)), steps=25, every=10))
    assert [report.step for report in reports] == [10, 20, 25]
    assert [report.samples for report in reports] == [40, 80, 100]
    assert all(report.loss == sum(report.terms.values()) for report in reports)


def test_finds_a_known_minimum():
    encoder = line()
    *_, last = train(encoder, Distance(), repeat(torch.ones(4, 1)), steps=300, learning_rate=0.1)
    assert abs(encoder.weight.item() - 3) < 0.05
    assert last.loss < 0.01


def test_a_report_is_the_mean_since_the_last_one():
    torch.manual_seed(0)
    first = line()
    torch.manual_seed(0)
    second = line()
    one = list(train(first, Distance(), repeat(torch.ones(4, 1)), steps=6, every=1))
    three = list(train(second, Distance(), repeat(torch.ones(4, 1)), steps=6, every=3))
    assert three[0].loss == pytest.approx(sum(report.loss for report in one[:3]) / 3, rel=1e-5)


def test_stopping_early_keeps_what_was_learnt_in_evaluation_mode():
    encoder = nn.Sequential(line(), nn.Dropout(0.5))
    encoder.weight = encoder[0].weight
    before = encoder.weight.item()
    steps = train(encoder, Distance(), repeat(torch.ones(4, 1)), steps=100, every=5)
    assert len(list(islice(steps, 2))) == 2
    steps.close()
    assert encoder.weight.item() != before
    assert not encoder.training


def test_a_loss_that_no_longer_falls_ends_it():
    class Flat(nn.Module):
        def forward(self, encoder: nn.Module, batch: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"flat": encoder.weight.sum() * 0 + 1}

    *_, last = train(line(), Flat(), repeat(torch.ones(4, 1)), steps=500, patience=20)
    assert last.step == 40


def test_a_loss_that_is_not_finite_is_named():
    batches = repeat(torch.full((4, 1), torch.nan))
    with pytest.raises(FloatingPointError, match="loss at step 5 is not finite"):
        list(train(line(), Distance(), batches, steps=10, every=5))


def test_the_same_seed_learns_the_same_weights():
    cube, _ = two_fields()
    encoders = []
    for seed in (1, 1, 2):
        encoder, steps = begin(cube, Recipe(steps=6, pairs=32, seed=seed), device="cpu")
        list(steps)
        encoders.append(encoder)
    one, two, other = (encoder.layers[0].weight for encoder in encoders)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_pretraining_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    list(begin(two_fields()[0], Recipe(steps=2, pairs=8), device="cpu")[1])
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"objective": "magic"}, "no objective is named 'magic'; choose one of: barlow_twins"),
        ({"encoder": "huge"}, "no encoder is named 'huge'; choose one of: context, pixel"),
        ({"steps": 1}, "steps must be at least 2, got 1"),
        ({"learning_rate": 0.0}, "the learning rate must be positive, got 0; try 0.001"),
        ({"reach": -1}, "reach is a distance in pixels, got -1; use 0 or more"),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused(choices, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**choices)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_learns_on_a_gpu_in_bf16():
    cube, _ = two_fields(64, 64)
    _, steps = begin(cube, Recipe(steps=100, precision="bf16-mixed"), device="cuda")
    reports = list(steps)
    assert reports[-1].loss < reports[0].loss


def test_a_teacher_is_made_once_and_follows_every_step():
    class Teacher(Distance):
        said: ClassVar[list[object]] = []

        def prepare(self, encoder: nn.Module) -> None:
            self.said.append(encoder.weight.item())

        def after_step(self, encoder: nn.Module, step: int, steps: int) -> None:
            self.said.append((step, steps, encoder.weight.item()))

    encoder, objective = line(), Teacher()
    before = encoder.weight.item()
    list(train(encoder, objective, repeat(torch.ones(4, 1)), steps=3, every=3))
    assert objective.said[0] == before
    assert [one[:2] for one in objective.said[1:]] == [(1, 3), (2, 3), (3, 3)]
    assert objective.said[1][2] != before
    assert objective.said[3][2] == encoder.weight.item()

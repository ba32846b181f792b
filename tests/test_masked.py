"""Masked objectives: what is hidden, against slow formulas, and that the teacher only follows."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.cubes import simulated_scene
from workbench.pretrain import OBJECTIVES, Recipe, begin, pretrain
from workbench.pretrain.encoders import SpectralEncoder, SpectralSpatialCNN
from workbench.pretrain.objectives.data2vec import Data2Vec, follow, last_layers
from workbench.pretrain.objectives.mae import MAE, masked_mse, normalised_groups, sine_codes
from workbench.pretrain.objectives.masking import Masking, hidden_groups
from workbench.probe import embed


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("ratio", "hidden"), [(0.5, 5), (0.6, 6), (0.9, 9), (0.01, 1), (0.999, 9)])
def test_the_share_hidden_is_exact_in_every_sample(ratio, hidden):
    mask = hidden_groups(torch.empty(50, 40, 3), ratio, 4, generator=seeded())
    assert (mask[..., 0].sum(dim=1) == 4 * hidden).all()
    assert torch.equal(mask, mask[..., :1].expand_as(mask))
    groups = mask[..., 0].view(50, 10, 4)
    assert (groups.all(dim=2) == groups.any(dim=2)).all()
    assert len(groups[..., 0].unique(dim=0)) > 5


def test_every_group_is_hidden_as_often_as_another():
    mask = hidden_groups(torch.empty(4000, 10, 1), 0.3, 1, generator=seeded())
    np.testing.assert_allclose(mask.float().mean(dim=0)[:, 0], 0.3, atol=0.03)


def test_the_last_group_may_have_fewer_bands():
    mask = hidden_groups(torch.empty(200, 10, 1), 0.5, 4, generator=seeded())[..., 0]
    assert torch.equal(mask[:, 8], mask[:, 9])
    assert set(mask.sum(dim=1).tolist()) == {6, 8}


def test_squares_of_a_patch_are_hidden_group_by_group():
    mask = hidden_groups(torch.empty(30, 8, 7, 7), 0.5, 4, cell=3, generator=seeded())
    pieces = mask[:, ::4, ::3, ::3].flatten(1)
    assert (pieces.sum(dim=1) == 9).all()
    for row, column in np.ndindex(7, 7):
        assert torch.equal(mask[:, :, row, column], mask[:, :, row // 3 * 3, column // 3 * 3])


def test_without_squares_a_group_is_hidden_in_the_whole_patch():
    mask = hidden_groups(torch.empty(30, 8, 5, 5), 0.5, 2, generator=seeded())
    assert torch.equal(mask, mask[..., :1, :1].expand_as(mask))


def test_nothing_is_hidden_where_there_is_no_data():
    patches = torch.zeros(6, 8, 5, 5)
    patches[:, :, 0] = torch.nan
    assert not Masking(0.5, 2)(patches)[:, :, 0].any()


@pytest.mark.parametrize("choice", [{"ratio": 0.0}, {"ratio": 1.0}, {"group": 0}, {"cell": -1}])
def test_masks_that_cannot_be_meant_are_refused(choice):
    with pytest.raises(ValueError, match="a share between 0 and 1 of groups of at least 1 band is hidden, got ratio="):
        MAE(4, **choice)


def test_a_single_piece_is_not_hidden():
    with pytest.raises(ValueError, match="some of at least 2 pieces are hidden, got 1; take smaller groups of bands"):
        hidden_groups(torch.empty(2, 4, 1), 0.5, 8)


def test_the_error_is_that_of_what_was_hidden_alone():
    guess, target = torch.randn(2, 5, 6, 3)
    hidden = torch.rand(5, 6, 3) < 0.5
    target[0, 0, 0], hidden[0, 0, 0] = torch.nan, True
    slow = [
        (float(guess[at]) - float(target[at])) ** 2
        for at in np.ndindex(5, 6, 3)
        if hidden[at] and np.isfinite(float(target[at]))
    ]
    assert float(masked_mse(guess, target, hidden)) == pytest.approx(np.mean(slow), abs=1e-5)
    guess.requires_grad_()
    masked_mse(guess, target, hidden).backward()
    assert (guess.grad[~hidden] == 0).all()


def test_groups_are_normalised_one_by_one():
    pixels = torch.randn(3, 10, 2) * 4 + 2
    got = normalised_groups(pixels, 4)
    for n, window in np.ndindex(3, 2):
        for bands in (slice(0, 4), slice(4, 8), slice(8, 10)):
            group = pixels[n, bands, window].double().numpy()
            expected = (group - group.mean()) / np.sqrt(group.var() + 1e-6)
            np.testing.assert_allclose(got[n, bands, window], expected, atol=1e-5)
    patches = pixels[..., None].expand(-1, -1, -1, 3)
    torch.testing.assert_close(normalised_groups(patches, 4)[..., 1], got)


def test_places_have_the_published_codes():
    codes = sine_codes(torch.Size((4, 5)), 32)
    for cell, (row, column) in enumerate(np.ndindex(4, 5)):
        turns = [[at / 10000 ** (i / 8) for i in range(8)] for at in (row, column)]
        expected = [wave(turn) for axis in turns for wave in (np.sin, np.cos) for turn in axis]
        np.testing.assert_allclose(codes[cell], expected, atol=1e-12)
    assert sine_codes(torch.Size((3,)), 32).shape == (3, 32)


@pytest.mark.parametrize("make", [MAE, Data2Vec])
@pytest.mark.parametrize("shape", [(16, 12, 2), (16, 12, 5, 5)])
def test_what_is_hidden_does_not_reach_the_encoder(make, shape):
    class Spy(SpectralEncoder):
        def forward(self, batch: Tensor) -> Tensor:
            self.saw = batch.detach().clone()
            return super().forward(batch)

    encoder, objective = Spy(12, windows=(1, 5)), make(64, group=3, generator=seeded(4))
    objective.prepare(encoder)
    batch = torch.randn(shape)
    terms = objective(encoder, (batch, torch.full_like(batch, 1e6)))
    hidden = encoder.saw != batch
    assert (hidden.flatten(2)[..., 0].sum(dim=1) == 6).all()
    assert (encoder.saw[hidden] == 0).all()
    sum(terms.values()).backward()
    assert objective.shown.grad.abs().min() > 0


@pytest.mark.parametrize("normalised", [False, True])
def test_the_autoencoder_is_as_wrong_as_its_formula_says(normalised):
    encoder, objective = SpectralEncoder(12), MAE(64, group=3, normalised=normalised, generator=seeded(1))
    objective.prepare(encoder)
    twin, batch = copy.deepcopy(objective), torch.randn(8, 12, 1)
    twin.masking.generator.set_state(objective.masking.generator.get_state())
    got = objective(encoder, batch)["reconstruction"]
    hidden = twin.masking(batch)
    decoder, embedding = twin.decoder, encoder(batch.masked_fill(hidden, 0))
    inner = (
        embedding @ decoder.said.weight.T + decoder.said.bias + decoder.where.weight @ sine_codes((1,), 32)[0].float()
    )
    guess = functional.relu(inner) @ decoder.bands.weight.T + decoder.bands.bias
    target = normalised_groups(batch, 3) if normalised else batch
    expected = (guess - target[..., 0]).square()[hidden[..., 0]].mean()
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


def test_the_teacher_is_the_exponential_mean_of_the_student():
    student = SpectralEncoder(6, hidden=8, dim=4)
    objective = Data2Vec(4, momentum=(0.5, 0.9), group=2, generator=seeded())
    objective.prepare(student)
    expected = [weight.detach().double().clone() for weight in student.parameters()]
    for step, momentum in ((1, 0.5), (2, 0.7), (3, 0.9)):
        with torch.no_grad():
            for weight in student.parameters():
                weight.add_(torch.randn_like(weight))
        objective.after_step(student, step, 3)
        news = [weight.detach().double() for weight in student.parameters()]
        expected = [momentum * old + (1 - momentum) * new for old, new in zip(expected, news, strict=True)]
    for own, slow in zip(objective.teacher.parameters(), expected, strict=True):
        torch.testing.assert_close(own.double(), slow, atol=1e-5, rtol=0)
    before = copy.deepcopy(objective.teacher.state_dict())
    follow(objective.teacher, student, 1.0)
    assert all(torch.equal(before[name], value) for name, value in objective.teacher.state_dict().items())


def test_gradients_reach_the_student_and_never_the_teacher():
    encoder, objective = SpectralEncoder(6), Data2Vec(64, group=2, generator=seeded())
    objective.prepare(encoder)
    assert all(torch.equal(a, b) for a, b in zip(encoder.parameters(), objective.teacher.parameters(), strict=True))
    before = [weight.clone() for weight in objective.teacher.parameters()]
    optimizer = torch.optim.AdamW([*encoder.parameters(), *objective.parameters()], lr=0.1)
    objective(encoder, torch.randn(16, 6, 1))["distance"].backward()
    optimizer.step()
    assert all(weight.grad is not None for weight in [*encoder.parameters(), *objective.guess.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(before, objective.teacher.parameters(), strict=True))


def test_the_distance_is_that_of_the_paper():
    encoder, objective = SpectralEncoder(6), Data2Vec(64, group=2, turn=0.3, generator=seeded(2))
    objective.prepare(encoder)
    batch = torch.randn(16, 6, 1)
    state = objective.masking.generator.get_state()
    got = objective(encoder, batch)["distance"]
    objective.masking.generator.set_state(state)
    guess = objective.guess(encoder(batch.masked_fill(objective.masking(batch), 0)))
    layers = encoder.layers
    first = layers[2](layers[1](layers[0](batch.flatten(1))))
    second = layers[5](layers[4](layers[3](first)))
    target = (
        sum((one - one.mean(1, keepdim=True)) / one.std(1, correction=0, keepdim=True) for one in (first, second)) / 2
    )
    off = (guess - target).abs()
    expected = torch.where(off < 0.3, off.square() / 0.6, off - 0.15).mean()
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)
    assert target.shape == (16, 256)


def test_a_transformer_is_averaged_over_its_later_half_and_its_tokens():
    class Tokens(nn.Module):
        n_bands, footprint = 6, 3

        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList(nn.Linear(6, 6) for _ in range(4))

        def forward(self, batch: Tensor) -> Tensor:
            tokens = batch.flatten(2).movedim(1, 2)
            for block in self.blocks:
                tokens = block(tokens)
            return tokens.mean(dim=1)

    encoder, objective, batch = Tokens(), Data2Vec(6, group=2, generator=seeded()), torch.randn(4, 6, 3, 3)
    objective.prepare(encoder)
    assert objective.names == ("blocks.2", "blocks.3")
    third = encoder.blocks[2](encoder.blocks[1](encoder.blocks[0](batch.flatten(2).movedim(1, 2))))
    outputs = [third.mean(dim=1), encoder.blocks[3](third).mean(dim=1)]
    expected = sum(functional.layer_norm(one, (6,)) for one in outputs) / 2
    torch.testing.assert_close(objective.target(batch), expected)


def test_the_target_of_a_network_of_patches_is_of_its_spatial_layers():
    """By hand: three times convolution, norm by the batch and what is above 0, each averaged over pixels."""
    encoder, objective = SpectralSpatialCNN(12, dim=5, width=7), Data2Vec(5, generator=seeded())
    batch, outputs = torch.randn(6, 12, 9, 9), []
    objective.prepare(encoder)
    seen = encoder.train().spectral(batch[:, None])
    for convolution in (encoder.spatial[0], encoder.spatial[3], encoder.spatial[6]):
        seen = functional.conv2d(seen, convolution.weight, convolution.bias)
        mean, spread = seen.mean(dim=(0, 2, 3), keepdim=True), seen.var(dim=(0, 2, 3), keepdim=True, correction=0)
        seen = ((seen - mean) / (spread + 1e-5).sqrt()).clamp(min=0)
        outputs.append(functional.layer_norm(seen.mean(dim=(2, 3)), (7,)))
    torch.testing.assert_close(objective.target(batch), sum(outputs) / 3)


def test_layers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="but Linear has neither; name them"):
        last_layers(nn.Linear(2, 2))
    with pytest.raises(
        ValueError, match=r"layers that are averaged have one width, got \[64, 256\] of layers.5, layers.6"
    ):
        Data2Vec(64, layers=("layers.5", "layers.6")).prepare(SpectralEncoder(6))


@pytest.mark.parametrize("name", ["mae", "data2vec"])
@pytest.mark.parametrize("encoder", ["pixel", "context"])
def test_a_small_scene_is_learnt_and_repeats_by_seed(name, encoder):
    cube = simulated_scene(32, 40, n_bands=60, seed=1)[0]
    made = []
    for seed in (1, 1, 2):
        one, steps = begin(cube, Recipe(name, encoder, steps=40, pairs=48, seed=seed), device="cpu", every=10)
        losses = [report.loss for report in steps]
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]
        made.append(one)
    one, two, other = (encoder.layers[0].weight for encoder in made)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("name", ["mae", "data2vec"])
def test_training_leaves_the_global_generator_alone_and_does_not_collapse(name):
    cube = simulated_scene(32, 40, n_bands=60, seed=1)[0]
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    encoder = pretrain(cube, name, encoder="pixel", steps=40, pairs=64, device="cpu")
    assert torch.equal(torch.rand(1), expected)
    embedding = embed(cube, encoder, device="cpu").values.reshape(encoder.dim, -1)
    assert (np.nanstd(embedding, axis=1) > 0.01).all()
    assert OBJECTIVES[name].module in (MAE, Data2Vec)

"""The losses against lightly's or slow formulas, at their limits; and what only their hooks may move."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from workbench.patches import BandScaler
from workbench.pretrain import OBJECTIVES
from workbench.pretrain.encoders import SpectralEncoder
from workbench.pretrain.objectives import (
    DINO,
    MoCoV2,
    SimSiam,
    SwAV,
    batch_loss,
    centred_loss,
    nt_xent_loss,
    prediction_loss,
    queue_loss,
    sinkhorn,
    swapped_loss,
)
from workbench.pretrain.objectives.heads import Prototypes
from workbench.pretrain.objectives.queue import FeatureQueue
from workbench.pretrain.objectives.teacher import Taught, Teacher, cosine_momentum

TAUGHT = ("moco_v2", "moco_v3", "dino")


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def total(terms: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()


def same(ours: Tensor | dict[str, Tensor], theirs: Tensor | float) -> None:
    ours = total(ours) if isinstance(ours, dict) else ours
    torch.testing.assert_close(ours, torch.as_tensor(theirs).reshape(()), rtol=1e-5, atol=1e-5)


# The losses, by somebody else's hand


PAIRED = [name for name in OBJECTIVES if name not in ("mae", "data2vec")]
"""Objectives that compare two views; those that guess what is hidden have a file of their own."""


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_simclr_agrees_with_lightly(temperature):
    from lightly.loss import NTXentLoss

    left, right = draw(2, 30, 8) * 3
    same(nt_xent_loss(left, right, temperature=temperature), NTXentLoss(temperature)(left, right))


def test_moco_v2_agrees_with_lightly():
    from lightly.loss import NTXentLoss

    queries, keys, strangers = draw(30, 8), draw(30, 8, seed=1), normalize(draw(50, 8, seed=2), dim=1)
    theirs = NTXentLoss(0.2, memory_bank_size=(50, 8))
    theirs.memory_bank.bank = strangers
    same(queue_loss(queries, normalize(keys, dim=1), strangers, temperature=0.2), theirs(queries, keys))


def test_moco_v3_is_its_formula():
    queries, keys, slow = draw(9, 4), draw(9, 4, seed=1), 0.0
    for i in range(9):
        cosines = [float(q @ k / q.norm() / k.norm()) for q, k in ((queries[i], keys[j]) for j in range(9))]
        slow -= math.log(math.exp(cosines[i] / 0.3) / sum(math.exp(c / 0.3) for c in cosines)) * 2 * 0.3 / 9
    same(batch_loss(queries, keys, temperature=0.3), slow)


def test_simsiam_agrees_with_lightly_but_for_the_one():
    from lightly.loss import NegativeCosineSimilarity

    told, held, loss = draw(2, 30, 8), draw(2, 30, 8, seed=1), NegativeCosineSimilarity()
    expected = 1 + (loss(told[0], held[1]) + loss(told[1], held[0])) / 2
    same(prediction_loss(tuple(told), tuple(held)), expected)


@pytest.mark.parametrize(("small", "earlier"), [(0, 0), (3, 0), (2, 40)])
def test_swav_agrees_with_lightly(small, earlier):
    from lightly.loss import SwaVLoss

    scores = list(draw(2 + small, 30, 6).tanh())
    queued = list(draw(2, earlier, 6, seed=1).tanh()) if earlier else []
    theirs = SwaVLoss(temperature=0.1)(scores[:2], scores[2:], queued or None)
    same(swapped_loss(scores, queued, temperature=0.1), theirs)


def test_sinkhorn_agrees_with_lightly():
    from lightly.loss.swav_loss import sinkhorn as theirs

    scores = draw(30, 6).tanh()
    torch.testing.assert_close(sinkhorn(scores, rounds=5), theirs(scores, iterations=5), rtol=1e-5, atol=1e-5)


def test_dino_agrees_with_lightly():
    from lightly.loss import DINOLoss

    targets, said, centre = draw(2, 30, 8), draw(5, 30, 8, seed=1), draw(8, seed=2)
    theirs = DINOLoss(8, teacher_temp=0.05)
    theirs.center = centre.view(1, 1, 8)
    expected = theirs(list(targets), list(said))
    same(centred_loss(targets, said, centre, teacher_temperature=0.05, temperature=0.1), expected)


def test_dinos_centre_moves_as_lightlys():
    from lightly.loss import DINOLoss

    encoder, objective, theirs = small_encoder(), DINO(4, n_outputs=8, hidden=8, width=4), DINOLoss(8)
    objective.prepare(encoder)
    for step in (1, 2, 3):
        targets = draw(2, 10, 8, seed=step)
        objective.waiting = targets.flatten(0, 1)
        objective.after_step(encoder, step, 3)
        theirs.update_center(targets)
    torch.testing.assert_close(objective.centre, theirs.center[0, 0], rtol=1e-5, atol=1e-6)


# Limits


def spread_out(n: int) -> Tensor:
    """Features as far from each other as they can be."""
    return torch.eye(n)


PAIR_LOSSES = {
    "simclr": lambda a, b: nt_xent_loss(a, b, temperature=0.2),
    "moco_v2": lambda a, b: queue_loss(
        a, normalize(b, dim=1), -normalize(a.mean(dim=0, keepdim=True)), temperature=0.2
    ),
    "moco_v3": lambda a, b: {"contrast": batch_loss(a, b, temperature=0.2)},
    "simsiam": lambda a, b: prediction_loss((a, b), (a, b)),
    "swav": lambda a, b: swapped_loss((normalize(a), normalize(b)), temperature=0.1),
    "dino": lambda a, b: centred_loss(
        (a, b), (a, b), torch.zeros(a.shape[1]), teacher_temperature=0.1, temperature=0.1
    ),
}


def test_every_loss_has_its_limit_here():
    assert {*PAIR_LOSSES, "barlow_twins"} == set(PAIRED)


@pytest.mark.parametrize("name", PAIR_LOSSES)
def test_equal_views_cost_least(name):
    features = spread_out(12)
    least = total(PAIR_LOSSES[name](features, features))
    for seed in range(20):
        assert total(PAIR_LOSSES[name](features, features + 0.3 * draw(12, 12, seed=seed))) > least
    if name in ("simsiam", "dino"):
        assert PAIR_LOSSES[name](features, features).popitem()[1] == pytest.approx(0, abs=1e-6)


def test_strangers_cost_the_more_the_nearer_they_are():
    far, near = -torch.eye(12)[:1].expand(5, 12), torch.eye(12)[:1].expand(5, 12)
    one = torch.eye(12)[:1]
    assert total(queue_loss(one, one, near, temperature=0.2)) > total(queue_loss(one, one, far, temperature=0.2)) + 1


def test_constant_features_cost_as_much_as_guessing():
    one = torch.ones(16, 5)
    same(nt_xent_loss(one, one, temperature=0.2), math.log(31))
    same(queue_loss(one, normalize(one, dim=1), normalize(torch.ones(40, 5), dim=1), temperature=0.2), math.log(41))
    same(batch_loss(one, one, temperature=0.2), 2 * 0.2 * math.log(16))
    same(swapped_loss((one, one), temperature=0.1), math.log(5))
    same(centred_loss((one, one), (one, one), torch.zeros(5), teacher_temperature=0.04, temperature=0.1), math.log(5))


@pytest.mark.parametrize("name", ["simclr", "moco_v3"])
def test_a_slope_leads_away_from_constant_features(name):
    features = (torch.ones(16, 5) + 0.01 * draw(16, 5)).requires_grad_()
    before = total(PAIR_LOSSES[name](features, features))
    (slope,) = torch.autograd.grad(before, features)
    spread = normalize((features - 0.1 * slope / slope.norm()).detach(), dim=1).std(dim=0).sum()
    assert spread > normalize(features.detach(), dim=1).std(dim=0).sum()


def test_a_collapse_of_dino_shows_in_its_doubt():
    certain, vague = 50 * torch.eye(8)[:1].expand(6, 8), torch.zeros(6, 8)
    for outputs, entropy in ((certain, 0.0), (vague, math.log(8))):
        terms = centred_loss((outputs,) * 2, (outputs,) * 2, torch.zeros(8), teacher_temperature=1.0, temperature=1.0)
        assert terms["doubt"] == pytest.approx(entropy, abs=1e-5)
        assert terms["divergence"] == pytest.approx(0, abs=1e-5)


def test_centring_undoes_a_winner_and_sharpening_makes_one():
    winner = draw(200, 6) * 0.1 + torch.tensor([5.0, 0, 0, 0, 0, 0])
    said = (winner, winner)
    for centre, least, most in ((torch.zeros(6), 0.0, 0.1), (winner.mean(dim=0), 0.4, 1.8)):
        terms = centred_loss(said, said, centre, teacher_temperature=0.1, temperature=0.1)
        assert least <= terms["doubt"] < most
    blunt, sharp = (
        centred_loss(said, said, winner.mean(dim=0), teacher_temperature=t, temperature=0.1)["doubt"]
        for t in (0.1, 0.01)
    )
    assert sharp < blunt


def test_sinkhorn_gives_every_sample_whole_and_every_prototype_its_part():
    shares = sinkhorn(draw(60, 5).tanh() + torch.tensor([1.0, 0, 0, 0, 0]), rounds=100)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(60), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(shares.sum(dim=0), torch.full((5,), 12.0), rtol=1e-3, atol=1e-3)
    assert (shares >= 0).all()


def test_three_rounds_already_undo_most_of_a_prototype_that_takes_all():
    scores = draw(60, 5).tanh() * 0.3 + torch.tensor([0.5, 0, 0, 0, 0])
    greedy = (scores / 0.05).softmax(dim=1).sum(dim=0)
    fair = sinkhorn(scores).sum(dim=0)
    assert (fair - 12).abs().max() < 0.25 * (greedy - 12).abs().max()


# What gradients and hooks move


def small_encoder(n_bands: int = 6, windows: tuple[int, ...] = (1, 3)) -> SpectralEncoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SpectralEncoder(n_bands, windows=windows, dim=4, hidden=8)


def made(name: str, **choices: object) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return OBJECTIVES[name].module(4, generator=torch.Generator().manual_seed(2), **choices)


def pair(*shape: int) -> tuple[Tensor, Tensor]:
    batch = draw(*shape)
    return batch, batch + 0.1 * draw(*shape, seed=1)


@pytest.mark.parametrize("shape", [(16, 6, 2), (16, 6, 7, 7)], ids=["spectra", "patches"])
@pytest.mark.parametrize("name", PAIRED)
def test_every_objective_learns_from_spectra_and_from_patches(name, shape):
    encoder, objective = small_encoder(), made(name)
    if hasattr(objective, "prepare"):
        objective.prepare(encoder)
    terms = objective(encoder, pair(*shape))
    assert all(term.shape == () and term.isfinite() for term in terms.values())
    total(terms).backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in encoder.parameters())


@pytest.mark.parametrize("name", PAIRED)
def test_a_loss_changes_nothing_but_the_statistics_of_batch_norms(name):
    encoder, objective = small_encoder(), made(name)
    if hasattr(objective, "prepare"):
        objective.prepare(encoder)
    before = {key: value.clone() for key, value in objective.state_dict().items()}
    objective(encoder, pair(16, 6, 2))
    changed = {key for key, value in objective.state_dict().items() if not torch.equal(value, before[key])}
    assert {key.rsplit(".", 1)[-1] for key in changed} <= {"running_mean", "running_var", "num_batches_tracked"}


def test_no_gradient_flows_into_what_simsiam_holds_still():
    told, held = draw(2, 10, 4).requires_grad_(), draw(2, 10, 4, seed=1).requires_grad_()
    total(prediction_loss(tuple(told), tuple(held))).backward()
    assert told.grad.abs().sum() > 0
    assert held.grad is None


def test_without_the_stopped_gradient_simsiam_collapses(monkeypatch):
    def spread(seed: int) -> float:
        """Of the head's features over a sphere: 1 where they are all over it, 0 where they are one."""
        encoder, objective = small_encoder(), made("simsiam", width=16, hidden=8)
        batch = draw(64, 6, 2, seed=seed)
        optimizer = torch.optim.SGD([*encoder.parameters(), *objective.parameters()], lr=0.5, momentum=0.9)
        for _ in range(100):
            optimizer.zero_grad()
            total(objective(encoder, (batch, batch))).backward()
            optimizer.step()
        with torch.no_grad():
            return float(normalize(objective.head(encoder(batch)), dim=1).std(dim=0).mean()) * 4

    def mean_spread() -> float:  # one run's end depends on the order of sums, and so on the number of threads
        return sum(spread(seed) for seed in range(6)) / 6

    assert mean_spread() > 0.9
    monkeypatch.setattr(Tensor, "detach", lambda tensor: tensor)
    assert mean_spread() < 0.7


@pytest.mark.parametrize("name", TAUGHT)
def test_the_teacher_follows_by_its_momentum_and_takes_no_gradient(name):
    encoder, objective = small_encoder(), made(name, momentum=0.8)
    objective.prepare(encoder)
    start = [weight.clone() for weight in objective.teacher.parameters()]
    learner = [*encoder.parameters(), *objective.head.parameters()]
    assert all(torch.equal(mine, new) for mine, new in zip(start, learner, strict=True))
    optimizer = torch.optim.AdamW([*encoder.parameters(), *objective.parameters()], lr=0.1)
    total(objective(encoder, pair(16, 6, 2))).backward()
    optimizer.step()
    assert all(weight.grad is None and not weight.requires_grad for weight in objective.teacher.parameters())
    assert all(torch.equal(mine, old) for mine, old in zip(objective.teacher.parameters(), start, strict=True))
    objective.after_step(encoder, 1, 10)
    for mine, old, new in zip(objective.teacher.parameters(), start, learner, strict=True):
        torch.testing.assert_close(mine, 0.8 * old + 0.2 * new, rtol=1e-5, atol=1e-6)
    assert any(not torch.equal(mine, old) for mine, old in zip(objective.teacher.parameters(), start, strict=True))


def test_the_momentum_is_lightlys_cosine():
    from lightly.utils.scheduler import cosine_schedule

    for step in range(50):
        expected = cosine_schedule(step, 51, 0.97, 1.0)
        assert cosine_momentum(step, steps=50, start=0.97) == pytest.approx(expected, abs=1e-9)
    assert cosine_momentum(0, steps=50, start=0.97) == pytest.approx(0.97)
    assert cosine_momentum(50, steps=50, start=0.97) == 1


def test_a_teachers_batch_norms_gather_statistics_of_their_own():
    encoder, head = small_encoder(), nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    teacher = Teacher(encoder, head)
    assert teacher.training
    before = teacher.head[1].running_mean.clone()
    teacher(draw(16, 6, 2) + 3)
    assert not torch.equal(teacher.head[1].running_mean, before)
    teacher.follow(encoder, head, 0.5)
    assert not torch.equal(teacher.head[1].running_mean, head[1].running_mean)


@pytest.mark.parametrize("name", TAUGHT)
def test_a_teacher_that_was_never_made_is_missed(name):
    objective = made(name)
    assert isinstance(objective, Taught)
    with pytest.raises(RuntimeError, match=r"the teacher is made from an encoder, .*; call prepare\(encoder\) first"):
        objective(small_encoder(), pair(16, 6, 2))


@pytest.mark.parametrize("name", TAUGHT)
def test_a_state_holds_teacher_queue_and_centre(name):
    def trained(seed: int) -> nn.Module:
        encoder, objective = small_encoder(), made(name)
        objective.prepare(encoder)
        for step in range(1, 1 + seed):
            total(objective(encoder, pair(16, 6, 2))).backward()
            with torch.no_grad():
                for weight in encoder.parameters():
                    weight -= 0.1
            objective.after_step(encoder, step, 4)
        return objective

    far, fresh = trained(3), trained(0)
    assert any(not torch.equal(value, fresh.state_dict()[key]) for key, value in far.state_dict().items())
    fresh.load_state_dict(far.state_dict())
    batch = draw(16, 6, 2)
    assert torch.equal(far.eval().taught(batch), fresh.eval().taught(batch))
    wanted = {"moco_v2": {"queue.features", "queue.seen"}, "dino": {"centre", "teacher_temperature"}, "moco_v3": set()}
    assert wanted[name] <= set(far.state_dict())


# Queues


def test_what_came_first_goes_first():
    queue = FeatureQueue(5, 2)
    for number in range(1, 9):
        queue.put(torch.full((1, 2), float(number)))
    assert sorted(queue.features[:, 0].tolist()) == [4, 5, 6, 7, 8]
    queue.put(torch.tensor([[9.0, 9.0], [10.0, 10.0], [11.0, 11.0]]))
    assert sorted(queue.features[:, 0].tolist()) == [7, 8, 9, 10, 11]


def test_a_batch_larger_than_the_queue_leaves_its_last():
    queue = FeatureQueue(4, 1)
    queue.put(torch.arange(3.0)[:, None])
    queue.put(torch.arange(10.0, 21.0)[:, None])
    assert sorted(queue.features[:, 0].tolist()) == [17, 18, 19, 20]
    queue.put(torch.tensor([[30.0]]))
    assert sorted(queue.features[:, 0].tolist()) == [18, 19, 20, 30]


def test_the_queue_is_that_of_lightly():
    from lightly.models.modules.memory_bank import MemoryBankModule

    ours, theirs = FeatureQueue(12, 3), MemoryBankModule((12, 3))
    theirs.bank = ours.features.clone()
    for step in range(7):
        batch = draw(4, 3, seed=step)
        ours.put(batch)
        theirs(batch, update=True)
        assert torch.equal(ours.features, theirs.bank)


def test_a_queue_begins_with_unit_directions_and_is_full_once_they_are_gone():
    queue = FeatureQueue(6, 3)
    torch.testing.assert_close(queue.features.norm(dim=1), torch.ones(6))
    fullness = []
    for _ in range(3):
        fullness.append(queue.is_full)
        queue.put(torch.ones(3, 3))
    assert fullness == [False, False, True]


def test_moco_queues_the_teachers_unit_features_after_the_step():
    encoder, objective = small_encoder(), made("moco_v2", queue=24)
    assert isinstance(objective, MoCoV2)
    objective.prepare(encoder)
    start = objective.queue.features.clone()
    objective(encoder, pair(16, 6, 2))
    assert torch.equal(objective.queue.features, start)
    keys = objective.waiting
    torch.testing.assert_close(keys.norm(dim=1), torch.ones(16))
    objective.after_step(encoder, 1, 10)
    assert torch.equal(objective.queue.features[:16], keys)
    assert torch.equal(objective.queue.features[16:], start[16:])


def test_swavs_queues_take_part_once_they_are_full():
    losses = {}
    for size in (0, 32):
        encoder, objective = small_encoder(), made("swav", queue=size, n_prototypes=5)
        assert isinstance(objective, SwAV)
        losses[size] = []
        for step in range(1, 5):
            losses[size].append(float(total(objective(encoder, pair(16, 6, 2))).detach()))
            objective.after_step(encoder, step, 4)
    assert losses[0][:2] == losses[32][:2]
    assert losses[0][2] != losses[32][2]


# The rest of DINO


def test_dinos_teacher_grows_warmer_and_then_stays():
    encoder, objective, said = small_encoder(), made("dino", sharpness=(0.04, 0.08), warm=0.5), []
    objective.prepare(encoder)
    for step in range(1, 9):
        objective.after_step(encoder, step, 8)
        said.append(round(float(objective.teacher_temperature), 6))
    assert said == [0.05, 0.06, 0.07, 0.08, 0.08, 0.08, 0.08, 0.08]


def test_dinos_teacher_sees_whole_views_alone():
    class Counts(SpectralEncoder):
        def forward(self, batch: Tensor) -> Tensor:
            self.seen = [*getattr(self, "seen", []), len(batch)]
            return super().forward(batch)

    encoder = Counts(6, windows=(1, 3), dim=4, hidden=8)
    objective = made("dino", small_views=3)
    objective.prepare(encoder)
    objective(encoder, pair(16, 6, 2))
    assert objective.teacher.encoder.seen == [32]
    assert encoder.seen == [32, 48]


def test_prototypes_answer_with_cosines():
    prototypes, features = Prototypes(4, 7), draw(10, 4)
    expected = nn.functional.cosine_similarity(features[:, None], prototypes.weight[None], dim=2)
    torch.testing.assert_close(prototypes(features), expected, rtol=1e-5, atol=1e-5)


def test_the_default_views_come_from_the_generator():
    for name in PAIRED:
        encoder, batch = small_encoder(), pair(16, 6, 2)
        losses = []
        for _ in range(2):
            objective = made(name)
            if hasattr(objective, "prepare"):
                objective.prepare(encoder)
            losses.append([float(total(objective(encoder, batch)).detach()) for _ in range(2)])
        assert losses[0] == losses[1], name
        assert losses[0][0] != losses[0][1], name


def test_the_black_of_the_encoders_scaler_is_used():
    encoder, objective, batch = small_encoder(), made("simsiam"), pair(16, 6, 2)
    assert isinstance(encoder.scaler, BandScaler)
    assert isinstance(objective, SimSiam)
    first = float(total(objective(encoder, batch)).detach())
    encoder.scaler.mean.fill_(9.0)
    assert float(total(made("simsiam")(encoder, batch)).detach()) != first

"""Every objective in the loop: its loss falls, it repeats, and what it learns serves a linear probe."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.long import LONG
from tests.scenes import few
from workbench.cubes import open_cube, simulated_scene
from workbench.labels import open_labels
from workbench.pretrain import OBJECTIVES, Encoder, Progress, Recipe, begin, pretrain
from workbench.probe import embed


@pytest.fixture(scope="module")
def scene() -> xr.DataArray:
    return simulated_scene(32, 48, seed=1, n_bands=40)[0]


def falling(objective: str, reports: list[Progress]) -> list[float]:
    """What must fall: the loss, but for what a teacher or a queue makes harder on the way."""
    if objective == "dino":  # the teacher's own doubt grows with its centre, and no gradient touches it
        return [report.terms["divergence"] for report in reports]
    if objective == "moco_v2":  # in 8 steps the queue's random directions give way to pixels, which are harder
        return [report.loss for report in reports if report.step > 8]
    return [report.loss for report in reports]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_thirty_steps_lower_the_loss_and_leave_the_global_generator_alone(scene, objective):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    recipe = Recipe(objective=objective, encoder="context", steps=30, pairs=256)
    reports = list(begin(scene, recipe, device="cpu", every=6)[1])
    assert torch.equal(torch.rand(1), expected)
    assert all(np.isfinite(list(report.terms.values())).all() for report in reports)
    first, *_, last = falling(objective, reports)
    assert last < 0.995 * first  # without learning it stays within 0.1 %, or rises


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_same_seed_learns_the_same_and_another_does_not(scene, objective):
    one, two, other = (
        pretrain(scene, objective=objective, encoder="context", steps=4, pairs=64, seed=seed, device="cpu")
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(one.state_dict()[key], value) for key, value in two.state_dict().items())
    assert not torch.equal(one.layers[0].weight, other.layers[0].weight)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_half_precision_stays_finite(scene, objective):
    recipe = Recipe(objective=objective, encoder="context", steps=3, pairs=64, precision="bf16-mixed")
    *_, last = begin(scene, recipe, device="cpu")[1]
    assert np.isfinite(list(last.terms.values())).all()


def linear_probe(encoder: Encoder, cube: xr.DataArray, truth: xr.DataArray) -> float:
    """Mean overall accuracy of a logistic regression with 5 labels a class, over 5 draws."""
    features = embed(cube, encoder, device="cpu").values.reshape(encoder.dim, -1).T
    codes, scores = truth.values.ravel(), []
    for draw in range(5):
        marks = few(truth, 5, seed=draw).values.ravel()
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        probe.fit(features[marks > 0], marks[marks > 0])
        tested = (codes > 0) & (marks == 0)
        scores.append(probe.score(features[tested], codes[tested]))
    return float(np.mean(scores))


@pytest.fixture(scope="module")
def salinas_a(real_data) -> tuple[xr.DataArray, xr.DataArray]:
    cube = open_cube(real_data / "salinas_a" / "SalinasA_corrected.mat")
    return cube, open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", cube)


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize(
    "objective",
    [
        name if name in ("barlow_twins", "moco_v2", "mae") else pytest.param(name, marks=LONG)
        for name in OBJECTIVES
        if name != "data2vec"  # whose row says: no better
    ],
)
def test_a_linear_probe_is_better_than_on_random_weights(salinas_a, objective):
    cube, truth = salinas_a
    recipe = Recipe(objective=objective, encoder="context", steps=150, pairs=256)
    encoder, steps = begin(cube, recipe, device="cpu", every=150)
    random = linear_probe(encoder.eval(), cube, truth)
    list(steps)
    assert linear_probe(encoder, cube, truth) > random

"""How quick pretraining on a scene is: against its own step, and against the usual way to write it, in the same run.

Seconds are those that the processor worked, on one thread for each; what is compared takes turns, and of each the
quickest turn counts. So what else the machine does meets all alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, repeat

import numpy as np
import pytest
import torch
from torch import nn

from tests.benchmarks.usual_way import usual_steps
from tests.scenes import make_cube
from workbench.patches import PatchPairs, ScenePairs
from workbench.pretrain import train
from workbench.pretrain.encoders import SpectralEncoder, SpectralSpatialCNN
from workbench.pretrain.objectives import BarlowTwins

BANDS, SIDE = 200, 145
"""The size of scene that the papers use."""

LEAST, MOST = 5, 15
"""How often each has its turn: again where many programs run, until each has had a quiet one."""


@dataclass(frozen=True)
class Case:
    """An encoder, and how much of it a turn is."""

    make: Callable[[], nn.Module]
    size: int
    """Side of what it sees of a scene [pixels]."""

    pairs: int
    """A step."""

    steps: int
    """A turn of ours; the usual way has a fifth, at least one."""


CASES = {
    "pixel": Case(lambda: SpectralEncoder(BANDS), 1, 512, 10),
    "context": Case(lambda: SpectralEncoder(BANDS, windows=(1, 7, 9)), 9, 512, 5),
    "cnn": Case(lambda: SpectralSpatialCNN(BANDS), 9, 128, 1),
}


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def turns(case: Case) -> Iterator[dict[str, float]]:
    """Seconds of the quickest step so far, after each turn: on a scene, on one fixed batch, and the usual way."""
    scene = np.random.default_rng(0).random((BANDS, SIDE, SIDE), dtype="float32")
    patches = case.make().windows == ()
    how = {"n": case.pairs, "reach": 3}
    cube = make_cube(scene)
    batches = PatchPairs(cube, case.size, **how) if patches else ScenePairs(cube, case.make().windows, **how)

    def ours(source: object) -> Iterator[object]:
        torch.manual_seed(0)
        encoder = case.make()
        encoder.scaler = batches.scaler
        objective = BarlowTwins(encoder.dim, generator=torch.Generator().manual_seed(0))
        return train(encoder, objective, source, steps=MOST * case.steps, every=case.steps)

    few = max(1, case.steps // 5)
    work = {
        "scene": (ours(batches), 1, case.steps),
        "fixed batch": (ours(repeat(next(iter(batches)))), 1, case.steps),
        "usual way": (usual_steps(scene, case.make(), case.size, n=case.pairs, crop=patches), few, few),
    }
    quickest = dict.fromkeys(work, float("inf"))
    for _ in range(MOST):
        for name, (steps, asked, done) in work.items():
            began = time.process_time()
            assert len(list(islice(steps, asked))) == asked
            quickest[name] = min(quickest[name], (time.process_time() - began) / done)
        yield quickest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "times"),
    [
        # Of a single pixel the usual way spends three quarters on its transforms. Were the scene scaled beforehand and
        # no sample normalised, it would still take 2.5 times as long as ours.
        ("pixel", 3.5),
        ("context", 5.0),  # 14 on the machine this was written on
        # The aim for 9 × 9 patches is 5. It holds where the encoder takes their means. Here convolutions take three
        # quarters of our step, which even on one fixed batch is but 1.7 times as quick; 1.5 to 1.65 were measured.
        ("cnn", 1.2),
    ],
)
def test_pretraining_on_a_scene_is_near_its_bound_and_ahead_of_the_usual_way(benchmark, one_thread, name, times):
    case = CASES[name]

    def measured() -> tuple[dict[str, float], float, float]:
        for done, took in enumerate(turns(case), start=1):
            share, ahead = took["fixed batch"] / took["scene"], took["usual way"] / took["scene"]
            if done >= LEAST and share >= 0.8 and ahead >= times:
                break
        return took, share, ahead

    took, share, ahead = benchmark.pedantic(measured, rounds=1)
    benchmark.extra_info["pixels a second"] = {what: round(case.pairs / one) for what, one in took.items()}
    benchmark.extra_info |= {"share of the bound": round(share, 2), "times the usual way": round(ahead, 2)}
    assert share >= 0.8
    assert ahead >= times

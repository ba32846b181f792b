"""How much faster hulls of a whole cube are than one spectrum after the other, in the same run."""

from __future__ import annotations

import time

import numpy as np
import pytest
from spectral.algorithms.continuum import remove_continuum as spy_continuum

from tests.scenes import make_cube
from workbench.cubes import remove_continuum, simulated_scene


@pytest.mark.slow
def test_the_continuum_of_100_by_100_by_200_is_removed_at_least_10_times_faster_than_by_spy(benchmark):
    scene, _ = simulated_scene(100, 100, n_bands=224)
    good = scene.good.values
    values = np.clip(scene.values[good], 0.001, None)
    wavelength = scene.wavelength.values[good]
    cube = make_cube(values, wavelength)
    pixels = values.transpose(1, 2, 0).astype(float)
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        slow = spy_continuum(pixels, wavelength)
        seconds.append(time.perf_counter() - began)
    quick = benchmark.pedantic(remove_continuum, (cube,), rounds=10, warmup_rounds=1)
    np.testing.assert_allclose(quick.values.transpose(1, 2, 0), slow, atol=1e-6)
    ratio = min(seconds) / benchmark.stats.stats.min
    benchmark.extra_info["times faster than SPy"] = round(ratio, 1)
    assert cube.shape == (200, 100, 100)
    assert ratio >= 10

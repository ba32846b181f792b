"""Smooth random surfaces that can be asked for anywhere: hills, moods of a crop, edges of a wood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Noise:
    """A smooth random surface of unit variance with hills about `scale` pixels wide."""

    def __init__(self, height: int, width: int, scale: float, rng: np.random.Generator, *, octaves: int = 1) -> None:
        self.layers = []
        for octave in range(octaves):
            step = scale / 2**octave
            shape = (int(height / step) + 5, int(width / step) + 5)
            # 0.45 is the standard deviation a cubic B-spline leaves of white noise in two dimensions.
            self.layers.append((step, rng.standard_normal(shape).astype("float32") * 0.5**octave / 0.45))
        self.norm = np.float32(sum(0.25**octave for octave in range(octaves)) ** 0.5)

    def __call__(self, rows: Array, columns: Array) -> Array:
        """Its height at the points of a grid, shape (n_rows, n_columns)."""
        total = np.float32(0)
        for step, knots in self.layers:
            down, across = _spline_weights(rows / step, knots.shape[0]), _spline_weights(columns / step, knots.shape[1])
            total = total + down @ knots @ across.T
        return total / self.norm


def _spline_weights(position: Array, n: int) -> Array:
    """Cubic B-spline weights, shape (n_positions, n)."""
    base = np.floor(position).astype(int)
    t = (position - base).astype("float32")
    weights = np.zeros((len(position), n), dtype="float32")
    here = np.arange(len(position))
    terms = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    for k, term in enumerate(terms):
        weights[here, np.clip(base + k, 0, n - 1)] += term / 6
    return weights

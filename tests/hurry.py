"""Networks in a hurry, for tests where it does not matter how well they learn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.probe import MODELS, Model
from workbench.probe.patch_network import PatchNetwork
from workbench.probe.spectral_network import SpectralNetwork
from workbench.probe.supervised import FromScratch

NETWORKS = (FromScratch, PatchNetwork, SpectralNetwork)


def hurry(monkeypatch: pytest.MonkeyPatch, steps: int = 25) -> None:
    """Teach every network of ``MODELS`` for a few steps only."""
    for name, row in MODELS.items():
        if isinstance(row.build(0), NETWORKS):

            def build(seed: int, row: Model = row) -> object:
                made = row.build(seed)
                made.steps = steps
                return made

            monkeypatch.setitem(MODELS, name, replace(row, build=build))

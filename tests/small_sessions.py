"""A session on a small simulated scene, whose class map follows the labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import xarray as xr

from workbench.cubes import save_cube, simulated_scene
from workbench.session import Session


@pytest.fixture(scope="module", name="simulated")
def file_and_truth(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.DataArray]:
    """A file of 24 x 30 pixels, and what they are."""
    cube, truth = simulated_scene(24, 30, seed=1)
    return save_cube(cube, tmp_path_factory.mktemp("scene") / "scene.npz"), truth


@pytest.fixture(name="session")
def session_of_it(tmp_path: Path, simulated: tuple[Path, xr.DataArray]) -> Iterator[Session]:
    """On that scene."""
    session = Session.at(tmp_path / "session")
    assert session.open_scene(simulated[0]), session.message
    yield session
    session.close()

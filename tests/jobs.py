"""Sessions whose jobs tests wait for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.cubes import save_cube, simulated_scene
from workbench.session import Session

posix = pytest.mark.skipif(os.name == "nt", reason="needs signals")
LONG = 100_000
"""Steps nobody waits for."""


@pytest.fixture(scope="module", autouse=True, name="one_thread")
def one_thread_each() -> Iterator[None]:
    """Workers share two cores with everybody."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    yield
    if before is None:
        del os.environ["OMP_NUM_THREADS"]
    else:
        os.environ["OMP_NUM_THREADS"] = before


@pytest.fixture(scope="module", name="scene")
def small_scene(tmp_path_factory) -> Path:
    """A file of 24 x 30 pixels."""
    cube, _ = simulated_scene(24, 30, seed=1)
    return save_cube(cube, tmp_path_factory.mktemp("scene") / "scene.npz")


@pytest.fixture(name="session")
def session_of_it(tmp_path, scene) -> Iterator[Session]:
    """On that scene, its map made when asked for."""
    session = Session.at(tmp_path / "session")
    session.live = False
    assert session.open_scene(scene), session.message
    yield session
    session.close()


def until(claim: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

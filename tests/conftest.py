"""What several tests share: where the real data lie, and a small simulated scene."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import workbench  # noqa: F401  before torch: its waiting threads must sleep, not spin
from tests.long import ALIKE, LONG

DATA = Path(os.environ.get("WORKBENCH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests whose like is there unless all are asked for, and tests of real data only where there are none."""
    for item in items:
        if item.nodeid.rpartition("/")[2].startswith(ALIKE):
            item.add_marker(LONG)
    if DATA.is_dir():
        return
    for item in items:
        if item.get_closest_marker("realdata"):
            item.add_marker(pytest.mark.skip(reason=f"no real sensor data at {DATA}; set WORKBENCH_DATA"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real sensor data; see its README."""
    return DATA

"""What goes wrong around a session while it is open: a folder that may not be written, a scene that goes, the clock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import geopandas
import pytest

from workbench.cubes import CubeError, save_cube, simulated_scene
from workbench.session import Session, marks
from workbench.session.runs import new_run, read_runs


@pytest.fixture
def scene(tmp_path):
    return save_cube(simulated_scene(24, 30, seed=1)[0], tmp_path / "scene.zarr")


READ_ONLY = """
import json, os, sys
from pathlib import Path
from workbench.session import Session

folder = Path(sys.argv[1])
session = Session.at(folder)
session.live = False
session.open_scene(sys.argv[2])
session.add_class("water")

def tell(done):
    print(json.dumps({"done": done, "saved": session.saved, "message": session.message, "n": len(session.marks)}))

tell(session.label_pixel(1, 1))
files = [folder, *folder.glob("*")]
modes = [file.stat().st_mode for file in files]
for file in files:
    file.chmod(0o555)
tell(session.label_pixel(2, 2))
tell(session.label_pixel(3, 3))
for file, mode in zip(files, modes):
    file.chmod(mode)
tell(session.label_pixel(4, 4))
session.close()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs the permissions of POSIX")
def test_a_session_that_may_not_be_written_says_so_and_loses_nothing(tmp_path, scene):
    command = [sys.executable, "-c", READ_ONLY, tmp_path / "session", scene]
    if os.geteuid() == 0:  # who may write whatever the permissions say, unless that is taken away
        if shutil.which("setpriv") is None:
            pytest.skip("root is let write by any permissions, and setpriv, which takes that away, is not here")
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    first, second, third, last = map(json.loads, said.stdout.splitlines())
    assert first["saved"]
    for one in (second, third):
        assert not one["saved"]
        assert one["message"].startswith("labels are not saved yet: ")
        assert "\n" not in one["message"]
    assert last["saved"]
    assert last["n"] == len(geopandas.read_file(tmp_path / "session" / "labels.gpkg", layer="labels")) == 4
    assert "Traceback" not in said.stderr


def test_a_scene_that_goes_while_it_is_open_is_said_and_labels_are_kept(tmp_path, scene, monkeypatch):
    """A store of many files gives no data where a file is gone, which no map may be made of."""
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    session = Session.at(tmp_path / "session")
    try:
        session.open_scene(scene)
        for name, row in (("water", 3), ("grass", 20)):
            session.add_class(name)
            session.label_pixel(row, 5)
        assert session.wait_for_map(60)
        assert session.map_state == "ready"
        scene.rename(tmp_path / "elsewhere.zarr")
        session._at_hand.forget()
        session.label_pixel(4, 5)
        assert session.wait_for_map(60)
        assert session.map_note == f"{scene} was there when it was opened and is gone; put it back, the labels are kept"
        with pytest.raises(CubeError, match="is gone; put it back"):
            session.scene_at_hand()
        assert len(geopandas.read_file(session.labels_path, layer="labels")) == 3
        (tmp_path / "elsewhere.zarr").rename(scene)
        session.label_pixel(5, 5)
        assert session.wait_for_map(60)
        assert session.map_state == "ready"
    finally:
        session.close()


def test_runs_keep_their_order_when_the_clock_goes_back(tmp_path, monkeypatch):
    class Clock(datetime):
        hours = 0

        @classmethod
        def now(cls, tz=None):
            cls.hours += 1
            return datetime(2026, 5, 4, 12, tzinfo=UTC) - timedelta(hours=cls.hours)

    monkeypatch.setattr(marks, "datetime", Clock)
    made = [new_run(tmp_path / "runs", "pretraining", str(i), {"scene": ""}).id for i in range(4)]
    assert [run.id for run in read_runs(tmp_path / "runs")] == made

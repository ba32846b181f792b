"""Serve one scene in a session folder, for the browser tests: ``python server.py FOLDER [SCENE]``."""

from __future__ import annotations

import sys
from pathlib import Path

from workbench.cubes import save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.panels import serve
from workbench.session import Session


def main(folder: Path, scene: str) -> None:
    session = Session.at(folder)
    if scene == "simulated":
        cube, truth = simulated_scene(height=80, width=120)
        save_cube(cube, folder / "scene.zarr")
        write_labels(truth, folder / "truth.tif")
        opened = session.open_scene(folder / "scene.zarr") and session.open_truth(folder / "truth.tif")
    else:
        opened = session.open_scene(scene)
    if not opened:
        raise SystemExit(session.message)
    serve(session, show=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

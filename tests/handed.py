"""Sessions that tests repeat, pack and tell: made by a few clicks on a small scene."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from workbench.cubes import save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.session import Session

SIZE = 24, 30


def clicked(session: Session, n: int = 4) -> None:
    """Label `n` pixels of the two most frequent classes of the scene; the greater name comes first."""
    truth = simulated_scene(*SIZE, seed=1)[1]
    codes = np.argsort(np.bincount(truth.values[truth.values > 0]))[::-1][:2]
    named = sorted(((truth.attrs["classes"][code - 1], int(code)) for code in codes), reverse=True)
    for name, code in named:
        session.add_class(name)
        for row, column in np.argwhere(truth.values == code)[:n]:
            session.label_pixel(int(row), int(column))
    assert session.wait_for_map(60)


def labelled(folder: Path, **scene: object) -> Path:
    """The folder of a session with a scene beside it, eight labels, and a class map by an SVM."""
    place = folder / "scene.npz"
    if not place.exists():
        save_cube(simulated_scene(*SIZE, seed=1, **scene)[0], place)
    session = Session.at(folder / "session")
    assert session.open_scene(place), session.message
    clicked(session)
    assert session.maps_kept, session.message
    session.close()
    return session.folder


def learnt(folder: Path) -> Path:
    """The same with a truth, a pretraining in use, and a comparison that looks at it."""
    truth = write_labels(simulated_scene(*SIZE, seed=1)[1], folder / "truth.tif")
    session = Session.at(labelled(folder))
    session.live = False
    assert session.open_truth(truth), session.message
    assert session.start_pretraining(steps=30, encoder="pixel", seed=3), session.message
    assert session.wait_for_job(120)
    models = ["barlow_twins", "knn"]
    assert session.start_comparison(models=models, budgets=[3], draws=2, splits=["random", "blocks"]), session.message
    assert session.wait_for_job(120)
    assert [run.state for run in session.runs] == ["done", "done"]
    assert session.update_map(), session.message
    assert session.wait_for_map(60)
    assert (session.model, session.map_note) == ("auto", "")
    session.close()
    return session.folder


def all_in(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in a folder, by name; a lock is none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

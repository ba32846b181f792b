"""Every model on every real scene with labels, as the desk asks for them: a class where there are data."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tests.benchmarks.few_labels import SCENES
from tests.long import LONG
from workbench.cubes import good_bands, open_cube
from workbench.labels import draw, open_labels
from workbench.probe import FEATURES, MODELS, feature_map
from workbench.session import Session

QUICK = [name for name, row in MODELS.items() if row.features != "scene" and name not in ("cnn_1d", "fixmatch")]
"""Those that teach no network."""


@pytest.fixture(scope="module", params=SCENES)
def desk(request, real_data, tmp_path_factory) -> tuple[Session, xr.DataArray]:
    """A session with 5 labels a class, and what stands for an embedding: the scene's components."""
    scene, truth, column = SCENES[request.param]
    path = real_data / request.param / scene
    cube = open_cube(path)
    session = Session.at(tmp_path_factory.mktemp("session"))
    assert session.open_scene(path), session.message
    session.live = False
    labels = draw(open_labels(real_data / request.param / truth, cube, column=column or None), 5, seed=0)
    for code, name in enumerate(labels.attrs["classes"], 1):
        assert session.add_class(name), session.message
        session.current_class = session.classes[-1].code
        for row, column in np.argwhere(labels.values == code):
            assert session.label_pixel(int(row), int(column)), session.message
    yield session, feature_map(cube, FEATURES["components"].learn(cube))
    session.close()


def maps(session: Session, components: xr.DataArray, name: str) -> None:
    """Choose a model, ask for the map, and look at it."""
    objective = MODELS[name].objective
    session._show_embedding(components.assign_attrs(objective=objective) if objective else None)
    session.model = name
    assert session.update_map(), session.message
    assert session.wait_for_map(500)
    assert (session.map_state, session.map_note) == ("ready", ""), name
    codes, confidence = session.class_map.values, session.confidence.values
    cube = session.cube.isel(band=np.flatnonzero(good_bands(session.cube)))
    has_data = np.isfinite(cube).all("band").values
    assert set(np.unique(codes[has_data])) <= set(np.unique(session.labels.values[session.labels.values > 0]))
    assert (codes[~has_data] == 0).all()
    assert np.isfinite(confidence[has_data]).all()
    assert (confidence[has_data] >= 0).all()
    assert (confidence[has_data] <= 1 + 1e-6).all()
    known = session.labels.values > 0
    assert (codes == session.labels.values)[known].mean() > 1.5 / len(session.classes), name


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize("desk", ["enmap_berlin"], indirect=True)
def test_every_quick_model_maps_a_scene(desk):
    for name in QUICK:
        maps(*desk, name)


@LONG
@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_maps_every_scene(desk, name):
    maps(*desk, name)

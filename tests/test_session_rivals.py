"""Maps of several models at once: each is what its model makes of the same labels, and they follow new ones."""

from __future__ import annotations

import numpy as np
import xarray as xr

from tests.small_sessions import file_and_truth, session_of_it  # noqa: F401, fixtures
from workbench.probe import classify_scene
from workbench.session import Session

RIVALS = ("knn", "spectral_angle")


def label(session: Session, truth: xr.DataArray, n: int) -> None:
    """Give the first `n` pixels of the two most frequent classes of the truth, as far as they have none."""
    codes = np.argsort(np.bincount(truth.values[truth.values > 0]))[::-1][:2].tolist()
    for code, name in zip(codes, ("one", "other"), strict=True):
        if name not in session.counts:
            session.add_class(name)
        session.current_class = next(one.code for one in session.classes if one.name == name)
        pixels = [tuple(map(int, pixel)) for pixel in np.argwhere(truth.values == code)[:n]]
        session.label_pixels([pixel for pixel in pixels if not int(session.labels[pixel])])


def test_every_map_is_its_models_own_of_the_newest_labels(session, simulated):
    session.want_maps("page", RIVALS)
    assert session.maps == {}
    seen = []
    session.param.watch(lambda event: seen.append((session.map_state, event.new.get("svm"))), "maps")
    for n in (3, 5):
        session.live = False  # until the labels of both classes are there
        label(session, simulated[1], n)
        session.live = True
        assert session.wait_for_maps(60)
        assert set(session.maps) == {"svm", *RIVALS}
        assert session.maps["svm"] is session.class_map
        for name in RIVALS:
            made = classify_scene(name, session.cube, session.labels).class_map
            np.testing.assert_array_equal(session.maps[name].values, made.values)
            assert session.maps[name].attrs["classes"] == ["one", "other"]
    assert session.model == "svm"
    assert {state for state, _ in seen} == {"ready"}  # until the next map is there, those of the last labels stay
    assert len({id(made) for _, made in seen}) == 2


def test_a_new_name_is_that_of_every_map_and_none_is_made_again(session, simulated):
    session.want_maps("page", RIVALS[:1])
    label(session, simulated[1], 3)
    session.wait_for_maps(60)
    asked, before = session._rivals_asked, session.maps["knn"].values
    assert session.rename_class(1, "renamed")
    assert [one.attrs["classes"][0] for one in session.maps.values()] == ["renamed", "renamed"]
    assert session.maps["knn"].values is before
    assert session._rivals_asked == asked


def test_frozen_maps_are_made_once_together(session, simulated):
    session.want_maps("page", RIVALS[:1])
    label(session, simulated[1], 3)
    session.wait_for_maps(60)
    session.live, before = False, dict(session.maps)
    label(session, simulated[1], 6)
    assert session.wait_for_maps(60)
    assert all(session.maps[name] is made for name, made in before.items())
    session.update_map()
    assert session.wait_for_maps(60)
    for name in ("svm", "knn"):
        made = classify_scene(name, session.cube, session.labels).class_map
        np.testing.assert_array_equal(session.maps[name].values, made.values)


def test_a_map_that_nobody_wants_any_more_is_not_made_again(session, simulated):
    session.want_maps("page", RIVALS)
    session.want_maps("another", RIVALS[:1])
    label(session, simulated[1], 3)
    session.wait_for_maps(60)
    session.want_maps("page")
    label(session, simulated[1], 5)
    assert session.wait_for_maps(60)
    assert set(session.maps) == {"svm", "knn"}
    session.undo()
    for _ in range(4):
        session.undo()
    assert session.maps == {}


def test_a_map_that_cannot_be_made_is_told_of_and_the_others_are_made(session, simulated):
    session.want_maps("page", ["phlogiston", "barlow_twins", "knn"])
    label(session, simulated[1], 3)
    assert session.wait_for_maps(60)
    assert set(session.maps) == {"svm", "knn"}
    assert "no map by phlogiston: no model is named 'phlogiston'" in session.maps_note
    assert "no map by barlow_twins" in session.maps_note
    assert session.lacks_maps(["phlogiston", "knn", "lda"]) == ["lda"]

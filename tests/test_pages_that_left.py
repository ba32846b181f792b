"""What a page held is let go of when it has left: else each holds a session's scene and features, 100 megabytes."""

from __future__ import annotations

import gc
import weakref

import comm
import panel as pn
import pytest
from bokeh.document import Document
from ipywidgets.widgets import widget
from panel.io.state import set_curdoc

from workbench.panels.assets import load_extensions
from workbench.panels.maps import SceneMap

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ipywidgets' own, of traitlets


class Desk:
    """Whose methods the map calls."""

    def clicked(self, *_: object) -> None:
        """Nothing."""


def left() -> list[weakref.ref]:
    """A map that was on a page of a server and is put away; it, its page, and whom it called."""
    page, desk = Document(), Desk()
    with set_curdoc(page):
        scene = SceneMap(desk.clicked, desk.clicked)
        root = scene.panel().get_root(page)
        scene.dispose()
        scene.dispose()  # a second time does no harm
    pn.state._views.pop(root.ref["id"])  # as a server does
    return [weakref.ref(one) for one in (page, desk, scene, scene.leaflet)]


def test_a_map_that_was_put_away_holds_nothing():
    load_extensions()
    left()  # the first page leaves what all share
    gc.collect()
    shared = set(widget._instances), set(comm.get_comm_manager().comms)
    stays = left()
    gc.collect()
    assert [one() for one in stays] == [None] * 4
    assert (set(widget._instances), set(comm.get_comm_manager().comms)) == shared

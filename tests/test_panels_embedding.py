"""What the plot of the embedding holds, selects and asks for: against slow formulas, without a browser."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import panel as pn
import pytest
import xarray as xr
from bokeh.document import Document
from bokeh.document.events import ModelChangedEvent
from bokeh.events import SelectionGeometry, Tap
from bokeh.models import Range1d
from bokeh.plotting import figure
from panel.io.document import _WRITE_BLOCK
from panel.io.state import set_curdoc

from workbench.cubes import simulated_scene
from workbench.panels.pictures import SELECTION, label_picture, rgb
from workbench.panels.plane_figure import CLEAR, FADED, PlaneFigure
from workbench.panels.plot_maker import PlotMaker, Wish
from workbench.panels.plotted import NO_CLASS, in_words, plot, points, titles_of
from workbench.panels.view import ViewGrid
from workbench.probe.plane import scene_plane
from workbench.session import LabelClass

CLASSES = [LabelClass(1, "water", "#0000ff"), LabelClass(2, "grass", "#00ff00")]


@pytest.fixture(scope="module")
def cube() -> xr.DataArray:
    cube = simulated_scene(24, 30, seed=1)[0]
    return cube.where(~((np.arange(24)[:, None] == 23) & (np.arange(30) == 29)))


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((24, 30), "int16")
    labels[3, 4:9], labels[23, 29] = 2, 1
    return labels


def is_inside(x: float, y: float, corners: list[tuple[float, float]]) -> bool:
    """Whether a ray to the right leaves a polygon an odd number of times."""
    n = 0
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        n += (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0
    return n % 2 == 1


def test_labelled_pixels_with_data_lie_in_the_plot_once_and_on_top(cube, labels):
    plane = scene_plane(cube, n=10**4)
    found = plot(plane, labels, {})
    assert len(set(map(tuple, found.pixels))) == len(found.pixels) == 24 * 30 - 1
    assert sorted(map(tuple, found.pixels[-found.labelled :])) == [(3, column) for column in range(4, 9)]
    assert (found.labelled, found.labels) == (5, 6)  # one has no data
    np.testing.assert_allclose(plane.place(found.pixels), found.points, atol=1e-9)
    assert "719 pixels drawn evenly (seed 0) and 5 of 6 labelled, by their spectra" in in_words(found)
    assert titles_of(plane)[0] == f"PC 1 ({100 * plane.share[0]:.1f} %)"


def test_a_new_label_is_laid_alone_and_moves_nothing(cube, labels, monkeypatch):
    plane, known = scene_plane(cube, n=40), {}
    before = plot(plane, labels, known)
    free = next(pixel for pixel in map(tuple, np.argwhere(labels == 0)) if pixel not in known)
    labels[free] = 1
    asked = []
    place = type(plane).place
    monkeypatch.setattr(
        type(plane), "place", lambda plane, pixels: asked.append(pixels.tolist()) or place(plane, pixels)
    )
    after = plot(plane, labels, known)
    assert asked == [[list(free)]]
    kept = after.among(list(map(tuple, before.pixels.tolist())))
    np.testing.assert_array_equal(np.sort(after.points[kept], axis=0), np.sort(before.points, axis=0))


@pytest.mark.parametrize("corners", [
    [(-0.8, -0.5), (0.9, -0.6), (0.2, 0.7)],
    [(-1, -1), (1, 1), (1, -1), (-1, 1)],  # crosses itself
    [(-2, -0.3), (0, 0.3), (2, -0.3), (0, 2)],
])  # fmt: skip
def test_a_lasso_selects_what_a_ray_leaves_an_odd_number_of_times(cube, corners):
    found = plot(scene_plane(cube, n=300), None, {})
    scale = np.abs(found.points).max() / 2
    corners = [(x * scale, y * scale) for x, y in corners]
    wanted = {tuple(p) for p, (x, y) in zip(found.pixels, found.points, strict=True) if is_inside(x, y, corners)}
    assert set(found.inside(*np.transpose(corners))) == wanted
    assert 5 < len(wanted) < 290
    assert found.inside([0, 1], [0, 1]) == []


def test_a_click_means_the_next_point_on_the_screen_within_reach(cube):
    found = plot(scene_plane(cube, n=50), None, {})
    scale, at = (40.0, 300.0), found.points[7] + (3 / 40, -4 / 300)
    away = [np.hypot(*((point - at) * scale)) for point in found.points]
    assert found.near(*at, scale) == tuple(found.pixels[int(np.argmin(away))])
    assert found.near(1e3, 1e3, scale) is None


def test_a_pixel_that_is_not_drawn_has_its_own_place(cube):
    plane = scene_plane(cube, n=30)
    found, drawn = plot(plane, None, {}), set(map(tuple, plane.pixels.tolist()))
    free = next(pixel for pixel in map(tuple, np.argwhere(np.ones((20, 20))).tolist()) if pixel not in drawn)
    np.testing.assert_allclose(found.mark(free), plane.place(np.array([free])))
    np.testing.assert_array_equal(found.mark(tuple(plane.pixels[4])), plane.points[[4]])
    assert found.mark(None).shape == found.mark((23, 29)).shape == (0, 2)


def test_points_have_the_colour_of_their_class(labels):
    pixels = np.array([[3, 4], [23, 29], [0, 0]])
    told = points(np.zeros((3, 2)), pixels, labels, CLASSES)
    assert told["color"] == ["#00ff00", "#0000ff", NO_CLASS]
    assert told["name"] == ["grass", "water", ""]
    assert points(np.zeros((3, 2)), pixels)["color"] == [NO_CLASS] * 3


class Later:
    """A page whose work waits until it is told to be done."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable, Callable]] = []

    def work(self, job: Callable, then: Callable) -> None:
        self.waiting.append((job, then))

    def do(self) -> None:
        job, then = self.waiting.pop(0)
        then(job())


def test_a_newer_wish_takes_the_place_of_one_that_waits(cube, labels):
    page, told = Later(), []
    maker = PlotMaker(page, lambda trouble, is_new: told.append((trouble, maker.plotted)))
    others = [simulated_scene(20, 20, seed=seed)[0] for seed in (2, 3)]
    maker.ask(Wish(cube, None, "pca", None))
    for other in others:
        maker.ask(Wish(other, None, "pca", None))
    assert len(page.waiting) == 1  # one at a time
    page.do()
    assert not any(shown for _, shown in told)  # of a scene that is gone
    page.do()
    np.testing.assert_array_equal(maker.plotted.points, plot(scene_plane(others[1]), None, {}).points)
    assert page.waiting == []
    plane = maker.plotted.plane
    maker.ask(Wish(others[1], None, "pca", xr.DataArray(labels[:20, :20])))
    page.do()
    assert maker.plotted.plane is plane
    assert maker.plotted.labels == 5
    maker.ask(Wish(others[1] * np.nan, None, "pca", None))
    page.do()
    assert "four drawn pixels" in told[-1][0]
    assert told[-1][1] is None


def test_the_figure_hears_of_lassos_and_clicks_and_fades_beside_a_selection():
    heard = []
    pane = PlaneFigure(lambda x, y: heard.append((list(x), list(y))), lambda *place: heard.append(place))
    model = pane.get_root(Document()).select_one({"type": figure})
    pane.look_at(np.array([[0.0, 0.0], [10.0, 4.0]]))
    assert (model.x_range.start, model.x_range.end) == (-0.6, 10.6)
    shape = {"type": "poly", "x": [1, 2, 3], "y": [0, 5, 0]}
    model._trigger_event(SelectionGeometry(model, geometry=shape))
    model._trigger_event(SelectionGeometry(model, geometry=shape, final=False))
    model._trigger_event(Tap(model, x=3.0, y=4.0))
    assert heard[0] == ([1, 2, 3], [0, 5, 0])
    assert heard[1][:2] == (3.0, 4.0)
    assert len(heard) == 2
    data = {drawn.name: drawn for drawn in model.renderers}
    pane.draw(selected=points(np.zeros((2, 2)), np.zeros((2, 2), int)))
    assert (len(data["selected"].data_source.data["x"]), data["drawn"].glyph.fill_alpha) == (2, FADED)
    pane.draw(selected=points(np.zeros((0, 2))))
    assert data["drawn"].glyph.fill_alpha == CLEAR


@pytest.mark.parametrize("size", [(900, 700), (120, 90)])
def test_selected_pixels_light_up_on_the_map_where_they_lie(cube, size):
    grid, pixels = ViewGrid.of(cube), np.array([[2, 3], [20, 25], [11, 0]])
    window = grid.window(grid.bounds, size)
    spots = window.spots(grid.mercator(pixels))
    for spot, pixel in zip(spots, pixels, strict=True):
        np.testing.assert_allclose(spot, window.spot(*grid.position(*pixel)), atol=1e-6)
    picture = label_picture(window, np.zeros(grid.shape, int), [], lit=spots)
    is_lit = (picture == (*rgb(SELECTION), 255)).all(axis=2)
    seen = set(zip(window.rows[is_lit].tolist(), window.columns[is_lit].tolist(), strict=True))
    assert seen >= set(map(tuple, pixels.tolist()))
    assert max(min(np.abs(np.array(one) - pixel).max() for pixel in pixels) for one in seen) <= 1


class Line:
    """To a browser: keeps what is to be written."""

    def __init__(self) -> None:
        self.waiting, self.protocol, self._socket = [], self, None

    def create(self, kind: str, events: list) -> None:
        """A message of events."""
        self.waiting += events


def test_what_is_drawn_does_not_overtake_a_figure_that_waits_to_be_sent(monkeypatch):
    page, line, at_once = Document(), Line(), []
    context = SimpleNamespace(session=SimpleNamespace(_subscribed_connections=[line]))
    monkeypatch.setattr(page, "_session_context", lambda: context)
    monkeypatch.setitem(pn.state._loaded, page, True)
    monkeypatch.setitem(pn.state._thread_id_, page, threading.get_ident())
    monkeypatch.setitem(_WRITE_BLOCK, page, True)  # Panel has something to write: a figure, say, on a tab just opened
    pane = PlaneFigure(lambda xs, ys: None, lambda x, y, scale: None)

    async def turn() -> None:
        with set_curdoc(page):
            page.add_root(pane.get_root(page))
            page.on_change(at_once.append)
            pane.look_at(np.array([[2.0, 3.0], [5.0, 9.0]]))
            for one in page.session_callbacks:
                one.callback()

    monkeypatch.setattr("panel.io.document._dispatch_msgs", lambda page: asyncio.sleep(0))  # and nothing is written yet
    asyncio.run(turn())
    changed = {(type(event.model), event.attr) for event in line.waiting}
    assert {(Range1d, "start"), (Range1d, "end")} <= changed
    assert [event for event in at_once if isinstance(event, ModelChangedEvent)] == []

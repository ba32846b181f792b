"""The plot of the embedding in a browser: what is selected there is on the map and among the spectra, and back."""

from __future__ import annotations

import re

import geopandas
import numpy as np
import pytest
from playwright.sync_api import expect
from scipy.spatial.distance import cdist

from tests.browser.driver import PATIENCE, Driver, until
from tests.browser.test_desk_browser import CLICKED, is_drawn
from workbench.cubes import good_bands
from workbench.panels.pictures import SELECTION, rgb

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]
CURVE = SELECTION
PLANE = """
() => {
  const plots = Bokeh.documents.flatMap((page) => [...page._all_models.values()]).filter((one) => one.type === "Figure")
  const plot = plots.find((one) => one.renderers.some((drawn) => drawn.name === "drawn"))
  const data = {}
  for (const {name, data_source} of plot.renderers) {
    data[name] = Object.fromEntries(Object.entries(data_source.data).map(([key, value]) => [key, Array.from(value)]))
  }
  const view = Bokeh.index.find_one_by_id(plot.id)
  const box = view.el.getBoundingClientRect(), frame = view.frame.bbox
  const at = {x: box.x + frame.left, y: box.y + frame.top, width: frame.width, height: frame.height}
  const {x_range, y_range} = plot
  return {data, at, x: [x_range.start, x_range.end], y: [y_range.start, y_range.end]}
}
"""
"""The plot's data as they stand in the browser, where its frame is on the screen, and the part of the plane in it."""


class Plane:
    """The plot as the browser has it now."""

    def __init__(self, desk: Driver) -> None:
        found = desk.page.evaluate(PLANE)
        self.data, self.at, self.x, self.y = found["data"], found["at"], found["x"], found["y"]

    def pixels(self, name: str) -> list[tuple[int, int]]:
        """Row and column of a kind of points."""
        data = self.data[name]
        return list(zip(data["row"], data["column"], strict=True)) if "row" in data else []

    def spots(self, *names: str) -> np.ndarray:
        """Where points are on the screen, (n, 2)."""
        x, y = (np.concatenate([self.data[name][axis] for name in names]) for axis in "xy")
        across = self.at["x"] + (x - self.x[0]) / (self.x[1] - self.x[0]) * self.at["width"]
        return np.stack([across, self.at["y"] + (self.y[1] - y) / (self.y[1] - self.y[0]) * self.at["height"]], axis=1)


def opened(desk: Driver) -> Plane:
    """The tab, with its plot, nothing selected."""
    desk.page.get_by_role("tab", name="Embedding").click()
    expect(desk.page.get_by_text("pixels drawn evenly")).to_be_visible(timeout=PATIENCE)
    desk.page.keyboard.press("Escape")
    until(lambda: not Plane(desk).pixels("selected"), "nothing selected")
    return Plane(desk)


def selection(desk: Driver, count: int) -> Plane:
    """The plot once so many of its points are selected; its words may come before them."""
    expect(desk.page.get_by_text(f"{count:,} pixels are selected.")).to_be_visible(timeout=PATIENCE)
    until(lambda: len(Plane(desk).pixels("selected")) == count, f"{count} points selected")
    return Plane(desk)


def lasso(desk: Driver, plane: Plane) -> set[tuple[int, int]]:
    """Draw round the middle third of the points by PC 1; the pixels whose points lie there on the screen."""
    spots, pixels = plane.spots("drawn", "labelled"), plane.pixels("drawn") + plane.pixels("labelled")
    left, right = (round(float(x)) + 0.5 for x in np.quantile(spots[:, 0], [0.4, 0.7]))
    top, bottom = plane.at["y"] + 2, plane.at["y"] + plane.at["height"] - 2
    mouse = desk.page.mouse
    mouse.move(left, top)
    mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        mouse.move(x, y, steps=4)
    mouse.up()
    inside = (spots[:, 0] > left) & (spots[:, 0] < right) & (spots[:, 1] > top) & (spots[:, 1] < bottom)
    return {pixel for pixel, is_in in zip(pixels, inside, strict=True) if is_in}


def lit(desk: Driver) -> set[tuple[int, int]]:
    """Pixels of the scene on whose middles the map shows the colour of the selection."""
    picture = desk.overlay("marks")
    if not picture:
        return set()
    scale = np.array(picture["pixels"].shape[:2]) / (picture["height"], picture["width"])
    corners = np.array([desk.spot(0, 0), desk.spot(0, 100), desk.spot(70, 0)])
    rows, columns = (one.ravel() for one in np.mgrid[: desk.cube.shape[1], : desk.cube.shape[2]])
    across, down = (corners[1] - corners[0]) / 100, (corners[2] - corners[0]) / 70
    places = (
        corners[0] + columns[:, None] * across + rows[:, None] * down
    )  # bilinear is near enough on so small a scene
    i, j = (((places - (picture["x"], picture["y"]))[:, ::-1]) * scale).astype(int).T
    seen = (picture["pixels"][i, j] == (*rgb(SELECTION), 255)).all(axis=1)
    return set(zip(rows[seen].tolist(), columns[seen].tolist(), strict=True))


def test_a_lasso_lights_its_pixels_up_on_the_map_and_draws_their_mean(desk):
    wanted = lasso(desk, opened(desk))
    assert 200 < len(wanted) < 2500
    assert set(selection(desk, len(wanted)).pixels("selected")) == wanted
    until(lambda: lit(desk) >= wanted, "the selection on the map")
    rows, columns = np.transpose(sorted(wanted))
    values = desk.cube.values[good_bands(desk.cube)][:, rows, columns].astype(float)
    until(lambda: len(desk.lines(CURVE)) == 1, "the curve of the selection")
    (line,) = desk.lines(CURVE)
    np.testing.assert_allclose(line["y"][np.isfinite(line["y"])], values.mean(axis=1), rtol=1e-5)
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_text("Draw round points to select pixels")).to_be_visible(timeout=PATIENCE)
    until(lambda: not desk.lines(CURVE) and not lit(desk), "nothing selected")


def test_all_of_a_selection_becomes_a_class_by_one_key_and_is_taken_back_by_another(desk):
    desk.add_class("meadow")
    desk.choose(1)
    desk.page.mouse.click(*desk.spot(40, 60))
    expect(desk.page.get_by_text("row 40, column 60")).to_be_visible(timeout=PATIENCE)
    opened(desk)
    desk.page.keyboard.press("v")
    plane = selection(desk, 25)
    pixels = sorted({*plane.pixels("drawn"), *plane.pixels("selected")})
    spectra = desk.cube.values[good_bands(desk.cube)].astype(float)
    away = cdist(spectra[:, 40, 60][None], spectra[:, *np.transpose(pixels)].T)[0]
    assert set(plane.pixels("selected")) == {pixels[i] for i in np.argsort(away)[:25]}
    desk.page.keyboard.press("v")
    selection(desk, 50)
    desk.page.keyboard.press("y")
    desk.wait_count(1, 50)
    table = geopandas.read_file(desk.server["folder"] / "labels.gpkg")
    assert list(table["class_name"]) == ["meadow"] * 50
    until(lambda: len(Plane(desk).pixels("labelled")) == 50, "the labels in the plot")
    desk.page.keyboard.press("Control+z")
    desk.wait_count(1, 0)
    assert len(geopandas.read_file(desk.server["folder"] / "labels.gpkg")) == 0


def test_a_click_on_a_point_goes_to_its_pixel_and_keys_go_along_the_selection(desk):
    plane = opened(desk)
    spots, pixels = plane.spots("drawn"), plane.pixels("drawn")
    lonely = int(np.sort(cdist(spots, spots), axis=1)[:, 1].argmax())  # no other is as far from its next
    desk.page.mouse.click(*spots[lonely])
    row, column = pixels[lonely]
    where = desk.page.locator(
        "p", has_text=re.compile(r"^row \d+, column \d+")
    )  # the pointer's own words lie in a span
    expect(where).to_contain_text(f"row {row}, column {column}", timeout=PATIENCE)
    wanted = desk.cube.values[good_bands(desk.cube), row, column]
    until(lambda: is_drawn(desk, CLICKED, wanted), "the spectrum of the point's pixel")
    desk.page.keyboard.press("v")
    selection(desk, 25)
    desk.page.keyboard.press("j")
    until(lambda: where.inner_text().split(" ·")[0] != f"row {row}, column {column}", "the next pixel")
    here = tuple(map(int, re.findall(r"\d+", where.inner_text())[:2]))
    assert here in Plane(desk).pixels("selected")
    desk.page.keyboard.press("Shift+J")
    expect(where).to_contain_text(f"row {row}, column {column}", timeout=PATIENCE)
    desk.page.keyboard.press("z")
    until(lambda: np.ptp(Plane(desk).x) < 0.8 * np.ptp(plane.x), "the plot, nearer")
    desk.page.keyboard.press("z")
    until(lambda: np.allclose(Plane(desk).x, plane.x), "all of it")


def test_a_click_on_the_map_is_marked_and_a_label_appears_in_the_plot(desk):
    plane = opened(desk)
    drawn = set(plane.pixels("drawn"))
    free = [tuple(pixel) for pixel in np.argwhere(np.ones((60, 100))).tolist() if tuple(pixel) not in drawn]
    desk.add_class("meadow")
    desk.choose(1)
    desk.mode("Label pixel")
    desk.click(*free[1000])
    desk.wait_count(1, 1)
    until(lambda: Plane(desk).pixels("labelled") == [free[1000]], "the label in the plot")
    plane = Plane(desk)
    spectra = desk.cube.values[good_bands(desk.cube)].astype(float)
    sample = spectra[:, *np.transpose(plane.pixels("drawn"))].T
    axes = np.linalg.svd(sample - sample.mean(axis=0), full_matrices=False)[2][:2]
    wanted = axes @ (spectra[:, *free[1000]] - sample.mean(axis=0))
    place = [plane.data["labelled"][axis][0] for axis in "xy"]
    np.testing.assert_allclose(np.abs(place), np.abs(wanted), rtol=1e-3, atol=1e-5)
    until(lambda: np.allclose([Plane(desk).data["here"][axis] for axis in "xy"], np.reshape(place, (2, 1))), "the mark")
    desk.page.keyboard.press("Control+z")
    desk.wait_count(1, 0)

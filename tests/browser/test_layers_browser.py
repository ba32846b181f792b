"""Layers beyond bands and one class map: components as a picture, a map that is frozen, where two models disagree."""

from __future__ import annotations

import io
import math
import re

import numpy as np
import pytest
import shapely
import xarray as xr
from affine import Affine
from PIL import Image
from playwright.sync_api import expect
from rasterio.warp import transform
from scipy.stats import spearmanr

from tests.browser.driver import FIND, OVERLAYS, PATIENCE, Driver, until
from tests.browser.test_embedding_browser import lit
from tests.browser.test_keys_browser import labelled
from tests.browser.tiles import COLOR
from tests.test_coast import HARBOURS, slow
from tests.test_disagreement import flooded
from workbench.cubes import (
    good_bands,
    picture_limits,
    preset_bands,
    principal_components,
    render,
    save_cube,
    stretch_limits,
)
from workbench.cubes.grid import place
from workbench.labels import open_labels
from workbench.panels.pictures import APART, rgb
from workbench.probe import classify_scene

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]


def seen_at(desk: Driver, drawn: dict, pixels: np.ndarray) -> np.ndarray:
    """Colours (n, 4) of a picture in the middles of pixels of the scene."""
    scale = np.array(drawn["pixels"].shape[:2]) / (drawn["height"], drawn["width"])
    spots = [desk.spot(*pixel) for pixel in pixels]
    places = [((np.array([y, x]) - (drawn["y"], drawn["x"])) * scale).astype(int) for x, y in spots]
    return np.array([drawn["pixels"][i, j] for i, j in places]).astype(float)


def other_picture(desk: Driver, before: str) -> dict:
    claim = f"(old) => ({OVERLAYS})().some((image) => image.pane.includes('base') && image.src !== old)"
    desk.page.wait_for_function(claim, arg=before, timeout=PATIENCE)
    return desk.overlay("base")


def test_principal_components_are_a_picture(desk):
    page, before = desk.page, desk.overlay("base")
    page.get_by_role("combobox", name="Picture").click()
    page.locator("li", has_text="principal components").click()
    expect(page.get_by_text("Red, green, blue: principal components with")).to_be_visible(timeout=PATIENCE)
    drawn = other_picture(desk, before["src"])
    scores = principal_components(desk.cube, 3)
    wanted = render(scores, (0, 1, 2), stretch_limits(scores, (0, 1, 2)))
    rng = np.random.default_rng(0)
    pixels = np.stack([rng.integers(0, size, 100) for size in desk.cube.shape[1:]], axis=1)
    known = wanted[tuple(pixels.T)][:, :3].astype(float)
    assert np.corrcoef(seen_at(desk, drawn, pixels)[:, :3].ravel(), known.ravel())[0, 1] > 0.97
    page.get_by_role("combobox", name="Picture").click()
    page.locator("li", has_text="true colour").first.click()
    expect(page.get_by_label("Red", exact=True)).to_be_visible(timeout=PATIENCE)


def test_bands_are_played_one_after_the_other_until_they_are_stopped(desk):
    page, good = desk.page, good_bands(desk.cube)
    red, seen = page.get_by_label("Red", exact=True), []
    before = red.input_value()
    page.keyboard.press("Shift+A")

    def passed() -> int:
        if red.input_value() not in seen[-1:]:
            seen.append(red.input_value())
        return len(set(seen))

    until(lambda: passed() >= 4, "four bands")
    page.keyboard.press("Shift+A")
    page.wait_for_timeout(1500)
    passed()
    stopped = [box.input_value() for box in page.get_by_label(re.compile("^(Red|Green|Blue)$")).all()]
    page.wait_for_timeout(1200)
    assert [box.input_value() for box in page.get_by_label(re.compile("^(Red|Green|Blue)$")).all()] == stopped
    assert len(set(stopped)) == 1
    order = np.flatnonzero(good)
    known = [int(np.abs(desk.cube["wavelength"].values[order] - float(one)).argmin()) for one in seen[-3:]]
    assert np.diff(known).min() >= 1
    drawn, rng = desk.overlay("base"), np.random.default_rng(0)
    pixels = np.stack([rng.integers(0, size, 100) for size in desk.cube.shape[1:]], axis=1)
    colors = seen_at(desk, drawn, pixels)
    assert np.ptp(colors[:, :3], axis=1).max() <= 8  # grey, but for what WebP leaves out
    values = desk.cube.values[order[known[-1]]][tuple(pixels.T)]
    assert spearmanr(colors[:, 0], values).statistic > 0.95
    page.get_by_role("combobox", name="Picture").click()
    page.locator("li", has_text="true colour").first.click()
    expect(red).to_have_value(before, timeout=PATIENCE)


def test_a_frozen_map_stays_until_it_is_asked_for(desk):
    labelled(desk)
    page = desk.page
    expect(page.get_by_role("switch", name="Follow the labels")).to_be_checked()
    page.keyboard.press("q")
    expect(page.get_by_role("switch", name="Follow the labels")).not_to_be_checked(timeout=PATIENCE)
    expect(page.get_by_text(re.compile(r"Class map by SVM: \d"))).to_be_visible(timeout=PATIENCE)  # none is on its way
    page.wait_for_timeout(500)
    drawn = desk.overlay("top")["src"]
    for key, name in ((3, "third"), (4, "fourth")):  # with one label of a new class the map is never the same
        desk.add_class(name)
        desk.choose(key)
        desk.mode("Label pixel")
        desk.click(40 + key, 90)
        desk.wait_count(key, 1)
        expect(page.get_by_text("of older labels; Shift Q makes it once")).to_be_visible(timeout=PATIENCE)
        assert desk.overlay("top")["src"] == drawn
        page.keyboard.press("Shift+Q" if key == 3 else "q")
        drawn = desk.wait_map(drawn)["src"]
    expect(page.get_by_role("switch", name="Follow the labels")).to_be_checked()


def test_where_two_models_disagree_is_a_layer(desk):
    labelled(desk)
    page = desk.page

    def other(name: str, before: dict) -> dict:
        page.get_by_role("combobox", name="Right", exact=True).click()
        page.get_by_role("option", name=name, exact=True).click()
        return desk.wait_map(before["src"])

    faded = desk.wait_map()
    page.keyboard.press("w")
    by_svm = desk.wait_map(faded["src"])  # beside the picture it covers all of it
    by_knn = other("map by KNN", by_svm)
    height, width = desk.cube.shape[1:]
    pixels = np.argwhere(np.ones((height, width)))[::53]
    one, two = (seen_at(desk, drawn, pixels)[:, :3] for drawn in (by_svm, by_knn))
    drawn = seen_at(desk, other("where models disagree", by_knn), pixels)
    apart = (one != two).any(axis=1)
    assert 0 < apart.sum() < len(apart)
    np.testing.assert_array_equal(drawn[:, 3] > 0, apart)
    assert (drawn[apart][:, :3] == rgb(APART)).all()
    page.keyboard.press("w")
    until(lambda: desk.page.get_by_role("combobox", name="Right", exact=True).count() == 0, "no swipe any more")


def test_a_base_map_is_asked_for_when_it_is_chosen_and_never_else(desk):
    page, asked = desk.page, desk.server["tiles"]
    assert not asked
    box = page.locator(".leaflet-container").bounding_box()
    beside = box["x"] + 60, box["y"] + box["height"] - 60  # past the edge of the scene
    assert seen(desk, beside) != COLOR
    choice = page.get_by_role("combobox", name="Base map (asks the network)")
    choice.click()
    assert page.locator("li", has_text="OpenStreetMap").count() == 1
    page.locator("li", has_text="127.0.0.1").click()
    expect(page.get_by_text("tiles of 127.0.0.1")).to_be_visible(timeout=PATIENCE)
    until(lambda: seen(desk, beside) == COLOR, "tiles beside the scene")
    (longitude,), (latitude,) = transform(desk.cube.rio.crs, "EPSG:4326", *([x] for x in middle(desk.cube)))
    zoom = max(zoom for zoom, _, _ in asked)
    down = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    assert (zoom, int((longitude + 180) / 360 * 2**zoom), int(down * 2**zoom)) in asked
    choice.click()
    page.locator("li", has_text="none").click()
    until(lambda: seen(desk, beside) != COLOR, "no tiles")
    expect(page.get_by_text("tiles of 127.0.0.1")).to_have_count(0)
    so_far = len(asked)
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(1000)
    assert len(asked) == so_far
    page.get_by_role("button", name="Zoom out").click()


def test_histograms_and_a_graticule_are_drawn(desk):
    def meridians() -> list[float]:
        drawn = desk.overlay("marks")
        if not drawn:
            return []
        lit = (drawn["pixels"][..., :3].min(axis=-1) > 150) & (drawn["pixels"][..., 3] > 150)
        return (drawn["x"] + np.flatnonzero(lit.mean(axis=0) > 0.8) * drawn["width"] / lit.shape[1]).tolist()

    assert not meridians()
    bands = preset_bands(desk.cube, "true colour")
    told = [f"{black:.4g} to {white:.4g}" for black, white in picture_limits(desk.cube, bands)]
    histogram = desk.page.get_by_role("img", name=re.compile(f"Red {told[0]}, Green {told[1]}, Blue {told[2]}"))
    expect(histogram).to_be_visible(timeout=PATIENCE)
    desk.page.get_by_role("switch", name="Graticule").click()
    until(lambda: len(meridians()) > 1, "lines")
    ground = desk.cube.rio.transform() * np.array([(0, 0), (desk.cube.shape[2], 0)]).T
    (west, east), _ = transform(desk.cube.rio.crs, "EPSG:4326", *ground)
    (left, _), (right, _) = desk.spot(0, -0.5), desk.spot(0, desk.cube.shape[2] - 0.5)
    degrees = west + (np.array(meridians()) + 0.5 - left) / (right - left) * (east - west)
    step = min((0.002, 0.005, 0.01, 0.02), key=lambda one: abs(one - np.diff(degrees).mean()))
    np.testing.assert_allclose(np.diff(degrees), step, rtol=0.03)
    np.testing.assert_allclose(degrees / step, np.round(degrees / step), atol=0.1)
    desk.page.get_by_role("switch", name="Graticule").click()
    until(lambda: not meridians(), "no lines")


def test_the_dock_is_dragged_higher_and_a_click_still_finds_its_pixel(desk):
    page = desk.page
    line, tab = page.get_by_role("separator", name="height of the dock"), page.get_by_role("tab", name="Learn")
    usual, height = desk.map_box()["height"], int(line.get_attribute("aria-valuenow"))
    box, top = line.bounding_box(), tab.bounding_box()["y"]
    page.mouse.move(box["x"] + 100, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] - 96, steps=5)
    page.mouse.up()
    until(lambda: abs(desk.map_box()["height"] - (usual - 100)) < 2, "the map to be lower")
    assert int(line.get_attribute("aria-valuenow")) == pytest.approx(height + 100, abs=2)
    assert tab.bounding_box()["y"] == pytest.approx(top - 100, abs=2)
    desk.click(40, 60)  # where the scene's grid and the map's projection say, on a map that knows its size

    page.reload()
    desk.wait_open()
    until(lambda: abs(desk.map_box()["height"] - (usual - 100)) < 2, "the browser to remember it")
    line.focus()
    page.keyboard.press("ArrowUp")
    until(lambda: abs(desk.map_box()["height"] - (usual - 124)) < 2, "an arrow key to move it")
    page.keyboard.press("Home")
    until(lambda: int(line.get_attribute("aria-valuenow")) == 160, "the least height")
    page.keyboard.press("'")
    until(lambda: abs(desk.map_box()["height"] - usual) < 2, "the usual height")


def test_the_map_is_drawn_by_groups_and_the_legend_follows(desk):
    labelled(desk)
    page = desk.page
    desk.add_class("third")
    if not desk.count(3):
        desk.choose(3)
        desk.mode("Label pixel")
        desk.click(43, 90)
        desk.wait_count(3, 1)
        desk.mode("Inspect")
    until(lambda: is_settled(desk), "the map of the last label")
    by_class = desk.wait_map()
    colors = {key: desk.color(key) for key in range(1, page.locator(".row").count() + 1)}
    for key in (1, 3):
        desk.choose(key)
        page.keyboard.press("Shift+I")
        expect(page.get_by_label("Group of the chosen class")).to_be_focused(timeout=PATIENCE)
        page.keyboard.type("ground")
        page.keyboard.press("Enter")
        page.locator(f".row.under[data-code='{key}']").wait_for(timeout=PATIENCE)
    heading = page.locator(".heading")
    expect(heading.locator(".count")).to_have_text(str(desk.count(1) + desk.count(3)), timeout=PATIENCE)
    expect(page.locator(".row").first).to_have_attribute("data-code", "2", timeout=PATIENCE)
    np.testing.assert_array_equal(seen_of(desk.overlay("top")), seen_of(by_class))

    page.keyboard.press("Shift+H")
    expect(page.locator(".row.under")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_role("switch", name="Groups on the map")).to_be_checked()
    grouped = desk.wait_map(by_class["src"])
    assert all_colors(by_class) == set(colors.values())
    wanted = in_other_colors(by_class, {colors[3]: colors[1]})
    np.testing.assert_array_equal(seen_of(grouped), wanted)
    assert all_colors(grouped) == {color for key, color in colors.items() if key != 3}
    until(lambda: colors[3] not in all_colors(desk.overlay("marks")), "labels in the colours of groups")

    heading.locator("input[type=color]").fill("#12ab9e")
    painted = desk.wait_map(by_class["src"], grouped["src"])
    wanted = in_other_colors(by_class, dict.fromkeys((colors[1], colors[3]), (0x12, 0xAB, 0x9E)))
    np.testing.assert_array_equal(seen_of(painted), wanted)
    page.keyboard.press("w")
    page.get_by_role("combobox", name="Right", exact=True).click()
    page.get_by_role("option", name="class map", exact=True).click()
    until(lambda: np.array_equal(seen_of(desk.overlay("top")), wanted), "groups at the right of the handle")
    page.keyboard.press("w")
    until(lambda: page.get_by_role("combobox", name="Right", exact=True).count() == 0, "no swipe any more")

    page.keyboard.press("Shift+H")
    page.locator(".row.under[data-code='3']").wait_for(timeout=PATIENCE)
    until(lambda: desk.overlay("top").get("src") == by_class["src"], "the very same map as before")
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect(heading).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_role("switch", name="Groups on the map")).to_have_count(0, timeout=PATIENCE)


def is_settled(desk: Driver) -> bool:
    """Whether no class map is on its way: it is told how long it took, and the picture stays."""
    before = desk.wait_map()["src"]
    desk.page.wait_for_timeout(800)
    told = desk.page.get_by_text(re.compile(r"Class map by SVM: \d")).count()
    return bool(told) and desk.overlay("top").get("src") == before


def seen_of(drawn: dict) -> np.ndarray:
    """The colours of a picture however faded it is, black where it is clear; none without a picture."""
    pixels = drawn.get("pixels", np.empty((0, 0, 4)))
    return np.where(pixels[..., 3:] > 0, pixels[..., :3], 0)


def in_other_colors(drawn: dict, by_color: dict[tuple[int, ...], tuple[int, ...]]) -> np.ndarray:
    """What is seen of a picture, some of its colours given up for others."""
    before, pixels = seen_of(drawn), seen_of(drawn)
    for old, new in by_color.items():
        pixels[(before == old).all(axis=-1)] = new
    return pixels


def all_colors(drawn: dict) -> set[tuple[int, ...]]:
    """Every colour of a picture, where it is not clear."""
    return set(map(tuple, np.unique(drawn["pixels"][drawn["pixels"][..., 3] > 0][:, :3], axis=0).tolist()))


def seen(desk: Driver, spot: tuple[float, float]) -> tuple[int, ...]:
    """The colour on the screen."""
    clip = {"x": spot[0], "y": spot[1], "width": 1, "height": 1}
    return Image.open(io.BytesIO(desk.page.screenshot(clip=clip))).convert("RGB").getpixel((0, 0))


def middle(cube: xr.DataArray) -> tuple[float, float]:
    """Of a scene, in its own coordinates."""
    return cube.rio.transform() * (cube.shape[2] / 2, cube.shape[1] / 2)


def listed(desk: Driver) -> list[tuple[int, int, int]]:
    """Row, column and pixels of each area of the list."""
    rows = desk.page.locator(".area").all_inner_texts()
    numbers = [[int(n.replace(",", "")) for n in re.findall(r"[\d,]+", row)] for row in rows]
    return [(row, column, pixels) for _, row, column, pixels, *_ in numbers]


def flooded_now(desk: Driver, *models: str) -> tuple[list[np.ndarray], list[set[tuple[int, int]]]]:
    """Maps of the labels on the disk, and the areas where they differ, the largest first."""
    cube, labels = desk.cube.compute(), open_labels(desk.server["folder"] / "labels.gpkg", desk.cube)
    maps = [classify_scene(model, cube, labels).class_map.values for model in models]
    return maps, sorted(flooded(maps), key=len, reverse=True)


def test_areas_where_models_disagree_are_listed_and_gone_to(desk):
    labelled(desk)
    page = desk.page
    page.get_by_role("tab", name="Disagreement").click()
    chosen = page.get_by_role("combobox", name="Maps by")
    if "KNN" not in chosen.inner_text():
        chosen.click()
        page.locator("li", has_text="KNN · knn").click()
        until(lambda: page.keyboard.press("Escape") or page.locator("li").count() == 0, "the list to close")
    expect(chosen).to_have_text("SVM, KNN", timeout=PATIENCE)
    _, wanted = flooded_now(desk, "svm", "knn")
    said = f"2 maps disagree in {len(wanted):,} areas of {sum(map(len, wanted)):,} pixels together"
    expect(page.get_by_text(said)).to_be_visible(timeout=PATIENCE)
    until(lambda: len(listed(desk)) == min(len(wanted), 200), "all areas in the list")
    assert [pixels for _, _, pixels in listed(desk)] == [len(area) for area in wanted[:200]]

    places = listed(desk)  # near its edge the map would move, and no picture of it hold the whole scene
    k = next(k for k in range(len(places) - 1) if all(10 <= row < 70 for row, *_ in places[k : k + 2]))
    for key, (row, column, pixels) in zip(("", "Shift+N"), places[k : k + 2], strict=True):
        page.keyboard.press(key) if key else page.locator(".area").nth(k).click()
        expect(page.get_by_text(f"row {row}, column {column}")).to_be_visible(timeout=PATIENCE)  # its spectrum
        (area,) = [area for area in wanted if (row, column) in area]
        assert len(area) == pixels
        away = {pixel for pixel in area if np.hypot(pixel[0] - row, pixel[1] - column) > 2}  # not under the ring
        until(lambda away=away, area=area: away <= lit(desk) <= area, "this area and no other on the map")
        assert key or away
        number = str(places.index((row, column, pixels)) + 1)
        expect(page.locator(".area.current .number")).to_have_text(number, timeout=PATIENCE)
    page.keyboard.press("Escape")
    expect(page.locator(".area.current")).to_have_count(0, timeout=PATIENCE)
    until(lambda: not lit(desk), "nothing selected")

    desk.choose(1)
    desk.mode("Label pixel")
    before = desk.count(1)
    desk.click(*sorted(wanted[0])[0])
    desk.wait_count(1, before + 1)
    _, wanted = flooded_now(desk, "svm", "knn")
    until(lambda: [n for _, _, n in listed(desk)] == [len(area) for area in wanted[:200]], "the list of the new maps")
    expect(page.get_by_role("combobox", name="Class map by")).to_contain_text("SVM")


PATHS = f"""
() => ({FIND})(".leaflet-coast-pane path").map((path) => {{
  const at = path.getScreenCTM()
  return path.getAttribute("d").split("M").filter((line) => /\\d/.test(line)).map((line) =>
    line.split("L").map((corner) => new DOMPoint(...corner.match(/-?[\\d.]+/g).map(Number)).matrixTransform(at))
      .map(({{x, y}}) => [x, y]))
}})
"""
"""Corners on the screen of each line of each drawing of the coast."""


def test_the_coast_is_drawn_where_it_lies(desk):
    page, path = desk.page, desk.server["folder"] / "sea.npz"
    (x,), (y,) = transform("EPSG:4326", desk.cube.rio.crs, *([one] for one in HARBOURS["Warnemünde"][::-1]))
    ground = Affine(200, 0, x - 12_000, 0, -200, y + 8_000)
    sea = place(desk.cube, desk.cube.rio.crs, ground)
    save_cube(sea, path)
    page.keyboard.press(";")
    expect(page.locator(".status-line.news")).to_contain_text("no coast is near", timeout=PATIENCE)
    assert page.evaluate(PATHS) == []
    box = page.get_by_placeholder("path of a scene, then Enter")
    box.fill(str(path))
    box.press("Enter")
    by_the_sea = Driver(page, desk.url, sea)
    drawn: list = []
    until(lambda: drawn.extend(page.evaluate(PATHS)) or len(drawn) >= 2, "a coast with its rim")
    by_the_sea.wait_open()

    corners = transform(sea.rio.crs, "EPSG:4326", *np.transpose([ground * (c, r) for c in (0, 120) for r in (0, 80)]))
    (west, east), (south, north) = ((min(one), max(one)) for one in corners)
    known = shapely.get_coordinates(slow(((south, west), (north, east)), "i"))
    columns, rows = ~ground * np.array(transform("EPSG:4326", sea.rio.crs, *known.T)[:2])
    inside = (rows > 0) & (rows < 80) & (columns > 0) & (columns < 120)
    assert inside.sum() > 5

    def off() -> float:
        lines = shapely.MultiLineString([line for line in page.evaluate(PATHS)[-1] if len(line) > 1])
        spots = [by_the_sea.spot(r - 0.5, c - 0.5) for r, c in zip(rows[inside], columns[inside], strict=True)]
        return max(lines.distance(shapely.Point(spot)) for spot in spots)

    until(lambda: off() < 1.5, "the coast within a pixel or two of the screen")
    within = np.abs(np.stack([rows, columns]) % 1 - 0.5).max(axis=0)
    best = np.flatnonzero(inside)[
        within[inside].argmin()
    ]  # a corner well inside of a pixel: the line lets clicks through
    page.mouse.click(*by_the_sea.spot(rows[best] - 0.5, columns[best] - 0.5))
    told = f"row {int(rows[best])}, column {int(columns[best])}"
    expect(page.locator(".where")).to_contain_text(told, timeout=PATIENCE)
    page.get_by_role("switch", name="Coastline").click()
    until(lambda: page.evaluate(PATHS) == [], "no coast")
